"""Autoscalers of the namespace: the one that looks after the service, and those that pull at its Deployments."""

from collections.abc import Iterable, Iterator

from gracefulservice.api.names import API_VERSION, GROUP, KIND
from gracefulservice.ports import Object, Owner


def ceiling(owner: Owner, autoscalers: Iterable[Object]) -> int | None:
    """The most pods that an autoscaler of this GracefulService may ask for; None where there is none."""
    found = [one["spec"]["maxReplicas"] for one in autoscalers if leads_to(one, owner)]
    return max(found, default=None)


def leads_to(autoscaler: Object, owner: Owner) -> bool:
    """Whether an autoscaler scales this GracefulService."""
    return scales(autoscaler, GROUP, KIND, owner.key.name)


def scales(autoscaler: Object, group: str, kind: str, name: str) -> bool:
    """Whether that is what an autoscaler scales."""
    return _target(autoscaler) == (group, kind, name)


def misled(owner: Owner, deployments: Iterable[Object], autoscalers: Iterable[Object]) -> Iterator[str]:
    """A sentence for each autoscaler whose target is a Deployment of ours: the rollout corrects what it writes."""
    names = {deployment["metadata"]["name"] for deployment in deployments}
    for one in sorted(autoscalers, key=lambda autoscaler: str(autoscaler["metadata"]["name"])):
        group, kind, name = _target(one)
        if (group, kind) == ("apps", "Deployment") and name in names:
            yield (
                f"HorizontalPodAutoscaler {owner.key.namespace}/{one['metadata']['name']} scales Deployment {name}, "
                "whose replicas the rollout decides, so what it writes is undone: let its spec.scaleTargetRef name "
                f"{KIND} {owner.key.name} with apiVersion {API_VERSION}."
            )


def _target(autoscaler: Object) -> tuple[str, str, str]:
    """API group, kind and name of what an autoscaler scales."""
    reference = autoscaler["spec"]["scaleTargetRef"]
    return reference.get("apiVersion", "").rpartition("/")[0], reference["kind"], reference["name"]
