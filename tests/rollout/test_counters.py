"""What each source counts, and what none can: revisions that its labels do not tell apart."""

from typing import Any

import pytest

from gracefulservice.rollout.counters import indistinct
from gracefulservice.rollout.objective import Counts, Kind
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.rhythm import BY_PODS, BY_PROMETHEUS

from .builders import plan, spec

BOTH = {"errorRate": {"max": "1%"}, "latency": {"p99": "250ms"}}
INBOUND = 'direction="inbound",srv_port!="4191",route_name!="probe"'
DESTINATION = 'reporter="destination"'
OWN = {
    "total": "calls_total",
    "good": 'calls_total{ok="yes"}',
    "buckets": "call_ms_bucket",
    "bucketUnit": "Milliseconds",
}


def judged_by(**metrics: Any) -> Plan:
    """A service with an error rate and a latency to keep."""
    return plan(objectives=BOTH, metrics=metrics)


@pytest.mark.parametrize(
    ("metrics", "total", "part", "buckets", "unit"),
    [
        ({}, "http_requests_total", "code", "http_request_duration_seconds_bucket", 1.0),
        ({"source": "pods"}, "http_requests_total", "code", "http_request_duration_seconds_bucket", 1.0),
        (
            {"source": "istio"},
            f"istio_requests_total{{{DESTINATION}}}",
            "response_code",
            f"istio_request_duration_milliseconds_bucket{{{DESTINATION}}}",
            0.001,
        ),
        (
            {"source": "linkerd"},
            f"response_total{{{INBOUND}}}",
            f'response_total{{{INBOUND},classification="failure"}}',
            f"response_latency_ms_bucket{{{INBOUND}}}",
            0.001,
        ),
        (
            {"source": "envoy", "envoy": {"cluster": "app|8080"}},
            'envoy_cluster_upstream_rq{envoy_cluster_name="app|8080"}',
            "envoy_response_code",
            'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="app|8080"}',
            0.001,
        ),
        ({"source": "custom", "custom": OWN}, "calls_total", 'calls_total{ok="yes"}', "call_ms_bucket", 0.001),
        ({"source": "pods", "custom": OWN}, "calls_total", 'calls_total{ok="yes"}', "call_ms_bucket", 0.001),
    ],
)
def test_what_a_source_counts(metrics: dict[str, Any], total: str, part: str, buckets: str, unit: float) -> None:
    """All requests; the failed ones by a label that holds the status code, or by a counter of their own; durations."""
    found = judged_by(**metrics)
    errors, slow = found.objectives
    assert (errors.total, errors.label if errors.kind is Kind.ERROR_RATE else errors.part) == (total, part)
    assert errors.counts is (Counts.GOOD if "good" in metrics.get("custom", {}) else Counts.BAD)
    assert (slow.total, slow.part, slow.unit, slow.edge) == (buckets, buckets, unit, 0.25)
    assert (found.requests, found.buckets, found.unit) == (total, buckets, unit)
    assert found.rhythm is (BY_PODS if metrics.get("source") == "pods" else BY_PROMETHEUS)


def test_what_cannot_tell_the_revisions_apart_is_refused_before_anything_moves() -> None:
    """Envoy Gateway counts a rule of a route as one cluster."""
    cluster = "httproute/shop/web/rule/0"
    found = build(
        "shop",
        spec(objectives={"errorRate": {"max": "1%"}}, metrics={"source": "envoy", "envoy": {"cluster": cluster}}),
    )
    assert isinstance(found, tuple)
    assert "cannot be told apart" in found[0].sentence
    for selector in (f'a{{b="{cluster}"}}', "a{b=~'grpcroute/x/y/rule/.'}", "a{b=`httproute/x`}"):
        assert indistinct(selector), selector
    for selector in ("a", 'a{b="httproute"}', 'a{b="shop/httproute/"}', 'a{b!="httproute/x"}'):
        assert not indistinct(selector), selector


def test_expressions_that_only_a_prometheus_can_try_are_refused_for_pods_alone() -> None:
    """The user's own objectives are read from the same pages."""
    orders = {"name": "orders", "bad": 'orders_total{why=~"(a|b)+"}', "total": "orders_total", "max": "1%"}
    found = build("shop", spec(objectives={"custom": [orders]}, metrics={"source": "pods"}))
    assert isinstance(found, tuple)
    assert "leave out groups" in found[0].sentence
    assert isinstance(build("shop", spec(objectives={"custom": [orders]})), Plan)
