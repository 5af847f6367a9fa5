"""One simulated rollout, decided by the operator's own code.

What runs is the heart as it is: `questions.due` says which instant to ask for, `decide` says what to remember, what
to want and when to look again. A person who is waited for resumes at once.
"""

from dataclasses import dataclass
from random import Random

from gracefulservice.api import Command
from gracefulservice.forecast.service import BEGUN, STABLE, Scenario, Service
from gracefulservice.forecast.world import World
from gracefulservice.rollout.climb import awaits_person
from gracefulservice.rollout.decide import Decision, decide
from gracefulservice.rollout.frozen import effective, freeze
from gracefulservice.rollout.judging import assessment, failed
from gracefulservice.rollout.memory import Baking, Climbing, Memory, State, TurningBack, Widening
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.questions import due

SOONEST = 0.05
"""Seconds between two passes of the operator, at least."""
UNCALLED = 600.0
"""Seconds for which a first weight is waited for."""


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended. Times in seconds since the first weight, None for what did not happen.

    `errors` are the bad requests to the canary until it had no weight any more, or the simulation ended. `paused`:
    when it stopped for a person, because of an objective or for want of requests; `found` tells which. `first` is the
    time of the first weight since the change, `gate` when everything was to go to the canary. `pods` are the most that
    there were at once, `passes` how often the operator looked, `weight` the percent in force at the end.
    """

    rolled_back: float | None
    gate: float | None
    promoted: float | None
    errors: int
    reason: str = ""
    paused: float | None = None
    violated: bool = False
    first: float | None = None
    pods: int = 0
    passes: int = 0
    weight: float = 0.0

    @property
    def found(self) -> float | None:
        """When the judge condemned the version: then it was rolled back, or the rollout paused, as the spec wants."""
        return self.rolled_back if self.rolled_back is not None else self.paused if self.violated else None

    @property
    def gate_since_change(self) -> float | None:
        """Seconds from the change of the spec until everything was to go to the canary."""
        return None if self.gate is None or self.first is None else self.first + self.gate


def as_taken(plan: Plan) -> Plan:
    """The plan that a rollout goes by once it may begin: steps that the router cannot tell apart are one."""
    spec = effective(plan.spec, Memory(state=Climbing(canary=plan.revision.id, weight=0), frozen=freeze(plan)))
    taken = build("", {field: value for field, value in spec.items() if field != "suspend"})
    return taken if isinstance(taken, Plan) else plan


class Rehearsal:
    """A rollout from the change of the spec until it is rolled back, promoted, paused, or time is up."""

    def __init__(self, plan: Plan, scenario: Scenario, seed: int) -> None:
        chance = Random(seed)
        self.plan, self.scenario = as_taken(plan), scenario
        self.service = Service(self.plan, scenario, chance)
        self.world = World(self.plan, chance, scenario.start)
        self.memory = Memory(stable=STABLE, started=BEGUN - 9000, frozen=freeze(plan))
        self.now = BEGUN
        self.joined = False
        self.command: Command | None = None
        self.passes = 0
        self.gate: float | None = None
        self.rolled_back: float | None = None
        self.reason = ""

    def run(self) -> Outcome:
        """All passes of the operator."""
        while self.now < min(self.service.first, BEGUN + UNCALLED) + self.scenario.longest:
            decision = self.looked()
            self.note(decision.memory.state)
            if self.rolled_back is not None and self.world.share(self.now) == 0:
                return self.ended()
            if decision.memory.stable != STABLE or isinstance(decision.memory.state, Widening):
                return self.ended(promoted=self.now)
            if decision.memory.paused:
                return self.stopped()
            self.now = min(self.now + (decision.wake_after or SOONEST), self.world.next_change(self.now))
        return self.ended(reason=self.waits_for())

    def looked(self) -> Decision:
        """One pass."""
        self.passes += 1
        self.service.reweigh(self.now, self.world.share(self.now))
        at = due(self.plan, self.memory, self.now)
        seen = self.world.seen(self.now, None if at is None else self.service.look(at), self.command)
        decision = decide(self.plan, seen, self.memory, self.now)
        self.memory = decision.memory.but(happenings=())
        self.world.converge(decision.desired, self.now)
        self.service.reweigh(self.now, self.world.share(self.now))
        self.join()
        return decision

    def join(self) -> None:
        """The canary's pods count requests from the moment at which there are any."""
        canary = self.memory.canary
        if canary and not self.joined and self.world.fleets.get(canary):
            self.joined = True
            self.service.join(canary, self.now)

    def note(self, state: State) -> None:
        """What the state says of the way, and the person who is waited for."""
        everything = isinstance(state, Baking) or (isinstance(state, Climbing) and state.weight >= 100)
        if everything and self.gate is None:
            self.gate = self.now
        if isinstance(state, TurningBack) and self.rolled_back is None:
            self.rolled_back, self.reason = self.now, self.memory.history[0].sentence
        if isinstance(state, Climbing) and awaits_person(self.plan, state):
            self.command = Command(id=f"{state.step}", do="resume", by="The forecast")

    def waits_for(self) -> str:
        """What the judge says of a rollout that is not over in time."""
        judged = assessment(self.plan, self.memory, self.now)
        return judged.sentence if judged else ""

    def stopped(self) -> Outcome:
        """The outcome of a rollout that waits for a person."""
        why = failed(self.plan, self.memory, self.now)
        return self.ended(paused=self.now, violated=bool(why), reason=why or self.memory.paused)

    def ended(
        self,
        promoted: float | None = None,
        paused: float | None = None,
        violated: bool = False,
        reason: str = "",
    ) -> Outcome:
        """The outcome at this moment."""
        return Outcome(
            rolled_back=self.since_first(self.rolled_back),
            gate=self.since_first(self.gate),
            promoted=self.since_first(promoted),
            errors=self.service.exposed(self.now) if self.joined else 0,
            reason=reason or self.reason,
            paused=self.since_first(paused),
            violated=violated,
            first=self.service.first - BEGUN if self.service.first < float("inf") else None,
            pods=self.world.most,
            passes=self.passes,
            weight=self.world.share(self.now),
        )

    def since_first(self, at: float | None) -> float | None:
        """A time as seconds since the first weight; since the change where there was none."""
        return None if at is None else at - (self.service.first if self.service.first < float("inf") else BEGUN)
