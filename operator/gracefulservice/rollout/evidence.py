"""The absolute test: betting odds against "the canary keeps its objective", valid however often one looks.

Each component j bets that the bad share is q_j = p₀·r_j instead of at most p₀; its wealth is a likelihood ratio,
whose expectation never rises while the objective holds. By Ville's inequality the odds reach 1/α with a
probability of at most α over the whole life of a rollout, whenever and however often they are read.
"""

import math
from collections.abc import Sequence

from gracefulservice.api.value import Value

RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
HIGHEST_SHARE = 0.95
FIRST_MASS = 0.5
MARKS = 30
MARK_EVERY = 60.0  # seconds
LARGEST_EXPONENT = 700.0


class Bets(Value):
    """The state of one test: per component the logarithm of its wealth (none before the first request).

    `marks` of the 30 later starts are used up, the newest at the unix time `marked`.
    """

    logs: tuple[float, ...] = ()
    marks: int = 0
    marked: float = 0.0


def update(bets: Bets, n: float, x: float, p0: float, phi: float, now: float, weight_changed: bool) -> Bets:
    """The state after a tick in which `x` of `n` canary requests were bad, 0 ≤ x ≤ n, 0 < p0 ≤ 0.5.

    `phi` ≥ 1 is the dispersion: how many times more errors vary than independent ones would. Half of the mass
    bets from the first request on, the rest begins at later marks, so that a late regression is found as well.
    """
    if n == 0 and not (bets.logs and weight_changed):
        return bets
    return grown(bets, gains(n, x, p0, phi), now, weight_changed)


def gains(n: float, x: float, p0: float, phi: float, ratios: Sequence[float] = RATIOS) -> tuple[float, ...]:
    """By how much the logarithm of each component's wealth grows, for `x` bad of `n`."""
    return tuple(_gain(n, x, p0, min(p0 * ratio, HIGHEST_SHARE)) / phi for ratio in ratios)


def grown(bets: Bets, gains: Sequence[float], now: float, weight_changed: bool) -> Bets:
    """The state after one more gain per component, whatever they bet on; mass that is due begins before it."""
    mass, bets = _begin_mass(bets, now, weight_changed)
    wealth = bets.logs or (-math.inf,) * len(gains)
    logs = tuple(_log_sum(log, mass) + gain for log, gain in zip(wealth, gains, strict=True))
    return bets.model_copy(update={"logs": logs})


def odds(bets: Bets) -> float:
    """E: the odds against the canary, 1 at the beginning; `240.0` reads "240 : 1 against". Never infinite."""
    if not bets.logs:
        return 1.0
    high = max(bets.logs)
    mean = math.exp(min(high, LARGEST_EXPONENT)) * math.fsum(math.exp(log - high) for log in bets.logs) / len(bets.logs)
    return mean + (MARKS - bets.marks) / MARKS * (1 - FIRST_MASS)


def _begin_mass(bets: Bets, now: float, weight_changed: bool) -> tuple[float, Bets]:
    if not bets.logs:
        return FIRST_MASS, bets.model_copy(update={"marked": now})
    due = weight_changed or now - bets.marked >= MARK_EVERY
    if not due or bets.marks == MARKS:
        return 0.0, bets
    return (1 - FIRST_MASS) / MARKS, bets.model_copy(update={"marks": bets.marks + 1, "marked": now})


def _gain(n: float, x: float, p0: float, q: float) -> float:
    return x * math.log(q / p0) + (n - x) * (math.log1p(-q) - math.log1p(-p0))


def _log_sum(log: float, mass: float) -> float:
    """log(exp(log) + mass) without overflow."""
    if mass == 0.0:
        return log
    other = math.log(mass)
    high, low = max(log, other), min(log, other)
    return high + math.log1p(math.exp(low - high))
