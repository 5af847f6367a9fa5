"""What Kubernetes and a Gateway do of themselves in the cluster in memory, one step at a time."""

import copy
from collections.abc import Iterator

from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster.kinds import DEPLOYMENT, ENDPOINT_SLICE, HTTP_ROUTE, POD, SERVICE, Object, Ref
from tests.support.fake_cluster import FakeApiServer, labels_of


class Controllers:
    """What Kubernetes and a Gateway do of themselves, one step at a time.

    `broken` are images whose pods never become ready; `deaf` tells that no Gateway acknowledges anything.
    """

    def __init__(self, api: FakeApiServer) -> None:
        self.api = api
        self.broken: set[str] = set()
        self.deaf = False
        self.node = ""
        """Where new pods are started."""
        self._born = 0

    def step(self) -> None:
        """Pods come and go, endpoints follow the pods, Gateways follow the routes."""
        for deployment in self.api.of(DEPLOYMENT):
            self._pods(deployment)
        for service in self.api.of(SERVICE):
            self._slice(service)
        for route in self.api.of(HTTP_ROUTE):
            self._acknowledge(route)

    def _pods(self, deployment: Object) -> None:
        uid = deployment["metadata"]["uid"]
        mine = [pod for pod in self.api.of(POD) if pod["metadata"]["ownerReferences"][0]["uid"] == uid]
        wanted = deployment["spec"]["replicas"]
        for pod in mine[wanted:]:
            self.api.remove(POD.of(pod))
        for _ in range(wanted - len(mine)):
            self._born += 1
            self.api.put(POD, self._pod(deployment))

    def _pod(self, deployment: Object) -> Object:
        template = deployment["spec"]["template"]
        ready = template["spec"]["containers"][0]["image"] not in self.broken
        when = format_instant(self.api.now)
        return {
            "metadata": {
                "namespace": deployment["metadata"]["namespace"],
                "name": f"{deployment['metadata']['name']}-{self._born}",
                "labels": template["metadata"]["labels"],
                "ownerReferences": [{"kind": "ReplicaSet", "uid": deployment["metadata"]["uid"], "controller": True}],
            },
            "spec": copy.deepcopy(template["spec"]) | ({"nodeName": self.node} if self.node else {}),
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": when}],
                "containerStatuses": [_container_status(template["spec"]["containers"][0]["name"], ready, when)],
            },
        }

    def _slice(self, service: Object) -> None:
        selector = service["spec"]["selector"]
        pods = [pod for pod in self.api.of(POD) if selector.items() <= labels_of(pod).items()]
        endpoints = [
            {
                "addresses": ["10.0.0.1"],
                "conditions": {"ready": pod["status"]["conditions"][0]["status"] == "True"},
                "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
            }
            for pod in pods
        ]
        namespace, name = _place(service)
        ref = Ref(ENDPOINT_SLICE, namespace, f"{name}-slice")
        labels = labels_of(service) | {"kubernetes.io/service-name": name}
        if ref not in self.api.objects:
            self.api.put(ENDPOINT_SLICE, {"metadata": {"namespace": namespace, "name": ref.name, "labels": labels}})
        self.api.edit(ref, lambda body: body.update(endpoints=endpoints))

    def _acknowledge(self, route: Object) -> None:
        if self.deaf:
            return
        parents = list(acknowledgements(route))
        self.api.edit(HTTP_ROUTE.of(route), lambda body: body.update(status={"parents": parents}))


def acknowledgements(route: Object) -> Iterator[Object]:
    """What every Gateway says that has taken this generation of a route."""
    generation = route["metadata"]["generation"]
    for parent in route["spec"].get("parentRefs", ()):
        conditions = [
            {"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation}
            for kind in ("Accepted", "ResolvedRefs")
        ]
        yield {"parentRef": parent, "controllerName": "example.com/gateway", "conditions": conditions}


def _container_status(name: str, ready: bool, when: str) -> Object:
    state = {"running": {"startedAt": when}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {"name": name, "restartCount": 0 if ready else 4, "state": state}


def _place(body: Object) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
