"""Raw counter samples become growth: what each series of each pod grew by between two looks.

No `rate()` and no `increase()`: both lose the first value of a series that is born with its first error, and
both hide the time stamps. What was counted so far is remembered as one cursor per pod and series, so the same
sample is never counted twice and none is forgotten over a restart of the operator.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

INTERVALS_UNTIL_STALE = 3
# Pod times are whole seconds of other machines' clocks.
CLOCK_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one counter: `series` is its label string without pod and namespace, like `code="500"`.

    The labels are sorted by name, so that one series has one string; `at` is the sample's own time in unix
    seconds.
    """

    pod: str
    series: str
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What the pod list of the same look says of a pod. All times are unix seconds.

    `restarts` and `started` are those of the container that serves; `ready_since` is None while the pod is not
    ready.
    """

    name: str
    revision: str
    created: float
    ready_since: float | None
    restarts: int
    started: float | None
    address: str = ""
    """Its IP address; empty until it has one."""
    port: int | None = None
    """The first TCP port of the container that serves."""


class Cursor(NamedTuple):
    """How far a series has been counted, and in which life of its container. In JSON an array of four."""

    at: float
    value: float
    restarts: int
    started: float | None


Cursors = Mapping[str, Mapping[str, Cursor]]
"""pod → series → cursor"""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a series grew by since the time `since`; `amount` is None where counting only begins."""

    since: float
    amount: float | None


def instant(begun: float, tick: float, delay: float, now: float) -> float:
    """The newest `begun + k·tick` that is at least `delay` old.

    >>> instant(begun=100.0, tick=5.0, delay=5.0, now=118.0)
    110.0
    """
    return begun + max(0.0, (now - delay - begun) // tick) * tick


def ranges(samples: Iterable[Sample], until: float) -> dict[str, dict[str, list[Sample]]]:
    """Per pod and series all usable samples not after `until`, oldest first."""
    found: dict[str, dict[str, list[Sample]]] = {}
    for sample in sorted(samples, key=lambda one: one.at):
        if sample.at <= until and math.isfinite(sample.value):
            found.setdefault(sample.pod, {}).setdefault(sample.series, []).append(sample)
    return found


def newest(found: Mapping[str, Mapping[str, Sequence[Sample]]]) -> dict[str, dict[str, Sample]]:
    """Per pod and series the newest of its `ranges`."""
    return {pod: {series: several[-1] for series, several in of_pod.items()} for pod, of_pod in found.items()}


def from_one_scrape(total: Mapping[str, Sample], part: Mapping[str, Sample], pod: PodFacts, interval: float) -> bool:
    """Whether numerator and denominator of a pod can be counted together now; if not, the pod waits.

    A numerator that no longer exists does not make its pod wait for ever: the container began anew without
    it, or it is older than three intervals.
    """
    if not total or not part:
        return bool(total)
    whole, share = (max(sample.at for sample in role.values()) for role in (total, part))
    if share >= whole:
        return share == whole
    born_since = pod.started is not None and share - CLOCK_SLACK < pod.started <= whole
    return born_since or whole - share > INTERVALS_UNTIL_STALE * interval


def advance(
    cursors: Cursors,
    samples: Mapping[str, Mapping[str, Sample]],
    pods: Iterable[PodFacts],
    *,
    begun: float,
    interval: float,
) -> tuple[dict[str, dict[str, Cursor]], dict[str, dict[str, Growth]]]:
    """Move the cursors on to `samples` (pod → series → newest sample) and say what each series grew by.

    Pods born since `begun` count from zero, older ones from their first sample. Series without a newer sample
    have no growth and keep their cursor; pods that are not in `pods` lose theirs.

    A container that restarted counts from zero where its value is smaller than before. Where it is not, the new
    life may have counted more than the old one, or the sample may be from before the restart: it grew by the
    difference, which is never more than what happened.
    """
    moved: dict[str, dict[str, Cursor]] = {}
    grown: dict[str, dict[str, Growth]] = {}
    for pod in pods:
        before = cursors.get(pod.name, {})
        steps = {
            series: _step(before.get(series), sample, pod, begun, interval)
            for series, sample in samples.get(pod.name, {}).items()
        }
        after = {**before, **{series: cursor for series, (cursor, _) in steps.items()}}
        growth = {series: growth for series, (_, growth) in steps.items() if growth is not None}
        if after:
            moved[pod.name] = after
        if growth:
            grown[pod.name] = growth
    return moved, grown


def _step(
    cursor: Cursor | None, sample: Sample, pod: PodFacts, begun: float, interval: float
) -> tuple[Cursor, Growth | None]:
    here = Cursor(sample.at, sample.value, pod.restarts, pod.started)
    if cursor is None:
        return here, _birth(sample, pod, begun, interval)
    if sample.at <= cursor.at:
        return cursor, None
    if sample.value >= cursor.value:
        life = (
            here if _is_of_this_life(sample, pod) else here._replace(restarts=cursor.restarts, started=cursor.started)
        )
        return life, Growth(cursor.at, sample.value - cursor.value)
    if _restarted(cursor, pod):
        return here, Growth(cursor.at, sample.value)
    # Two Prometheus replicas take turns in answering: the one that lags must not be counted down and up
    # again. A counter that stays low for longer began anew inside its container; it is counted on from there.
    stays_low = sample.at - cursor.at > INTERVALS_UNTIL_STALE * interval
    return (here if stays_low else cursor), Growth(cursor.at, 0.0)


def born(pod: PodFacts, begun: float) -> bool:
    """Whether a pod was created in the rollout that began at `begun`, so that it counts from zero."""
    return pod.created >= begun - CLOCK_SLACK


def _birth(sample: Sample, pod: PodFacts, begun: float, interval: float) -> Growth:
    if born(pod, begun):
        return Growth(sample.at - interval, sample.value)
    return Growth(sample.at, None)


def _restarted(cursor: Cursor, pod: PodFacts) -> bool:
    started_anew = None not in (cursor.started, pod.started) and cursor.started != pod.started
    return started_anew or cursor.restarts != pod.restarts


def _is_of_this_life(sample: Sample, pod: PodFacts) -> bool:
    # The pod list is newer than the samples: it may know of a restart that the sample is from before.
    return pod.started is None or sample.at >= pod.started + CLOCK_SLACK
