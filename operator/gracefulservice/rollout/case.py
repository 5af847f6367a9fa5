"""The case against a canary on one objective: three tests whose evidence is averaged, and what is excused.

    alone          more bad requests than the objective allows      (evidence.py)
    beside stable  hardly as good as stable at the same time        (relative.py)
    one pod        one pod of many breaks the objective

A tick is judged when the next one is known. Pods are not scraped at the same moment, so of a fault that hits both
revisions the canary's counters may tell up to one scrape sooner than stable's, and nobody could then tell it from
a bad canary. For the first and the last test a tick counts against nobody where stable itself breaks the objective
in it, next to it, or over the last minute. The second one compares every tick; where a fault of stable begins or ends,
with the most of it that the canary's tick can hold. So a stable that flaps for ever hides no canary that is worse.
Where stable had no requests in the last minute there is nothing to wait for.

Whether a tick is excused depends on stable's requests only, so what is left is as valid as before; why the comparison
is, says `_held`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from gracefulservice.api.value import Value
from gracefulservice.rollout import relative
from gracefulservice.rollout.dispersion import Noise
from gracefulservice.rollout.evidence import Bets, gains, grown, odds, update
from gracefulservice.rollout.excuse import Recent, breaks, lately, remembered
from gracefulservice.rollout.relative import Batch

POD_RATIOS = (3.0, 10.0, 100.0)
MOST_PODS = 20
"""So many canary pods are followed one by one, those met first; each of them bets an equal part from the start."""


class Part(StrEnum):
    """The tests whose evidence is averaged."""

    ALONE = "alone"
    BESIDE_STABLE = "beside stable"
    ONE_POD = "one pod"


WEIGHTS = {Part.ALONE: 9, Part.BESIDE_STABLE: 9, Part.ONE_POD: 2}
ALL_WEIGHTS = 20


class Charge(NamedTuple):
    """What is claimed of the canary: at most `allowed` (0..1) are bad, and hardly more than `slack` beyond stable's."""

    allowed: float
    slack: float


class Tick(NamedTuple):
    """What both revisions answered in the tick that ended `at`; `pods`: (requests, bad) per canary pod.

    `unclear`: so much counters of bad ones say that have just appeared on pods of stable; all of it may be new.
    """

    at: float
    requests: float
    bad: float
    stable_requests: float
    stable_bad: float
    reweighted: bool
    pods: dict[str, tuple[float, float]]
    unclear: float = 0.0


class Case(Value):
    """All that is remembered beside the test alone. It does not grow with time, nor with pods beyond 20.

    `waiting` is the tick that is not judged yet; `broken`: stable broke the objective in the tick before it, where a
    share of `before` (0..1) was bad.
    `excused`: how many canary requests were excused so far, and `excused_bad` how many of these were bad.
    """

    waiting: Tick | None = None
    broken: bool = False
    before: float = 0.0
    recent: Recent = ()
    noise: Noise = Noise()
    beside: Bets = Bets()
    batch: Batch = Batch()
    pods: dict[str, Bets] = Field(default_factory=dict)
    excused: float = 0.0
    excused_bad: float = 0.0


def heard(bets: Bets, case: Case, charge: Charge, tick: Tick) -> tuple[Bets, Case]:
    """The case with one tick more; `bets` are those of the test alone. The tick before it is judged now."""
    bets, case = judged(bets, case, charge, following=tick)
    recent = remembered(case.recent, tick.at, tick.stable_requests, tick.stable_bad)
    case = case.model_copy(update={"waiting": tick, "recent": recent})
    case = _excused(case, tick) if excused_so_far(case, charge) else case
    return (bets, case) if any(one.requests for one in recent) else judged(bets, case, charge)


def judged(bets: Bets, case: Case, charge: Charge, *, following: Tick | None = None) -> tuple[Bets, Case]:
    """The case once the waiting tick has been judged, by what stable answered in the `following` one as well."""
    tick = case.waiting
    if tick is None:
        return bets, case
    broken, breaks_next = _breaks(tick, charge), following is not None and _breaks(following, charge)
    edge = not case.broken == broken == breaks_next
    changes: dict[str, object] = {"waiting": None, "broken": broken, "before": _share(tick)}
    changes |= _beside_stable(case, charge, tick, _held(case.before, tick, following) if edge else None)
    if excused_so_far(case, charge):
        return bets, case.model_copy(update=changes)
    if breaks_next:
        return bets, _excused(case, tick).model_copy(update=changes)
    phi = case.noise.phi
    changes["noise"] = case.noise.plus(tick.stable_requests, tick.stable_bad)
    changes["pods"] = _one_by_one(case.pods, charge, tick, phi)
    bets = update(bets, tick.requests, tick.bad, charge.allowed, phi, tick.at, tick.reweighted)
    return bets, case.model_copy(update=changes)


