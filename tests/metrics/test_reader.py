"""The reader against a server that speaks HTTP: every way in which Prometheus can be away is told, none is raised."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from gracefulservice.metrics import reader
from gracefulservice.metrics.credentials import NOTHING, Files
from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.ports import Owner
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.verdict import Cause

ANSWERS = Path(__file__).parent / "answers"
PODS = tuple(PodFacts(name, "b2", 0.0, 1.0, 0, 1.0) for name in ("shop-b2-a", "shop-c3-b"))
OWNER = Owner({"metadata": {"namespace": "shop", "name": "shop", "uid": "u", "resourceVersion": "1"}})
AT = 1795227807.971

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def plan(*, url: str | None = None, objectives: Mapping[str, Any] | None = None, **fields: Any) -> Plan:
    """A service with an error rate to keep."""
    container = {"name": "app", "image": "shop:1", "ports": [{"containerPort": 8080}]}
    spec = {
        "template": {"spec": {"containers": [container]}},
        "objectives": objectives or {"errorRate": {"max": "1%"}},
    }
    planned = build("shop", spec | fields | ({"metrics": {"prometheus": {"url": url}}} if url else {}))
    assert isinstance(planned, Plan)
    return planned


def answering(name: str, status: int = 200) -> Handler:
    """Always the same captured answer."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=(ANSWERS / f"{name}.json").read_bytes())

    return answer


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server at the address of a Prometheus."""
    application = web.Application()
    application.router.add_post("/api/v1/query", handler)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def ask(url: str | None, planned: Plan | None = None, within: float = 5.0, files: Files = NOTHING) -> Look:
    """One look through the reader."""
    async with session(within) as http:
        return await Prometheus(http, url, files).ask(OWNER, planned or plan(), PODS, AT, 0.0)


async def test_samples_are_read_over_http() -> None:
    """The question is posted as a form; the answer becomes a look at the instant that was asked for."""
    forms: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        forms.append(dict(await request.post()))
        return web.Response(body=(ANSWERS / "requests.json").read_bytes())

    async with serving(answer) as url:
        found = await ask(f"{url}/")
    assert (found.at, found.interval, found.pods, found.outage) == (AT, 1.0, PODS, None)
    assert len(found.samples["http_requests_total"]) == 12
    assert forms == [
        {
            "query": 'http_requests_total{namespace="shop",pod=~"shop-b2-a|shop-c3-b"}[180s]',
            "time": "1795227807.971",
            "timeout": "3s",
        }
    ]


async def test_each_selector_is_asked_once() -> None:
    """Two latency limits read the same buckets."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(str((await request.post())["query"]))
        return web.Response(body=(ANSWERS / "requests.json").read_bytes())

    objectives = {"errorRate": {"max": "1%"}, "latency": {"p90": "300ms", "p99": "1s"}}
    async with serving(answer) as url:
        await ask(url, plan(objectives=objectives))
    assert sorted(query.split("{")[0] for query in asked) == [
        "http_request_duration_seconds_bucket",
        "http_requests_total",
    ]


async def test_nothing_found_is_asked_about_a_second_time() -> None:
    """There are series, but none whose labels name our pods: that is a problem and not an absence."""

    async def answer(request: web.Request) -> web.Response:
        again = str((await request.post())["query"]).startswith("topk")
        return web.Response(body=(ANSWERS / ("without_labels.json" if again else "nothing.json")).read_bytes())

    async with serving(answer) as url:
        found = await ask(url)
    assert [problem.cause for problem in found.problems] == [Cause.LABEL_MISSING]
    assert (found.outage, found.samples) == (None, {})


async def test_without_pods_nothing_is_asked() -> None:
    """There is nobody to ask about."""
    async with session() as http:
        found = await Prometheus(http, "http://127.0.0.1:1").ask(OWNER, plan(), (), AT, 5.0)
    assert found == Look(at=AT, interval=5.0)


async def test_nobody_listens() -> None:
    """The address is named, so that one can see whether it is the right one."""
    url = f"http://127.0.0.1:{unused_port()}"
    found = await ask(url)
    assert found.outage is not None
    assert found.outage.startswith(f"Prometheus at {url} cannot be reached: ")
    assert (found.samples, found.pods) == ({}, PODS)


async def test_a_name_that_is_none() -> None:
    """The same for an address that does not exist."""
    found = await ask("http://prometheus.invalid:9090")
    assert "Prometheus at http://prometheus.invalid:9090 cannot be reached" in (found.outage or "")


async def test_nobody_answers() -> None:
    """A Prometheus that hangs is given up on."""
    ended = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await ended.wait()
        return web.Response()

    async with serving(hang) as url:
        found = await ask(url, within=0.05)
        ended.set()
    assert found.outage == f"Prometheus at {url} does not answer in time. It is asked again within 2 s."


async def test_the_connection_breaks_in_the_middle() -> None:
    """Half an answer is none."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"status":"success"')
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(break_off) as url:
        assert "cannot be reached" in ((await ask(url)).outage or "")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """What was posted to one address is never carried to another."""

    async def move(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/login"})

    async with serving(move) as url:
        assert f"answers {status}, but not as a Prometheus does" in ((await ask(url)).outage or "")


async def test_an_answer_that_is_too_large_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the sender does not say beforehand how large it is."""
    monkeypatch.setattr(reader, "LARGEST_ANSWER", 1 << 20)

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(32):
            await response.write(bytes(1 << 16))
        return response

    async with serving(flood) as url:
        assert "is larger than 1 MiB" in ((await ask(url)).outage or "")


async def test_one_outage_among_several_questions_is_an_outage() -> None:
    """Half of the counters would be worse than none."""

    async def answer(request: web.Request) -> web.Response:
        if "bucket" in str((await request.post())["query"]):
            return web.Response(status=503)
        return web.Response(body=(ANSWERS / "requests.json").read_bytes())

    objectives = {"errorRate": {"max": "1%"}, "latency": {"p99": "300ms"}}
    async with serving(answer) as url:
        found = await ask(url, plan(objectives=objectives))
    assert "answers 503" in (found.outage or "")
    assert found.samples == {}


async def test_no_prometheus_at_all_is_told() -> None:
    """With the field to set."""
    assert "set spec.metrics.prometheus.url" in ((await ask(None)).outage or "")


async def test_a_session_has_connections_of_its_own() -> None:
    """However slow a Prometheus is, it takes neither the API server's connections nor those of another Prometheus."""
    async with session() as http:
        assert isinstance(http.connector, aiohttp.TCPConnector)
        assert (http.connector.limit, http.connector.limit_per_host) == (0, reader.CONNECTIONS)
