"""Reading a Deployment that is to be adopted, and what belongs to it, from objects to what the heart may know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from gracefulservice.api.names import ADOPTED_LABEL, ADOPTION_ANNOTATION, GROUP, NAME_LABEL
from gracefulservice.cluster import autoscalers
from gracefulservice.cluster.ownership import controller_of, is_ours
from gracefulservice.ports import Object, Owner
from gracefulservice.rollout.adoptee import Adoptee, Mark, OldPod, OldPort, Part, Whose

HASH_LABEL = "pod-template-hash"
SERVING, LEAVING = "serving", "leaving"
"""The values of `ADOPTED_LABEL`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for one adoption. `pods` bear the Deployment's labels, whoever owns them; `ours` are of ours."""

    deployment: Object | None = None
    service: Object | None = None
    pods: Sequence[Object] = ()
    slices: Sequence[Object] = ()
    autoscalers: Sequence[Object] = ()
    ours: Sequence[Object] = ()

    def objects(self, name: str) -> dict[tuple[str, str], Object]:
        """By kind and name, for the writes."""
        mine = [*owned(name, self.pods), *self.autoscalers]
        found = [one for one in (self.deployment, self.service, *mine) if one is not None]
        return {(one["kind"], one["metadata"]["name"]): one for one in found}


def adoptee(owner: Owner, name: str, found: Found) -> Adoptee:
    """All that an adoption of the Deployment `name` depends on."""
    visible = dict(endpoints(found.slices))
    service, deployment = found.service, found.deployment
    whose = Whose.NOBODYS if service is None else Whose.OURS if is_ours(service, owner) else Whose.THEIRS
    scalers = [one for one in found.autoscalers if autoscalers.scales(one, "apps", "Deployment", name)]
    ours = {one["metadata"]["name"] for one in found.ours}
    mine = {pod["metadata"]["name"] for pod in owned(name, found.pods)}
    pods = tuple(old_pod(owner, pod, visible) for pod in owned(name, found.pods))
    shared: dict[str, Any] = {
        "pods": pods,
        "service": whose,
        "headless": service is not None and service["spec"].get("clusterIP") == "None",
        "strangers": tuple(sorted(visible.keys() - mine - ours)),
        "autoscalers": tuple(one["metadata"]["name"] for one in scalers),
        "contested": tuple(one["metadata"]["name"] for one in scalers if noted(owner, one) is not None),
        "led": tuple(
            one["metadata"]["name"]
            for one in found.autoscalers
            if autoscalers.leads_to(one, owner) and noted(owner, one) is not None
        ),
    }
    if deployment is None:
        return Adoptee(name, exists=False, **shared)
    ports = tuple(old_ports(service, deployment)) if service is not None else ()
    return Adoptee(name, ports=ports, **shared, **described(owner, deployment))


def described(owner: Owner, deployment: Object) -> dict[str, Any]:
    """What the Deployment itself tells."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    controller, (mark, rival) = controller_of(deployment), marks(owner, deployment)
    wanted = spec.get("replicas", 1)
    fresh = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    counts = [status.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "availableReplicas")]
    return {
        "wanted": wanted,
        "updated": min(counts),
        "rolled_out": fresh and status.get("replicas", 0) == wanted,
        "paused": bool(spec.get("paused")),
        "controller": f"{controller['kind']} {controller['name']}" if controller else "",
        "images": {one["name"]: one.get("image", "") for one in spec["template"]["spec"]["containers"]},
        "reserved": next(reserved(spec["template"].get("metadata") or {}), ""),
        "mark": mark,
        "rival": rival,
    }


def reserved(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Keys with our prefix."""
    for word in ("labels", "annotations"):
        yield from (f"the {word[:-1]} {key}" for key in metadata.get(word) or {} if key.startswith(f"{GROUP}/"))


def marks(owner: Owner, deployment: Object) -> tuple[Mark | None, str]:
    """Our mark, or who else has marked it. One of an earlier service of our name counts as none."""
    written = annotation(deployment)
    if not isinstance(written, dict) or "name" not in written:
        return None, ""
    if written["name"] != owner.key.name:
        return None, f"GracefulService {written['name']}"
    if written.get("uid") != owner.uid:
        return None, ""
    try:
        return Mark(revision=written.get("revision", ""), replicas=written.get("replicas", 0)), ""
    except ValidationError:
        return None, ""


def note(owner: Owner, **kept: Any) -> str:
    """What is kept on an object that was taken over, and by whom."""
    return orjson.dumps({"name": owner.key.name, "uid": owner.uid} | kept).decode()


def noted(owner: Owner, body: Object) -> dict[str, Any] | None:
    """What `owner` keeps on an object, empty where it cannot be read; None where it keeps nothing, or another does."""
    written = annotation(body)
    if written is None or not isinstance(written, dict):
        return None if written is None else {}
    return dict(written) if written.get("uid", owner.uid) == owner.uid else None


def annotation(body: Object) -> Any:
    """What our annotation on something that was taken over says; None where there is none that can be read."""
    written = (body["metadata"].get("annotations") or {}).get(ADOPTION_ANNOTATION)
    try:
        return None if written is None else orjson.loads(written)
    except orjson.JSONDecodeError:
        return {}


def owned(name: str, pods: Sequence[Object]) -> list[Object]:
    """The pods of the Deployment: its ReplicaSets are called after it and after the label that tells them apart."""
    return [pod for pod in pods if _replica_set(pod) == f"{name}-{_labels(pod).get(HASH_LABEL, '')}" and not _over(pod)]


def _replica_set(pod: Object) -> str:
    controller = controller_of(pod)
    return controller.get("name", "") if controller and controller["kind"] == "ReplicaSet" else ""


def old_pod(owner: Owner, pod: Object, visible: Mapping[str, str]) -> OldPod:
    """One of its pods."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return OldPod(
        name=pod["metadata"]["name"],
        ready=any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
        visible=pod["metadata"]["name"] in visible,
        part=part_of(owner, _labels(pod)),
        stopping="deletionTimestamp" in pod["metadata"],
    )


def part_of(owner: Owner, labels: Mapping[str, str]) -> Part:
    """The part that a pod's labels give it."""
    if labels.get(ADOPTED_LABEL) == LEAVING:
        return Part.LEAVING
    serves = labels.get(ADOPTED_LABEL) == SERVING and labels.get(NAME_LABEL) == owner.key.name
    return Part.SERVING if serves else Part.OWN


def endpoints(slices: Sequence[Object]) -> Iterator[tuple[str, str]]:
    """The ready endpoints: the pod's name, or the address where it is nobody's, and the address."""
    for one in slices:
        for endpoint in one.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                address = next(iter(endpoint.get("addresses") or ()), "")
                yield (endpoint.get("targetRef") or {}).get("name", address), address


def old_ports(service: Object, deployment: Object) -> Iterator[OldPort]:
    """The Service's TCP ports and the container ports they lead to."""
    named = container_ports(deployment["spec"]["template"])
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") == "TCP":
            target = port.get("targetPort", port["port"])
            yield OldPort(port["port"], named.get(target) if isinstance(target, str) else target)


def container_ports(template: Mapping[str, Any]) -> dict[str, int]:
    """Container port numbers by name."""
    spec = template["spec"]
    containers = (*spec["containers"], *(spec.get("initContainers") or ()))
    return {
        port["name"]: port["containerPort"] for one in containers for port in one.get("ports") or () if "name" in port
    }


def _labels(body: Object) -> Mapping[str, str]:
    return body["metadata"].get("labels") or {}


def _over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
