"""Reading one pod as the API server has it: whether it serves or leaves, and what the judge must know of it."""

from collections.abc import Iterator, Sequence

from gracefulservice.api.names import REVISION_LABEL
from gracefulservice.api.quantities import parse_instant
from gracefulservice.cluster.nodes import node_of
from gracefulservice.ports import Object
from gracefulservice.rollout.samples import PodFacts

LOST = 60.0
"""Seconds after the time at which a pod should have ended: if it is still listed then, its node is lost."""


def facts(pod: Object) -> PodFacts:
    """What the judge must know of a pod, about the container that serves."""
    status = _serving(pod)
    started = status.get("state", {}).get("running", {}).get("startedAt")
    return PodFacts(
        name=pod["metadata"]["name"],
        revision=str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, "")),
        created=parse_instant(pod["metadata"]["creationTimestamp"]),
        ready_since=ready_since(pod),
        restarts=status.get("restartCount", 0),
        started=parse_instant(started) if started else None,
        address=(pod.get("status") or {}).get("podIP", ""),
        port=next(_tcp_ports(_container(pod)), None),
    )


def _serving(pod: Object) -> Object:
    """The status of the container that serves."""
    name = _container(pod)["name"]
    return next((status for status in container_statuses(pod) if status["name"] == name), {})


def _container(pod: Object) -> Object:
    """The container that serves: the first with ports, else the first."""
    containers = pod["spec"]["containers"]
    found: Object = next((one for one in containers if one.get("ports")), containers[0])
    return found


def _tcp_ports(container: Object) -> Iterator[int]:
    yield from (port["containerPort"] for port in container.get("ports") or () if port.get("protocol", "TCP") == "TCP")


def leaving(pod: Object) -> bool:
    """Whether a pod is on its way out, or gone but for its remains."""
    return "deletionTimestamp" in pod["metadata"] or over(pod)


def overdue(pod: Object, at: float) -> float:
    """Seconds since a pod should have ended; its deletion time has the grace period in it already."""
    ends = pod["metadata"].get("deletionTimestamp")
    return at - parse_instant(ends) if ends else 0.0


def placed(pod: Object) -> str:
    """`pod shop-b2-x1 on node w2`."""
    node = node_of(pod)
    return f"pod {pod['metadata']['name']}" + (f" on node {node}" if node else "")


def over(pod: Object) -> bool:
    """Whether a pod will never run again. Evicted ones stay in the list for long, and nobody waits for them."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def ready_since(pod: Object) -> float | None:
    """When it became ready, in unix seconds; None while it is not."""
    for condition in conditions(pod):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return parse_instant(condition["lastTransitionTime"])
    return None


def conditions(body: Object) -> Sequence[Object]:
    """What is said of a pod, or of a Deployment."""
    return body.get("status", {}).get("conditions") or ()


def container_statuses(pod: Object) -> Sequence[Object]:
    """How each of its containers does, as far as they are known."""
    return pod.get("status", {}).get("containerStatuses") or ()
