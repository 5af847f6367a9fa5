"""The judge: looks at the metrics become evidence, evidence becomes an assessment.

`begin` → `learn` once per look → `assess` whenever a decision is due. All three are pure; `Evidence` is what is
persisted between them. The same look learned twice changes nothing, and evidence that went through JSON is
bit-equal to evidence that did not, so a restart of the operator at any moment changes no verdict.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from gracefulservice.api.value import Value
from gracefulservice.rollout.against import (
    Against,
    against,
    as_it_looks,
    bound,
    condemned,
    doubted,
    excused,
    shared,
    shown,
)
from gracefulservice.rollout.bound import proven_good
from gracefulservice.rollout.figures import number
from gracefulservice.rollout.objective import Kind, Objective, leading
from gracefulservice.rollout.pulse import Pulse, followed, of_all_pods, still
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import INTERVALS_UNTIL_STALE
from gracefulservice.rollout.starting import Pace, pace
from gracefulservice.rollout.tally import Counted, Tally, count
from gracefulservice.rollout.verdict import Assessment, Cause, Problem, Verdict

ALPHA = 0.01
LIMIT = 1 / ALPHA
RATE_SPAN = 60.0  # seconds
COVERED = 0.74
"""The part of a time that must lie between scrapes of every pod, or its rate is too low: 2 of 2.7 intervals do."""
UNEVEN = 0.1
"""The part of a scrape interval by which two scrapes may be closer."""


class Flow(NamedTuple):
    """How many user requests, of all revisions, came between the flow before and the look `at`."""

    at: float
    requests: float


class Evidence(Value):
    """All that the judge remembers of a rollout.

    `begun`: pods created since then count from zero. `at`: the newest look learned. `carried`: the factor from
    evidence that was given up because the objectives changed; it keeps the false alarms of both within α.
    `calls`: requests per revision that were new in the look `at`, empty where they are not all known.
    `errors`: 5xx that pods of both revisions counted since it began, where there is an objective for them.
    `fleets`: revision → pod that is scraped → pulse.
    """

    begun: float
    at: float | None = None
    interval: float = 0.0
    weight: float = 0.0
    ticks: int = 0
    carried: float = 1.0
    tallies: dict[str, Tally] = Field(default_factory=dict)
    flow: tuple[Flow, ...] = ()
    calls: dict[str, float] = Field(default_factory=dict)
    errors: float = 0.0
    fleets: Annotated[dict[str, dict[str, Pulse]], BeforeValidator(of_all_pods)] = Field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    outage: str | None = None


def begin(objectives: Sequence[Objective], now: float, weight: float = 0.0, carried: float = 1.0) -> Evidence:
    """Evidence that knows nothing yet, for a rollout (or for new objectives within one) that begins `now`.

    For edited objectives pass the present weight and, as `carried`, the odds of the evidence given up; odds above
    1 are not carried over, since they spoke against another objective.
    """
    tallies = {objective.name: Tally() for objective in objectives}
    return Evidence(begun=now, weight=weight, carried=min(carried, 1.0), tallies=tallies)


def learn(evidence: Evidence, objectives: Sequence[Objective], look: Look, canary: str, weight: float) -> Evidence:
    """The evidence after one look, taken while the route showed `weight` percent to the revision `canary`.

    There must be at least one objective. A look that is not newer than the last one teaches nothing.
    """
    if look.outage is not None:
        return evidence.model_copy(update={"outage": look.outage})
    if evidence.at is not None and look.at <= evidence.at:
        return evidence.model_copy(update={"outage": None})
    reweighted = weight != evidence.weight
    counted = {
        one.name: count(
            evidence.tallies.get(one.name, Tally()), one, look, canary, begun=evidence.begun, reweighted=reweighted
        )
        for one in objectives
    }
    lead = counted[leading(objectives).name]
    return Evidence(
        begun=evidence.begun,
        at=look.at,
        interval=look.interval,
        weight=weight,
        ticks=evidence.ticks + 1,
        carried=evidence.carried,
        tallies={name: each.tally for name, each in counted.items()},
        flow=_flow(evidence.flow, look, lead, partial(pace, leading(objectives), look, canary, weight)),
        calls=dict(lead.calls) if lead.complete and not lead.met else {},
        errors=evidence.errors + sum(counted[one.name].bad for one in objectives if one.kind is Kind.ERROR_RATE),
        fleets={**evidence.fleets, **dict(followed(evidence.fleets, look, lead))},
        problems=look.problems + tuple(each.problem for each in counted.values() if each.problem),
    )


def assess(evidence: Evidence, objectives: Sequence[Objective], now: float) -> Assessment:
    """The verdict at `now`: Fail at odds of 1/α, Pass when every objective is surely met within a factor of two.

    What was counted stays counted: a Fail needs no fresh data. A Pass does.
    """
    lead = evidence.tallies[leading(objectives).name]
    found = against(evidence.tallies, objectives, evidence.carried)
    looks = against(as_it_looks(evidence.tallies, objectives), objectives, evidence.carried)
    bounds = {one.name: bound(evidence.tallies[one.name]) for one in objectives}
    verdict, cause, sentence = _judge(evidence, objectives, found, looks, bounds, now)
    return Assessment(
        verdict=verdict,
        cause=cause,
        sentence=sentence,
        odds=found.odds,
        limit=LIMIT,
        worst=found.objective.name,
        bounds=bounds,
        excess=max(bounds[one.name] - evidence.tallies[one.name].compared.reference for one in objectives),
        rate=rate(evidence),
        reference=lead.compared.reference,
        extra=lead.compared.extra,
        requests=lead.requests,
        errors=lead.bad,
        stable_requests=lead.stable_requests,
        stable_errors=lead.stable_bad,
        newest=newest(evidence),
    )


def suspected(evidence: Evidence, objectives: Sequence[Objective]) -> bool:
    """Whether the newest look condemns the canary, unless one sample more of stable shows the same fault."""
    looks = against(as_it_looks(evidence.tallies, objectives), objectives, evidence.carried)
    return looks.odds >= LIMIT > against(evidence.tallies, objectives, evidence.carried).odds


def rate(evidence: Evidence) -> float:
    """R: user requests/s of all revisions over the last minute, or over as much of it as has been seen."""
    if not _measured(evidence.flow, evidence.interval):
        return 0.0
    first, *later = evidence.flow
    return sum(flow.requests for flow in later) / (later[-1].at - first.at)


def newest(evidence: Evidence) -> float | None:
    """The time up to which every objective that has samples at all has been counted."""
    return min((tally.newest for tally in evidence.tallies.values() if tally.newest is not None), default=None)


def quiet(evidence: Evidence, revision: str, since: float) -> float:
    """For how many seconds after `since` (unix s) the request counters of `revision` were seen to stand still.

    It is the shortest of its pods' times, each up to the pod's own newest sample and not up to now: what was not
    seen yet does not stand still. Pods that are not scraped any more do not count, unless there is no other.
    Where no pod has a request counter, none has got one up to one scrape before the newest look.
    """
    pulses = evidence.fleets.get(revision)
    if evidence.at is None or pulses is None:
        return 0.0
    return still(pulses.values(), since) if pulses else max(evidence.at - evidence.interval - since, 0.0)


def _flow(flow: tuple[Flow, ...], look: Look, lead: Counted, pace: Callable[[], Pace | None]) -> tuple[Flow, ...]:
    """The last minute and the flow just before it, from which the minute is counted.

    It begins anew where the requests of a pod are not known, with what a look alone shows as soon as it shows all
    pods: a rate that is too low would make the first weight, and with it the damage of a bad version, too large.
    """
    if lead.problem and not lead.calls:
        return flow
    known = lead.complete and not lead.met and (_measured(flow, look.interval) or _up_to_date(look, lead))
    longer = _last_minute((*flow, Flow(look.at, sum(lead.calls.values())))) if known else (Flow(look.at, 0.0),)
    if _measured(longer, look.interval) or not lead.complete or (shown := pace()) is None:
        return longer
    return (Flow(look.at - shown.span, 0.0), Flow(look.at, shown.rate * shown.span))


def _last_minute(flow: tuple[Flow, ...]) -> tuple[Flow, ...]:
    before = sum(one.at <= flow[-1].at - RATE_SPAN for one in flow)
    return flow[max(before - 1, 0) :]


def _up_to_date(look: Look, lead: Counted) -> bool:
    """Whether no scrape is missing that would bring requests of the time before the look."""
    ends = [max(one.at for one in lead.tally.total[pod].values()) for pod in lead.scraped & lead.tally.total.keys()]
    return all(look.at - end < look.interval for end in ends)


def _measured(flow: tuple[Flow, ...], interval: float) -> bool:
    """Whether the scrapes that every pod surely had in the time of a flow cover enough of that time."""
    elapsed = flow[-1].at - flow[0].at if flow else 0.0
    covered = math.floor(elapsed / interval + UNEVEN) * interval if interval else elapsed
    return elapsed > 0 and covered >= COVERED * elapsed


def _judge(
    evidence: Evidence,
    objectives: Sequence[Objective],
    found: Against,
    looks: Against,
    bounds: Mapping[str, float],
    now: float,
) -> tuple[Verdict, Cause | None, str]:
    if found.odds >= LIMIT:
        return Verdict.FAIL, None, condemned(found, evidence.tallies[found.objective.name], LIMIT)
    why = obstacle(evidence, objectives, now)
    if why:
        return Verdict.INCONCLUSIVE, why.cause, why.sentence
    if looks.odds >= LIMIT:
        said = doubted(looks, evidence.tallies[looks.objective.name])
        return Verdict.INCONCLUSIVE, Cause.SUSPECTED, said
    return _proven(evidence, objectives, bounds)


def _proven(
    evidence: Evidence, objectives: Sequence[Objective], bounds: Mapping[str, float]
) -> tuple[Verdict, Cause | None, str]:
    hardest = max(objectives, key=lambda one: bounds[one.name] / one.max_share)
    said = shown(hardest, evidence.tallies[hardest.name], bounds[hardest.name])
    known = all(evidence.tallies[one.name].requests for one in objectives)
    if known and all(proven_good(bounds[one.name], one.max_share) for one in objectives):
        return Verdict.PASS, None, f"Good enough: {said}"
    both = next((one for one in objectives if shared(evidence.tallies[one.name], one)), None)
    if both is not None:
        return Verdict.INCONCLUSIVE, Cause.SHARED, excused(both, evidence.tallies[both.name])
    return Verdict.INCONCLUSIVE, Cause.LEARNING, f"Too early to tell: {said}"


def obstacle(evidence: Evidence, objectives: Sequence[Objective], now: float) -> Problem | None:
    """What stands between the evidence and a verdict, the most important first."""
    if evidence.outage is not None:
        return Problem(cause=Cause.OUTAGE, sentence=evidence.outage)
    if evidence.problems:
        return evidence.problems[0]
    return _too_old(evidence, now) or _no_traffic(evidence, objectives)


def _too_old(evidence: Evidence, now: float) -> Problem | None:
    counted_until = newest(evidence)
    if counted_until is None or evidence.at is None:
        return None
    # A look is one interval late and the next is due one later: by then another one should have been learned.
    age = max(evidence.at, now - 2 * evidence.interval) - counted_until
    if age <= INTERVALS_UNTIL_STALE * evidence.interval:
        return None
    sentence = f"The newest sample is {age:.0f} s old, more than three scrape intervals of {evidence.interval:g} s."
    return Problem(cause=Cause.STALE, sentence=sentence)


def _no_traffic(evidence: Evidence, objectives: Sequence[Objective]) -> Problem | None:
    """Nobody calls the service at all, or requests are sent to the canary and none is counted there."""
    if not rate(evidence):
        return Problem(cause=Cause.NO_TRAFFIC, sentence="No request has been counted in the last minute.")
    silent = next((one for one in objectives if not evidence.tallies[one.name].requests), None)
    if silent is None or not evidence.weight:
        return None
    stable = number(evidence.tallies[silent.name].stable_requests)
    sentence = (
        f"No canary request has been counted for {silent.title} yet (stable {stable}), "
        "so nothing speaks for it or against it."
    )
    return Problem(cause=Cause.NO_TRAFFIC, sentence=sentence, objective=silent.name)
