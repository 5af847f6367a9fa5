"""One simulated release, decided by the operator's own code.

What runs is the heart as it is: `questions.due` says which instant to ask for, `decide.learned` counts the look,
`judging.failed` is the verdict, `decide.advance` warms up, climbs by the budget and bakes, and `decide.wake_after`
says when the next pass is. Left out of a whole `decide` are only the parts that a simulated service has no use
for (objects to write, commands, contests about the route), which take most of its time.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from bench.service import BEGUN, READY, Scenario, Service
from gracefulservice.rollout.decide import advance, learned, wake_after
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.judging import failed
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming, Widening
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.questions import due
from gracefulservice.rollout.seen import Fleet, RouteSeen, Seen, ServiceSeen

PROPAGATION = (0.5, 1.5)
"""Seconds from the write of a weight until the gateways apply it: at least, and at most."""
REPLICAS = 10


@dataclass(frozen=True)
class Outcome:
    """How a release ended. Times in seconds since the first weight, None for what did not happen.

    `errors` are the requests that failed on the canary until it had no weight any more.
    """

    rolled_back: float | None
    gate: float | None
    promoted: float | None
    errors: int
    reason: str = ""


def plan_of(limit: str = "1%", steps: list[dict[str, Any]] | None = None) -> Plan:
    """The plan of a service with an error rate and a route, by steps or by the budgeted ramp."""
    container = {"name": "app", "image": "shop:2", "ports": [{"containerPort": 8080}]}
    built = build(
        "shop",
        {
            "replicas": REPLICAS,
            "template": {"spec": {"containers": [container]}},
            "traffic": {"routes": [{"name": "web", "gatewayAPI": {"name": "shop"}}]},
            "objectives": {"errorRate": {"max": limit}},
            "rollout": {"canary": {"steps": steps} if steps else {"errorBudget": 20}},
        },
    )
    if not isinstance(built, Plan):
        raise TypeError(f"The simulated service has a wrong spec: {built}")
    return built


class Release:
    """A release from the creation of the canary's pods until it is rolled back, promoted, or time is up."""

    def __init__(self, plan: Plan, scenario: Scenario, seed: int) -> None:
        self.plan, self.scenario = plan, scenario
        self.service = Service(scenario, Random(seed))
        self.now = BEGUN + READY
        self.applied = self.wanted = 0.0
        self.effective = self.now
        evidence = begin(plan.objectives, BEGUN)
        self.memory = Memory(stable="stable", state=Warming(canary="canary"), started=BEGUN, evidence=evidence)
        self.gate: float | None = None

    def run(self) -> Outcome:
        """All passes of the operator."""
        while self.now < min(self.service.first, BEGUN + 600) + self.scenario.longest:
            before = self.memory
            seen = self.seen()
            known = learned(self.plan, seen, before)
            if why := failed(self.plan, known, self.now):
                return self.ended(rolled_back=self.now, reason=why)
            after = advance(self.plan, seen, known, self.now)
            if isinstance(after.state, Widening):
                return self.ended(promoted=self.now)
            self.memory = after.but(happenings=())
            self.write()
            self.now = self.next_pass(wake_after(self.plan, before, self.memory, self.now) or 0.05)
        return self.ended()

    def next_pass(self, wake: float) -> float:
        """When the operator looks again: on time, or the moment the gateways acknowledge a weight."""
        later = self.now + wake
        return min(later, self.effective) if self.effective > self.now else later

    def seen(self) -> Seen:
        """Both fleets are complete; the route says what was written, and is acknowledged once it is applied."""
        at = due(self.plan, self.memory, self.now)
        fleet = Fleet(wanted=REPLICAS, ready=REPLICAS, pods=REPLICAS)
        return Seen(
            fleets={"stable": fleet, "canary": fleet},
            stable_service=ServiceSeen("stable", {"stable": REPLICAS}),
            canary_service=ServiceSeen("canary", {"canary": REPLICAS}),
            route=RouteSeen(self.wanted, acknowledged=self.now >= self.effective),
            metrics=None if at is None else self.service.look(at),
        )

    def write(self) -> None:
        """The weight of the state goes into the route."""
        state = self.memory.state
        weight = state.weight if isinstance(state, Climbing) else 100.0 if isinstance(state, Baking) else 0.0
        if weight != self.wanted:
            self.wanted, self.effective = weight, self.now + self.service.chance.uniform(*PROPAGATION)
            self.service.reweigh(self.effective, weight)
        if weight == 100.0 and self.gate is None:
            self.gate = self.now

    def ended(self, rolled_back: float | None = None, promoted: float | None = None, reason: str = "") -> Outcome:
        """The outcome, with the errors up to the moment at which the canary gets nothing any more."""
        first = self.service.first
        return Outcome(
            rolled_back=None if rolled_back is None else rolled_back - first,
            gate=None if self.gate is None else self.gate - first,
            promoted=None if promoted is None else promoted - first,
            errors=self.service.exposed(self.now + PROPAGATION[1]),
            reason=reason,
        )
