"""One look at the counters, sorted by the roles an objective gives them, and what makes it unreadable."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gracefulservice.rollout.ends import differing, marked
from gracefulservice.rollout.figures import duration
from gracefulservice.rollout.objective import Counts, Kind, Objective
from gracefulservice.rollout.samples import Cursors, PodFacts, Sample, from_one_scrape, newest, ranges
from gracefulservice.rollout.uncounted import Totals
from gracefulservice.rollout.verdict import Cause, Problem

SERVER_ERROR = re.compile(r"5(\d\d|xx)")
MOST_SERIES = 4_000
"""Of one objective: about 115 bytes of the status each, which must stay below the 1.5 MiB that etcd takes."""
ByPod = Mapping[str, Mapping[str, Sample]]
"""pod → series → its newest sample"""
Ranges = Mapping[str, Mapping[str, Sequence[Sample]]]
"""pod → series → all its samples in the look, oldest first"""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything the metrics source answered about the instant `at` (unix seconds), with the pods of that look.

    `samples` holds per selector all raw samples of the range. `pods` are those of stable and canary.
    `interval` is the scrape interval in seconds. `outage` is a sentence that says why there is no
    answer at all.
    `problems` are what the source itself found, like two series where one is expected. `gauges` holds per guard that
    was asked about its value, or why there is none: that keeps no counter from being judged. `gateway` is what a
    gateway counted of users' failures, where one says.
    """

    at: float
    interval: float
    pods: tuple[PodFacts, ...] = ()
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    outage: str | None = None
    problems: tuple[Problem, ...] = ()
    gauges: Mapping[str, float | Problem] = field(default_factory=dict)
    gateway: Totals | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest samples of one objective by role: pod → series → sample; and all samples of the look by role.

    `edges` are the bucket edges of each pod that has any, in seconds; `exponential`: whether those of a native
    histogram are among them that has no boundary of the user's own.
    """

    objective: Objective
    pods: tuple[PodFacts, ...]
    canary: str
    total: ByPod
    part: ByPod
    total_range: Ranges
    part_range: Ranges
    edges: Mapping[str, frozenset[float]]
    exponential: bool = False


def read(objective: Objective, look: Look, canary: str) -> Reading:
    """Sort the answers about the pods of the look into the roles of the objective."""
    known = {pod.name for pod in look.pods}
    total, part = (
        ranges((sample for sample in look.samples.get(selector, ()) if sample.pod in known), look.at)
        for selector in (objective.total, objective.part)
    )
    edges: dict[str, frozenset[float]] = {}
    exponential = any(marked(series) for series in total.values())
    if objective.kind is Kind.LATENCY:
        edges = {pod: bucket_edges(series, objective.unit) for pod, series in total.items()}
    is_total, is_part = _roles(objective)
    total, part = _only(total, is_total), _only(part, is_part)
    return Reading(objective, look.pods, canary, newest(total), newest(part), total, part, edges, exponential)


def countable(reading: Reading, interval: float) -> frozenset[str]:
    """The pods whose numerator and denominator can be counted together in this look."""
    return frozenset(
        pod.name
        for pod in reading.pods
        if from_one_scrape(reading.total.get(pod.name, {}), reading.part.get(pod.name, {}), pod, interval)
        and (pod.name in reading.part or reading.objective.kind is not Kind.LATENCY)
    )


def unreadable(reading: Reading, total: Cursors, part: Cursors) -> Problem | None:
    """The reason why this reading must not be counted, if any; `total` and `part` are the cursors so far."""
    sentence: str | None
    for cause, sentence in (
        (Cause.SERIES_MISSING, _no_series(reading, total)),
        (Cause.LABEL_MISSING, _no_label(reading)),
        (Cause.BUCKET_MISMATCH, _no_bucket(reading)),
        (Cause.BUCKET_MISMATCH, differing(reading.objective, reading.part, part)),
        (Cause.SERIES_MISSING, _never_good(reading, part)),
        (Cause.UNREADABLE, _too_many(reading)),
    ):
        if sentence:
            return Problem(cause=cause, sentence=sentence, objective=reading.objective.name)
    return None


def label_value(series: str, label: str) -> str | None:
    """The value of a label in a canonical label string.

    >>> label_value('code="500",method="GET"', "code")
    '500'
    """
    found = re.search(rf'(?:^|,){re.escape(label)}="((?:[^"\\]|\\.)*)"', series)
    return found[1] if found else None


def bucket_edge(series: str, unit: float = 1.0) -> float | None:
    """The upper edge of a histogram bucket in seconds, as a number, so that `0.30` and `0.3` are one edge."""
    try:
        return float(label_value(series, "le") or "") * unit
    except ValueError:
        return None


def bucket_edges(series: Iterable[str], unit: float = 1.0) -> frozenset[float]:
    """All bucket edges among these series, in seconds."""
    return frozenset(edge for one in series if (edge := bucket_edge(one, unit)) is not None)


def nearest_edges(edges: Iterable[float], wanted: float) -> tuple[float, ...]:
    """The finite edges next to `wanted`: one below and one above, where they exist.

    >>> nearest_edges([0.1, 0.25, 0.5, 1.0, float("inf")], 0.3)
    (0.25, 0.5)
    """
    finite = sorted(edge for edge in edges if math.isfinite(edge))
    below = [edge for edge in finite if edge < wanted]
    above = [edge for edge in finite if edge > wanted]
    return (*below[-1:], *above[:1])


def _roles(objective: Objective) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    if objective.kind is Kind.ERROR_RATE:
        return _any, lambda series: bool(SERVER_ERROR.fullmatch(label_value(series, objective.label) or ""))
    if objective.kind is Kind.LATENCY:
        edge, unit = objective.edge, objective.unit
        return lambda series: bucket_edge(series) == math.inf, lambda series: _same(bucket_edge(series, unit), edge)
    return _any, _any


def _any(_series: str) -> bool:
    return True


def _same(edge: float | None, wanted: float | None) -> bool:
    return edge is not None and wanted is not None and math.isclose(edge, wanted)


def _only(
    found: Mapping[str, Mapping[str, list[Sample]]], wanted: Callable[[str], bool]
) -> dict[str, dict[str, list[Sample]]]:
    kept = {pod: {name: one for name, one in series.items() if wanted(name)} for pod, series in found.items()}
    return {pod: series for pod, series in kept.items() if series}


def _no_series(reading: Reading, total: Cursors) -> str | None:
    if reading.total or total:
        return None
    return (
        f"There is no series of {reading.objective.total} for any pod of this service: "
        "its name is wrong, its pods are not scraped, or nobody has called it yet."
    )


def _no_label(reading: Reading) -> str | None:
    label = reading.objective.label
    series = {name for of_pod in reading.total.values() for name in of_pod}
    labelled = all(label_value(name, label) is not None for name in series)
    if labelled or reading.objective.kind is not Kind.ERROR_RATE:
        return None
    return f'Errors cannot be told from good answers: {reading.objective.total} has series without the label "{label}".'


def _no_bucket(reading: Reading) -> str | None:
    """Canary pods decide, as the new version may bring the bucket; until they are scraped, the others do."""
    wanted = reading.objective.edge
    of_canary = {pod.name for pod in reading.pods if pod.revision == reading.canary} & reading.edges.keys()
    judged = [reading.edges[pod] for pod in of_canary or reading.edges]
    lacking = [edges for edges in judged if not any(_same(edge, wanted) for edge in edges)]
    if wanted is None or not lacking:
        return None
    near = " and ".join(map(duration, nearest_edges(frozenset().union(*lacking), wanted))) or "nowhere"
    finer = "let the native histogram have a schema of 3 or finer" if reading.exponential else "add a bucket"
    return (
        f"The limit of {reading.objective.title} is {duration(wanted)}, but no bucket of {reading.objective.total} "
        f"ends there; the nearest end at {near}: set the limit to one of them, or {finer}."
    )


def _never_good(reading: Reading, part: Cursors) -> str | None:
    """A stable in which nothing at all is good is a wrong selector; a canary like that is a bad canary."""
    if reading.objective.counts is not Counts.GOOD or reading.part or part:
        return None
    stable = [pod.name for pod in reading.pods if pod.revision != reading.canary]
    counted = sum(sample.value for pod in stable for sample in reading.total.get(pod, {}).values())
    if counted == 0:
        return None
    return (
        f"There is no series of {reading.objective.part}, though {reading.objective.total} counts "
        f"{counted:,.0f} on stable: the name of the counter of the good ones is wrong."
    )


def _too_many(reading: Reading) -> str | None:
    found = sum(len(series) for role in (reading.total, reading.part) for series in role.values())
    if found <= MOST_SERIES:
        return None
    return (
        f"{reading.objective.total} has {found:,} series that count for {reading.objective.title}, more than "
        f"{MOST_SERIES:,}, which is all the status has room for: name counters with fewer labels, or record sums."
    )
