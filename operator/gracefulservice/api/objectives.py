"""What a revision must keep to, and where the numbers come from."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from gracefulservice.api.quantities import Duration, Percent
from gracefulservice.api.schema_words import Also, Documented, Name, keyed, refuse, rules
from gracefulservice.api.spec_rules import (
    CUSTOM_COUNTERS_RULE,
    CUSTOM_OBJECTIVE_RULE,
    ENVOY_RULE,
    ENVOY_UNREAD,
    GUARD_RULE,
    GUARD_WORD,
    GUARD_WORDS,
    LIMIT_RULES,
    METRICS_RULE,
    MORE_THAN_HALF,
    NO_ERRORS,
    NO_TIME,
    ONE_PART,
    ONE_SIDE,
    PODS_RULE,
    PODS_UNREAD,
    POSITIVE_RULE,
    QUERY_RULE,
    SELECTOR_RULE,
    UNKNOWN_WORD,
)


def _share_limit(share: float) -> float:
    refuse(share <= 0, NO_ERRORS)
    refuse(share > 0.5, MORE_THAN_HALF)
    return share


def _positive(seconds: float) -> float:
    refuse(seconds <= 0, NO_TIME)
    return seconds


def _query(promql: str) -> str:
    for word in re.findall(GUARD_WORD, promql):
        refuse(word[1:] not in GUARD_WORDS, UNKNOWN_WORD % word)
    return promql


MetricName = Annotated[str, Field(max_length=200, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
LabelName = Annotated[str, Field(max_length=100, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Counter = Annotated[str, Field(min_length=1, max_length=1024), Also(rules(SELECTOR_RULE))]
Query = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_query), Also(rules(QUERY_RULE))]
Threshold = Annotated[float, Field(allow_inf_nan=False)]
Limit = Annotated[Percent, AfterValidator(_share_limit), Also(rules(*LIMIT_RULES))]
PositiveDuration = Annotated[Duration, AfterValidator(_positive), Also(rules(POSITIVE_RULE))]


class ErrorRate(Documented):
    """The share of requests that may fail."""

    max: Limit
    """The largest share, above 0 % and at most 50 %."""


class Latency(Documented):
    """The time within which so many of the requests must be answered."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    p50: PositiveDuration | None = None
    """The limit for half of the requests."""
    p90: PositiveDuration | None = None
    """The limit for 90 % of the requests."""
    p95: PositiveDuration | None = None
    """The limit for 95 % of the requests."""
    p99: PositiveDuration | None = None
    """The limit for 99 % of the requests."""
    p999: PositiveDuration | None = None
    """The limit for 99.9 % of the requests."""

    @property
    def limits(self) -> Mapping[float, float]:
        """Quantile (0 to 1) → seconds, of those that are set, in rising order."""
        keys = {0.5: self.p50, 0.9: self.p90, 0.95: self.p95, 0.99: self.p99, 0.999: self.p999}
        return {quantile: limit for quantile, limit in keys.items() if limit is not None}


class CustomObjective(Documented):
    """A share of bad events, from two counters of the user's own."""

    model_config = ConfigDict(json_schema_extra=rules(CUSTOM_OBJECTIVE_RULE))

    name: Name
    """The objective's name, unique in the list."""
    good: Counter | None = None
    """The counter of good events, like orders_total{result="ok"}."""
    bad: Counter | None = None
    """The counter of bad events, like orders_total{result="failed"}."""
    total: Counter
    """The counter of all events, like orders_total."""
    max: Limit
    """The largest bad share, above 0 % and at most 50 %."""

    @model_validator(mode="after")
    def _one_part(self) -> Self:
        refuse((self.good is None) == (self.bad is None), ONE_PART)
        return self


class Guard(Documented):
    """A gauge, like the length of a queue, that a revision must not keep beyond a threshold for too long."""

    model_config = ConfigDict(json_schema_extra=rules(GUARD_RULE))

    name: Name
    """The guard's name, unique in the list."""
    promql: Query
    """The query, which gives one number; $canary and $stable match the names of their pods (pod=~"$canary")."""
    max: Threshold | None = None
    """The largest value that is good."""
    min: Threshold | None = None
    """The smallest value that is good."""
    lasting: Annotated[Duration, Field(alias="for")] = 30.0
    """How long the value is beyond the threshold until the revision fails; 0s: the first such value; default 30s."""

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        refuse((self.max is None) == (self.min is None), ONE_SIDE)
        return self


