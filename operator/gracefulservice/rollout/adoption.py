"""Taking the place of a live Deployment, pod by pod, so that nobody notices.

    its pods get our label ► the Service selects by it: the same endpoints ► again and again:
        ours grow by a surge ► as many of the old leave the endpoints ► delay + drain ► they stop
    ► the Deployment has no pod: our revision is stable

Old pods know nothing of our contract: some end the moment they are told to stop. So each leaves the endpoints first,
keeps running for as long as a pod of ours would, and only then is told. All but the time since a pod left is read
from what is seen; that time counts only while somebody looks, and starts anew when it was lost.
"""

from math import ceil

from gracefulservice.rollout import figures, preflight
from gracefulservice.rollout.adoptee import Adoptee, Handover, Mark, OldPod, Part, Whose
from gracefulservice.rollout.demand import KEPT
from gracefulservice.rollout.frozen import freeze
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Adopting, Floor, Idle, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch

SURGE = 0.25
"""The part of the wanted pods by which there may be more, rounded up."""
RETRY = 5.0
"""Seconds between two looks at a Deployment that cannot be adopted yet: nothing of it wakes us."""


def subject(plan: Plan, memory: Memory) -> str:
    """The Deployment to look at; empty where none is adopted."""
    return memory.state.deployment if isinstance(memory.state, Adopting) else plan.adopts or ""


def waits(plan: Plan, memory: Memory) -> bool:
    """Whether an adoption is asked for that has not begun: then nothing may be made."""
    return bool(plan.adopts) and isinstance(memory.state, Idle) and memory.stable is None


