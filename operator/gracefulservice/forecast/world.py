"""What stands around a simulated service: Deployments whose pods take their time, Services, a route.

It obeys `Desired` as a cluster does, and says in `Seen` what there is of it. Pods that leave are out of the endpoints
at once; a weight that is written is in force when the gateways apply it.
"""

from dataclasses import dataclass, field
from random import Random

from gracefulservice.api import Command
from gracefulservice.forecast.service import STABLE
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, RouteSeen, Seen, ServiceSeen

PROPAGATION = (0.5, 1.5)
"""Seconds from the write of a weight until the gateways apply it: at least, and at most."""


@dataclass
class World:
    """The objects of one service whose stable revision has served for long. `start`: seconds until a pod is ready."""

    plan: Plan
    chance: Random
    start: float
    fleets: dict[str, list[float]] = field(default_factory=dict)
    """When each pod of a revision is ready."""
    stable_selector: str = STABLE
    canary_selector: str = STABLE
    wanted: float = 0.0
    before: float = 0.0
    """The weight that the gateways had until the one that is `wanted` was in force."""
    effective: float = 0.0
    """When that was, or will be."""
    most: int = 0
    """The most pods that there were at once, without those that leave."""

    def __post_init__(self) -> None:
        self.fleets[STABLE] = [0.0] * self.plan.replicas
        self.stable_selector = STABLE if self.plan.weighted else WIDE

    def seen(self, now: float, metrics: Look | None, command: Command | None = None) -> Seen:
        """One look."""
        return Seen(
            fleets={one: Fleet(len(pods), ready(pods, now), len(pods)) for one, pods in self.fleets.items()},
            stable_service=self.service(self.stable_selector, now),
            canary_service=self.service(self.canary_selector, now) if self.plan.weighted else ServiceSeen(),
            route=RouteSeen(self.wanted, acknowledged=now >= self.effective) if self.plan.weighted else None,
            records={
                revision: RecordSeen(number, stable=revision == STABLE, ports=self.plan.contract.ports)
                for number, revision in enumerate(self.fleets, start=1)
            },
            metrics=metrics,
            command=command,
        )

    def service(self, selector: str, now: float) -> ServiceSeen:
        """A Service and its endpoints."""
        there = {one: ready(pods, now) for one, pods in self.fleets.items() if selector in (WIDE, one)}
        return ServiceSeen(selector, {one: count for one, count in there.items() if count})

    def converge(self, desired: Desired, now: float) -> None:
        """Write what is wanted."""
        for revision, replicas in desired.fleets.items():
            pods = sorted(self.fleets.get(revision, []))[:replicas]
            self.fleets[revision] = pods + [now + self.start] * (replicas - len(pods))
        self.most = max(self.most, sum(map(len, self.fleets.values())))
        self.stable_selector = desired.stable_selector
        self.canary_selector = desired.canary_selector or self.canary_selector
        if desired.weight is not None and desired.weight != self.wanted:
            self.before, self.wanted = self.in_force(now), desired.weight
            self.effective = now + self.chance.uniform(*PROPAGATION)

    def in_force(self, now: float) -> float:
        """The weight that the gateways go by, in percent."""
        return self.wanted if now >= self.effective else self.before

    def share(self, now: float) -> float:
        """The canary's share of the traffic in percent: the weight in force, or its share of the ready pods."""
        if self.plan.weighted:
            return self.in_force(now)
        ends = self.service(self.stable_selector, now).endpoints
        return 100 * (1 - ends.get(STABLE, 0) / sum(ends.values())) if ends else 0.0

    def next_change(self, now: float) -> float:
        """When something changes by itself; infinity when nothing does."""
        times = (self.effective, *(at for pods in self.fleets.values() for at in pods))
        return min((at for at in times if at > now), default=float("inf"))


def ready(pods: list[float], now: float) -> int:
    """How many of them are ready."""
    return sum(at <= now for at in pods)