class Samples(Documented):
    """Judging by samples instead of by odds: easy to foresee, with more false alarms, more damage, or both."""

    interval: PositiveDuration = 30.0
    """The shortest time that one sample is taken from; default 30s."""
    min_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """The fewest canary requests that make a sample; default 20."""
    consecutive_failures: Annotated[int, Field(ge=1, le=100)] = 2
    """How many samples in a row must break an objective until the revision has failed; default 2."""
    failure_limit: Annotated[int, Field(ge=0, le=1000)] | None = None
    """How many samples of a rollout may break one; one more, and the revision has failed; default: no limit."""


class Objectives(Documented):
    """What a revision must keep to be promoted."""

    error_rate: ErrorRate | None = None
    """The share of requests that may fail."""
    latency: Latency | None = None
    """The time within which so many of the requests must be answered."""
    custom: Annotated[tuple[CustomObjective, ...], Field(max_length=16, json_schema_extra=keyed("name"))] = ()
    """Shares of bad events from counters of the user's own."""
    guards: Annotated[tuple[Guard, ...], Field(max_length=8, json_schema_extra=keyed("name"))] = ()
    """Gauges with a threshold, from queries of the user's own; they are no shares and steer no weight."""
    samples: Samples | None = None
    """Judge the shares by samples, step by step, and not by odds; needs rollout.canary.steps."""


class Prometheus(Documented):
    """The Prometheus that is asked."""

    url: Annotated[str, Field(max_length=2048, pattern="^https?://")]
    """Its address, like http://prometheus.monitoring:9090."""


class AppConvention(Documented):
    """The metrics an application exposes itself, by their names."""

    requests: MetricName = "http_requests_total"
    """The counter of requests; default http_requests_total."""
    duration: MetricName = "http_request_duration_seconds"
    """The histogram of durations in seconds, without _bucket; default http_request_duration_seconds."""
    code_label: LabelName = "code"
    """The label of the counter that holds the status code; default code."""


class CustomCounters(Documented):
    """The counters of requests, by plain selectors."""

    model_config = ConfigDict(json_schema_extra=rules(CUSTOM_COUNTERS_RULE))

    total: Counter
    """The counter of all requests."""
    good: Counter | None = None
    """The counter of requests that succeeded."""
    bad: Counter | None = None
    """The counter of requests that failed."""
    buckets: Counter | None = None
    """The histogram of durations: its buckets, like checkout_seconds_bucket, or a native one, like checkout_seconds."""
    bucket_unit: Literal["Seconds", "Milliseconds"] = "Seconds"
    """What the buckets count in; default Seconds."""


class EnvoySidecar(Documented):
    """The Envoy in each pod."""

    cluster: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\"\\]+$")] = "local_app"
    """The name of its cluster that leads to the application in the same pod; default local_app."""


class ScrapedPods(Documented):
    """Where a pod shows its metrics."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port; default: the first TCP port of the container that serves."""
    path: Annotated[str, Field(max_length=1024, pattern=r"^/[A-Za-z0-9._~/?&=%-]*$")] = "/metrics"
    """The path; default /metrics."""


class Metrics(Documented):
    """Where the counters come from."""

    model_config = ConfigDict(json_schema_extra=rules(METRICS_RULE, PODS_RULE, ENVOY_RULE))

    source: Literal["app", "pods", "istio", "linkerd", "envoy", "custom"] = "app"
    """Who counts: the application, its proxy of that name, or `custom` counters; `pods`: no Prometheus; default app."""
    pods: ScrapedPods | None = None
    """Where the pods show their metrics, with source `pods`."""
    envoy: EnvoySidecar | None = None
    """Which counters of Envoy are those of the application, with source `envoy`."""
    prometheus: Prometheus | None = None
    """The Prometheus that is asked; default: the one in the operator's settings."""
    app: AppConvention = AppConvention()
    """The names of the application's metrics, with the sources `app` and `pods`."""
    custom: CustomCounters | None = None
    """The counters, with source `custom`; with source `pods` instead of those in `app`."""

    @model_validator(mode="after")
    def _all_is_read(self) -> Self:
        refuse(self.pods is not None and self.source != "pods", PODS_UNREAD)
        refuse(self.envoy is not None and self.source != "envoy", ENVOY_UNREAD)
        return self
