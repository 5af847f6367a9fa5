"""What one objective has counted: cursors, the canary's requests, stable's last minutes, the test."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import Field

from gracefulservice.api.value import Value
from gracefulservice.rollout.case import Case, Charge, Tick, excused_so_far, heard
from gracefulservice.rollout.evidence import Bets
from gracefulservice.rollout.objective import Counts, Kind, Objective
from gracefulservice.rollout.reading import ByPod, Look, Reading, countable, read, unreadable
from gracefulservice.rollout.relative import SLACK_OF_ERRORS, SLACK_OF_LATENCY
from gracefulservice.rollout.samples import INTERVALS_UNTIL_STALE, Cursor, Cursors, Growth, PodFacts, advance, born
from gracefulservice.rollout.starting import cursors_at, scrapes
from gracefulservice.rollout.verdict import Cause, Problem

MINUTE = 60.0
REFERENCE_SPAN = 600.0  # seconds


class Minute(NamedTuple):
    """What stable answered in the minute that begins at `start`, and how much of it while it broke the objective."""

    start: float
    requests: float
    bad: float
    excused: float = 0.0
    excused_bad: float = 0.0


class Tally(Value):
    """All that is remembered of one objective. `requests` and `bad` are the canary's since counting began."""

    total: dict[str, dict[str, Cursor]] = Field(default_factory=dict)
    part: dict[str, dict[str, Cursor]] = Field(default_factory=dict)
    requests: float = 0.0
    bad: float = 0.0
    stable: tuple[Minute, ...] = ()
    bets: Bets = Bets()
    case: Case = Case()

    @property
    def newest(self) -> float | None:
        """The time of the newest counted sample."""
        return max((cursor.at for series in self.total.values() for cursor in series.values()), default=None)

    @property
    def stable_requests(self) -> float:
        """Of the last ten minutes."""
        return sum(minute.requests for minute in self.stable)

    @property
    def stable_bad(self) -> float:
        """Of the last ten minutes."""
        return sum(minute.bad for minute in self.stable)

    @property
    def compared(self) -> "Compared":
        """Both revisions' counts without the times in which stable broke the objective itself.

        Where one of the two has no other time, they belong to it.
        """
        every = Compared(self.requests, self.bad, self.stable_requests, self.stable_bad)
        excused, excused_bad = sum(one.excused for one in self.stable), sum(one.excused_bad for one in self.stable)
        if self.requests <= self.case.excused or self.stable_requests <= excused:
            return every
        return Compared(
            every.requests - self.case.excused,
            every.bad - self.case.excused_bad,
            every.stable_requests - excused,
            every.stable_bad - excused_bad,
        )


class Compared(NamedTuple):
    """Requests and bad ones of the canary, and of stable's last ten minutes."""

    requests: float
    bad: float
    stable_requests: float
    stable_bad: float

    @property
    def reference(self) -> float:
        """Stable's bad share, 0..1."""
        return self.stable_bad / self.stable_requests if self.stable_requests else 0.0

    @property
    def extra(self) -> float:
        """How many more canary requests were bad than at stable's share; negative when fewer were."""
        return self.bad - self.reference * self.requests


@dataclass(frozen=True, slots=True)
class Counted:
    """A tally after a look, how many requests each revision got since the last one, and what is wrong.

    `complete` is False where a pod's requests are not known: `calls` then says less than there were. `met` is True
    where a pod was met for the first time: `calls` then reach further back for it than for the others. `bad` are the
    new bad ones of both revisions, with those of counters that have just appeared on older pods. `scraped` are the
    pods with a sample of the last three intervals, `moved` those that got requests since the last look.
    """

    tally: Tally
    calls: Mapping[str, float]
    bad: float = 0.0
    complete: bool = True
    met: bool = False
    scraped: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    problem: Problem | None = None


