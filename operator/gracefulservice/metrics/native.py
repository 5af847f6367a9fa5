"""Native histograms as the buckets that objectives need, so that they are counted as classic ones are. Pure.

A native histogram is one sample with a count for each bucket. Prometheus leaves out the empty ones and does not say
which schema it is, but the buckets that are there tell enough: how many requests took at most so long is known unless
a bucket lies on both sides.

    custom        the bucket of a limit must end at the limit, as a classic one
    exponential   it ends at the next boundary of schema 3, which finer schemas have as well

So a schema may become coarser in the middle of a rollout, as clients and Prometheus make it, and pods may have several:
all are counted at the same boundary, at most 9.1 % above the limit. Where it lies inside a bucket, nothing is counted.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel

from gracefulservice.rollout.ends import ENDS

PER_DOUBLING = 8
"""Boundaries of schema 3 from one power of two to the next."""
FINEST = 8
"""The finest schema there is."""
CLOSED = 3
"""What Prometheus calls a bucket to which both of its boundaries belong."""
LARGEST = 1e308
"""About the largest number: what lies beyond has a bucket of its own."""
DIGITS = 3
"""Of a limit that is suggested."""

Bucket = tuple[int, float, float, float]
"""Which boundaries belong to it, lower, upper, count."""
Values = Sequence[tuple[float, float]]
"""Unix seconds, value."""
Labels = Mapping[str, str]


class Histogram(BaseModel):
    """One sample; its `count` holds also what is in no bucket, which took no number of seconds at all."""

    count: float
    buckets: list[Bucket] = []


Sample = tuple[float, Histogram]
Row = tuple[Labels, Sequence[Sample]]
"""One series as it came, oldest sample first."""


class Kin(NamedTuple):
    """The newest samples of a series whose buckets are of one kind."""

    labels: Labels
    exponential: bool
    samples: Sequence[Sample]

    @property
    def newest(self) -> Sequence[Bucket]:
        """The buckets of the newest sample."""
        return self.samples[-1][1].buckets

    def edge(self, limit: float) -> float:
        """Where the bucket of a limit must end."""
        return boundary(limit) if self.exponential else limit


def classic(rows: Sequence[Row], limits: Collection[float]) -> Iterator[tuple[Labels, Values]]:
    """The series that a classic histogram would have, pod by pod; `limits` are in the histogram's own unit."""
    for pod in dict.fromkeys(labels["pod"] for labels, _ in rows):
        own = [(labels, samples) for labels, samples in rows if labels["pod"] == pod]
        yield from _of_pod([Kin(labels, *found) for labels, samples in own if (found := _alike(samples))], limits)


def boundary(limit: float) -> float:
    """The next boundary of schema 3 at or above a limit.

    >>> boundary(0.5), round(boundary(0.3), 4)
    (0.5, 0.3242)
    """
    place = PER_DOUBLING * math.log2(limit)
    near = round(place)
    return math.exp2((near if math.isclose(place, near, abs_tol=1e-9) else math.ceil(place)) / PER_DOUBLING)


def up_to(edge: float, buckets: Iterable[Bucket]) -> float | None:
    """How many took at most so long; None where a bucket lies on both sides.

    >>> up_to(0.3, [(3, -0.001, 0.001, 7), (0, 0.25, 0.3, 2), (0, 0.5, 1, 1)])
    9.0
    """
    within = 0.0
    for _, lower, upper, count in buckets:
        if upper <= edge or (lower < edge and math.isclose(upper, edge)):
            within += count
        elif lower < edge and not math.isclose(lower, edge):
            return None
    return within


def _of_pod(rows: Sequence[Kin], limits: Collection[float]) -> Iterator[tuple[Labels, Values]]:
    """A limit inside a bucket of any row has no series, or else all requests of that row would be beyond it.

    There are those of the limits next to it instead.
    """
    for row in rows:
        yield {**row.labels, "le": "+Inf"}, [(at, one.count) for at, one in row.samples]
    for limit in sorted(limits):
        if all(up_to(row.edge(limit), row.newest) is not None for row in rows):
            yield from _ending(limit, rows)
            continue
        for near in sorted({near for row in rows for near in _nearest(limit, row)}):
            if not any(math.isclose(near, other) for other in limits):
                yield from _ending(near, rows, suggested=True)


def _ending(limit: float, rows: Iterable[Kin], *, suggested: bool = False) -> Iterator[tuple[Labels, Values]]:
    """The bucket of one limit in each row, with its own end beside it where that is another."""
    for row in rows:
        edge = row.edge(limit)
        known = ((at, up_to(edge, one.buckets)) for at, one in row.samples)
        values = [(at, value) for at, value in known if value is not None]
        at_limit = math.isclose(edge, limit) and not (suggested and row.exponential)
        if values:
            yield {**row.labels, "le": repr(limit)} | ({} if at_limit else {ENDS: f"{edge:.6g}"}), values


def _nearest(limit: float, row: Kin) -> Iterator[float]:
    """Limits that have a bucket, next to one that has none in the newest sample."""
    divided = (bucket for bucket in row.newest if up_to(row.edge(limit), [bucket]) is None)
    ends = (end for _, lower, upper, _ in divided for end in (lower, upper) if 0 < end < math.inf)
    return (_shorter(end) if row.exponential else end for end in ends)


def _shorter(boundary: float) -> float:
    """A limit with few digits for which the same boundary is used."""
    step = 10.0 ** (math.floor(math.log10(boundary)) + 1 - DIGITS)
    return float(f"{math.floor(boundary / step + 1e-6) * step:.{DIGITS}g}")


def _alike(samples: Sequence[Sample]) -> tuple[bool, Sequence[Sample]] | None:
    """Whether the buckets are exponential, and the newest samples of that kind.

    None without any request: then there is no series yet, as of a classic histogram with labels.
    """
    kinds = [_exponential(one.buckets) for _, one in samples]
    newest = next((kind for kind in reversed(kinds) if kind is not None), None)
    if newest is None:
        return None
    others = [place for place, kind in enumerate(kinds) if kind not in (None, newest)]
    return newest, samples[others[-1] + 1 if others else 0 :]


def _exponential(buckets: Sequence[Bucket]) -> bool | None:
    """Whether these are buckets of a schema that has boundaries between powers of two; None without any.

    The coarser schemas pass for custom buckets, which some of those may look like: a limit must be their boundary.
    """
    return all(_of_fine_schema(*bucket[:3]) for bucket in buckets) if buckets else None


@lru_cache(maxsize=4096)
def _of_fine_schema(rule: int, lower: float, upper: float) -> bool:
    if rule == CLOSED and lower == -upper and math.isfinite(upper):
        return True  # the zero bucket
    if upper <= 0:
        lower, upper = -upper, -lower
    if upper == math.inf:
        return lower > LARGEST
    if not 0 < lower < upper:
        return False
    schema = -math.log2(math.log2(upper / lower))
    finer = round(schema)
    place = math.log2(upper) * math.exp2(finer)
    on_grid = math.isclose(schema, finer, abs_tol=1e-6) and math.isclose(place, round(place), abs_tol=1e-4)
    return 1 <= finer <= FINEST and on_grid
