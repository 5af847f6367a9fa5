"""Which histogram is asked for: classic buckets, and the native one of the same name where pods have none."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gracefulservice.metrics.prometheus import label_text
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.verdict import Cause
from tests.metrics.test_reader import AT, ask, plan, serving

CLASSIC, NATIVE = "http_request_duration_seconds_bucket", "http_request_duration_seconds"
OBJECTIVES = {"latency": {"p99": "300ms"}}
PLACE = {"namespace": "shop", "job": "pods"}
HISTOGRAM = {"count": "10", "sum": "1", "buckets": [[3, "-Inf", "0.3", "8"], [0, "0.3", "+Inf", "2"]]}
WARNING = f'PromQL warning: this native histogram metric is not a counter: "{NATIVE}" (1:12)'


def classic(pod: str) -> list[dict[str, Any]]:
    """Two buckets of a pod."""
    return [
        {"metric": PLACE | {"pod": pod, "le": edge}, "values": [[AT - 5, count], [AT, count]]}
        for edge, count in (("+Inf", "10"), ("0.3", "8"))
    ]


def native(pod: str, histogram: Mapping[str, Any] = HISTOGRAM) -> list[dict[str, Any]]:
    """The native histogram of a pod."""
    return [{"metric": PLACE | {"pod": pod}, "histograms": [[AT - 5, histogram], [AT, histogram]]}]


async def asked(
    results: Mapping[str, list[dict[str, Any]]], warnings: Mapping[str, list[str]] | None = None, **metrics: Any
) -> tuple[Look, list[str]]:
    """The look at a Prometheus that answers by how the question begins, and all questions."""
    questions: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        query = str((await request.post())["query"])
        questions.append(query.replace("{", " ").replace("}", " "))
        begins = query.split("{", maxsplit=1)[0]
        kind = "vector" if "(" in begins else "matrix"
        said = {"status": "success", "data": {"resultType": kind, "result": results.get(begins, [])}}
        return web.Response(body=json.dumps(said | {"warnings": (warnings or {}).get(begins, [])}).encode())

    planned = plan(objectives=OBJECTIVES, metrics=metrics)
    async with serving(answer) as url:
        return await ask(url, planned), [question.split(" ")[0] for question in questions]


def shown(look: Look, selector: str = CLASSIC) -> set[tuple[str, str, float]]:
    """The newest of everything: pod, series, value."""
    return {(one.pod, one.series, one.value) for one in look.samples[selector] if one.at == AT}


COUNTED = {(pod, *one) for pod in ("shop-b2-a", "shop-c3-b") for one in (('le="+Inf"', 10.0), ('le="0.3"', 8.0))}


async def test_classic_buckets_are_all_that_is_asked_for_where_pods_have_them() -> None:
    look, questions = await asked({CLASSIC: [*classic("shop-b2-a"), *classic("shop-c3-b")]})
    assert (shown(look), questions) == (COUNTED, [CLASSIC])


async def test_without_classic_buckets_the_native_histogram_is_read() -> None:
    """Nothing is to be set for it, and the judge sees the same."""
    look, questions = await asked({NATIVE: [*native("shop-b2-a"), *native("shop-c3-b")]})
    assert (shown(look), questions) == (COUNTED, [CLASSIC, NATIVE, f"count(rate({NATIVE}"])
    assert (look.outage, look.problems, look.interval) == (None, (), 5.0)


async def test_each_pod_has_its_own_kind() -> None:
    """The new version brings native histograms: only its pods are asked for them."""
    look, questions = await asked({CLASSIC: classic("shop-b2-a"), NATIVE: native("shop-c3-b")})
    assert (shown(look), len(questions)) == (COUNTED, 3)


async def test_a_native_histogram_can_be_named() -> None:
    """By its own name, with counters of the user's own; then no other one is looked for."""
    custom = {"total": "t_total", "buckets": "checkout_seconds"}
    results = {"checkout_seconds": [*native("shop-b2-a"), *native("shop-c3-b")]}
    look, questions = await asked(results, source="custom", custom=custom)
    assert shown(look, "checkout_seconds") == COUNTED
    assert questions == ["checkout_seconds", "count(rate(checkout_seconds"]


