"""A quantile of a histogram by its buckets, as PromQL computes it."""

import math
from collections.abc import Mapping


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Seconds below which the `share` (0..1) of the requests took; upper edge → requests up to it. None without any.

    >>> quantile(0.99, {0.1: 90, 0.3: 98, 1.0: 100, math.inf: 100})
    0.65
    >>> quantile(0.99, {0.1: 90, 1.0: 90, math.inf: 100})
    1.0
    """
    edges = sorted(buckets)
    if not edges or edges[-1] != math.inf or not buckets[math.inf] > 0:
        return None
    rank = share * buckets[math.inf]
    place = next(place for place, edge in enumerate(edges) if buckets[edge] >= rank)
    lower, before = (edges[place - 1], buckets[edges[place - 1]]) if place else (0.0, 0.0)
    upper, until = edges[place], buckets[edges[place]]
    return lower if math.isinf(upper) else round(lower + (upper - lower) * (rank - before) / (until - before), 6)
