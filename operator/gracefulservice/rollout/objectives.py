"""Which counters each objective of the spec is read from, and what is wrong with them."""

from gracefulservice.api import CustomCounters, Metrics, Objectives, Problem, Spec
from gracefulservice.rollout.objective import Counts, Objective, custom, error_rate, latency
from gracefulservice.rollout.selector import parse

QUANTILES = ("p50", "p90", "p95", "p99", "p999")


def objectives_of(spec: Spec) -> tuple[tuple[Objective, ...], tuple[Problem, ...]]:
    """Every objective, or what keeps one from being counted; both empty when none is set."""
    if spec.objectives is None:
        return (), ()
    if missing := missing_counters(spec.objectives, spec.metrics):
        return (), missing
    found = (*errors(spec), *latencies(spec), *own(spec.objectives))
    return found, tuple(problem for objective in found for problem in refusals(objective))


def refusals(objective: Objective) -> tuple[Problem, ...]:
    """What is wrong with the selectors of one objective."""
    found = []
    for selector in dict.fromkeys((objective.total, objective.part)):
        try:
            parse(selector)
        except ValueError as refused:
            found.append(Problem(field=f"spec.objectives, {objective.title}", sentence=str(refused)))
    return tuple(found)


def errors(spec: Spec) -> tuple[Objective, ...]:
    """The error rate: 5xx codes of the application's counter, or the two counters the user names."""
    if spec.objectives is None or spec.objectives.error_rate is None:
        return ()
    limit = spec.objectives.error_rate.max
    if spec.metrics.source == "app":
        return (error_rate(limit, spec.metrics.app.requests, spec.metrics.app.code_label),)
    total, part, counts = pair(spec.metrics.custom or CustomCounters(total=""))
    return (custom("error rate", limit, total, part, counts),)


def latencies(spec: Spec) -> tuple[Objective, ...]:
    """One objective per quantile: a share of requests beyond its limit, read from the histogram's buckets."""
    if spec.objectives is None or spec.objectives.latency is None:
        return ()
    buckets = buckets_of(spec.metrics)
    limits = spec.objectives.latency
    return tuple(
        latency(quantile, limit, buckets, spec.rollout.warmup)
        for quantile in QUANTILES
        if (limit := getattr(limits, quantile)) is not None
    )


def buckets_of(metrics: Metrics) -> str:
    """The histogram of the time that requests take; empty where there is none."""
    if metrics.source == "app":
        return f"{metrics.app.duration}_bucket"
    return (metrics.custom.buckets if metrics.custom else None) or ""


def requests_of(metrics: Metrics) -> str:
    """The counter of all requests; empty where there is none."""
    if metrics.source == "app":
        return metrics.app.requests
    return metrics.custom.total if metrics.custom else ""


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


def pair(counters: CustomCounters) -> tuple[str, str, Counts]:
    """The total, the part of it, and what that part counts."""
    counts = Counts.BAD if counters.bad else Counts.GOOD
    return counters.total, counters.bad or counters.good or "", counts


def missing_counters(objectives: Objectives, metrics: Metrics) -> tuple[Problem, ...]:
    """Objectives for which the source `custom` names no counters."""
    if metrics.source == "app":
        return ()
    counters = metrics.custom
    found = []
    if objectives.error_rate and not (counters and (counters.good or counters.bad)):
        sentence = "The error rate needs metrics.custom.total and one of metrics.custom.good and metrics.custom.bad."
        found.append(Problem(field="spec.metrics.custom", sentence=sentence))
    if objectives.latency and not (counters and counters.buckets):
        sentence = "A latency objective needs metrics.custom.buckets, like checkout_seconds_bucket."
        found.append(Problem(field="spec.metrics.custom.buckets", sentence=sentence))
    return tuple(found)
