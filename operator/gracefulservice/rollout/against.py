"""All evidence against a canary in one number, and which part of it is the largest."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gracefulservice.rollout.bound import upper_bound
from gracefulservice.rollout.case import ALL_WEIGHTS, Part, excused_so_far, judged, parts, worst_pod
from gracefulservice.rollout.ends import outcome
from gracefulservice.rollout.figures import at_most, chances, number, percent
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.tally import Tally, charged


class Against(NamedTuple):
    """The odds, averaged over all objectives and tests, and the largest part of them."""

    odds: float
    objective: Objective
    part: Part


def against(tallies: Mapping[str, Tally], objectives: Sequence[Objective], carried: float) -> Against:
    """What speaks against the canary in all ticks that are judged. There must be at least one objective."""
    found = {
        (one, part): odds
        for one in objectives
        for part, odds in parts(tallies[one.name].bets, tallies[one.name].case).items()
    }
    objective, part = max(found, key=lambda key: found[key])
    return Against(carried * sum(found.values()) / (ALL_WEIGHTS * len(objectives)), objective, part)


def as_it_looks(tallies: Mapping[str, Tally], objectives: Sequence[Objective]) -> dict[str, Tally]:
    """The tallies as if the next look showed nothing that excuses the newest tick."""
    return {one.name: _judged(tallies[one.name], one) for one in objectives}


def shared(tally: Tally, objective: Objective) -> bool:
    """Whether stable breaks the objective itself at the moment."""
    return excused_so_far(tally.case, charged(objective))


def bound(tally: Tally) -> float:
    """The upper bound on the canary's bad share: in all, or without what is excused, whichever is lower."""
    in_all = upper_bound(tally.bad, tally.requests)
    if not tally.case.excused:
        return in_all
    return min(in_all, upper_bound(tally.bad - tally.case.excused_bad, tally.requests - tally.case.excused))


def condemned(found: Against, tally: Tally, limit: float) -> str:
    """The sentence of a `Fail`."""
    return f"{chances(found.odds)} against, limit {chances(limit)}: {_what(found, tally)}."


def doubted(found: Against, tally: Tally) -> str:
    """The sentence while only the newest tick makes it a `Fail`."""
    return (
        f"{chances(found.odds)} against as it looks: {_what(found, tally)}; "
        "the next look tells whether stable has the same fault."
    )


def excused(objective: Objective, tally: Tally) -> str:
    """The sentence while stable has the fault as well."""
    return (
        f"Stable itself breaks the objective {objective.title}, so nothing counts against the canary now: "
        f"{counts(objective, tally)}."
    )


def shown(objective: Objective, tally: Tally, bound: float) -> str:
    """What was counted, and what it proves."""
    return (
        f"{counts(objective, tally)}; the share is at most {at_most(bound)}, "
        f"and up to {percent(2 * objective.max_share)} is good enough."
    )


def counts(objective: Objective, tally: Tally) -> str:
    """`7 of 52 canary requests failed, stable 3 of 5,110`."""
    canary = f"{number(tally.bad)} of {number(tally.requests)} canary requests {outcome(objective, tally.part)}"
    return f"{canary}, stable {number(tally.stable_bad)} of {number(tally.stable_requests)}"


def _what(found: Against, tally: Tally) -> str:
    return f"{counts(found.objective, tally)}; largest part: {_part(found, tally)}"


def _part(found: Against, tally: Tally) -> str:
    share = percent(tally.bad / tally.requests)
    title = found.objective.title
    match found.part:
        case Part.ALONE:
            return f"{title}, {share} where {percent(found.objective.max_share)} is allowed"
        case Part.BESIDE_STABLE:
            return f"{title} vs stable, {share} where stable has {percent(tally.compared.reference)}"
        case Part.ONE_POD:
            return f"{title} of pod {worst_pod(tally.case)} alone"


def _judged(tally: Tally, objective: Objective) -> Tally:
    bets, case = judged(tally.bets, tally.case, charged(objective))
    return tally.model_copy(update={"bets": bets, "case": case})