def count(tally: Tally, objective: Objective, look: Look, canary: str, *, begun: float, reweighted: bool) -> Counted:
    """Count what is new in `look` for one objective. Pods of any revision but `canary` are stable's.

    An unreadable look is not counted at all; its requests are counted once it is readable again.
    """
    reading = read(objective, look, canary)
    problem = unreadable(reading, tally.total, tally.part)
    if problem:
        return Counted(tally, {}, complete=False, problem=problem)
    starts = _starts(tally, reading, look, begun)
    total, wholes = _advance(tally.total | cursors_at(reading.total_range, starts), reading.total, reading, look, begun)
    part, shares = _advance(tally.part | cursors_at(reading.part_range, starts), reading.part, reading, look, begun)
    counts = {pod: _judged(objective, pod, wholes.get(pod.name, {}), shares.get(pod.name, {})) for pod in look.pods}
    requests, bad = _pool(pair for pod, pair in counts.items() if pod.revision == canary)
    stable = _pool(pair for pod, pair in counts.items() if pod.revision != canary)
    charge, followed = charged(objective), _followed(counts, canary, tally.case)
    olds = [pod for pod in look.pods if pod.revision != canary]
    unclear = sum(_first_errors(objective, pod, shares.get(pod.name, {}), part, tally.total) for pod in olds)
    tick = Tick(look.at, requests, bad, *stable, reweighted, followed, unclear)
    bets, case = heard(tally.bets, tally.case, charge, tick)
    after = Tally(
        total=total,
        part=part,
        requests=tally.requests + requests,
        bad=tally.bad + bad,
        stable=_minutes(tally.stable, look.at, *stable, excused=excused_so_far(case, charge)),
        bets=bets,
        case=case,
    )
    return Counted(
        after,
        _calls(look.pods, wholes),
        bad=bad + stable[1] + unclear,
        complete=not any(_unknown(pod, wholes.get(pod.name, {}), total, look, canary) for pod in look.pods),
        met=bool(starts),
        scraped=_scraped(reading, look),
        moved=frozenset(pod for pod, grown in wholes.items() if _moved(grown)),
        problem=_stale(after, reading, look),
    )


def charged(objective: Objective) -> Charge:
    """What an objective claims of the canary."""
    slack = SLACK_OF_LATENCY if objective.kind is Kind.LATENCY else SLACK_OF_ERRORS
    return Charge(objective.max_share, slack)


def _followed(
    counts: Mapping[PodFacts, tuple[float, float]], canary: str, case: Case
) -> dict[str, tuple[float, float]]:
    """What each canary pod answered, once there were several."""
    found = {pod.name: pair for pod, pair in counts.items() if pod.revision == canary and pair[0]}
    return found if len(found) > 1 or case.pods else {}


def _first_errors(
    objective: Objective, pod: PodFacts, grown: Mapping[str, Growth], part: Cursors, met: Cursors
) -> float:
    """What counters of bad ones say that have just appeared on a pod of stable that was counted before."""
    if objective.counts is not Counts.BAD or pod.name not in met:
        return 0.0
    return sum(part[pod.name][series].value for series, growth in grown.items() if growth.amount is None)


def _starts(tally: Tally, reading: Reading, look: Look, begun: float) -> dict[PodFacts, float]:
    """The scrape from which each older pod of stable is counted that is met for the first time, where there is one.

    An older canary pod has none: what it answered before the evidence began was judged before.
    """
    ready = countable(reading, look.interval)
    met = tally.total.keys() | tally.part.keys()
    older = [pod for pod in look.pods if pod.revision != reading.canary and not born(pod, begun)]
    times = {pod: scrapes(pod, reading, look) for pod in older if pod.name in ready - met}
    return {pod: several[0] for pod, several in times.items() if len(several) > 1}


def _advance(
    cursors: Cursors, samples: ByPod, reading: Reading, look: Look, begun: float
) -> tuple[dict[str, dict[str, Cursor]], dict[str, dict[str, Growth]]]:
    ready = countable(reading, look.interval)
    taken = {pod: series for pod, series in samples.items() if pod in ready}
    return advance(cursors, taken, look.pods, begun=begun, interval=look.interval)


