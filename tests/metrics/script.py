"""Pods whose counters follow a script, seen both ways: read by the operator itself, or through a Prometheus."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from gracefulservice.metrics import exposition
from gracefulservice.metrics.pods import Pods
from gracefulservice.ports import Owner
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.samples import PodFacts

OWNER = Owner({"metadata": {"namespace": "shop", "name": "shop", "uid": "u", "resourceVersion": "1"}})
NOON = 1_700_000_000.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Values = Mapping[str, float]
"""Head → value, as on a page."""


@dataclass
class Clock:
    """The time, as the test says."""

    at: float = NOON

    def now(self) -> float:
        """Unix seconds."""
        return self.at


@dataclass
class Script:
    """What the pod `name` shows at each time; before the first and where it says None, it does not answer."""

    name: str
    pages: Sequence[tuple[float, Values | None]]

    def shown(self, at: float) -> Values | None:
        """The page at the unix second `at`."""
        return next((found for since, found in reversed(self.pages) if since <= at), None)


def plan(source_of: str = "pods", objectives: Mapping[str, Any] | None = None, **metrics: Any) -> Plan:
    """A service with an error rate to keep, unless other objectives are given."""
    container = {"name": "app", "image": "shop:1", "ports": [{"containerPort": 8080}]}
    planned = build(
        "shop",
        {
            "template": {"spec": {"containers": [container]}},
            "objectives": objectives or {"errorRate": {"max": "1%"}},
            "metrics": {"source": source_of, **metrics},
        },
    )
    assert isinstance(planned, Plan), planned
    return planned


def pod(name: str = "shop-b2-a", address: str = "127.0.0.1", port: int | None = None) -> PodFacts:
    """A pod of long ago."""
    return PodFacts(name, "b2", NOON - 900, NOON - 890, 0, NOON - 895, address=address, port=port)


def says(text: str, **fields: object) -> Handler:
    """Always the same page."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=text, **fields)  # type: ignore[arg-type]

    return show


@asynccontextmanager
async def showing(handler: Handler, path: str = "/metrics", name: str = "shop-b2-a") -> AsyncIterator[PodFacts]:
    """One pod that answers with `handler`."""
    application = web.Application()
    application.router.add_get(path, handler)
    async with TestServer(application) as server:
        yield pod(name, port=server.port)


@asynccontextmanager
async def acting(script: Script, clock: Clock) -> AsyncIterator[PodFacts]:
    """A pod that follows a script."""

    async def show(request: web.Request) -> web.StreamResponse:
        found = script.shown(clock.at)
        if found is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(text=page(found))

    async with showing(show, name=script.name) as facts:
        yield facts


def page(found: Values) -> str:
    """The text that a pod shows."""
    return "".join(f"{head} {value}\n" for head, value in found.items())


async def scraped(pods: Pods) -> None:
    """One more scrape of every pod that is watched, now."""
    for watch in pods._watches.values():
        for target in watch.targets.values():
            await pods._scrape(target, watch.metrics)


@asynccontextmanager
async def prometheus(scripts: Sequence[Script], times: Sequence[float]) -> AsyncIterator[str]:
    """A Prometheus that has scraped these pods at these times."""

    async def answer(request: web.Request) -> web.Response:
        asked = await request.post()
        query, until = str(asked["query"]), float(str(asked["time"]))
        kind = "vector" if query.startswith("topk") else "matrix"
        result = [] if kind == "vector" else list(rows(query, until))
        return web.Response(
            body=json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()
        )

    def rows(query: str, until: float) -> Iterator[dict[str, Any]]:
        metric, results = query.partition("{")[0], re.search('result=~"([^"]*)"', query)
        for script in scripts:
            for head in dict.fromkeys(head for _, found in script.pages for head in found or ()):
                shown = ((at, script.shown(at) or {}) for at in times if at <= until)
                values = [[at, str(found[head])] for at, found in shown if head in found]
                labels = {**exposition.labels(head), "namespace": "shop", "pod": script.name}
                meant = results is None or labels.get("result") in results[1].split("|")
                if head.partition("{")[0] == metric and meant and values:
                    yield {"metric": {"__name__": metric, **labels}, "values": values}

    application = web.Application()
    application.router.add_post("/api/v1/query", answer)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")
