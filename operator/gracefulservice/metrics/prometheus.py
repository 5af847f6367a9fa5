"""Prometheus' HTTP API as values: what is asked, and what an answer means, whatever it is.

A selector is asked as an instant query with a range, `metric{…}[30s]`: that alone shows raw samples with their
own times. Every answer becomes samples, or one of two named failures:

    Outage       no answer to rely on: nobody there, an error, a part of the data only, not Prometheus at all
    Unreadable   an answer that cannot be counted: pods that cannot be told apart, a value that is no number

A native histogram becomes the buckets of a classic one here: nobody else knows which it was.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from gracefulservice.metrics import native
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.selector import matcher, parse
from gracefulservice.rollout.verdict import Cause, Problem

SHORTEST_SPAN, FIRST_SPAN = 30.0, 180.0
"""Seconds of raw samples that are asked for, with slow scrapes three intervals; and while the interval is not known:
it shows where two scrapes are in sight, so that one of a minute and a half is found."""
INTERVALS = 3
PLACE = frozenset({"__name__", "namespace", "pod"})
"""Labels that say what and whose a series is: the question holds them already."""
TARGET = frozenset({"job", "instance", "endpoint", "prometheus", "prometheus_replica"})
"""Labels that say by which scrape a series came: the same counter, seen on another way."""
REFUSED = frozenset({400, 422})
"""Codes with which Prometheus refuses the query itself."""


class Outage(Exception):  # noqa: N818 - it is the word of the field
    """Prometheus cannot be relied on now. The message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Series:
    """One series as it came: its labels, and its raw samples (unix seconds, value), oldest first."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about one selector: series of this service's pods, or the reason why they cannot be counted.

    `native`: the selector of the native histograms among them, which may have no series while nobody calls.
    """

    series: tuple[Series, ...] = ()
    problem: Problem | None = None
    native: str = ""

    def beside(self, other: "Found") -> "Found":
        """Both, of different pods."""
        return Found(self.series + other.series, self.problem or other.problem, self.native or other.native)


def span(interval: float) -> float:
    """Seconds of raw samples to ask for at a scrape interval; 0: it is not known yet."""
    return max(SHORTEST_SPAN, INTERVALS * interval) if interval else FIRST_SPAN


def question(selector: str, namespace: str, pods: Iterable[str], seconds: float) -> str:
    """PromQL for the raw samples of a selector on these pods.

    >>> question('http_requests_total{code="500"}', "shop", ["web-b2-x", "web-b2-y"], 30)
    'http_requests_total{code="500",namespace="shop",pod=~"web-b2-x|web-b2-y"}[30s]'
    """
    narrowed = parse(selector).narrowed(matcher("namespace", "=", namespace), pods_in(pods))
    return f"{narrowed}[{math.ceil(seconds)}s]"


def doubt(selector: str, pods: Iterable[str]) -> str:
    """PromQL for one series that would be ours if its labels said so; asked only when nothing was found."""
    counter = parse(selector)
    return f"topk(1, {counter.narrowed(pods_in(pods))} or {counter.narrowed(matcher('pod', '=', ''))})"


def pods_in(pods: Iterable[str]) -> str:
    """The matcher for these pods."""
    return matcher("pod", "=~", "|".join(pod.replace(".", r"\.") for pod in sorted(pods)))


def form(promql: str, at: float, timeout: float) -> dict[str, str]:
    """The form that is posted to `/api/v1/query`: evaluated at `at` (unix seconds), for at most `timeout` s."""
    return {"query": promql, "time": f"{at:.3f}", "timeout": f"{timeout:g}s"}


def read(selector: str, answer: Answer, limits: Collection[float] = (), *, native_only: bool = False) -> Found:
    """The series in an answer to `question`; of a native histogram the buckets that `limits` need. Raises Outage.

    Without limits a counter is expected, and a histogram is none. `native_only`: series of numbers are somebody else's.
    """
    said = understood(answer.body)
    if answer.status in REFUSED and said.error:
        return Found(problem=_unreadable(f"Prometheus refuses {selector}: {said.error}."))
    rows = [row for row in result(answer.status, said, "matrix") if row.histograms or not native_only]
    if problem := _no_histogram(selector, rows, limits):
        return Found(problem=problem)
    plain = (Series(row.metric, [(at, number(value)) for at, value in row.values]) for row in rows if row.values)
    natives = [(row.metric, row.histograms) for row in rows if row.histograms]
    found = (*plain, *(Series(labels, values) for labels, values in native.classic(natives, limits)))
    return Found(found, faults(selector, found), selector if natives else "")


def _no_histogram(selector: str, rows: Sequence["_Row"], limits: Collection[float]) -> Problem | None:
    """What keeps rows with histograms from being read."""
    for row in rows:
        if row.histograms and row.values:
            pod = row.metric["pod"]
            return _unreadable(f"{selector} of pod {pod} is a native histogram and a number by turns: rename one.")
        if row.histograms and not limits:
            wanted = "where a counter is expected, like http_requests_total: name one"
            return _unreadable(f"{selector} is a native histogram {wanted}.")
    return None


def doubtful(selector: str, namespace: str, answer: Answer) -> Problem | None:
    """Why nothing was found although there is such a metric, from an answer to `doubt`. Raises Outage."""
    if answer.status in REFUSED:  # it knows no native histograms
        return None
    rows = result(answer.status, understood(answer.body), "vector")
    labels = rows[0].metric if rows else {"namespace": namespace, "pod": ""}
    if "pod" not in labels:
        return _unlabelled(
            f"{selector} has no series with the names of this service's pods in the label pod, but others without "
            f"that label (with {', '.join(sorted(set(labels) - PLACE)) or 'none at all'}): let the scrape "
            "configuration set the labels pod and namespace."
        )
    if labels.get("namespace") != namespace:
        place = f'"{labels["namespace"]}"' if "namespace" in labels else "missing"
        return _unlabelled(
            f'The label namespace of {selector} is {place} where "{namespace}" is expected: let the scrape '
            "configuration set it to the namespace of the pod."
        )
    return None


