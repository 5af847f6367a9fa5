"""The budgeted ramp: the largest weight that costs no more than the budget before it can be taken back."""

from dataclasses import dataclass

STEEPEST = 5.0
SMALLEST_EXCESS = 1e-9


@dataclass(frozen=True, slots=True)
class Ramp:
    """The limits of a ramp. Weights are percent, `tau` seconds, `budget` requests.

    `tau` is the reaction time: data delay + tick + patch + propagation, 10 s with a Prometheus until it is measured.
    `cap` is 50 until the gate. `capacity` is the weight that the ready canary pods can carry.
    """

    budget: float = 20.0
    tau: float = 10.0
    floor: float = 0.2
    cap: float = 50.0
    capacity: float = 100.0


def due(ramp: Ramp, observed: float, newest: float | None, now: float) -> bool:
    """Whether the weight may be set anew: tau after it was `observed`, and with a sample newer than that (unix s)."""
    return newest is not None and newest > observed and now - observed >= ramp.tau


def first_weight(ramp: Ramp, rate: float) -> float:
    """The weight to begin with at `rate` user requests/s of both revisions; 0 (hold) while nobody calls.

    At 100 requests/s, 2 % of the traffic are 20 requests within 10 s, even if all of them fail:

    >>> first_weight(Ramp(budget=20, tau=10), rate=100)
    2.0
    >>> first_weight(Ramp(), rate=0.5), first_weight(Ramp(), rate=1e6), first_weight(Ramp(), rate=0)
    (50.0, 0.2, 0.0)
    """
    if rate <= 0:
        return 0.0
    return _between(ramp.floor, 100 * ramp.budget / (rate * ramp.tau), min(ramp.cap, ramp.capacity))


def next_weight(ramp: Ramp, weight: float, rate: float, excess: float, extra: float) -> float:
    """The weight after `weight`, the same while nobody calls. It may fall, never below the floor.

    `excess` (0..1) is how much larger the canary's bad share may be than stable's, in the objective of which least is
    known; `extra` says how many more requests failed than at stable's share.

    At most 10 % of the requests can be bad: 20 bad ones take 10 s at 20 % of 100 requests/s, though no step
    is steeper than five times.

    >>> next_weight(Ramp(), weight=2, rate=100, excess=0.1, extra=0)
    10.0
    >>> next_weight(Ramp(), weight=10, rate=100, excess=0.1, extra=0)
    20.0

    Twelve of the twenty are spent: less weight. All of them: as if one were left.

    >>> next_weight(Ramp(), weight=20, rate=100, excess=0.1, extra=12)
    8.0
    >>> next_weight(Ramp(), weight=20, rate=100, excess=0.1, extra=25)
    1.0
    """
    if rate <= 0:
        return weight
    room = max(ramp.budget - extra, 1.0)
    share = room / (rate * ramp.tau * max(excess, SMALLEST_EXCESS))
    return _between(ramp.floor, 100 * share, min(STEEPEST * weight, ramp.cap, ramp.capacity))


def _between(least: float, value: float, most: float) -> float:
    # The upper limit wins: no weight without capacity for it, not even the smallest.
    return min(max(least, value), most)
