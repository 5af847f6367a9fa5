"""A cluster in memory in which a plain Deployment lives, for adoptions: everything in it takes its time.

    Deployment ─► pods, in the order in which Kubernetes deletes them ─► EndpointSlices, late ─► proxies, later
    autoscaler ─► whatever it leads to

Users call every endpoint the proxies know. A plain pod ends the moment it is told to stop; ours keep their contract.
What is lost, or done too early, is written down in `wrongs`.
"""

import copy
from dataclasses import dataclass, field
from random import Random

from gracefulservice.api.names import KIND, NAME_LABEL, REVISION_LABEL
from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    SERVICE,
    Object,
    Ref,
)
from tests.support.fake_cluster import FakeApiServer, labels_of
from tests.support.handover_objects import (
    COST,
    DELAY,
    DRAIN,
    FRONT,
    MAIN,
    OLD,
    PLACE,
    SCALER,
    autoscaler,
    plain_deployment,
    plain_service,
)


@dataclass
class Life:
    """What the world knows of one pod besides its object."""

    ready_at: float
    told: float | None = None
    """When it was told to stop."""
    listed: float | None = None
    """When it stood last in the slices."""


@dataclass
class HandoverWorld:
    """One namespace. `slow` are the seconds a pod takes to start, at most; `lag` those the slices take."""

    random: Random
    api: FakeApiServer = field(default_factory=FakeApiServer)
    slow: float = 6.0
    lag: float = 2.0
    lives: dict[str, Life] = field(default_factory=dict)
    slices: list[tuple[float, set[str]]] = field(default_factory=list)
    routed: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    wrongs: list[str] = field(default_factory=list)
    born: int = 0
    broken: set[str] = field(default_factory=set)
    """Images whose pods never become ready."""
    excused: set[str] = field(default_factory=set)
    """Pods whose node was drained: what users lose with a plain pod then is not the operator's doing."""

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.api.now

    def start(self, replicas: int = 4) -> None:
        """The Deployment serves with so many pods, and everybody knows."""
        self.api.put(DEPLOYMENT, plain_deployment(replicas))
        self.api.put(SERVICE, plain_service())
        self.api.put(HORIZONTAL_POD_AUTOSCALER, autoscaler())
        for _ in range(30):
            self.second()
        self.wrongs.clear()

    def second(self) -> None:
        """One second passes."""
        self.api.now += 1
        for deployment in self.api.of(DEPLOYMENT):
            self.replicate(deployment)
        for pod in self.api.of(POD):
            self.age(pod)
        for deployment in self.api.of(DEPLOYMENT):
            self.report(deployment)
        self.publish()
        self.call()

    def mine(self, deployment: Object) -> list[Object]:
        """The pods of a Deployment."""
        uid = deployment["metadata"]["uid"]
        return [pod for pod in self.api.of(POD) if pod["metadata"]["ownerReferences"][0]["uid"] == uid]

    def replicate(self, deployment: Object) -> None:
        """As many pods as are wanted, of the present template; those of another go first."""
        wanted = deployment["spec"]["replicas"]
        alive = [pod for pod in self.mine(deployment) if "deletionTimestamp" not in pod["metadata"]]
        stale = [pod for pod in alive if pod["spec"] != deployment["spec"]["template"]["spec"]]
        ranked = sorted(alive, key=lambda pod: (pod not in stale, self.ready(pod), cost(pod), -born(pod)))
        for pod in ranked[: max(len(alive) - wanted, len(stale))]:
            self.stop(pod)
        for _ in range(wanted - len(alive)):
            self.make(deployment)

    def make(self, deployment: Object) -> None:
        """One more pod, as the Deployment's ReplicaSet makes it."""
        self.born += 1
        template, name = deployment["spec"]["template"], deployment["metadata"]["name"]
        pod = {
            "metadata": {
                "namespace": PLACE,
                "name": f"{name}-rs-{self.born:04}",
                "labels": {**template["metadata"]["labels"], "pod-template-hash": "rs"},
                "ownerReferences": [
                    {
                        "kind": "ReplicaSet",
                        "name": f"{name}-rs",
                        "uid": deployment["metadata"]["uid"],
                        "controller": True,
                    }
                ],
            },
            "spec": copy.deepcopy(template["spec"]),
            "status": {"phase": "Running", "conditions": [], "containerStatuses": []},
        }
        made = self.api.put(POD, pod)
        late = self.random.uniform(1, self.slow)
        never = pod["spec"]["containers"][0]["image"] in self.broken
        self.lives[made["metadata"]["name"]] = Life(ready_at=float("inf") if never else self.now + late)

    def stop(self, pod: Object, *, by_chance: bool = False) -> None:
        """A pod is told to stop: in order, by its controller, or because its node is drained."""
        name = pod["metadata"]["name"]
        life = self.lives[name]
        life.told = self.now
        if not is_ours(pod) and not by_chance:
            self.check_order(name, life)
        grace = pod["spec"].get("terminationGracePeriodSeconds", 1)
        stamp = format_instant(self.now + grace)
        self.api.edit(
            POD.of(pod),
            lambda body: body["metadata"].update(
                deletionTimestamp=stamp, deletionGracePeriodSeconds=grace, finalizers=["kubelet"]
            ),
        )

    def check_order(self, name: str, life: Life) -> None:
        """A plain pod is told only once it has been out of the endpoints for delay and drain."""
        if name in self.routed or name in self.listed:
            self.wrongs.append(f"{name} is told to stop while users are sent to it")
        elif life.listed is not None and self.now - life.listed < DELAY + DRAIN - 1:
            self.wrongs.append(f"{name} is told to stop {self.now - life.listed:.0f} s after it left the endpoints")

    def age(self, pod: Object) -> None:
        """Pods become ready, and go when they have been told to."""
        life = self.lives[pod["metadata"]["name"]]
        if life.told is not None:
            if self.now >= life.told + (DELAY + 1 if is_ours(pod) else 1):
                self.api.edit(POD.of(pod), lambda body: body["metadata"].pop("finalizers"))
            return
        ready = self.now >= life.ready_at
        if ready != self.ready(pod):
            when = format_instant(self.now)
            condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": when}
            self.api.edit(POD.of(pod), lambda body: body["status"].update(conditions=[condition]))

    def ready(self, pod: Object) -> bool:
        """What the pod's condition says."""
        return any(one["status"] == "True" for one in pod["status"]["conditions"])

    def report(self, deployment: Object) -> None:
        """The Deployment's own status."""
        alive = [pod for pod in self.mine(deployment) if "deletionTimestamp" not in pod["metadata"]]
        ready = sum(map(self.ready, alive))
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(alive),
            "updatedReplicas": len(alive),
            "readyReplicas": ready,
            "availableReplicas": ready,
        }
        self.api.edit(DEPLOYMENT.of(deployment), lambda body: body.update(status=status))

    def publish(self) -> None:
        """The slices follow pods and selectors, the proxies follow the slices."""
        for service in self.api.of(SERVICE):
            self.slice(service)
        while len(self.slices) > 1 and self.slices[1][0] <= self.now:
            self.slices.pop(0)
        self.routed = self.slices[0][1] if self.slices else set()
        for name in self.listed | self.routed:
            if name in self.lives:
                self.lives[name].listed = self.now if name in self.listed else self.lives[name].listed

    def slice(self, service: Object) -> None:
        """The ready pods that a Service selects, a moment late."""
        if self.now % self.lag == 0:
            selector = service["spec"]["selector"]
            pods = [pod["metadata"]["name"] for pod in self.api.of(POD) if self.selected(selector, pod)]
            self.write_slice(service, pods)
            if service["metadata"]["name"] == FRONT.name:
                self.listed = set(pods)
                self.slices.append((self.now + self.random.choice((1, 2)), set(pods)))

    def selected(self, selector: Object, pod: Object) -> bool:
        """Whether a pod is an endpoint."""
        stops = "deletionTimestamp" in pod["metadata"]
        return selector.items() <= labels_of(pod).items() and self.ready(pod) and not stops

    def write_slice(self, service: Object, pods: list[str]) -> None:
        """The object itself."""
        name = service["metadata"]["name"]
        ref = Ref(ENDPOINT_SLICE, PLACE, f"{name}-slice")
        labels = labels_of(service) | {"kubernetes.io/service-name": name}
        metadata = {"namespace": PLACE, "name": ref.name, "labels": labels}
        if ref not in self.api.objects:
            self.api.put(ENDPOINT_SLICE, {"metadata": metadata})
        found = [{"addresses": [pod], "conditions": {"ready": True}, "targetRef": {"name": pod}} for pod in pods]
        self.api.edit(ref, lambda body: body["metadata"].update(labels=labels))
        self.api.edit(ref, lambda body: body.update(endpoints=found))

    def call(self) -> None:
        """Users call every endpoint that the proxies know."""
        there = {pod["metadata"]["name"]: pod for pod in self.api.of(POD)}
        for name in self.routed:
            pod, life = there.get(name), self.lives[name]
            answers = pod is not None and (life.told is None or (is_ours(pod) and self.now <= life.told + DELAY))
            if not answers and name not in self.excused:
                self.wrongs.append(f"users are sent to {name}, which is gone")
        if not self.routed and self.slices:
            self.wrongs.append("nobody serves")

    def evict(self) -> None:
        """The node of a pod is drained."""
        alive = [pod for pod in self.api.of(POD) if "deletionTimestamp" not in pod["metadata"]]
        if alive:
            pod = self.random.choice(alive)
            self.excused.add(pod["metadata"]["name"])
            self.stop(pod, by_chance=True)

    def rescale(self, replicas: int) -> None:
        """The autoscaler writes what it leads to."""
        target = self.api.objects[SCALER]["spec"]["scaleTargetRef"]
        ref = MAIN if target["kind"] == KIND else OLD
        if ref in self.api.objects:
            self.api.edit(ref, lambda body: body["spec"].update(replicas=replicas))

    def standing(self) -> list[Object]:
        """All pods that are not on their way out."""
        return [pod for pod in self.api.of(POD) if "deletionTimestamp" not in pod["metadata"]]

    def traces(self) -> list[str]:
        """What of ours is left on what is not ours."""
        kinds = (DEPLOYMENT, SERVICE, POD, HORIZONTAL_POD_AUTOSCALER)
        return [
            f"{kind.name} {body['metadata']['name']}"
            for kind in kinds
            for body in self.api.of(kind)
            if "gracefulservice" in str(body) or COST in str(body["metadata"])
        ]


def is_ours(pod: Object) -> bool:
    """Whether it is a pod of a revision, with our contract."""
    return REVISION_LABEL in labels_of(pod) and NAME_LABEL in labels_of(pod)


def cost(pod: Object) -> int:
    """What Kubernetes goes by among ready pods."""
    return int((pod["metadata"].get("annotations") or {}).get(COST, 0))


def born(pod: Object) -> int:
    """The number of a pod, in the order of their making: of equal ones the youngest goes first."""
    return int(pod["metadata"]["name"][-4:])
