"""How bad the canary can still be: an upper bound on its bad share that holds at every look at once."""

import math

BETA = 0.01
BISECTIONS = 60


def upper_bound(x: float, n: float, beta: float = BETA) -> float:
    """The smallest share u ≥ x/n against which `x` bad in `n` requests are odds of 1/`beta`; 1 if there is none.

    The true share lies above the bound at any time of a rollout with a probability of at most `beta`.

    >>> round(upper_bound(0, 265), 4), round(upper_bound(3, 300), 4)
    (0.0197, 0.0538)
    """
    if n < 1 or x >= n:
        return 1.0
    low, high = x / n, 1.0
    prior, enough = _log_beta(x + 0.5, n - x + 0.5) - _log_beta(0.5, 0.5), -math.log(beta)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _log_odds(middle, x, n, prior) >= enough:
            high = middle
        else:
            low = middle
    return high


def proven_good(bound: float, allowed: float) -> bool:
    """The gate of one objective: its bad share is surely at most twice the allowed one."""
    return bound <= 2 * allowed


def _log_odds(u: float, x: float, n: float, prior: float) -> float:
    """ln E(u): half of the bet on the Jeffreys prior Beta(½, ½), half on a share of exactly 0 while x = 0.

    `prior` is what the counts weigh under that prior, which no u changes.
    """
    likelihood = x * math.log(u) + (n - x) * math.log1p(-u)
    spread = prior - likelihood
    if x > 0:
        return math.log(0.5) + spread
    spotless = -likelihood
    high, low = max(spotless, spread), min(spotless, spread)
    return math.log(0.5) + high + math.log1p(math.exp(low - high))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
