"""The queries of guards over HTTP: one number, or a sentence that says why there is none."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gracefulservice.metrics import gauges
from gracefulservice.metrics.prometheus import Answer
from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.rollout.guards import posed
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.verdict import Cause, Problem

from .test_reader import ANSWERS, AT, OWNER, PODS, Handler, ask, plan, serving

LAG = {"name": "lag", "promql": 'max(lag{pod=~"$canary",namespace="$namespace"})', "max": 500}
GUARDED: dict[str, Any] = {"guards": [LAG]}
JUDGED: dict[str, Any] = {"errorRate": {"max": "1%"}, "guards": [LAG]}


def says(kind: str, result: Any, **more: Any) -> bytes:
    """An answer of Prometheus."""
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def element(value: str, **labels: str) -> dict[str, Any]:
    """One element of a vector."""
    return {"metric": labels, "value": [AT, value]}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ((ANSWERS / "scalar.json").read_bytes(), 1.0),
        (says("scalar", [AT, "12.5"]), 12.5),
        (says("vector", [element("1240")]), 1240.0),
        (says("vector", [element("-0.1", pod="a")]), -0.1),
        (says("vector", [element("1e+30")]), 1e30),
        (says("scalar", [AT, "0"], infos=["metric might not be a counter"]), 0.0),
    ],
)
def test_one_number(body: bytes, value: float) -> None:
    """A scalar, or a vector with one element, whatever its labels are."""
    assert gauges.read("lag", Answer(200, body)) == value


@pytest.mark.parametrize(
    ("status", "body", "cause", "sentence"),
    [
        (200, says("vector", []), Cause.SERIES_MISSING, "The query of the guard lag finds no series: correct it, or"),
        (
            200,
            says("vector", [element("1", pod="a"), element("2", pod="b")]),
            Cause.UNREADABLE,
            "The query of the guard lag gives 2 series where one is expected: put sum(…)",
        ),
        (
            200,
            says("vector", [{"metric": {}, "histogram": [AT, {"count": "3", "sum": "1", "buckets": []}]}]),
            Cause.UNREADABLE,
            "The query of the guard lag gives a native histogram where one number is expected: put histogram_quantile",
        ),
        (
            200,
            says("scalar", [AT, "NaN"]),
            Cause.UNREADABLE,
            "The query of the guard lag gives NaN, which no threshold",
        ),
        (200, says("vector", [element("+Inf")]), Cause.UNREADABLE, "The query of the guard lag gives +Inf, which"),
        (200, says("vector", [element("-Inf")]), Cause.UNREADABLE, "The query of the guard lag gives -Inf, which"),
        (
            200,
            says("string", [AT, "500"]),
            Cause.UNREADABLE,
            "The query of the guard lag gives a string where one number",
        ),
        (
            200,
            says("matrix", [{"metric": {}, "values": [[AT, "1"]]}]),
            Cause.UNREADABLE,
            "The query of the guard lag gives a matrix where one number is expected",
        ),
        (
            400,
            (ANSWERS / "bad_regex.json").read_bytes(),
            Cause.UNREADABLE,
            'Prometheus refuses the query of the guard lag: invalid parameter "query": 1:3: parse error: ',
        ),
        (422, b'{"status":"error","error":"many-to-many matching."}', Cause.UNREADABLE, "Prometheus refuses the query"),
        (
            500,
            b'{"status":"error","error":"x"}',
            Cause.OUTAGE,
            "The guard lag cannot be read: Prometheus answers 500: x.",
        ),
        (502, b"<html>", Cause.OUTAGE, "The guard lag cannot be read: The address of Prometheus answers 502, but not"),
        (
            200,
            says("vector", [element("1")], warnings=["one store is away"]),
            Cause.OUTAGE,
            "The guard lag cannot be read: Prometheus knows only a part of the answer: one store is away.",
        ),
        (
            200,
            says("scalar", "500"),
            Cause.OUTAGE,
            "The guard lag cannot be read: Prometheus answers with a scalar that",
        ),
        (
            200,
            says("vector", {"a": 1}),
            Cause.OUTAGE,
            "The guard lag cannot be read: Prometheus answers with series that",
        ),
        (
            200,
            b'{"status":"success"}',
            Cause.OUTAGE,
            "The guard lag cannot be read: Prometheus answers with nothing where",
        ),
    ],
)
def test_no_number(status: int, body: bytes, cause: Cause, sentence: str) -> None:
    """Each reason has its own sentence, with the guard's name in it."""
    found = gauges.read("lag", Answer(status, body))
    assert isinstance(found, Problem)
    assert (found.cause, found.objective) == (cause, "lag")
    assert found.sentence.startswith(sentence)
    assert found.sentence.endswith(".")