def excused_so_far(case: Case, charge: Charge) -> bool:
    """Whether the waiting tick is excused by what is known up to its end."""
    here = case.waiting is not None and _breaks(case.waiting, charge)
    return here or case.broken or lately(case.recent, charge.allowed)


def parts(bets: Bets, case: Case) -> dict[Part, float]:
    """What each test contributes to the odds against the canary; the average is their sum by `ALL_WEIGHTS`."""
    one_by_one = sum(map(odds, case.pods.values())) + MOST_PODS - len(case.pods)
    found = {Part.ALONE: odds(bets), Part.BESIDE_STABLE: odds(case.beside), Part.ONE_POD: one_by_one / MOST_PODS}
    return {part: WEIGHTS[part] * found[part] for part in Part}


def worst_pod(case: Case) -> str:
    """The pod with the most evidence against it; empty where none is followed."""
    return max(case.pods, key=lambda pod: odds(case.pods[pod]), default="")


def _excused(case: Case, tick: Tick) -> Case:
    counts = {"excused": case.excused + tick.requests, "excused_bad": case.excused_bad + tick.bad}
    return case.model_copy(update=counts)


def _breaks(tick: Tick, charge: Charge) -> bool:
    return breaks(tick.stable_requests + tick.unclear, tick.stable_bad + tick.unclear, charge.allowed)


def _share(tick: Tick | None) -> float:
    every = 0.0 if tick is None else tick.stable_requests + tick.unclear
    return 0.0 if tick is None or not every else (tick.stable_bad + tick.unclear) / every


def _held(before: float, tick: Tick, following: Tick | None) -> float:
    """How many of stable's requests of the tick are bad at the worst, had they been counted when the canary's were.

    Counted up to one tick sooner or later, a tick holds at most what this one and one of its neighbours hold together:
    of an outage half in each of the two, all.

    No promise is lost by asking the tick after, nor by asking only sometimes: it is never less than `stable_bad`, and
    each component's gain falls with stable's bad requests (b ≤ 1 in relative.py). So whatever happened, the wealth is
    always at most that of the same bets on the true counts; their expectation never rises, and what stays below them
    reaches 1/α no more often (Ville). The tick is weighed by itself, which changes no gain while the canary's part
    of the requests stays the same: logarithms add up, and `a` and `b` depend on that part alone.
    """
    share = _share(tick) + max(before, _share(following))
    return max(tick.stable_bad, tick.stable_requests * min(share, 1.0))


def _beside_stable(case: Case, charge: Charge, tick: Tick, held: float | None) -> dict[str, object]:
    """The relative test; `held`: what to take for stable's bad requests where a fault of it begins or ends."""
    edge, stable_bad = held is not None, tick.stable_bad if held is None else held
    bets, batch = case.beside, case.batch
    if edge or tick.reweighted:
        bets, batch = _closed(bets, batch, case, charge, tick), Batch()
    batch = batch.plus(tick.at, tick.requests, tick.bad, tick.stable_requests, stable_bad)
    if edge or batch.full(tick.at):
        bets, batch = _closed(bets, batch, case, charge, tick), Batch()
    return {"beside": bets, "batch": batch}


def _closed(bets: Bets, batch: Batch, case: Case, charge: Charge, tick: Tick) -> Bets:
    if not batch.requests or not batch.stable_requests:
        return bets
    return grown(bets, relative.gains(batch, charge.slack, case.noise.phi), tick.at, tick.reweighted)


def _one_by_one(pods: Mapping[str, Bets], charge: Charge, tick: Tick, phi: float) -> dict[str, Bets]:
    followed = dict(pods)
    for pod, (requests, bad) in tick.pods.items():
        if requests and (pod in followed or len(followed) < MOST_PODS):
            found = gains(requests, bad, charge.allowed, phi, POD_RATIOS)
            followed[pod] = grown(followed.get(pod, Bets()), found, tick.at, tick.reweighted)
    return followed
