"""What a gateway counts of a route: the question, the answer, and where nobody is asked."""

import json
from typing import Any

import pytest
from aiohttp import web

from gracefulservice.metrics import gateway
from gracefulservice.metrics.prometheus import Answer, Outage
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.uncounted import Totals
from tests.metrics.test_reader import ANSWERS, AT, ask, plan, serving

ORDERS = {"name": "orders", "total": "orders_total", "bad": "bad_orders_total", "max": "1%"}


def answer(*rows: tuple[str, str], kind: str = "vector") -> Answer:
    """(cluster, value) per series of one proxy."""
    labels = [{"envoy_cluster_name": cluster, "instance": "a"} for cluster, _ in rows]
    result = [{"metric": one, "value": [AT, value]} for one, (_, value) in zip(labels, rows, strict=True)]
    return Answer(200, json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode())


def test_the_rules_of_a_route_are_told_apart() -> None:
    """Several clusters of one rule belong together; what is no number is left out."""
    found = gateway.read(
        answer(
            ("httproute/shop/web/rule/0", "12"),
            ("httproute/shop/web/rule/2/backend/0", "3"),
            ("httproute/shop/web/rule/2/backend/1", "4"),
            ("httproute/shop/web/rule/3", "-2"),
            ("httproute/shop/web/rule/4", "NaN"),
            ("something/else", "9"),
        )
    )
    assert found == {(0, "a"): 12.0, (2, "a"): 7.0, (3, "a"): -2.0}


def test_no_failure_is_no_series() -> None:
    assert gateway.read(answer()) == {}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "error", "error": "no"}', b"<html>"])
def test_what_is_no_answer_is_an_outage(body: bytes) -> None:
    with pytest.raises(Outage):
        gateway.read(Answer(200, body))


def weighted(**fields: Any) -> Any:
    """A plan with a route whose name has a dot in it."""
    return plan(traffic={"routes": [{"name": "web", "gatewayAPI": {"name": "web.v1"}}]}, **fields)


async def asked(planned: Any, totals: Answer) -> tuple[Look, list[dict[str, str]]]:
    """The look, and the questions about a gateway."""
    forms: list[dict[str, str]] = []

    async def respond(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if "envoy_cluster_name" not in form["query"]:
            return web.Response(body=(ANSWERS / "requests.json").read_bytes())
        forms.append(form)
        return web.Response(status=totals.status, body=totals.body)

    async with serving(respond) as url:
        return await ask(url, planned), forms


async def test_a_gateway_is_asked_about_an_earlier_time_than_the_pods() -> None:
    """Two intervals, so that what pods answered there is scraped."""
    found, forms = await asked(weighted(), answer(("httproute/shop/web.v1/rule/0", "5")))
    assert found.gateway == Totals(AT - 30, {(0, "a"): 5.0})
    (form,) = forms
    assert float(form["time"]) == pytest.approx(AT - 30)
    assert form["query"].count("httproute/shop/web[.]v1/rule/") == 5


@pytest.mark.parametrize("totals", [Answer(500, b""), Answer(422, b'{"status": "error", "error": "no"}')])
async def test_a_question_that_fails_keeps_no_pod_from_being_counted(totals: Answer) -> None:
    found, _ = await asked(weighted(), totals)
    assert (found.gateway, found.outage, found.problems) == (None, None, ())
    assert found.samples["http_requests_total"]


@pytest.mark.parametrize("objectives", [{"latency": {"p99": "300ms"}}, {"custom": [ORDERS]}])
async def test_where_pods_count_no_errors_nobody_asks(objectives: Any) -> None:
    """There would be nothing to compare with, and every failure would pass for one that no pod counted."""
    found, forms = await asked(weighted(objectives=objectives), answer())
    assert (found.gateway, forms) == (None, [])


async def test_without_a_route_nobody_asks() -> None:
    found, forms = await asked(plan(), answer())
    assert (found.gateway, forms) == (None, [])
