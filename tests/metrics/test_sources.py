"""One contract for every source: the same counters give the same look, so the judge need not know who was asked."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from gracefulservice.metrics import pods as source
from gracefulservice.metrics import reader
from gracefulservice.metrics.pods import reading
from gracefulservice.metrics.sources import Sources
from gracefulservice.rollout.reading import Look
from tests.metrics.script import NOON, OWNER, Clock, Script, acting, plan, prometheus, scraped

TIMES = [NOON + 2 * turn for turn in range(8)]
GOOD, BAD = 'http_requests_total{code="200"}', 'http_requests_total{code="500",path="/a\\"b"}'
FAST, ALL = (f'http_request_duration_seconds_bucket{{le="{edge}"}}' for edge in ("0.3", "+Inf"))
ORDERS, LOST = 'orders_total{result="ok"}', 'orders_total{result="lost"}'


def steady(name: str) -> Script:
    """A pod that answers ten requests between two scrapes."""
    return Script(name, [(at, {GOOD: 10 * turn, FAST: 9 * turn, ALL: 10 * turn}) for turn, at in enumerate(TIMES)])


STORIES: dict[str, list[Script]] = {
    "two pods that answer": [steady("shop-b2-a"), steady("shop-b2-b")],
    "a series that is born with its first error": [
        Script("shop-b2-a", [(TIMES[0], {GOOD: 5}), (TIMES[3], {GOOD: 7, BAD: 1}), (TIMES[6], {GOOD: 8, BAD: 4})])
    ],
    "a container that begins anew": [
        Script("shop-b2-a", [(TIMES[0], {GOOD: 500, BAD: 9}), (TIMES[4], None), (TIMES[5], {GOOD: 3})])
    ],
    "a pod that goes": [steady("shop-b2-a"), Script("shop-b2-b", [(TIMES[0], {GOOD: 5}), (TIMES[2], None)])],
    "a pod that comes": [steady("shop-b2-a"), Script("shop-c3-a", [(TIMES[4], {GOOD: 0}), (TIMES[5], {GOOD: 6})])],
    "a value that is no number": [Script("shop-b2-a", [(TIMES[0], {GOOD: 5}), (TIMES[5], {GOOD: float("nan")})])],
    "nothing that was asked for": [Script("shop-b2-a", [(TIMES[0], {"up": 1})])],
    "orders": [Script("shop-b2-a", [(at, {GOOD: turn, ORDERS: turn, LOST: turn}) for turn, at in enumerate(TIMES)])],
}
OBJECTIVES: dict[str, Any] = {
    "errorRate": {"max": "1%"},
    "latency": {"p99": "300ms"},
    "custom": [{"name": "orders", "bad": 'orders_total{result=~"lost|late"}', "total": "orders_total", "max": "1%"}],
}


async def looked(scripts: list[Script], kind: str, at: float, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What the source `kind` answers about the instant `at` after all scrapes."""
    monkeypatch.setattr(source, "PERIOD", 3600.0)
    monkeypatch.setattr(source, "TIMEOUT", 60.0)
    clock = Clock(TIMES[0])
    async with AsyncExitStack() as stack:
        facts = tuple([await stack.enter_async_context(acting(script, clock)) for script in scripts])
        url = await stack.enter_async_context(prometheus(scripts, TIMES))
        asked = await stack.enter_async_context(reader.session(60.0))
        read = await stack.enter_async_context(reading(clock))
        sources = Sources(reader.Prometheus(asked, url if kind == "app" else "http://127.0.0.1:1"), read)
        planned = plan(kind, OBJECTIVES)
        for clock.at in TIMES:
            await sources.ask(OWNER, planned, facts, clock.at, 2.0)
            await scraped(read)
        assert bool(read._watches) is (kind == "pods"), "only its own source is asked"
        return await sources.ask(OWNER, planned, facts, at, 2.0)


def plain(look: Look) -> tuple[Any, ...]:
    """All that the judge reads, in an order."""
    samples = {selector: sorted(found, key=str) for selector, found in look.samples.items()}
    return look.at, look.interval, [pod.name for pod in look.pods], look.outage, look.problems, samples


@pytest.mark.parametrize("at", [TIMES[-1], TIMES[-1] - 0.5])
@pytest.mark.parametrize("story", STORIES)
async def test_the_same_counters_give_the_same_look(story: str, at: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raw samples with their own times, per pod and series, with the same names and the same refusals."""
    scripts = STORIES[story]
    by_pods = await looked(scripts, "pods", at, monkeypatch)
    assert plain(by_pods) == plain(await looked(scripts, "app", at, monkeypatch))
    assert any(by_pods.samples.values()) is (story not in ("a value that is no number", "nothing that was asked for"))
