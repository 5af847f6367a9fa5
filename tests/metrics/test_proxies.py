"""Counters of proxies in the pods, through a Prometheus: what they count is read as what users saw."""

import json
from typing import Any

import pytest
from aiohttp import web

from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.rollout.judge import begin, learn
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Measured
from gracefulservice.rollout.verdict import Cause
from tests.metrics.script import NOON, OWNER, plan
from tests.metrics.test_reader import serving

OBJECTIVES = {"errorRate": {"max": "1%"}, "latency": {"p99": "250ms"}}
PODS = tuple(PodFacts(f"shop-{name}-a", name, NOON - 50, NOON - 45, 0, NOON - 48) for name in ("b2", "c3"))
Counts = dict[str, tuple[int, int]]
"""Pod → requests, of which so many were bad."""
COUNTED: Counts = {"shop-b2-a": (900, 0), "shop-c3-a": (100, 30)}


def istio(metric: str, total: int, bad: int) -> list[tuple[dict[str, str], float]]:
    """Series of the sidecar of one pod, in Istio's words."""
    common = {"reporter": "destination", "destination_workload": "shop", "response_flags": "-"}
    if metric == "istio_requests_total":
        return [({**common, "response_code": "200"}, total - bad), ({**common, "response_code": "503"}, bad)]
    return [({**common, "response_code": "200", "le": le}, value) for le, value in slow(total, bad)]


def linkerd(metric: str, total: int, bad: int) -> list[tuple[dict[str, str], float]]:
    """The same in Linkerd's."""
    common = {"direction": "inbound", "srv_port": "8080", "route_name": "default", "status_code": "200"}
    if metric == "response_total":
        classes = (("success", total - bad), ("failure", bad))
        return [({**common, "classification": word}, count) for word, count in classes]
    return [({**common, "le": le}, value) for le, value in slow(total, bad)]


def envoy(metric: str, total: int, bad: int) -> list[tuple[dict[str, str], float]]:
    """The same in Envoy's."""
    common = {"envoy_cluster_name": "local_app"}
    if metric == "envoy_cluster_upstream_rq":
        codes = (("200", total - bad), ("500", bad))
        return [({**common, "envoy_response_code": code}, count) for code, count in codes]
    return [({**common, "le": le}, value) for le, value in slow(total, bad)]


def slow(total: int, bad: int) -> list[tuple[str, int]]:
    """Buckets in milliseconds in which the bad ones took half a second."""
    return [("100", total - bad), ("250", total - bad), ("500", total), ("+Inf", total)]


PROXIES = {"istio": istio, "linkerd": linkerd, "envoy": envoy}


def rows(source: str, query: str) -> list[dict[str, Any]]:
    """What Prometheus has of the metric that is asked for, narrowed by classification where that is asked for."""
    metric = query.partition("{")[0]
    return [
        {
            "metric": {"namespace": "shop", "pod": pod, "job": "proxies", **labels},
            "values": [[NOON - 10, "0"], [NOON - 5, str(value / 2)], [NOON, str(value)]],
        }
        for pod, counts in COUNTED.items()
        for labels, value in PROXIES[source](metric, *counts)
        if 'classification="failure"' not in query or labels["classification"] == "failure"
    ]


async def looked(
    source: str, asked: list[str], objectives: dict[str, Any]
) -> tuple[Look, tuple[Objective, ...], Measured]:
    """One look at such counters."""

    async def answer(request: web.Request) -> web.Response:
        query = str((await request.post())["query"])
        asked.append(query)
        data: dict[str, Any] = {"resultType": "matrix", "result": rows(source, query)}
        if query.startswith("histogram_quantile"):
            data = {"resultType": "vector", "result": [{"metric": {}, "value": [NOON, "480"]}]}
        return web.Response(body=json.dumps({"status": "success", "data": data}).encode())

    planned = plan(source, objectives)
    async with serving(answer) as url, session() as http:
        reader = Prometheus(http, url)
        look = await reader.ask(OWNER, planned, PODS, NOON, 5.0)
        return look, planned.objectives, await reader.sizes(OWNER, planned, PODS, (), NOON)


@pytest.mark.parametrize("source", PROXIES)
async def test_a_proxy_beside_the_application_counts_as_the_application_would(source: str) -> None:
    """Failed requests, and those in buckets of milliseconds beyond the limit; per pod, hence per revision."""
    asked: list[str] = []
    look, objectives, sizes = await looked(source, asked, OBJECTIVES)
    assert (look.outage, look.problems, look.interval) == (None, (), 5.0)
    evidence = learn(begin(objectives, NOON - 60), objectives, look, "c3", 25.0)
    assert evidence.problems == ()
    assert {name: (tally.requests, tally.bad) for name, tally in evidence.tallies.items()} == {
        objectives[0].name: (100, 30),
        "p99": (100, 30),
    }
    assert all('namespace="shop",pod=~"shop-b2-a|shop-c3-a"' in query for query in asked)
    assert sizes.p99 == pytest.approx(0.48)


@pytest.mark.parametrize("source", PROXIES)
async def test_a_limit_between_buckets_is_named_in_seconds(source: str) -> None:
    """With the nearest edges as people write them."""
    look, objectives, _ = await looked(source, [], {"latency": {"p99": "300ms"}})
    (problem,) = learn(begin(objectives, NOON - 60), objectives, look, "c3", 25.0).problems
    assert problem.cause is Cause.BUCKET_MISMATCH
    assert "is 300 ms" in problem.sentence
    assert "end at 250 ms and 500 ms" in problem.sentence