def test_what_prometheus_quotes_is_cut_off() -> None:
    """It would stand in the status, which has no room for it."""
    body = json.dumps({"status": "error", "error": "x" * 100_000}).encode()
    found = gauges.read("lag", Answer(400, body))
    assert isinstance(found, Problem)
    assert len(found.sentence) < 500


def asking(objectives: dict[str, Any]) -> Plan:
    """The plan with these objectives, its guards in words that a Prometheus understands."""
    wish = plan(objectives=objectives)
    return replace(wish, guards=posed(wish.guards, PODS, "b2", "c3", "shop"))


def prometheus(asked: list[str], gauge: bytes, status: int = 200) -> Handler:
    """One that counts requests, and answers the query of the guard with `gauge`."""

    async def answer(request: web.Request) -> web.Response:
        query = str((await request.post())["query"])
        asked.append(query)
        if query.startswith("max("):
            return web.Response(status=status, body=gauge)
        return web.Response(body=(ANSWERS / "requests.json").read_bytes())

    return answer


@pytest.mark.parametrize("objectives", [GUARDED, JUDGED])
async def test_a_guard_is_asked_at_the_same_instant_as_the_counters(objectives: dict[str, Any]) -> None:
    """With the names of the pods of the revision, and beside the counters, where there are any."""
    asked: list[str] = []
    times: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        times.append(str((await request.post())["time"]))
        return await prometheus(asked, says("vector", [element("7")]))(request)

    async with serving(answer) as url:
        found = await ask(url, asking(objectives))
    assert (found.gauges, found.outage, found.problems) == ({"lag": 7.0}, None, ())
    assert 'max(lag{pod=~"(shop-b2-a|shop-c3-b)",namespace="shop"})' in asked
    assert len(asked) == len(objectives)
    assert set(times) == {f"{AT:.3f}"}
    assert bool(found.samples) is (objectives is JUDGED)


@pytest.mark.parametrize("status", [400, 422, 429, 500, 503])
async def test_a_query_that_fails_keeps_no_counter_from_being_judged(status: int) -> None:
    """It is the user's own query: neither the look fails by it, nor is Prometheus left alone."""
    body = b'{"status":"error","error":"query timed out in expression evaluation"}'
    async with serving(prometheus([], body, status)) as url:
        found = await ask(url, asking(JUDGED))
    assert found.outage is None
    assert len(found.samples["http_requests_total"]) == 12
    assert isinstance(found.gauges["lag"], Problem)


async def test_a_query_that_hangs_keeps_no_counter_from_being_judged() -> None:
    """It costs one time-out at most."""
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if str((await request.post())["query"]).startswith("max("):
            await ended.wait()
        return web.Response(body=(ANSWERS / "requests.json").read_bytes())

    async with serving(answer) as url:
        found = await ask(url, asking(JUDGED), within=0.5)
        ended.set()
    assert (found.outage, len(found.samples["http_requests_total"])) == (None, 12)
    gauge = found.gauges["lag"]
    assert isinstance(gauge, Problem)
    assert gauge.sentence == f"The guard lag cannot be read: Prometheus at {url} does not answer in time."


@pytest.mark.parametrize("own", [True, False])
async def test_the_operators_prometheus_may_be_kept_from_guards(own: bool) -> None:
    """The counters are judged all the same, and one that the service names answers its guards."""
    asked: list[str] = []
    async with serving(prometheus(asked, says("vector", [element("7")]))) as url, session() as http:
        wish = asking(JUDGED) if own else replace(asking(JUDGED), prometheus=url)
        reader = Prometheus(http, url, guards=False)
        found = await reader.ask(OWNER, wish, PODS, AT, 0.0)
    assert len(found.samples["http_requests_total"]) == 12
    assert any(query.startswith("max(") for query in asked) is not own
    gauge = found.gauges["lag"]
    assert gauge == 7.0 or (own and isinstance(gauge, Problem) and "prometheus.guards is false" in gauge.sentence)


async def test_without_a_prometheus_guards_say_so() -> None:
    """With guards alone as well."""
    found = await ask(None, asking(GUARDED))
    assert "There are objectives but no Prometheus" in (found.outage or "")
    assert found.gauges == {}
