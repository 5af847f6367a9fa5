"""What pods are sized by, from Prometheus: how long requests take, and how late a deleted pod still got one. Pure."""

import math
from collections.abc import Iterable
from itertools import pairwise

from gracefulservice.metrics.prometheus import Answer, Found, number, question, result, understood

FORGOTTEN = 3600.0
"""Seconds after which nobody asks any more when a deleted pod had its last request."""
RECENT = 600.0
"""Seconds of requests that a latency is computed from: enough of them, and not those of another time of day."""


def quantile(histogram: str, namespace: str, pods: Iterable[str]) -> str:
    """PromQL for the latency of these pods' slowest hundredth. To size pods by, never to judge them.

    The histogram is the selector of classic buckets or of a native one, which has no label `le`.

    >>> quantile("http_request_duration_seconds_bucket", "shop", ["web-b2-x"])  # doctest: +ELLIPSIS
    'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{...}[600s])))'
    """
    return f"histogram_quantile(0.99, sum by (le) (rate({question(histogram, namespace, pods, RECENT)})))"


def read_quantile(answer: Answer) -> float | None:
    """Seconds in an answer to `quantile`; None where there were no requests. Raises Outage."""
    rows = result(answer.status, understood(answer.body), "vector")
    found = number(rows[0].value[1]) if rows and rows[0].value else math.nan
    return found if math.isfinite(found) else None


def last_growth(found: Found, began: float) -> float | None:
    """Seconds from `began` to the last sample that showed a further request; None without samples after it.

    Late by a scrape interval at most, and never early: the request was before the sample.
    """
    samples = [pair for one in found.series for pair in pairwise(one.values) if pair[1][0] > began]
    if found.problem or not samples:
        return None
    return max((later - began for (_, before), (later, after) in samples if after > before), default=0.0)