async def test_milliseconds_stay_milliseconds() -> None:
    """The limit is looked for in the histogram's own unit."""
    custom = {"total": "t_total", "buckets": "d_ms_bucket", "bucketUnit": "Milliseconds"}
    histogram = {"count": "10", "sum": "1", "buckets": [[3, "-Inf", "300", "8"], [0, "300", "+Inf", "2"]]}
    look, _ = await asked({"d_ms": native("shop-b2-a", histogram)}, source="custom", custom=custom)
    assert shown(look, "d_ms_bucket") == {("shop-b2-a", 'le="+Inf"', 10.0), ("shop-b2-a", 'le="300.0"', 8.0)}


async def test_a_gauge_is_told() -> None:
    look, _ = await asked({NATIVE: native("shop-b2-a")}, {f"count(rate({NATIVE}": [WARNING]})
    assert [problem.cause for problem in look.problems] == [Cause.UNREADABLE]
    assert "is a gauge in Prometheus" in look.problems[0].sentence
    assert look.samples == {}


async def test_a_histogram_without_requests_is_there() -> None:
    """Nobody doubts the labels."""
    look, questions = await asked({NATIVE: native("shop-b2-a", {"count": "0", "sum": "0"})})
    assert (look.samples, look.problems) == ({CLASSIC: ()}, ())
    assert questions[-1] == f"count(rate({NATIVE}"


async def test_a_summary_is_no_histogram() -> None:
    """It has series of the same name; there is no histogram, and nothing else is said."""
    quantile = {"metric": PLACE | {"pod": "shop-b2-a", "quantile": "0.99"}, "values": [[AT, "0.2"]]}
    look, questions = await asked({NATIVE: [quantile]})
    assert (look.samples, look.problems, len(questions)) == ({CLASSIC: ()}, (), 4)


async def test_what_a_summary_says_is_nobodys_business() -> None:
    """Of a rare path it says NaN; that keeps no bucket of another pod from being counted."""
    quantile = {"metric": PLACE | {"pod": "shop-b2-a", "quantile": "0.99"}, "values": [[AT, "NaN"]]}
    look, _ = await asked({NATIVE: [quantile]})
    assert look.problems == ()


async def test_native_histograms_without_the_labels_of_a_pod_are_named() -> None:
    """As classic ones are."""
    lonely = {"metric": {"job": "pods", "app": "shop"}, "value": [AT, "10"]}
    look, questions = await asked({f"topk(1, histogram_count({NATIVE}": [lonely]})
    assert [problem.cause for problem in look.problems] == [Cause.LABEL_MISSING]
    assert f"{NATIVE} has no series with the names" in look.problems[0].sentence
    assert len(questions) == 4


async def test_a_prometheus_without_native_histograms_is_no_outage() -> None:
    """It does not know the function that the last question needs."""

    async def answer(request: web.Request) -> web.Response:
        if "histogram_count" in str((await request.post())["query"]):
            refused = {"status": "error", "errorType": "bad_data", "error": "unknown function"}
            return web.Response(status=400, body=json.dumps(refused).encode())
        kind = "vector" if "topk" in str((await request.post())["query"]) else "matrix"
        said = {"status": "success", "data": {"resultType": kind, "result": []}}
        return web.Response(body=json.dumps(said).encode())

    async with serving(answer) as url:
        look = await ask(url, plan(objectives=OBJECTIVES))
    assert (look.outage, look.problems, look.samples) == (None, (), {CLASSIC: ()})


def test_a_label_that_begins_with_two_underscores_stays_in_the_text() -> None:
    assert label_text({"le": "0.3", "__ends__": "0.32421", "method": "GET"}) == (
        '__ends__="0.32421",le="0.3",method="GET"'
    )
