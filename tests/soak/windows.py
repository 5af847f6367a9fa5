"""From the users' seconds to the rows of the report: into which window each falls, and what happened there. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from examples.traffic.client import Counts, Second

BEFORE = 20.0
"""Seconds of the window before an action that its latencies are compared with."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One action on the clock, in unix seconds: its beginning, and the moment the last old pod was gone."""

    action: str
    begun: float
    settled: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of the typical second: the median over seconds and users, weighted by answers; None without one."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Worst:
    """The second with the most lost requests; among equals the slowest one."""

    unix: float
    sent: int
    lost: int
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What users got from the beginning of an action to the beginning of the next; ``curve`` holds (sent, lost) of
    each second, ``versions`` the answers of each, ``rest`` says that nothing was done, ``failure`` why the action did
    not come to its end.
    """

    action: str
    service: str
    control: bool = False
    rest: bool = False
    requests: int = 0
    lost: int = 0
    skipped: int = 0
    seconds: float = 0.0
    tail: float = 0.0
    worst: Worst | None = None
    before: Latency = Latency(None, None)
    during: Latency = Latency(None, None)
    kinds: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    curve: Sequence[tuple[int, int]] = ()
    failure: str = ""


Told = Mapping[str, Sequence[Second]]
"""The seconds that each kind of users has told."""


def rows(told: Told, marks: Sequence[Mark], service: str, *, control: bool = False) -> list[Row]:
    """A row for the time before the first action and one per action. The windows follow each other without a gap and
    the last has no end, so every request that was sent stands in exactly one row. The second in which an action begins
    is the action's.
    """
    begins = [-math.inf, *(mark.begun - 1 for mark in marks), math.inf]
    first, *others = [within(told, begin, end) for begin, end in pairwise(begins)]
    at_rest = Row(action="at-rest", service=service, control=control, rest=True, **counted(first))
    return [
        at_rest,
        *(row(told, mark, window, service, control) for mark, window in zip(marks, others, strict=True)),
    ]


def row(told: Told, mark: Mark, window: Told, service: str, control: bool) -> Row:
    """What an action did to the users."""
    return Row(
        action=mark.action,
        service=service,
        control=control,
        seconds=round(mark.settled - mark.begun, 1),
        tail=round(max(0.0, last(window) - mark.settled), 1),
        before=latency(within(told, mark.begun - BEFORE, mark.begun)),
        during=latency(within(told, mark.begun, mark.settled)),
        failure=mark.failure,
        **counted(window),
    )


def counted(window: Told) -> dict[str, Any]:
    """The fields of a row that are sums or the worst of a window."""
    every = [second for seconds in window.values() for second in seconds]
    merged = [one for _, one in sorted(by_second(every).items())]
    kinds: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    for second in every:
        kinds.update(second.kinds)
        versions.update({version: sum(codes.values()) for version, codes in second.versions.items()})
    return {
        "requests": total(every, "sent"),
        "lost": total(every, "lost"),
        "skipped": total(every, "skipped"),
        "worst": max(merged, key=severity, default=None),
        "kinds": dict(kinds),
        "versions": dict(sorted(versions.items())),
        "curve": [(one.sent, one.lost) for one in merged],
    }


def within(told: Told, begin: float, end: float) -> dict[str, list[Second]]:
    """The seconds that began in [begin, end)."""
    return {who: [one for one in seconds if begin <= one.unix < end] for who, seconds in told.items()}


def total(counts: Iterable[Counts], word: str) -> int:
    """The sum of one field."""
    return sum(getattr(one, word) for one in counts)


def last(window: Told) -> float:
    """When the last second of a window ended; minus infinity without one."""
    return max((one.unix + 1 for seconds in window.values() for one in seconds), default=-math.inf)


def by_second(seconds: Iterable[Second]) -> dict[int, Worst]:
    """All users together in each second of the clock; the quantile is that of the users who waited longest."""
    merged: dict[int, Worst] = {}
    for one in seconds:
        key = math.floor(one.unix)
        known = merged.get(key, Worst(float(key), 0, 0, None))
        merged[key] = Worst(known.unix, known.sent + one.sent, known.lost + one.lost, slower(known.p99_ms, one.p99_ms))
    return merged


def slower(one: float | None, other: float | None) -> float | None:
    """The larger of the two that are known."""
    return max((value for value in (one, other) if value is not None), default=None)


def severity(second: Worst) -> tuple[int, float]:
    """How bad a second was."""
    return second.lost, second.p99_ms or 0.0


def latency(window: Told) -> Latency:
    """The typical second of a window."""
    every = [second for seconds in window.values() for second in seconds]
    return Latency(*(typical([(getattr(one, name), one.answered) for one in every]) for name in ("p50_ms", "p99_ms")))


def typical(weighted: Sequence[tuple[float | None, int]]) -> float | None:
    """The median of the values, each as often as its weight says."""
    known = sorted((value, weight) for value, weight in weighted if value is not None and weight > 0)
    half, passed = sum(weight for _, weight in known) / 2, 0
    for value, weight in known:
        passed += weight
        if passed >= half:
            return value
    return None
