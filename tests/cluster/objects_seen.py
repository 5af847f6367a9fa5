"""Objects as the API server shows them, to look at."""

from typing import Any

from gracefulservice.api.names import API_VERSION, KIND, NAME_LABEL, REVISION_LABEL
from gracefulservice.cluster.kinds import Object
from gracefulservice.ports import Owner

UID = "uid-of-shop"
OURS = [{"apiVersion": API_VERSION, "kind": KIND, "name": "shop", "uid": UID, "controller": True}]


def owner(**metadata: Any) -> Owner:
    """The GracefulService `shop`."""
    head = {"name": "shop", "namespace": "default", "uid": UID, "resourceVersion": "7", "generation": 1}
    return Owner({"apiVersion": API_VERSION, "kind": KIND, "metadata": head | metadata, "spec": {}})


def head(kind: str, name: str, revision: str = "", **metadata: Any) -> dict[str, Any]:
    """A child of ours with its labels and its owner."""
    labels = {NAME_LABEL: "shop"} | ({REVISION_LABEL: revision} if revision else {})
    known = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "11"}
    return {"kind": kind, "metadata": {**known, "labels": labels, "ownerReferences": OURS, **metadata}}


def deployment(revision: str, replicas: int, *conditions: dict[str, Any], **metadata: Any) -> Object:
    """A Deployment of one revision."""
    labels = {NAME_LABEL: "shop", REVISION_LABEL: revision}
    spec = {"replicas": replicas, "template": {"metadata": {"labels": {**labels, "app": "shop"}}}}
    return head("Deployment", f"shop-{revision}", revision, **metadata) | {
        "spec": spec,
        "status": {"conditions": list(conditions)},
    }


PORTS = [{"containerPort": 8081, "protocol": "UDP"}, {"containerPort": 8080}]
"""Nobody asks for metrics over UDP."""


def pod(name: str, revision: str, *, ready: bool = True, phase: str = "Running", **more: Any) -> Object:
    """A pod with one container that serves and a sidecar; `more` goes into the status of the first."""
    state = {"running": {"startedAt": "2026-03-01T12:00:05Z"}} if ready else {"waiting": {"reason": "PodInitializing"}}
    serving = {"name": "app", "restartCount": 0, "state": state} | more
    return head("Pod", name, revision, creationTimestamp="2026-03-01T12:00:00Z") | {
        "spec": {"containers": [{"name": "log"}, {"name": "app", "ports": PORTS}]},
        "status": {
            "phase": phase,
            **({"podIP": "10.0.0.7"} if ready else {}),
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-03-01T12:00:09Z"},
            ],
            "containerStatuses": [{"name": "log", "restartCount": 1, "state": {"running": {}}}, serving],
        },
    }


def leaving(body: Object) -> Object:
    """The same object on its way out."""
    return body | {"metadata": body["metadata"] | {"deletionTimestamp": "2026-03-01T12:01:00Z"}}


def service(name: str, revision: str | None) -> Object:
    """One of the Services; None selects widely."""
    selector = {NAME_LABEL: "shop"} | ({REVISION_LABEL: revision} if revision else {})
    return head("Service", name) | {"spec": {"selector": selector, "ports": []}}


def endpoint_slice(service: str, *pods: str, ready: bool | None = True) -> Object:
    """A slice with an endpoint per pod; None leaves out the condition, which then means ready."""
    body = head("EndpointSlice", f"{service}-x")
    body["metadata"]["labels"]["kubernetes.io/service-name"] = service
    conditions = {} if ready is None else {"ready": ready}
    endpoints = [{"conditions": conditions, "targetRef": {"kind": "Pod", "name": name}} for name in pods]
    return body | {"endpoints": endpoints}


def record(revision: str, number: int, **annotations: str) -> Object:
    """A ControllerRevision with marks."""
    return head("ControllerRevision", f"shop-{revision}", revision, annotations=annotations) | {"revision": number}


def budget(name: str, selector: dict[str, Any] | None, **metadata: Any) -> Object:
    """A PodDisruptionBudget."""
    return head("PodDisruptionBudget", name, **metadata) | {"spec": {"selector": selector}}
