"""Prometheus servers that hang or have no time, over HTTP: no service suffers by another one's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gracefulservice.metrics import pace
from gracefulservice.metrics.credentials import NOTHING
from gracefulservice.metrics.pace import Pace
from gracefulservice.metrics.reader import CONNECTIONS, Prometheus, session
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.sizes import Measured
from gracefulservice.work_queue import Priority, WorkQueue
from tests.metrics.authority import ANSWER
from tests.metrics.test_pace import Time
from tests.metrics.test_reader import AT, OWNER, PODS, plan, serving


@dataclass
class Hanging:
    """A Prometheus that answers nobody until it is told to."""

    asked: int = 0
    crowded: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, _request: web.Request) -> web.Response:
        """Hold the question."""
        self.asked += 1
        if self.asked == CONNECTIONS:
            self.crowded.set()
        await self.answer.wait()
        return web.Response(body=ANSWER)


async def counted(request: web.Request) -> web.Response:
    """A Prometheus that answers at once."""
    return web.Response(body=ANSWER)


@asynccontextmanager
async def two(places: int) -> AsyncIterator[tuple[Hanging, str, str, Prometheus]]:
    """One that hangs, one that answers, and a reader with so many places for each."""
    hanging = Hanging()
    async with serving(hanging.hold) as slow, serving(counted) as fast, session(60.0) as http:
        try:
            yield hanging, slow, fast, Prometheus(http, fast, NOTHING, Pace(places))
        finally:
            hanging.answer.set()


async def test_a_hanging_prometheus_leaves_workers_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty services wait for it in a queue of four workers; the one behind them is looked at while it hangs."""
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    looks: dict[str, Look] = {}
    other = asyncio.Event()
    async with two(places=2) as (hanging, slow, _, reader):
        planned = {"slow": plan(url=slow), "fast": plan()}

        async def one_look(key: str) -> None:
            looks[key] = await reader.ask(OWNER, planned[key.split(maxsplit=1)[0]], PODS, AT, 0.0)
            if key.startswith("fast"):
                assert not hanging.answer.is_set()
                other.set()

        queue: WorkQueue[str] = WorkQueue(clock=asyncio.get_running_loop().time, workers=4)
        for key in (*(f"slow {number}" for number in range(40)), "fast 1"):
            queue.wake(key, priority=Priority.ROUTINE)
        running = asyncio.create_task(queue.run(one_look))
        async with asyncio.timeout(30):
            await other.wait()
        assert hanging.asked <= 2
        assert looks["fast 1"].outage is None
        told = {found.outage for key, found in looks.items() if key.startswith("slow")}
        assert told == {
            f"Prometheus at {slow} is slow: 2 looks wait for its answers already, and this one does not wait with them."
        }
        hanging.answer.set()
        queue.close()
        await running


async def test_a_hanging_prometheus_leaves_connections_to_the_others() -> None:
    """Far more questions than one session has connections for one address."""
    async with two(places=100) as (hanging, slow, _, reader):
        asked = [asyncio.create_task(reader.ask(OWNER, plan(url=slow), PODS, AT, 0.0)) for _ in range(50)]
        async with asyncio.timeout(30):
            await hanging.crowded.wait()
            found = await reader.ask(OWNER, plan(), PODS, AT, 0.0)
        assert (found.outage, hanging.asked, any(one.done() for one in asked)) == (None, CONNECTIONS, False)
        hanging.answer.set()
        await asyncio.gather(*asked)


def says(status: int, retry_after: str = "", body: bytes = b"") -> web.Response:
    """An answer of Prometheus, or of what stands before it."""
    return web.Response(status=status, body=body, headers={"Retry-After": retry_after} if retry_after else {})


TIMED_OUT = b'{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}'


@pytest.mark.parametrize(
    ("status", "retry_after", "body", "said"),
    [
        (429, "20", b"", "answers 429 and asks for 20 s of rest: it has no time. It is asked again within 25 s."),
        (429, "", b"", "answers 429: it has no time. It is asked again within 2 s."),
        (503, "90", b"", "answers 503 and asks for 90 s of rest: it has no time. It is asked again within 75 s."),
        (503, "soon", b"<html>", "answers 503: it has no time. It is asked again within 2 s."),
        (503, "", TIMED_OUT, "answers 503: query timed out in expression evaluation. It is asked again within 2 s."),
    ],
)
async def test_a_prometheus_without_time_is_left_alone(status: int, retry_after: str, body: bytes, said: str) -> None:
    """Whatever asks: neither looks nor sizes bother it again until its rest is over; then both do."""
    asked, time = 0, Time()

    async def answer(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return says(status, retry_after, body) if asked == 1 else web.Response(body=ANSWER)

    async with serving(answer) as url, session() as http:
        reader = Prometheus(http, url, NOTHING, Pace(4, now=time.now))
        for _ in range(3):
            found = await reader.ask(OWNER, plan(), PODS, AT, 0.0)
            assert (found.outage, found.samples) == (f"Prometheus at {url} {said}", {})
            assert await reader.sizes(OWNER, plan(), PODS, (), AT) == Measured()
        assert asked == 1
        time.at += 75
        assert (await reader.ask(OWNER, plan(), PODS, AT, 0.0)).outage is None
        together = await asyncio.gather(*(reader.ask(OWNER, plan(), PODS, AT, 0.0) for _ in range(3)))
        assert [found.outage for found in together] == [None] * 3


async def test_an_address_that_hung_and_is_gone_is_no_longer_one_that_hangs() -> None:
    """Whatever comes back, and be it that nobody listens, ends the time of single tries."""
    hanging, time = Hanging(), Time()
    async with session(0.05) as http:
        async with serving(hanging.hold) as url:
            reader = Prometheus(http, url, NOTHING, Pace(4, now=time.now))
            assert "does not answer in time" in ((await reader.ask(OWNER, plan(), PODS, AT, 0.0)).outage or "")
            hanging.answer.set()
        time.at += 2
        assert "cannot be reached" in ((await reader.ask(OWNER, plan(), PODS, AT, 0.0)).outage or "")
        together = await asyncio.gather(*(reader.ask(OWNER, plan(), PODS, AT, 0.0) for _ in range(3)))
    assert ["cannot be reached" in (found.outage or "") for found in together] == [True] * 3


async def test_sizes_that_meet_no_time_let_it_rest_too() -> None:
    """They are not worth an outage of their own, but they are worth a rest."""
    asked, time = 0, Time()

    async def answer(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return says(429)

    async with serving(answer) as url, session() as http:
        reader = Prometheus(http, url, NOTHING, Pace(4, now=time.now))
        assert await reader.sizes(OWNER, plan(), PODS, (), AT) == Measured()
        assert "It is asked again within 2 s." in ((await reader.ask(OWNER, plan(), PODS, AT, 0.0)).outage or "")
    assert asked == 1


async def test_what_a_spec_names_does_not_slow_the_operators_own_down() -> None:
    """Even where both are the same: whoever writes a spec cannot make all other services wait."""
    refuse = True

    async def answer(_request: web.Request) -> web.Response:
        return says(429, "60") if refuse else web.Response(body=ANSWER)

    async with serving(answer) as url, session() as http:
        reader = Prometheus(http, url, NOTHING, Pace(4))
        assert "answers 429" in ((await reader.ask(OWNER, plan(url=url), PODS, AT, 0.0)).outage or "")
        refuse = False
        assert (await reader.ask(OWNER, plan(), PODS, AT, 0.0)).outage is None
        assert "answers 429" in ((await reader.ask(OWNER, plan(url=url), PODS, AT, 0.0)).outage or "")