def look(at: float, interval: float, pods: Sequence[PodFacts], found: Mapping[str, Found]) -> Look:
    """Everything that was answered about the instant `at`; the scrape interval is read from the samples.

    What is older than three of them was asked for only to learn it.
    """
    interval = scrape_interval((one for each in found.values() for one in each.series), interval)
    known = {name: _samples(each.series, at - span(interval)) for name, each in found.items() if not each.problem}
    return Look(
        at=at,
        interval=interval,
        pods=tuple(pods),
        samples={name: tuple(samples) for name, samples in known.items()},
        problems=tuple(each.problem for each in found.values() if each.problem),
    )


def scrape_interval(series: Iterable[Series], otherwise: float) -> float:
    """The usual time between two samples, to the tenth of a second; `otherwise` where no series has two."""
    gaps = [later - sooner for one in series for (sooner, _), (later, _) in pairwise(one.values)]
    return round(median_low(gaps), 1) if gaps else otherwise


def label_text(labels: Mapping[str, str]) -> str:
    """What tells a series from the others of its pod: `code="500",method="GET"`, sorted by name."""
    return ",".join(
        matcher(name, "=", labels[name]) for name in sorted(labels) if name not in PLACE and name not in TARGET
    )


def _samples(series: Iterable[Series], since: float) -> Iterable[Sample]:
    for one in series:
        text = label_text(one.labels)
        for at, value in (pair for pair in one.values if pair[0] > since):
            yield Sample(pod=one.labels["pod"], series=text, at=at, value=value)


def faults(selector: str, found: Sequence[Series]) -> Problem | None:
    """The first thing that keeps these series from being counted."""
    for one in found:
        if not all(math.isfinite(value) for _, value in one.values):
            text = label_text(one.labels)
            return _unreadable(f"{selector} of pod {one.labels['pod']} is not a number ({text}).")
    return _several(selector, found)


def _several(selector: str, found: Sequence[Series]) -> Problem | None:
    """A pod that is scraped in two ways at once would be counted twice, or its counters taken for one another."""
    newest: dict[str, dict[str, float]] = {}
    for one in found:
        ways = newest.setdefault(one.labels["pod"], {})
        way = ",".join(matcher(name, "=", one.labels[name]) for name in sorted(TARGET & one.labels.keys()))
        ways[way] = max(ways.get(way, 0.0), one.values[-1][0])
    interval = scrape_interval(found, SHORTEST_SPAN)
    for pod, ways in newest.items():
        alive = sorted(way for way, at in ways.items() if at > max(ways.values()) - interval)
        if len(alive) > 1:
            return _unreadable(
                f"{selector} of pod {pod} is scraped in {len(alive)} ways ({' and '.join(alive)}): scrape it "
                "once, or choose one by a label."
            )
    return None


def number(text: str) -> float:
    """A value as a number; what is none becomes NaN, which nobody counts."""
    try:
        return float(text)
    except ValueError:
        return math.nan


class _Row(BaseModel):
    """One series of a result."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[native.Sample] = []
    value: tuple[float, str] | None = None
    histogram: native.Sample | None = None


class _Data(BaseModel):
    """A result of whatever type."""

    type: str = Field(alias="resultType")
    result: Any = None


class _Said(BaseModel):
    """What every answer of Prometheus says, good or bad."""

    status: str = ""
    error: str = ""
    warnings: list[str] = []
    data: _Data | None = None


_ROWS = TypeAdapter(list[_Row])


def understood(body: bytes) -> _Said:
    """What the body says; nothing at all if it is not Prometheus that speaks, whose text is nobody's business."""
    try:
        return _Said.model_validate_json(body)
    except ValidationError:
        return _Said()


def result(status: int, said: _Said, kind: str) -> list[_Row]:
    """The series of a query that was answered in full, and in that kind. Raises Outage."""
    given, result = answered(status, said, kind)
    if given != kind:
        raise Outage(f"Prometheus answers with a {given} where a {kind} is expected.")
    return series_of(result)


def answered(status: int, said: _Said, expected: str) -> tuple[str, Any]:
    """The kind of an answer that is complete, and its result as it came. Raises Outage."""
    if not said.status:
        raise Outage(f"The address of Prometheus answers {status}, but not as a Prometheus does.")
    if status != 200 or said.status != "success":
        raise Outage(f"Prometheus answers {status}: {said.error or 'it gives no reason'}.")
    if said.warnings:
        raise Outage(f"Prometheus knows only a part of the answer: {said.warnings[0]}.")
    if said.data is None:
        raise Outage(f"Prometheus answers with nothing where a {expected} is expected.")
    return said.data.type, said.data.result


def series_of(result: Any) -> list[_Row]:
    """The series of a matrix or a vector. Raises Outage."""
    try:
        return _ROWS.validate_python(result)
    except ValidationError as error:
        raise Outage("Prometheus answers with series that cannot be read.") from error


def _unlabelled(sentence: str) -> Problem:
    return Problem(cause=Cause.LABEL_MISSING, sentence=sentence)


def _unreadable(sentence: str) -> Problem:
    return Problem(cause=Cause.UNREADABLE, sentence=sentence)
