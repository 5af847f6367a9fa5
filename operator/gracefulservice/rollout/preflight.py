"""What must be true before a Deployment is adopted. Until all of it is, nothing is touched.

An adoption replaces pods by equal pods, so nobody judges it: whatever is not equal is refused here.
"""

from collections.abc import Callable
from typing import NamedTuple

from gracefulservice.api.pods import Pods
from gracefulservice.rollout import figures
from gracefulservice.rollout.adoptee import Adoptee, Whose
from gracefulservice.rollout.contract import Contract
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.revision import Revision


class Objection(NamedTuple):
    """Why nothing begins yet: the reason of the condition, and the sentence with the fix in it."""

    reason: Reason
    sentence: str


def objection(plan: Plan, adoptee: Adoptee) -> Objection | None:
    """The first thing that is not as it must be; None when the adoption may begin."""
    found = ((reason, check(plan, adoptee)) for reason, check in CHECKS)
    return next((Objection(reason, sentence) for reason, sentence in found if sentence), None)


def missing(_plan: Plan, adoptee: Adoptee) -> str:
    """A name that leads to nothing."""
    if adoptee.exists:
        return ""
    return (
        f"Deployment {adoptee.name} does not exist in this namespace: create it, or remove spec.adopt and set it again "
        "with the right name."
    )


def owned(_plan: Plan, adoptee: Adoptee) -> str:
    """Somebody else decides over it."""
    owner = adoptee.controller or adoptee.rival
    if not owner:
        return ""
    way = f"delete {owner} first" if adoptee.rival else f"let {owner} give it up, or adopt another"
    return f"Deployment {adoptee.name} belongs to {owner}, which would go on writing it: {way}."


def reserved(_plan: Plan, adoptee: Adoptee) -> str:
    """Labels by which we select."""
    if not adoptee.reserved:
        return ""
    return (
        f"The pod template of Deployment {adoptee.name} has {adoptee.reserved}, a prefix that is reserved: take it out "
        "and let the Deployment roll out once."
    )


def paused(_plan: Plan, adoptee: Adoptee) -> str:
    """A Deployment that replaces no pod cannot follow."""
    if not adoptee.paused:
        return ""
    return f"Deployment {adoptee.name} is paused: resume it with kubectl rollout resume deployment {adoptee.name}."


def unfinished(_plan: Plan, adoptee: Adoptee) -> str:
    """Two templates at once, or pods that are not ready."""
    if adoptee.rolled_out and adoptee.updated == adoptee.wanted:
        return ""
    return (
        f"Deployment {adoptee.name} is not completely rolled out: {adoptee.updated} of {figures.pods(adoptee.wanted)} "
        "of its present template are ready. The adoption begins when all of them are."
    )


def other_pods(plan: Plan, adoptee: Adoptee) -> str:
    """Other containers or other images."""
    wanted = images_of(plan)
    if wanted.keys() != adoptee.images.keys():
        theirs, ours = (", ".join(sorted(names)) for names in (adoptee.images, wanted))
        return (
            f"Deployment {adoptee.name} has the containers {theirs} and spec.template has {ours}: adopt with the "
            "containers that run, and change them afterwards."
        )
    differing = [name for name in wanted if wanted[name] != adoptee.images[name]]
    return next((image_differs(adoptee, name, wanted[name]) for name in sorted(differing)), "")


def image_differs(adoptee: Adoptee, container: str, asked: str) -> str:
    """One image that is another."""
    return (
        f"Deployment {adoptee.name} runs image {adoptee.images[container]} in container {container} and spec.template "
        f"asks for {asked}: adopt with the image that runs, and change it afterwards, so that the change is judged."
    )


def images_of(plan: Plan) -> dict[str, str]:
    """The images of the revision asked for, by container."""
    written = plan.revision.input["template"]["spec"]["containers"]
    return {container["name"]: container.get("image", "") for container in written}


def too_few(plan: Plan, adoptee: Adoptee) -> str:
    """Capacity that would be lost, and nobody to correct it: an autoscaler does nothing about 0 replicas."""
    if plan.replicas >= adoptee.wanted or (adoptee.autoscalers and plan.replicas):
        return ""
    return (
        f"Deployment {adoptee.name} runs {figures.pods(adoptee.wanted)} and spec.replicas is {plan.replicas}, which "
        f"no HorizontalPodAutoscaler would correct: set spec.replicas to {adoptee.wanted}."
    )


def other_service(plan: Plan, adoptee: Adoptee) -> str:
    """A Service that leads elsewhere, or by other ports."""
    if adoptee.service == Whose.NOBODYS:
        return ""
    if adoptee.headless:
        return (
            "The Service is headless, so its clients keep the addresses of pods that have left: give it an address "
            "of its own before the adoption."
        )
    if adoptee.strangers:
        others = ", ".join(adoptee.strangers[:3])
        return (
            f"The Service also leads to pods that are not of Deployment {adoptee.name} ({others}): let its selector "
            "match the Deployment's pods alone."
        )
    hidden = [pod.name for pod in adoptee.alive if not pod.visible]
    if hidden:
        return (
            f"The Service does not lead to pod {hidden[0]} of Deployment {adoptee.name}: let its selector match the "
            "Deployment's pods."
        )
    return other_ports(plan, adoptee)


def other_ports(plan: Plan, adoptee: Adoptee) -> str:
    """The first port we would write and the Service does not have, or has with another target."""
    found = {port.number: port.leads_to for port in adoptee.ports}
    targets = targets_of(plan.revision, plan.contract)
    for port in plan.contract.ports:
        wanted = targets.get(port.target_port)
        if port.port not in found:
            return (
                f"The Service has no port {port.port}, which spec.ports asks for: add it to the Service, or take it "
                "out of spec.ports until the adoption is over."
            )
        if found[port.port] != wanted:
            leads = found[port.port] or "no container port"
            return (
                f"Port {port.port} of the Service leads to {leads} in the pods that run and to {wanted} by spec.ports: "
                "let spec.ports lead to the same container port."
            )
    return ""


def targets_of(revision: Revision, contract: Contract) -> dict[str, int]:
    """Container port numbers by their names, those that were generated included."""
    spec = Pods.model_validate(revision.input).template.spec
    written = {port.name: port.container_port for one in spec.listening for port in one.ports if port.name is not None}
    added = {
        str(port["name"]): int(port["containerPort"])
        for one in contract.containers.values()
        for port in one.ports or ()
        if "name" in port
    }
    return written | added


CHECKS: tuple[tuple[Reason, Callable[[Plan, Adoptee], str]], ...] = (
    (Reason.DEPLOYMENT_MISSING, missing),
    (Reason.DEPLOYMENT_OWNED, owned),
    (Reason.LABEL_RESERVED, reserved),
    (Reason.DEPLOYMENT_PAUSED, paused),
    (Reason.POD_TEMPLATE_DIFFERS, other_pods),
    (Reason.NOT_ROLLED_OUT, unfinished),
    (Reason.TOO_FEW_REPLICAS, too_few),
    (Reason.SERVICE_DIFFERS, other_service),
)
