"""The life of one service in the cluster in memory: the whole operator above the wire, its users, and time.

Time passes as the operator asks for it: after each pass the controllers act, users send requests, and the
clock moves on to the next wake.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gracefulservice.api.names import API_VERSION, KIND, REVISION_LABEL
from gracefulservice.cluster.adapter import KubernetesCluster
from gracefulservice.cluster.events import Recorder
from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    GRACEFUL_SERVICE,
    HTTP_ROUTE,
    POD,
    Object,
    Ref,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure
from gracefulservice.ports import Key, Owner, Ports
from gracefulservice.reconcile import reconcile
from gracefulservice.rollout.objective import selectors
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.sizes import Gone, Measured
from gracefulservice.rollout.verdict import Problem
from gracefulservice.traffic import routers
from tests.support.fake_cluster import FakeApiServer, labels_of
from tests.support.fake_controllers import Controllers

KEY = Key("default", "shop")
MAIN = Ref(GRACEFUL_SERVICE, KEY.namespace, KEY.name)
ROUTE = Ref(HTTP_ROUTE, "default", "front")
INTERVAL = 5.0
"""Seconds between two scrapes."""
SPAN = 30.0
"""Seconds of samples that are kept."""


def spec(image: str = "shop:1", **changes: Any) -> dict[str, Any]:
    """A service whose times are short, with a route of the user's and explicit steps."""
    container = {"name": "app", "image": image, "ports": [{"containerPort": 8080}]}
    return {
        "replicas": 4,
        "template": {"spec": {"containers": [container]}},
        "traffic": {"routes": [{"name": "front", "gatewayAPI": {"name": "front"}}]},
        "rollout": {
            "canary": {"steps": [{"weight": 25, "hold": "5s"}, {"weight": 50, "hold": "5s"}]},
            "warmup": "3s",
            "bake": "5s",
            "progressDeadline": "30s",
        },
    } | changes


def front() -> Object:
    """The user's route."""
    backends = [{"name": "shop", "port": 80, "weight": 1}, {"name": "shop-canary", "port": 80, "weight": 0}]
    return {
        "metadata": {"name": "front", "namespace": "default"},
        "spec": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"], "rules": [{"backendRefs": backends}]},
    }


