"""Judging by samples, for whoever prefers a rule that can be done in one's head to odds. Pure, like the judge.

Every `interval`, and not before there are `minRequests` of them, the canary's requests since the last sample are one
more sample. It fails where they break an objective, all by themselves: nothing is compared, nothing is excused.

    so many failed in a row, or more than so many in all   Fail
    the last one at this weight passed                     the next step may come
    anything else                                          the weight holds
"""

from collections.abc import Mapping, Sequence

from pydantic import Field

from gracefulservice.api import Samples
from gracefulservice.api.value import Value
from gracefulservice.rollout.ends import outcome
from gracefulservice.rollout.figures import number, percent
from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.tally import Tally
from gracefulservice.rollout.verdict import Verdict

Counts = tuple[float, float]
"""Requests, and how many of them were bad."""


class Sampling(Value):
    """What the samples of a rollout have shown. `begun`: when the evidence began that they are taken from.

    `since`: the look (unix seconds) at which the present sample began, at `weight` percent; None before any weight.
    `base`: objective → what was counted up to the last sample's end. `passed`: whether the last one at this weight did.
    """

    begun: float
    since: float | None = None
    weight: float = 0.0
    base: dict[str, Counts] = Field(default_factory=dict)
    taken: int = 0
    failed: int = 0
    in_a_row: int = 0
    passed: bool | None = None
    last: str = ""


def learn(known: Sampling | None, policy: Samples, objectives: Sequence[Objective], evidence: Evidence) -> Sampling:
    """After one look. What fails is remembered although the objectives are edited, and the evidence begins anew."""
    if known is None:
        known = Sampling(begun=evidence.begun)
    if known.begun != evidence.begun:
        known = known.model_copy(update={"begun": evidence.begun, "since": None, "base": {}})
    if evidence.at is None or not evidence.weight or evidence.problems or evidence.outage:
        return known
    if known.since is None or known.weight != evidence.weight:
        return known.model_copy(update={"since": evidence.at, "weight": evidence.weight, "passed": None})
    fresh = {one.name: _since(known.base, one.name, evidence.tallies[one.name]) for one in objectives}
    enough = min(requests for requests, _ in fresh.values()) >= policy.min_requests
    if evidence.at - known.since < policy.interval or not enough:
        return known
    return _taken(known, objectives, evidence, fresh)


def verdict(known: Sampling | None, policy: Samples) -> Verdict:
    """What the samples so far come to."""
    if known is None:
        return Verdict.INCONCLUSIVE
    too_many = policy.failure_limit is not None and known.failed > policy.failure_limit
    if known.in_a_row >= policy.consecutive_failures or too_many:
        return Verdict.FAIL
    return Verdict.PASS if known.passed else Verdict.INCONCLUSIVE


def sentence(known: Sampling | None, policy: Samples) -> str:
    """What the last sample showed, how many failed, and how many may."""
    if known is None or not known.taken:
        return (
            f"No sample yet: one is taken every {policy.interval:g} s from at least {policy.min_requests:,} requests."
        )
    in_all = "" if policy.failure_limit is None else f", and more than {policy.failure_limit:,} in all"
    return (
        f"{known.last} {known.failed:,} of {known.taken:,} samples failed, {known.in_a_row:,} in a row; "
        f"{policy.consecutive_failures:,} in a row{in_all} are too many."
    )


def _since(base: Mapping[str, Counts], objective: str, tally: Tally) -> Counts:
    requests, bad = base.get(objective, (0.0, 0.0))
    return tally.requests - requests, tally.bad - bad


def _taken(
    known: Sampling, objectives: Sequence[Objective], evidence: Evidence, fresh: Mapping[str, Counts]
) -> Sampling:
    """One sample more; the objective that it breaks most stands in its sentence."""
    worst = max(objectives, key=lambda one: _share(fresh[one.name]) / one.max_share)
    requests, bad = fresh[worst.name]
    broken = _share(fresh[worst.name]) > worst.max_share
    return known.model_copy(
        update={
            "since": evidence.at,
            "base": {
                one.name: (evidence.tallies[one.name].requests, evidence.tallies[one.name].bad) for one in objectives
            },
            "taken": known.taken + 1,
            "failed": known.failed + broken,
            "in_a_row": known.in_a_row + 1 if broken else 0,
            "passed": not broken,
            "last": f"{number(bad)} of the newest {number(requests)} canary requests "
            f"{outcome(worst, evidence.tallies[worst.name].part)} "
            f"({worst.title}, at most {percent(worst.max_share)}).",
        }
    )


def _share(counts: Counts) -> float:
    requests, bad = counts
    return bad / requests if requests else 0.0
