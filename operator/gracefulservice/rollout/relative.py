"""The relative test: betting odds against "the canary is hardly worse than stable at the same time".

Claimed is p_c ≤ ρ·p_s + δ at every moment, with both shares unknown and drifting. Of the bad requests of a moment a
share of at most θ₀ = ρ·n_c / (ρ·n_c + n_s) is then the canary's; each component bets that it is θ_j, as if the
canary were r_j times worse than claimed. For independent requests the expectation of one factor is at most
exp(p_c·n_c·(a−1) + p_s·n_s·(b−1) − δ·n_c·(a−1)), and with the claim put in for p_c that is exp(0) = 1, whatever p_s
is: what hits both revisions alike cancels. Dividing the logarithm by φ ≥ 1 keeps it so (Jensen).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from gracefulservice.rollout.evidence import RATIOS

RHO = 1.25
"""How many times worse than stable a canary may be before it counts as worse."""
SLACK_OF_ERRORS, SLACK_OF_LATENCY = 0.0005, 0.0025
"""δ: the share beside it that is nobody's fault."""
ENOUGH = 10.0
"""Canary requests from which a batch is weighed."""
LONGEST = 60.0
"""Seconds after which it is weighed all the same."""


class Batch(NamedTuple):
    """What both revisions answered since `since` (unix s) and was not weighed yet."""

    since: float | None = None
    requests: float = 0.0
    bad: float = 0.0
    stable_requests: float = 0.0
    stable_bad: float = 0.0

    def plus(self, at: float, requests: float, bad: float, stable_requests: float, stable_bad: float) -> "Batch":
        """The batch with one tick more."""
        return Batch(
            at if self.since is None else self.since,
            self.requests + requests,
            self.bad + bad,
            self.stable_requests + stable_requests,
            self.stable_bad + stable_bad,
        )

    def full(self, at: float) -> bool:
        """Whether it is to be weighed: that never depends on how requests ended."""
        return self.requests >= ENOUGH or (self.since is not None and at - self.since >= LONGEST)


def gains(batch: Batch, delta: float, phi: float, ratios: Sequence[float] = RATIOS) -> tuple[float, ...]:
    """By how much the logarithm of each component's wealth grows; nothing where one side has no requests.

    Of a canary ten times worse than stable, with a tenth of the requests each:

    >>> [round(gain, 1) for gain in gains(Batch(0.0, 100, 10, 900, 9), delta=0.0005, phi=1.0)]
    [2.9, 4.7, 6.8, 8.4, 8.8, 5.0, -3.1]
    """
    if not batch.requests or not batch.stable_requests:
        return (0.0,) * len(ratios)
    return tuple(_gain(batch, ratio, delta) / phi for ratio in ratios)


def _gain(batch: Batch, ratio: float, delta: float) -> float:
    claimed, bet = RHO * batch.requests, ratio * RHO * batch.requests
    theirs = batch.stable_requests
    a = ratio * (claimed + theirs) / (bet + theirs)
    b = (claimed + theirs) / (bet + theirs)
    return batch.bad * math.log(a) + batch.stable_bad * math.log(b) - delta * batch.requests * (a - 1)
