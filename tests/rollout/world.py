"""A small world for the heart to act in: pods that take their time, gateways that lag, requests that are counted.

It obeys `Desired` the way a cluster does: late, in its own order, and only as far as pods become ready.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from gracefulservice.api import Command
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, RouteSeen, Seen, ServiceSeen

COUNTER = "http_requests_total"


@dataclass
class Pod:
    """One pod. `ready_at` and `gone_at` are times; `counts` are its request counters by code."""

    name: str
    revision: str
    created: float
    ready_at: float
    gone_at: float | None = None
    doomed: bool = False
    """Whether it stands on a cordoned node."""
    counts: dict[str, float] = field(default_factory=lambda: {"200": 0.0, "500": 0.0})

    def ready(self, now: float) -> bool:
        """Serving and not on its way out."""
        return self.gone_at is None and now >= self.ready_at


@dataclass
class Route:
    """The route object and what the gateways have taken over of it."""

    weight: float = 0.0
    applied: float = 0.0
    changed: float = 0.0
    set_by: str = ""


@dataclass
class World:
    """One service. `behaviour` gives a revision's share of bad answers; `broken` ones never become ready."""

    random: Random
    weighted: bool
    rate: float = 20.0
    now: float = 1_000_000.0
    lag: float = 1.0
    slowest: float = 8.0
    behaviour: dict[str, float] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    pods: list[Pod] = field(default_factory=list)
    wanted: dict[str, int] = field(default_factory=dict)
    selectors: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, list[Pod]] = field(default_factory=dict)
    records: dict[str, RecordSeen] = field(default_factory=dict)
    route: Route = field(default_factory=Route)
    command: Command | None = None
    outage: bool = False
    lost: bool = False
    """Whether the route object is gone; the gateways go on with what they had."""
    deleting: bool = False
    drainer: Random | None = None
    """Somebody who cordons and drains a node every now and then."""
    drained: float | None = None
    """When the eviction of the doomed pods begins; None before the operator has seen that they are."""
    spared: bool = False
    """Whether nobody is evicted for the moment."""
    rival: Random | None = None
    """A tool that applies the route as somebody wrote it down, every now and then."""
    errors: dict[str, int] = field(default_factory=dict)
    unserved: int = 0
    names: int = 0

    def of(self, revision: str) -> list[Pod]:
        """The revision's pods, those that stop included."""
        return [pod for pod in self.pods if pod.revision == revision]

    def pass_time(self, seconds: float) -> None:
        """Let pods start and stop, gateways catch up, and users call, second by second."""
        for _ in range(max(int(seconds), 1)):
            self.now += 1
            if self.rival and not self.lost and self.rival.random() < 0.05:
                self.reweigh(0.0, f"tool at {self.now:.0f}")
            self.drain()
            self.pods = [pod for pod in self.pods if pod.gone_at is None or pod.gone_at > self.now]
            self.endpoints = {service: self.selected(service) for service in self.selectors}
            if self.now - self.route.changed >= self.lag:
                self.route.applied = self.route.weight
            self.serve()

    def cordon(self) -> None:
        """Some node, and with it every second pod."""
        self.drained = None
        for pod in self.pods[:: 2 if len(self.pods) > 2 else 1]:
            pod.doomed = True

    def uncordon(self) -> None:
        """The drain is given up, or over."""
        for pod in self.pods:
            pod.doomed = False

    def drain(self) -> None:
        """What `kubectl drain` does, a moment after the node was cordoned: it evicts as fast as budgets allow."""
        if self.drainer and self.drainer.random() < 0.02:
            (self.uncordon if any(pod.doomed for pod in self.pods) else self.cordon)()
        if self.spared or self.drained is None or self.now < self.drained:
            return
        for pod in self.pods:
            if pod.doomed and pod.gone_at is None and self.allowed(pod):
                pod.gone_at = self.now + 3

    def allowed(self, pod: Pod) -> bool:
        """Whether the budget lets a pod go: one of those wanted may be missing, and unhealthy ones always may."""
        wanted = self.wanted.get(pod.revision, 0)
        healthy = sum(one.ready(self.now) for one in self.of(pod.revision))
        return wanted < 2 or not pod.ready(self.now) or healthy > wanted - 1

    def selected(self, service: str) -> list[Pod]:
        """The ready pods a Service selects."""
        selector = self.selectors[service]
        return [pod for pod in self.pods if pod.ready(self.now) and selector in (WIDE, pod.revision)]

    def serve(self) -> None:
        """One second of requests, spread by weight and then over the endpoints."""
        for _ in range(int(self.rate)):
            canary = self.weighted and self.random.uniform(0, 100) < self.route.applied
            pods = self.endpoints.get("canary" if canary else "stable", [])
            if not pods:
                self.unserved += 1
                continue
            pod = self.random.choice(pods)
            bad = self.random.random() < self.behaviour.get(pod.revision, 0.0)
            pod.counts["500" if bad else "200"] += 1
            if bad:
                self.errors[pod.revision] = self.errors.get(pod.revision, 0) + 1

    def converge(self, desired: Desired) -> None:
        """Write what is wanted; pods follow in their own time."""
        for number, revision in enumerate(desired.fleets, start=len(self.records) + 1):
            self.records.setdefault(revision, RecordSeen(number=number))
        self.records = {
            revision: replace(record, stable=revision == desired.stable, condemned=desired.marks.get(revision, ""))
            for revision, record in self.records.items()
            if revision not in desired.prune
        }
        self.selectors["stable"] = desired.stable_selector
        if desired.canary_selector:
            self.selectors["canary"] = desired.canary_selector
        for revision, replicas in desired.fleets.items():
            self.scale(revision, replicas)
        for revision in desired.prune:
            self.wanted.pop(revision, None)
        if desired.weight is not None and desired.weight != self.route.weight:
            self.reweigh(desired.weight)
        if self.drained is None and any(pod.doomed for pod in self.pods):
            self.drained = self.now + 2  # who cordons and evicts at once is faster than any operator

    def scale(self, revision: str, replicas: int) -> None:
        """Add pods that take a while, or stop some; a stopping pod serves for three more seconds."""
        self.wanted[revision] = replicas
        running = [pod for pod in self.of(revision) if pod.gone_at is None]
        for _ in range(replicas - len(running)):
            self.names += 1
            start = self.random.uniform(1, self.slowest)
            ready_at = float("inf") if revision in self.broken else self.now + start
            self.pods.append(Pod(f"pod-{self.names}", revision, self.now, ready_at))
        for pod in sorted(running, key=lambda pod: pod.ready(self.now))[: max(len(running) - replicas, 0)]:
            pod.gone_at = self.now + 3

    def calm(self) -> None:
        """Nobody disturbs any more."""
        self.outage = self.lost = False
        self.uncordon()
        self.command = self.rival = self.drainer = None

    def heal(self, revision: str) -> None:
        """Whatever kept the revision's pods from starting is over."""
        self.broken.discard(revision)
        for pod in self.of(revision):
            pod.ready_at = min(pod.ready_at, self.now + self.slowest)

    def look(self, plan: Plan) -> Seen:
        """What one look finds."""
        return Seen(
            fleets={revision: self.fleet(revision, wanted) for revision, wanted in self.wanted.items()},
            stable_service=self.service("stable"),
            canary_service=self.service("canary"),
            route=self.route_seen() if self.weighted else None,
            records=dict(self.records),
            metrics=self.metrics(plan) if plan.judged else None,
            command=self.command,
            deleting=self.deleting,
            ceiling=100,
        )

    def route_seen(self) -> RouteSeen:
        """The route object, and whether the gateways have taken it over."""
        if self.lost:
            return RouteSeen(None, trouble="HTTPRoute shop does not exist.")
        return RouteSeen(self.route.weight, self.route.applied == self.route.weight, set_by=self.route.set_by)

    def reweigh(self, weight: float, set_by: str = "") -> None:
        """The operator, or somebody, writes the route."""
        self.route = Route(weight, self.route.applied, self.now, set_by)

    def meddle(self) -> None:
        """Somebody deletes the route or brings it back, or writes weights of their own into it."""
        if self.random.random() < 0.5:
            self.lost = not self.lost
        else:
            self.reweigh(self.random.choice((0.0, 30.0, 100.0)), f"somebody at {self.now:.0f}")

    def fleet(self, revision: str, wanted: int) -> Fleet:
        """One revision's Deployment."""
        pods = self.of(revision)
        trouble = "CrashLoopBackOff" if revision in self.broken else ""
        cordoned = sum(pod.doomed and pod.gone_at is None for pod in pods)
        return Fleet(wanted, sum(pod.ready(self.now) for pod in pods), len(pods), trouble=trouble, cordoned=cordoned)

    def service(self, name: str) -> ServiceSeen:
        """One Service and its endpoints."""
        counts: dict[str, int] = {}
        for pod in self.endpoints.get(name, []):
            counts[pod.revision] = counts.get(pod.revision, 0) + 1
        return ServiceSeen(self.selectors.get(name, ""), counts)

    def metrics(self, plan: Plan) -> Look:
        """What Prometheus has at its last scrape."""
        at = self.now - self.now % 5
        if self.outage:
            return Look(at=at, interval=5.0, outage="Prometheus does not answer")
        pods = tuple(
            PodFacts(pod.name, pod.revision, pod.created, pod.ready_at if pod.ready(self.now) else None, 0, pod.created)
            for pod in self.pods
        )
        samples = tuple(
            Sample(pod.name, f'code="{code}"', self.now, value)
            for pod in self.pods
            if pod.ready_at <= self.now
            for code, value in pod.counts.items()
        )
        return Look(at=self.now, interval=5.0, pods=pods, samples={plan.objectives[0].total: samples})


def shares(world: World) -> Mapping[str, float]:
    """Which share of all requests each revision gets now, by weight and endpoints."""
    found: dict[str, float] = {}
    for service, share in (("canary", world.route.applied), ("stable", 100 - world.route.applied)):
        pods = world.endpoints.get(service, [])
        for pod in pods if share else []:
            found[pod.revision] = found.get(pod.revision, 0.0) + share / len(pods)
    return found
