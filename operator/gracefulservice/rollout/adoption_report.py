"""The condition `Adopted`, and what an adoption waits for, in sentences with the numbers in them."""

from gracefulservice.rollout import adoption, figures, handback, preflight, suspension
from gracefulservice.rollout.adoptee import Adoptee, Mark, Part
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.memory import Adopting, GivingBack, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen

Facts = tuple[str, bool | None, str, str]


def aspect(plan: Plan, seen: Seen, memory: Memory) -> list[Facts]:
    """The condition, where a Deployment is adopted or should be."""
    state = memory.state
    if isinstance(state, Adopting):
        stopped = seen.adoptee is not None and adoption.held(seen.adoptee)
        reason = Reason.AUTOSCALER_CONTESTED if stopped else Reason.ADOPTION_STARTED
        return [("Adopted", False, reason, progress(seen, state))]
    if isinstance(state, GivingBack):
        return [("Adopted", False, Reason.GIVING_BACK, handback.left(seen, state))]
    if not plan.adopts or seen.adoptee is None:
        return []
    return [("Adopted", *(settled(seen.adoptee) if memory.stable else objected(plan, seen.adoptee)))]


def objected(plan: Plan, adoptee: Adoptee) -> tuple[bool, str, str]:
    """Before it begins: what speaks against it."""
    if plan.suspended:
        return False, Reason.NOT_ADOPTED, f"The adoption does not begin: {suspension.SUSPENDED}"
    why = preflight.objection(plan, adoptee)
    return (False, why.reason, why.sentence) if why else (False, Reason.NOT_ADOPTED, "The adoption is about to begin.")


def settled(adoptee: Adoptee) -> tuple[bool, str, str]:
    """At rest and during rollouts: what became of the Deployment, and who scales it."""
    name, scalers = adoptee.name, (*adoptee.contested, *adoptee.autoscalers)
    if not adoptee.exists:
        return True, Reason.DEPLOYMENT_MISSING, f"Deployment {name} is gone, so nothing is given back on deletion."
    if adoptee.mark is None:
        said = f"Deployment {name} is left alone: this service had a revision of its own before spec.adopt was set."
        return False, Reason.NOT_ADOPTED, said
    if scalers:
        return True, Reason.AUTOSCALER_CONTESTED, misled(name, scalers[0])
    if adoptee.wanted:
        return True, Reason.DEPLOYMENT_SCALED, scaled(adoptee)
    return True, Reason.ADOPTED, rested(name, adoptee.mark)


def misled(name: str, autoscaler: str) -> str:
    """An autoscaler that asks the Deployment for pods which nobody calls."""
    return (
        f"HorizontalPodAutoscaler {autoscaler} scales Deployment {name}, whose place this service has taken: let its "
        "spec.scaleTargetRef name the GracefulService."
    )


def scaled(adoptee: Adoptee) -> str:
    """Pods that somebody asks the Deployment for, and which nobody calls."""
    return (
        f"Somebody asks Deployment {adoptee.name} for {figures.pods(adoptee.wanted)} again, which get no requests of "
        "the Service: take spec.replicas out of what is applied to the Deployment, and scale it to 0."
    )


def rested(name: str, mark: Mark) -> str:
    """As it should be."""
    return (
        f"This service has taken the place of Deployment {name}, which had {figures.pods(mark.replicas)} and keeps 0 "
        "until the GracefulService is deleted."
    )


def waiting(plan: Plan, seen: Seen, memory: Memory) -> str:
    """Why nothing is made yet, or empty."""
    if not adoption.waits(plan, memory) or seen.adoptee is None:
        return ""
    return objected(plan, seen.adoptee)[2]


def progress(seen: Seen, state: Adopting) -> str:
    """How far the adoption is."""
    adoptee = seen.adoptee
    if adoptee is None:
        return f"Deployment {state.deployment} is adopted."
    if why := adoption.held(adoptee):
        return why
    if not adoption.taken(adoptee):
        there = f"{len(adoptee.of(Part.SERVING))} of {figures.pods(len(adoptee.alive))}"
        return f"{there} of Deployment {adoptee.name} bear the service's label."
    fleet, leaving = seen.fleet(state.revision), len(adoptee.of(Part.LEAVING))
    trouble = f" ({fleet.trouble})" if fleet.trouble and fleet.ready < fleet.wanted else ""
    return (
        f"Revision {state.revision} takes the place of Deployment {adoptee.name}: {adoption.ours(seen, state)} of "
        f"{figures.pods(state.replicas)} serve{trouble}, {len(adoptee.serving)} of the Deployment serve beside them "
        f"and {leaving} leave."
    )
