"""The histogram of durations: classic buckets, or the native histogram of the same name in their place. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from gracefulservice.metrics.prometheus import Answer, Found, pods_in, question, read, understood
from gracefulservice.rollout.selector import Selector, matcher, parse
from gracefulservice.rollout.verdict import Cause, Problem

BUCKET = "_bucket"
"""How the names of classic buckets end; the native histogram has the name without it."""
GAUGE = "not a counter"
"""What Prometheus says of a histogram that may fall."""


def native_of(selector: str) -> str:
    """The selector of the native histogram that has these classic buckets; empty where they are none.

    >>> native_of('checkout_seconds_bucket{path="/pay",le!="0.1"}'), native_of("checkout_seconds")
    ('checkout_seconds{path="/pay"}', '')
    """
    classic = parse(selector)
    if not classic.metric.endswith(BUCKET):
        return ""
    kept = tuple(one for one in classic.matchers if not one.startswith(("le=", "le!")))
    whole = Selector(classic.metric.removesuffix(BUCKET), kept)
    return whole.narrowed() if kept else whole.metric


def read_native(selector: str, answer: Answer, limits: Collection[float]) -> Found:
    """Native histograms alone: a summary has series of such a name, too. Raises Outage."""
    return read(selector, answer, limits, native_only=True)


def doubt(selector: str, pods: Iterable[str]) -> str:
    """PromQL for one native histogram that would be ours if its labels said so."""
    named = parse(selector)
    ours, nobodys = named.narrowed(pods_in(pods)), named.narrowed(matcher("pod", "=", ""))
    return f"topk(1, histogram_count({ours}) or histogram_count({nobodys}))"


def counter(selector: str, namespace: str, pods: Iterable[str], seconds: float) -> str:
    """PromQL that Prometheus warns about where a native histogram is a gauge.

    >>> counter("checkout_seconds", "shop", ["web-b2-x"], 30)
    'count(rate(checkout_seconds{namespace="shop",pod=~"web-b2-x"}[30s]))'
    """
    return f"count(rate({question(selector, namespace, pods, seconds)}))"


def counted(found: Found, answer: Answer) -> Found:
    """What was found, with the problem that an answer to `counter` tells of it."""
    if not any(GAUGE in warning for warning in understood(answer.body).warnings):
        return found
    sentence = f"{found.native} is a gauge in Prometheus, so its counts may fall: name a histogram that only counts up."
    return replace(found, problem=Problem(cause=Cause.UNREADABLE, sentence=sentence))