def _judged(
    objective: Objective, pod: PodFacts, wholes: Mapping[str, Growth], shares: Mapping[str, Growth]
) -> tuple[float, float]:
    """How many new requests of a pod count for the objective, and how many of them are bad."""
    whole, part = (
        [growth.amount for growth in role.values() if _is_warm(objective, pod, growth)] for role in (wholes, shares)
    )
    requests = sum(amount or 0.0 for amount in whole)
    counted = sum(amount or 0.0 for amount in part)
    if objective.counts is Counts.BAD:
        return requests, min(counted, requests)
    if None in part:  # how many were good is not known yet, so neither is how many were bad
        return 0.0, 0.0
    return requests, min(max(requests - counted, 0.0), requests)


def _is_warm(objective: Objective, pod: PodFacts, growth: Growth) -> bool:
    """Errors count from birth; latency from the end of the pod's warm-up."""
    if objective.kind is not Kind.LATENCY:
        return True
    return pod.ready_since is not None and growth.since >= pod.ready_since + objective.warmup


def _pool(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    requests, bad = 0.0, 0.0
    for more, worse in pairs:
        requests, bad = requests + more, bad + worse
    return requests, bad


def _minutes(
    minutes: tuple[Minute, ...], at: float, requests: float, bad: float, *, excused: bool
) -> tuple[Minute, ...]:
    start = at // MINUTE * MINUTE
    kept = tuple(one for one in minutes if start - one.start < REFERENCE_SPAN)
    before = Minute(start, 0.0, 0.0)
    if kept and kept[-1].start == start:
        before, kept = kept[-1], kept[:-1]
    after = Minute(
        start,
        before.requests + requests,
        before.bad + bad,
        before.excused + (requests if excused else 0.0),
        before.excused_bad + (bad if excused else 0.0),
    )
    return (*kept, after) if after.requests else kept


def _calls(pods: Iterable[PodFacts], wholes: Mapping[str, Mapping[str, Growth]]) -> dict[str, float]:
    calls: dict[str, float] = {}
    for pod in pods:
        grown = sum(growth.amount or 0.0 for growth in wholes.get(pod.name, {}).values())
        calls[pod.revision] = calls.get(pod.revision, 0.0) + grown
    return calls


def _scraped(reading: Reading, look: Look) -> frozenset[str]:
    oldest = look.at - INTERVALS_UNTIL_STALE * look.interval
    ends = {pod: max(sample.at for sample in series.values()) for pod, series in reading.total.items()}
    return frozenset(pod for pod, end in ends.items() if end >= oldest)


def _moved(grown: Mapping[str, Growth]) -> bool:
    """Whether there were requests. A series that is new on an older pod was born with one, whatever it counts."""
    return any(growth.amount is None or growth.amount > 0 for growth in grown.values())


def _unknown(pod: PodFacts, grown: Mapping[str, Growth], total: Cursors, look: Look, canary: str) -> bool:
    """Whether counting a pod only begins now, or it serves and was not scraped yet: then nobody knows its requests.

    A canary pod without a sample is no gap: it gets requests only after it was seen.
    """
    if grown and all(growth.amount is None for growth in grown.values()):
        return True
    young = pod.ready_since is not None and look.at - pod.ready_since <= INTERVALS_UNTIL_STALE * look.interval
    return young and pod.revision != canary and pod.name not in total


def _stale(tally: Tally, reading: Reading, look: Look) -> Problem | None:
    """A ready canary pod that was scraped once and no longer is: what it does to users is not seen."""
    for pod in look.pods:
        until = _counted_until(tally, reading, pod)
        if pod.revision != reading.canary or until is None:
            continue
        if look.at - until > INTERVALS_UNTIL_STALE * look.interval:
            sentence = (
                f"The newest sample of {reading.objective.total} from pod {pod.name} that can be counted is "
                f"{look.at - until:.0f} s old, more than three scrape intervals of {look.interval:g} s."
            )
            return Problem(cause=Cause.STALE, sentence=sentence, objective=reading.objective.name)
    return None


def _counted_until(tally: Tally, reading: Reading, pod: PodFacts) -> float | None:
    if pod.ready_since is None:
        return None
    if pod.name in tally.total:
        return max(cursor.at for cursor in tally.total[pod.name].values())
    return pod.ready_since if pod.name in reading.total else None
