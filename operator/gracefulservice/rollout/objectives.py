"""Which counters each objective of the spec is read from, and what is wrong with them."""

from collections.abc import Callable, Iterable

from gracefulservice.api import Metrics, Objectives, Problem, Spec
from gracefulservice.rollout.counters import counters_of, indistinct
from gracefulservice.rollout.matching import matching
from gracefulservice.rollout.objective import Counts, Objective, custom, error_rate, latency
from gracefulservice.rollout.selector import parse

QUANTILES = ("p50", "p90", "p95", "p99", "p999")


def objectives_of(spec: Spec) -> tuple[tuple[Objective, ...], tuple[Problem, ...]]:
    """Every objective, and what keeps a counter from being read: an objective's, or one that pods are sized by."""
    check = matching if spec.metrics.source == "pods" else parse
    if spec.objectives is None:
        return (), unjudged((), spec.metrics, check)
    if missing := missing_counters(spec.objectives, spec.metrics):
        return (), missing
    found = (*errors(spec), *latencies(spec), *own(spec.objectives))
    refused = tuple(problem for objective in found for problem in refusals(objective, check))
    return found, refused + unjudged(found, spec.metrics, check)


def refusals(objective: Objective, check: Callable[[str], object]) -> tuple[Problem, ...]:
    """What is wrong with the selectors of one objective."""
    found = []
    for selector in dict.fromkeys((objective.total, objective.part)):
        try:
            check(selector)
            sentence = indistinct(selector)
        except ValueError as refused:
            sentence = str(refused)
        if sentence:
            found.append(Problem(field=f"spec.objectives, {objective.title}", sentence=sentence))
    return tuple(found)


def unjudged(objectives: Iterable[Objective], metrics: Metrics, check: Callable[[str], object]) -> tuple[Problem, ...]:
    """What is wrong with the user's own counters that no objective reads: pods are sized by them all the same."""
    if metrics.custom is None:
        return ()
    judged = {selector for objective in objectives for selector in (objective.total, objective.part)}
    written = {"total": metrics.custom.total, "buckets": metrics.custom.buckets}
    found = []
    for field, selector in written.items():
        try:
            if selector is not None and selector not in judged:
                check(selector)
        except ValueError as refused:
            found.append(Problem(field=f"spec.metrics.custom.{field}", sentence=str(refused)))
    return tuple(found)


def errors(spec: Spec) -> tuple[Objective, ...]:
    """The error rate: 5xx codes in a counter of all requests, or a counter of the bad or the good ones."""
    if spec.objectives is None or spec.objectives.error_rate is None:
        return ()
    limit, counters = spec.objectives.error_rate.max, counters_of(spec.metrics)
    if counters.label:
        return (error_rate(limit, counters.total, counters.label),)
    return (custom("error rate", limit, counters.total, counters.part, counters.counts),)


def latencies(spec: Spec) -> tuple[Objective, ...]:
    """One objective per quantile: a share of requests beyond its limit, read from the histogram's buckets."""
    if spec.objectives is None or spec.objectives.latency is None:
        return ()
    counters = counters_of(spec.metrics)
    limits = spec.objectives.latency
    return tuple(
        latency(quantile, limit, counters.buckets, spec.rollout.warmup, counters.unit)
        for quantile in QUANTILES
        if (limit := getattr(limits, quantile)) is not None
    )


def own(objectives: Objectives) -> tuple[Objective, ...]:
    """Shares of bad events from counters of the user's own."""
    return tuple(
        custom(
            one.name,
            one.max,
            one.total,
            one.bad or one.good or "",
            Counts.BAD if one.bad else Counts.GOOD,
        )
        for one in objectives.custom
    )


def missing_counters(objectives: Objectives, metrics: Metrics) -> tuple[Problem, ...]:
    """Objectives for which no counters are named."""
    counters = counters_of(metrics)
    found = []
    if objectives.error_rate and not (counters.label or counters.part):
        sentence = "The error rate needs metrics.custom.total and one of metrics.custom.good and metrics.custom.bad."
        found.append(Problem(field="spec.metrics.custom", sentence=sentence))
    if objectives.latency and not counters.buckets:
        sentence = "A latency objective needs metrics.custom.buckets, like checkout_seconds_bucket."
        found.append(Problem(field="spec.metrics.custom.buckets", sentence=sentence))
    return tuple(found)