@dataclass
class Users:
    """Open-loop users at `rate` requests/s through the route, and what the pods count of them.

    `bad` gives the share of failures of an image. `outage` is what Prometheus says instead of an answer. `stuck`
    are the weights by which the gateways go on whatever the route says; `inside` callers/s use the Service itself.
    """

    api: FakeApiServer
    rate: float = 40.0
    bad: dict[str, float] = field(default_factory=dict)
    outage: str | None = None
    stuck: tuple[int, ...] | None = None
    inside: float = 0.0
    lost: float = 0.0
    """Requests that a weight led to where nobody answers."""
    gauges: dict[str, float | Problem] = field(default_factory=dict)
    """What the guards' queries give; one that is not named here gives nothing."""
    queries: dict[str, str] = field(default_factory=dict)
    """What was asked last for each guard."""
    slowest: float | None = None
    latest: float | None = None
    sizings: int = 0
    counts: dict[str, dict[str, float]] = field(default_factory=dict)
    history: list[Sample] = field(default_factory=list)

    def spend(self, seconds: float) -> None:
        """Send requests for so long to the endpoints that the route's weights lead to, and scrape the pods."""
        refs = self.api.objects[ROUTE]["spec"]["rules"][0]["backendRefs"] if ROUTE in self.api.objects else []
        weights = self.stuck or [ref["weight"] for ref in refs]
        for ref, weight in zip(refs, weights, strict=False):
            pods = [pod for pod in self._endpoints(ref["name"]) if pod]
            self.lost += 0.0 if pods else self.rate * seconds * weight
            inside = 0.0 if ref["name"].endswith("-canary") else self.inside
            for pod in pods:
                self._count(pod, (self.rate * weight / sum(weights) + inside) * seconds / len(pods))
        for pod in self.api.of(POD):
            self._scrape(pod)

    def _endpoints(self, service: str) -> list[Object | None]:
        slices = self.api.objects.get(Ref(ENDPOINT_SLICE, "default", f"{service}-slice"), {})
        ready = [one["targetRef"]["name"] for one in slices.get("endpoints", ()) if one["conditions"]["ready"]]
        return [self.api.objects.get(Ref(POD, "default", name)) for name in ready]

    def _count(self, pod: Object, requests: float) -> None:
        share = self.failing(pod)
        counted = self.counts.setdefault(pod["metadata"]["name"], {"200": 0.0, "500": 0.0})
        counted["200"] += requests * (1 - share)
        counted["500"] += requests * share

    def failing(self, pod: Object) -> float:
        """The share of requests in which a pod fails."""
        return self.bad.get(pod["spec"]["containers"][0]["image"], 0.0)

    def _scrape(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        for code, value in self.counts.setdefault(name, {"200": 0.0, "500": 0.0}).items():
            self.history.append(Sample(name, f'code="{code}"', self.api.now, value))
        self.history = [one for one in self.history if one.at > self.api.now - SPAN]

    async def ask(self, _owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, _interval: float) -> Look:
        """What was scraped until `at`."""
        self.queries |= {guard.name: guard.promql for guard in plan.guards}
        if self.outage:
            return Look(at=at, interval=INTERVAL, pods=tuple(pods), outage=self.outage)
        gauges = {guard.name: self.gauges[guard.name] for guard in plan.guards if guard.name in self.gauges}
        samples = tuple(one for one in self.history if one.at <= at)
        found = dict.fromkeys(selectors(plan.objectives), samples)
        return Look(at=at, interval=INTERVAL, pods=tuple(pods), samples=found, gauges=gauges)

    async def sizes(
        self, _owner: Owner, _plan: Plan, _pods: Sequence[PodFacts], _gone: Sequence[Gone], _at: float
    ) -> Measured:
        """How long the slowest hundredth takes, and how late a request came."""
        self.sizings += 1
        return Measured(self.slowest, self.latest)


class Life:
    """One cluster with one service in it, and the operator."""

    def __init__(self, **changes: Any) -> None:
        self.api = FakeApiServer()
        self.controllers = Controllers(self.api)
        self.users = Users(self.api)
        self.wake: float | None = 0.0
        self.ports = Ports(
            clock=self,
            cluster=KubernetesCluster(self.api),
            router=routers(self.api, lambda: "1@lease"),
            metrics=self.users,
            notifier=Recorder(self.api, "test"),
        )
        self.api.put(HTTP_ROUTE, front())
        metadata = {"name": KEY.name, "namespace": KEY.namespace}
        self.api.put(
            GRACEFUL_SERVICE, {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec(**changes)}
        )

    def now(self) -> float:
        """The clock of the whole world."""
        return self.api.now

    async def look(self) -> float | None:
        """One pass of the operator."""
        self.wake = await reconcile(KEY, self.ports)
        return self.wake

    def pass_time(self, seconds: float) -> None:
        """The cluster and its users act, and so many seconds go by."""
        self.controllers.step()
        self.api.now += seconds
        self.users.spend(seconds)

    async def live(self, until: Callable[[], bool], passes: int = 400) -> None:
        """Pass after pass until something holds; so many passes must be enough."""
        for _ in range(passes):
            await self.look()
            self.pass_time(1.0 if self.wake is None else max(self.wake, 0.5))
            if until():
                return
        raise AssertionError(f"It never came to that: {self.status}")

    async def settle(self, image: str | None = None) -> None:
        """Until the service is at rest, after asking for another image if one is given."""
        if image:
            self.ask_for(image)
        await self.live(lambda: self.phase in ("Healthy", "Degraded", "Invalid") and self.wake is None)

    def ask_for(self, image: str, **changes: Any) -> None:
        """The user edits the spec."""
        self.api.edit(MAIN, lambda body: body.update(spec={**body["spec"], **spec(image), **changes}))

    def annotate(self, **annotations: str) -> None:
        """Somebody writes annotations on the object."""
        self.api.edit(MAIN, lambda body: body["metadata"].update(annotations=annotations))

    @property
    def status(self) -> dict[str, Any]:
        """The status as it stands."""
        found = self.api.objects[MAIN].get("status", {})
        assert isinstance(found, dict)
        return found

    @property
    def phase(self) -> str | None:
        """The derived phase."""
        return self.status.get("phase")

    @property
    def weight(self) -> float:
        """The canary's share in the user's route, in percent."""
        stable, canary = (ref["weight"] for ref in self.api.objects[ROUTE]["spec"]["rules"][0]["backendRefs"])
        return float(100 * canary / (stable + canary))

    @property
    def told(self) -> list[str]:
        """The reasons of all events in the order in which they happened."""
        return [event["reason"] for event in sorted(self.api.of(EVENT), key=lambda event: str(event["eventTime"]))]

    def condition(self, kind: str) -> dict[str, Any]:
        """One condition; an empty one where there is none."""
        found = (one for one in self.status.get("conditions", ()) if one["type"] == kind)
        return next(found, {})

    def pods(self) -> dict[str, int]:
        """How many pods run which image."""
        images = [pod["spec"]["containers"][0]["image"] for pod in self.api.of(POD)]
        return {image: images.count(image) for image in sorted(set(images))}

    def revision(self, image: str) -> str:
        """The revision that runs an image."""
        for deployment in self.api.of(DEPLOYMENT):
            if deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image:
                return labels_of(deployment)[REVISION_LABEL]
        raise LookupError(image)


async def born(**changes: Any) -> Life:
    """A service that serves its first version."""
    life = Life(**changes)
    await life.settle()
    return life


async def climbing() -> Life:
    """A rollout at its first step."""
    life = await born()
    life.ask_for("shop:2")
    await life.live(lambda: life.weight == 25.0)
    return life


def refuse_all(failure: Failure, wanted: Callable[[Request], bool]) -> Callable[[Request], None]:
    """Answer such writes with a failure."""

    def answer(request: Request) -> None:
        if wanted(request):
            raise failure

    return answer