def begun(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The adoption begins once nothing speaks against it; one whose mark stands already goes on."""
    adoptee, target = seen.adoptee, plan.revision.id
    if adoptee is None:
        return memory
    mark = adoptee.mark
    if mark is not None and mark.revision in seen.records:
        state = Adopting(deployment=adoptee.name, revision=mark.revision, replicas=mark.replicas)
        return memory.but(state=state, frozen=freeze(plan))
    if plan.suspended or preflight.objection(plan, adoptee):
        return memory
    state = Adopting(deployment=adoptee.name, revision=target, replicas=max(adoptee.wanted, plan.replicas))
    sentence = f"Deployment {adoptee.name} with {figures.pods(adoptee.wanted)} is adopted as revision {target}."
    memory = memory.but(state=state, frozen=freeze(plan), started=round(now, 3))
    return told(memory, Reason.ADOPTION_STARTED, sentence, now)


def adopting(plan: Plan, seen: Seen, memory: Memory, state: Adopting, now: float) -> Memory:
    """Let the time of pods that left run; the end comes when the Deployment has no pod and ours carry everybody."""
    adoptee = seen.adoptee
    if adoptee is None:
        return memory
    if state.revision not in seen.records and state.revision != plan.revision.id:
        return memory.but(state=Idle())  # nothing was made of it yet, and something else is asked for now
    replicas = max(state.replicas, plan.replicas)
    state = state.model_copy(update={"replicas": replicas, "gone": away(adoptee, state, now)})
    if not replaced(seen, adoptee, state):
        return memory.but(state=state)
    return adopted(memory, state, now)


def away(adoptee: Adoptee, state: Adopting, now: float) -> dict[str, Stopwatch]:
    """How long each living pod has been out of the endpoints of our Service."""
    hidden = [pod.name for pod in adoptee.alive if not pod.visible] if taken(adoptee) else []
    return {name: state.gone.get(name, Stopwatch()).run(now) for name in hidden}


def replaced(seen: Seen, adoptee: Adoptee, state: Adopting) -> bool:
    """Whether users are served by our pods alone."""
    return taken(adoptee) and not adoptee.wanted and not adoptee.alive and ours(seen, state) >= state.replicas


def adopted(memory: Memory, state: Adopting, now: float) -> Memory:
    """Our revision is stable. An autoscaler that was led elsewhere has its time to see the load on the new pods."""
    pods = figures.pods(state.replicas)
    sentence = f"Revision {state.revision} serves with {pods} in place of Deployment {state.deployment}."
    floor = Floor.of(state.replicas).model_copy(update={"until": round(now + KEPT, 3)})
    memory = memory.but(stable=state.revision, state=Idle(), floor=floor)
    return told(memory, Reason.ADOPTED, sentence, now)


def surge(pods: int) -> int:
    """How many more pods there may be than are wanted."""
    return max(1, ceil(pods * SURGE))


def taken(adoptee: Adoptee) -> bool:
    """Whether the Service selects by our label."""
    return adoptee.service == Whose.OURS


def ours(seen: Seen, state: Adopting) -> int:
    """Pods of our revision that users reach."""
    return min(seen.fleet(state.revision).ready, seen.stable_service.endpoints.get(state.revision, 0))


def held(adoptee: Adoptee) -> str:
    """Why the pods stay as they are, or empty: others write what must be ours."""
    if adoptee.contested:
        return (
            f"HorizontalPodAutoscaler {adoptee.contested[0]} leads to Deployment {adoptee.name} again, so somebody "
            "else writes it: change its spec.scaleTargetRef to the GracefulService where it is kept."
        )
    if adoptee.strangers and not taken(adoptee):
        return f"The Service leads to pods that are not of Deployment {adoptee.name}: {', '.join(adoptee.strangers)}."
    return ""


def fleet(seen: Seen, state: Adopting) -> int:
    """Our pods: as many as fit beside the old ones that have not begun to stop; never fewer than there are."""
    adoptee, there = seen.adoptee, seen.fleet(state.revision).wanted
    if adoptee is None or not taken(adoptee) or held(adoptee):
        return there
    old = max(adoptee.wanted, len(adoptee.alive))
    room = state.replicas + surge(state.replicas) - old
    return max(there, min(state.replicas, room))


def wish(plan: Plan, seen: Seen, state: Adopting) -> Handover | None:
    """What is wanted of the Deployment and all that belongs to it."""
    adoptee = seen.adoptee
    if adoptee is None:
        return None
    moves = taken(adoptee) and not held(adoptee)
    return Handover(
        deployment=adoptee.name,
        revision=state.revision,
        mark=Mark(revision=state.revision, replicas=state.replicas) if adoptee.exists else None,
        pods=parts(plan, seen, adoptee, state) if moves else labelled(adoptee),
        replicas=scale(plan, seen, adoptee, state) if moves else None,
        ours=True if takeable(adoptee) else None,
    )


def labelled(adoptee: Adoptee) -> dict[str, Part]:
    """Every ready pod bears the service's name; one that left does not come back."""
    return {pod.name: Part.SERVING for pod in adoptee.alive if pod.ready and pod.part != Part.LEAVING}


def takeable(adoptee: Adoptee) -> bool:
    """Whether our selector finds every endpoint that there is; once it does, the Service stays ours."""
    if held(adoptee):
        return False
    return taken(adoptee) or all(pod.part == Part.SERVING for pod in adoptee.alive if pod.visible or pod.ready)


def parts(plan: Plan, seen: Seen, adoptee: Adoptee, state: Adopting) -> dict[str, Part]:
    """What each pod does: one batch leaves at a time, and of those long out of the endpoints as many as can."""
    leaves = next_batch(seen, adoptee, state) | missed_by_nobody(plan, seen, adoptee, state)
    return {pod.name: part_of(pod, leaves) for pod in adoptee.alive}


def part_of(pod: OldPod, leaves: frozenset[str]) -> Part:
    """Leaving is for ever; a pod that is made later serves once it is ready."""
    if pod.part == Part.LEAVING or pod.name in leaves:
        return Part.LEAVING
    return Part.SERVING if pod.ready else pod.part


def missed_by_nobody(plan: Plan, seen: Seen, adoptee: Adoptee, state: Adopting) -> frozenset[str]:
    """Pods that have long not been ready, as far as ours stand in their place: all of them may be so for a moment."""
    staying = [pod for pod in adoptee.alive if pod.part != Part.LEAVING]
    spare = ours(seen, state) + len(staying) - state.replicas
    names = sorted(pod.name for pod in staying if drained(plan, pod, state))
    return frozenset(names[: max(spare, 0)])


def next_batch(seen: Seen, adoptee: Adoptee, state: Adopting) -> frozenset[str]:
    """The old pods that users can do without now; none while the batch before is there."""
    if adoptee.of(Part.LEAVING):
        return frozenset()
    spare = ours(seen, state) + len(adoptee.serving) - state.replicas
    names = sorted(pod.name for pod in adoptee.serving)
    return frozenset(names[: max(spare, 0)])


def drained(plan: Plan, pod: OldPod, state: Adopting) -> bool:
    """Whether a pod has been out of the endpoints for as long as the contract gives a request."""
    spent = state.gone.get(pod.name, Stopwatch()).spent
    return not pod.visible and spent >= plan.contract.delay + plan.contract.drain


def scale(plan: Plan, seen: Seen, adoptee: Adoptee, state: Adopting) -> int | None:
    """The Deployment's replicas: without the batch, when all of it has drained and nobody else would be chosen.

    Its controller deletes pods that are not ready first, so it is not asked while one of those that stay is not.
    """
    leaving = adoptee.of(Part.LEAVING)
    staying = [pod for pod in adoptee.alive if pod.part != Part.LEAVING]
    if not adoptee.alive and ours(seen, state) >= state.replicas:
        return 0
    if not leaving or not all(drained(plan, pod, state) for pod in leaving):
        return None
    return min(len(staying), adoptee.wanted) if all(pod.ready for pod in staying) else None
