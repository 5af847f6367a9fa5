"""What a rollout comes to for good and for bad versions: many rehearsals, and the figures of all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from gracefulservice.forecast.chances import at_most, percentile
from gracefulservice.forecast.rehearsal import Outcome, Rehearsal
from gracefulservice.forecast.service import Scenario
from gracefulservice.rollout.plan import Plan

BADNESS = (0.02, 0.05, 0.2, 1.0)
RUNS = 40
FEWEST = 6
"""Rehearsals of each kind that are held however long they take."""
WORK = 15_000
"""Passes of the operator times objectives, in all rehearsals, after which no further round begins: about 15 s."""
COUNTED = 2
"""Requests are counted on so many pods of each revision, however many there are."""
PATIENCE = 1800.0
"""Seconds that a rollout may take besides its holds and its bake; then it counts as unfinished."""


@dataclass(frozen=True)
class Question:
    """A plan at `rate` user requests/s, of which a share of `usual` (0..1) is bad already now.

    A new pod is ready after `start` seconds. The first rehearsal of each kind has the number `seed`, the others follow.
    """

    plan: Plan
    rate: float
    usual: float
    start: float = 10.0
    seed: int = 0
    pods: int = COUNTED

    @property
    def longest(self) -> float:
        """Seconds from the first weight after which a rollout counts as unfinished."""
        return PATIENCE + self.plan.bake + sum(step.hold for step in self.plan.steps)

    @property
    def kinds(self) -> tuple[float, ...]:
        """The shares of bad requests: that of a healthy version, then those of the worse ones."""
        return (self.usual, *(one for one in BADNESS if one > self.usual))

    def scenario(self, badness: float) -> Scenario:
        """A version of which such a share of requests is bad."""
        pods = max(min(self.pods, self.plan.replicas), 1)
        return Scenario(self.rate, self.usual, badness, pods=pods, longest=self.longest, start=self.start)


@dataclass(frozen=True)
class Held:
    """One rehearsal: the share of bad requests of its version, and how it ended."""

    badness: float
    outcome: Outcome


@dataclass(frozen=True)
class Times:
    """Seconds: the median and the 95th percentile; infinity where so many did not get there."""

    median: float
    p95: float


@dataclass(frozen=True)
class Kind:
    """All rehearsals of versions of one badness. Shares 0..1, of `runs`.

    `gate`: since the change; `found_after`: since the first weight, of those that are `found`. `errors` is the mean of
    the bad requests to the canary, `p99` and `worst` the largest. `stands` are the weights at which the unfinished
    ones are, in percent, from the smallest to the largest, and `reason` what keeps the first of them.
    """

    badness: float
    runs: int
    gate: Times
    found: int
    found_after: Times | None
    promoted: int
    errors: float
    p99: int
    worst: int
    unfinished: int
    stands: tuple[float, float] | None
    reason: str

    @property
    def found_at_most(self) -> float:
        """The largest share of such versions found that the runs leave possible, with 95 % confidence."""
        return at_most(self.found, self.runs)

    @property
    def missed(self) -> int:
        """So many were not found."""
        return self.runs - self.found

    @property
    def missed_at_most(self) -> float:
        """The largest share of such versions not found that the runs leave possible, with 95 % confidence."""
        return at_most(self.missed, self.runs)


def rehearsed(question: Question, runs: int | None = None) -> Iterator[Held]:
    """Rehearsals round by round, one of each kind: `runs` rounds, or as many as are held in reasonable time.

    How many that is depends on the question alone, and never on the machine.
    """
    work, each = 0, max(len(question.plan.objectives), 1)
    for number in range(runs or RUNS):
        if runs is None and number >= FEWEST and work >= WORK:
            return
        for badness in question.kinds:
            outcome = Rehearsal(question.plan, question.scenario(badness), question.seed + number).run()
            work += outcome.passes * each
            yield Held(badness, outcome)


def outlook(held: Iterable[Held]) -> tuple[Kind, ...]:
    """The figures of each kind, in the order in which they first come."""
    of: dict[float, list[Outcome]] = {}
    for one in held:
        of.setdefault(one.badness, []).append(one.outcome)
    return tuple(kind(badness, outcomes) for badness, outcomes in of.items())


def kind(badness: float, outcomes: Sequence[Outcome]) -> Kind:
    """The figures of versions of one badness."""
    found = [one.found for one in outcomes if one.found is not None]
    left = [one for one in outcomes if one.found is None and one.promoted is None]
    weights = [one.weight for one in left]
    errors = [one.errors for one in outcomes]
    return Kind(
        badness=badness,
        runs=len(outcomes),
        gate=times([float("inf") if (at := one.gate_since_change) is None else at for one in outcomes]),
        found=len(found),
        found_after=times(found) if found else None,
        promoted=sum(one.promoted is not None for one in outcomes),
        errors=mean(errors),
        p99=int(percentile(errors, 0.99)),
        worst=max(errors),
        unfinished=len(left),
        stands=(min(weights), max(weights)) if weights else None,
        reason=left[0].reason if left else "",
    )


def times(values: Sequence[float]) -> Times:
    """The median and the 95th percentile."""
    return Times(percentile(values, 0.5), percentile(values, 0.95))
