"""Whether a weight has an effect: the share of the requests that the canary got, against the weight observed.

Three claims are bet against, each by a mixture of likelihood ratios that is valid however often it is read
(Ville): while a claim holds, the odds against it reach 1/α with a probability of at most α per observed weight.

    starved   "at least a tenth of the weight arrives"     given up: the weight has no effect (False)
    flooded   "at most twice the weight, as odds, arrives"  given up: the canary gets more (False)
    reached   "at most a tenth of the weight arrives"       given up: it has an effect (True)

The band is wide on purpose. Pods count every request, also those of callers in the cluster who call `<name>`
and never pass the route: these make the share smaller than the weight, by a factor that nobody knows. So little
can be too little only where hardly anything arrives: a tenth, which takes nine such callers for each one that
passes the route. And a rollout is *held* only where next to nothing arrives (a hundredth of the weight); in
between it is told and left to people. Nothing but the route (or a person's own header match) makes the share
larger, so the upper side is narrow; what else reached the canary without any weight speaks against concluding
anything there. Connections that stay with a pod and retries make counts vary more than independent requests
would: that is the dispersion. What is not concluded: that one gateway of several, or half of a step, is missing.
"""

import math
from collections.abc import Mapping

from gracefulservice.api.value import Value

ALPHA = 0.01
LIMIT = 1 / ALPHA
PHI = 2.0
"""Dispersion: how many times more counts vary than those of independent requests would."""
LEAST = 0.1
"""The part of the weight that must arrive: what is less cannot be told from none."""
NOTHING = 0.01
"""The part of the weight below which next to nothing arrives."""
MOST = 2.0
"""How many times larger than the weight's the odds of the share may be."""
SLACK = 0.005
"""The share beside the weight that is nobody's fault: a tenth of a percent is lumpy over several gateways."""
FEWER, MORE = (0.5, 0.1, 0.01), (1.5, 3.0, 10.0, 100.0)
"""What is bet on: parts, and multiples, of the share claimed."""
HIGHEST = 0.999
FRESH = 1e-4
"""What is bet anew at each look, beside what the bets so far have left: an effect may end late as well. In four
hours of looks every 5 s that raises α by a third."""
ENOUGH = 100.0 * LIMIT
"""Odds that are not outgrown, so that a claim that holds again is soon believed again."""


class Share(Value):
    """What was counted while `canary` had `weight` percent. `since` is when that was observed (unix s), or None.

    `at` is the newest look in which every pod's requests were known; `requests` are the canary's and `total`
    those of all revisions. `touched`: requests came to the canary before it had any weight. `alarmed`: it was told
    that the weight does not do what it should.
    """

    canary: str
    weight: float
    since: float | None = None
    at: float | None = None
    requests: float = 0.0
    total: float = 0.0
    starved: tuple[float, ...] = ()
    flooded: tuple[float, ...] = ()
    reached: tuple[float, ...] = ()
    touched: bool = False
    alarmed: bool = False
    missed: float = 0.0
    """Requests that should have come to the canary since the last one that did, by what came to others meanwhile."""
    missed_since: float | None = None
    heard: bool = False
    """Whether any came at this weight or at one before."""

    @property
    def least(self) -> float:
        """The smallest share that an effective weight can have, 0..1."""
        return LEAST * self.weight / 100

    @property
    def most(self) -> float:
        """The largest one; from 1 on there is no share that would be larger."""
        share = self.weight / 100
        return max(MOST * share / (1 - share + MOST * share), share + SLACK)

    @property
    def realised(self) -> float:
        """The share that was counted, 0..1."""
        return self.requests / self.total if self.total else 0.0

    @property
    def without_effect(self) -> bool:
        """Whether surely less arrives than the least."""
        return odds(self.starved) >= LIMIT

    @property
    def too_large(self) -> bool:
        """Whether surely more arrives than the most, and only the route can have brought it."""
        return not self.touched and odds(self.flooded) >= LIMIT

    @property
    def effective(self) -> bool | None:
        """True or False once it is known, None before."""
        if self.without_effect or self.too_large:
            return False
        return True if odds(self.reached) >= LIMIT else None

    @property
    def holds(self) -> bool:
        """Whether a rollout must not go on: more arrives than was wanted, or next to nothing."""
        return self.too_large or (self.without_effect and self.realised < NOTHING * self.weight / 100)


def odds(logs: tuple[float, ...]) -> float:
    """The odds against a claim: the mean wealth of its bets, 1 before the first."""
    return sum(map(math.exp, logs)) / len(logs) if logs else 1.0


def counted(share: Share, calls: Mapping[str, float] | None, at: float, interval: float) -> Share:
    """The share after the look `at`, in which `calls` were new per revision; None: not all were known.

    Counted are only calls between two such looks, the earlier of which has no sample (each is up to an
    `interval` old) from before the weight was observed.
    """
    if share.since is None or (share.at is not None and at <= share.at):
        return share
    if calls is None:
        return share.model_copy(update={"at": None})
    after = share.model_copy(update={"at": at})
    late_enough = share.at is not None and share.at - interval >= share.since
    total = sum(calls.values())
    return _bet(after, calls.get(share.canary, 0.0), total) if late_enough and total else after


def longed_for(share: Share, x: float, n: float) -> dict[str, object]:
    """What is missed after `x` of `n` requests. With none of n, e^-missed is the probability of that."""
    if x:
        return {"missed": 0.0, "missed_since": None, "heard": True}
    due = -n * math.log1p(-min(share.weight / 100, HIGHEST))
    began = share.at if share.heard else share.since
    since = began if share.missed_since is None else share.missed_since
    return {"missed": round(share.missed + due, 3), "missed_since": since}


def _bet(share: Share, x: float, n: float) -> Share:
    """Bet against all three claims on `x` of `n` requests."""
    fewer = [share.least * part for part in FEWER]
    more = [min(share.least * part, HIGHEST) for part in MORE]
    flood = [min(share.most * part, (1 + share.most) / 2) for part in MORE]
    return share.model_copy(
        update={
            "requests": share.requests + x,
            "total": share.total + n,
            "starved": _grown(share.starved, fewer, share.least, x, n),
            "flooded": _grown(share.flooded, flood, share.most, x, n),
            "reached": _grown(share.reached, more, share.least, x, n),
            **longed_for(share, x, n),
        }
    )


def _grown(logs: tuple[float, ...], bets: list[float], claim: float, x: float, n: float) -> tuple[float, ...]:
    """The logarithms of wealth after `x` of `n`; against a share of nothing, or of all, nothing can be bet."""
    if not 0 < claim < 1:
        return ()
    wealth = [math.exp(log) + FRESH for log in logs] or [1.0] * len(bets)
    gains = [x * math.log(bet / claim) + (n - x) * (math.log1p(-bet) - math.log1p(-claim)) for bet in bets]
    return tuple(
        round(min(math.log(before) + gain / PHI, math.log(ENOUGH)), 6)
        for before, gain in zip(wealth, gains, strict=True)
    )
