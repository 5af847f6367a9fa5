"""The attack with guards whose gauges come and go, against an account of its own of what each of them showed."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from gracefulservice.api import Guard
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.memory import Climbing, Memory, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.verdict import Cause, Problem

from .attack import Attack
from .builders import ERRORS

GUARDS = [
    {"name": "queue", "promql": 'max(queue{pod=~"$canary"})', "max": 500, "for": "9s"},
    {"name": "pool", "promql": "min(free)", "min": 2, "for": "0s"},
]
ABSENT = Problem(cause=Cause.SERIES_MISSING, sentence="The query finds no series.")
TICK = 5.0
Shown = float | Problem


@dataclass
class Gauges:
    """What the gauges show: now and then another thing, for as long as nobody is calm."""

    random: Random
    values: dict[str, Shown] = field(default_factory=dict)

    def show(self, guard: Guard) -> Shown:
        """The value of this moment, or that there is none: for a while, or only in this look."""
        if guard.name not in self.values or self.random.random() < 0.15:
            worst = 700.0 if guard.max is not None else 0.0
            choice = self.random.random()
            self.values[guard.name] = worst if choice < 0.15 else ABSENT if choice < 0.35 else 100.0
        return ABSENT if self.random.random() < 0.12 else self.values[guard.name]


@dataclass
class Account:
    """The looks at one guard in one rollout: for how long it was beyond its threshold, and what it showed last."""

    beyond: float = 0.0
    last: Shown | None = None
    value: float | None = None
    at: float = 0.0

    def add(self, shown: Shown, at: float, guard: Guard) -> None:
        """One look more."""
        if isinstance(shown, float):
            in_a_row = isinstance(self.last, float) and bad(self.last, guard)
            more = min(at - self.at, TICK) if in_a_row else 0.0
            self.beyond = self.beyond + more if bad(shown, guard) else 0.0
            self.value = shown
        self.last, self.at = shown, at

    def fails(self, guard: Guard) -> bool:
        """Whether that is a verdict."""
        return self.value is not None and bad(self.value, guard) and self.beyond >= guard.lasting


def bad(value: float, guard: Guard) -> bool:
    """Whether a value is beyond the threshold."""
    return (guard.max is not None and value > guard.max) or (guard.min is not None and value < guard.min)


@dataclass
class GuardAttack(Attack):
    """The same schedules of a service that has guards as well."""

    accounts: dict[str, Account] = field(default_factory=dict)
    subject: tuple[Any, ...] = ()
    before: Memory = field(default_factory=Memory)
    calm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gauges = Gauges(Random(3000 + self.seed))
        self.original = self.world.metrics
        self.world.metrics = self.metrics  # type: ignore[method-assign]

    def want(self, image: str, replicas: int | None = None) -> None:
        """The user applies an image, with guards beside the objectives."""
        super().want(image, replicas)
        self.spec = self.spec | {"objectives": {**ERRORS, "guards": GUARDS}}

    def settle(self, limit: int = 400) -> None:
        """Once nobody disturbs any more, no gauge does."""
        self.calm = True
        super().settle(limit)

    def metrics(self, plan: Plan) -> Look:
        """What Prometheus has, and what the gauges show."""
        shown = {guard.name: 100.0 if self.calm else self.gauges.show(guard) for guard in plan.guards}
        look = self.original(plan)
        return replace(look, at=self.world.now, gauges={} if look.outage else shown)

    def check_decision(self, plan: Plan, seen: Seen, desired: Desired) -> None:
        """What is asked of every decision, and what the guards have to say to it."""
        super().check_decision(plan, seen, desired)
        before, self.before = self.before, self.memory
        self.look_at(plan, seen, before)
        if before.canary is None or before.hurry or not plan.guards:
            return
        warming = isinstance(before.state, Warming)
        failing = [one.name for one in plan.guards if self.fails(one) and ("$canary" in one.promql or not warming)]
        blamed = [name for name in ("queue", "pool") if self.newly_condemned(before).startswith(f"{name} is ")]
        turned = self.memory.canary != before.canary
        self.insist(turned or not failing or bool(self.memory.hurry), f"nothing comes of the guards {failing}")
        self.insist(set(blamed) <= set(failing), f"the guards {blamed} are blamed without cause")
        self.insist(not self.rises(seen, before) or not self.held(plan), f"a weight rises in spite of {self.accounts}")

    def look_at(self, plan: Plan, seen: Seen, before: Memory) -> None:
        """Take down what this look showed; another rollout, or other guards, are another account."""
        gauges = self.memory.gauges
        subject = (before.canary, plan.guards, gauges and gauges.begun)
        if subject != self.subject:
            self.subject, self.accounts = subject, {}
        if before.canary is None or seen.metrics is None or gauges is None:
            return
        there = {pod.revision for pod in seen.metrics.pods}
        for guard in plan.guards:
            account = self.accounts.setdefault(guard.name, Account())
            if "$canary" in guard.promql and before.canary not in there:
                account.last = None
            else:
                account.add(seen.metrics.gauges.get(guard.name, ABSENT), seen.metrics.at, guard)

    def fails(self, guard: Guard) -> bool:
        """Whether a guard has failed."""
        return guard.name in self.accounts and self.accounts[guard.name].fails(guard)

    def held(self, plan: Plan) -> list[str]:
        """The guards that show a bad value now, or none."""
        shown = {guard.name: (guard, self.accounts.get(guard.name, Account()).last) for guard in plan.guards}
        return [name for name, (guard, one) in shown.items() if isinstance(one, Problem) or (one and bad(one, guard))]

    def newly_condemned(self, before: Memory) -> str:
        """Why the canary was condemned in this step, or empty."""
        return "" if before.canary in before.condemned else self.memory.condemned.get(before.canary or "", "")

    def rises(self, seen: Seen, before: Memory) -> bool:
        """Whether a rollout goes to a higher weight than it has, though stable serves and nobody hurries."""
        state, was = self.memory.state, before.state
        if not isinstance(state, Climbing) or self.memory.hurry or not seen.stable_service.serves:
            return False
        has = max(was.weight if isinstance(was, Climbing) else 0.0, (seen.route.weight or 0.0) if seen.route else 0.0)
        return state.weight > has
