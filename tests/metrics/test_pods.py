"""Pods that are read by the operator itself, over HTTP: slow, huge, broken, gone; and nothing while nobody asks."""

import asyncio
import gzip
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gracefulservice.metrics import pods as source
from gracefulservice.metrics.pods import Pods, reading
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Measured
from gracefulservice.rollout.verdict import Cause
from tests.metrics.script import NOON, OWNER, Clock, Handler, page, plan, pod, says, scraped, showing

COUNTER = "http_requests_total"
GOOD = f'{COUNTER}{{code="200"}}'


async def ask(pods: Pods, *facts: PodFacts, at: float = NOON) -> Look:
    """One question about these pods."""
    return await pods.ask(OWNER, plan(), facts, at, 0.0)


def values(look: Look) -> list[tuple[str, float, float]]:
    """Pod, time and value of every sample of the counter."""
    return [(one.pod, one.at, one.value) for one in look.samples[COUNTER]]


async def test_a_pod_is_read_at_its_own_port_and_path(pods: Pods) -> None:
    """Those in the spec win over the first port that serves."""
    asked: list[tuple[str, str]] = []

    async def show(request: web.Request) -> web.Response:
        asked.append((request.path_qs, request.headers["Accept-Encoding"]))
        return web.Response(text=page({GOOD: 4, "other_total": 1}))

    async with showing(show, "/stats/prometheus") as facts:
        planned = plan(pods={"path": "/stats/prometheus?filter=http", "port": facts.port})
        look = await pods.ask(OWNER, planned, (replace(facts, port=1),), NOON, 0.0)
    assert asked == [("/stats/prometheus?filter=http", "identity")]
    assert (look.outage, look.problems, look.interval, values(look)) == (None, (), 2.0, [("shop-b2-a", NOON, 4.0)])


async def test_labels_that_say_whose_a_series_is_are_the_operators(pods: Pods) -> None:
    """A pod that uses such a name itself cannot pass for another, and two series of its own stay two."""
    lies = {f'{COUNTER}{{pod="shop-c3-b",code="{code}",job="{job}"}}': 1 for code in (200, 500) for job in "ab"}
    async with showing(says(page(lies))) as facts:
        found = (await ask(pods, facts)).samples[COUNTER]
    assert {one.pod for one in found} == {"shop-b2-a"}
    assert next(one.series for one in found) == 'code="200",exported_job="a",exported_pod="shop-c3-b"'
    assert len({one.series for one in found}) == 4


class Counting:
    """A pod that counts how often it was read."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.read, self.enough, self.wanted = clock, 0, asyncio.Event(), 0

    async def show(self, _request: web.Request) -> web.Response:
        """Each time one more, a second later."""
        self.clock.at += 1
        self.read += 1
        if self.read >= self.wanted:
            self.enough.set()
        return web.Response(text=page({GOOD: self.read}))

    async def again(self, times: int) -> None:
        """Wait until it was read so many times more."""
        self.enough.clear()
        self.wanted = self.read + times
        await self.enough.wait()


async def test_every_second_while_somebody_asks_and_then_no_more(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody needs is not read."""
    monkeypatch.setattr(source, "PERIOD", 0.01)
    counting = Counting(clock)
    async with showing(counting.show) as facts, reading(clock) as pods:
        await ask(pods, facts)
        await counting.again(3)
        (watch,) = pods._watches.values()
        assert watch.task is not None
        watch.asked -= source.IDLE
        await watch.task
        assert pods._watches == {}
        before = counting.read
        look = await ask(pods, facts, at=clock.at + 9)
        assert counting.read > before
        assert {one[0] for one in values(look)} == {"shop-b2-a"}
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("scrape")]


async def test_a_slow_pod_keeps_nobody_waiting(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read on while one has not answered yet, and it is not asked a second time meanwhile."""
    monkeypatch.setattr(source, "PERIOD", 0.01)
    monkeypatch.setattr(source, "TIMEOUT", 60.0)
    counting, hung, released = Counting(clock), asyncio.Event(), asyncio.Event()
    requests = 0

    async def hang(_request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        hung.set()
        await released.wait()
        return web.Response()

    async with (
        showing(counting.show) as quick,
        showing(hang, name="shop-b2-b") as slow,
        reading(clock) as pods,
    ):
        await ask(pods, quick)
        await ask(pods, quick, slow)
        await hung.wait()
        await counting.again(3)
        look = await ask(pods, quick, slow, at=clock.at)
        assert (look.outage, look.problems, {one[0] for one in values(look)}) == (None, (), {"shop-b2-a"})
        assert requests == 1
        released.set()


async def test_a_pod_that_does_not_answer_is_given_up_on(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look never waits for long."""
    monkeypatch.setattr(source, "TIMEOUT", 0.05)
    released = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with showing(hang) as facts, reading(clock) as pods:
        assert "it does not answer in time" in ((await ask(pods, facts)).outage or "")
        released.set()


async def flood(request: web.Request) -> web.StreamResponse:
    """More than anybody should hold, without saying so beforehand."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(200):
        await response.write(b"# " + b"x" * 65000 + b"\n")
    return response


async def bomb(_request: web.Request) -> web.Response:
    """Small on the wire, large here."""
    return web.Response(body=gzip.compress(bytes(1 << 20)), headers={"Content-Encoding": "gzip"})


async def breaking(request: web.Request) -> web.StreamResponse:
    """Half an answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(page({GOOD: 1}).encode())
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (flood, "its answer is larger than 5 MiB"),
        (bomb, "it compresses its answer"),
        (breaking, "it cannot be reached ("),
        (says("no", status=404), "it answers 404"),
        (says("", status=302, headers={"Location": "http://127.0.0.1:1/"}), "it answers 302"),
        (says(page({GOOD: 1}), content_type="application/openmetrics-text"), "it answers in the format of OpenMetrics"),
    ],
    ids=["huge", "compressed", "broken off", "nothing there", "moved", "another format"],
)
async def test_where_no_pod_can_be_read_it_is_an_outage(pods: Pods, handler: Handler, why: str) -> None:
    """With pod, address and reason."""
    async with showing(handler) as facts:
        look = await ask(pods, facts)
        url = f"http://127.0.0.1:{facts.port}/metrics"
    sentence = f"No pod of shop/shop can be read, the first of them being pod shop-b2-a at {url}: {why}"
    assert (look.outage or "").startswith(sentence)
    assert look.samples == {}


async def test_nobody_listens_and_nobody_has_an_address(pods: Pods) -> None:
    """Both are outages as well."""
    look = await ask(pods, pod(port=unused_port()))
    assert "it cannot be reached" in (look.outage or "")
    assert (await ask(pods, pod(address="", port=8080))).outage == "No pod of shop/shop has an address to be read at."
    assert (await ask(pods)).outage is None


async def test_without_anything_to_read_nothing_is_remembered(pods: Pods) -> None:
    """No watch would ever end."""
    await ask(pods, pod(address="", port=8080))
    await ask(pods)
    assert pods._watches == {}


async def test_one_pod_that_cannot_be_read_is_no_outage(pods: Pods, clock: Clock) -> None:
    """Its series just end; when the last one cannot be read either, that is told, a few seconds later."""
    async with showing(says(page({GOOD: 7}))) as facts:
        gone = replace(pod(port=unused_port()), name="shop-b2-b")
        look = await ask(pods, facts, gone)
        assert (look.outage, look.problems, values(look)) == (None, (), [("shop-b2-a", NOON, 7.0)])
    clock.at += 3
    await scraped(pods)
    look = await ask(pods, facts, gone, at=NOON + 3)
    assert (look.outage, values(look)) == (None, [("shop-b2-a", NOON, 7.0)])
    clock.at += 4
    assert "can be read" in ((await ask(pods, facts, gone, at=NOON + 6)).outage or "")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"{COUNTER} many\n", "has no value"),
        (f'{COUNTER}{{code="200}} 1\n', "cannot be read"),
        ("".join(f'{COUNTER}{{user="{number}"}} 1\n' for number in range(2001)), "more than 2,000 series"),
    ],
)
async def test_garbage_is_told_with_pod_and_line(pods: Pods, clock: Clock, text: str, part: str) -> None:
    """Nobody's requests are guessed at, though other pods can be read; and when it is over, it is over."""
    texts = [text, page({GOOD: 1})]

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=texts.pop(0))

    async with showing(says(page({GOOD: 7}))) as good, showing(show, name="shop-c3-b") as bad:
        look = await ask(pods, good, bad)
        (problem,) = look.problems
        assert problem.cause is Cause.UNREADABLE
        assert problem.sentence.startswith(f"The metrics of pod shop-c3-b at http://127.0.0.1:{bad.port}/metrics: it")
        assert part in problem.sentence
        clock.at += 1
        await scraped(pods)
        assert (await ask(pods, good, bad, at=clock.at)).problems == ()


async def test_a_value_too_long_for_an_expression_is_told(pods: Pods) -> None:
    """It is neither tried, which others would wait for, nor passed over, which nobody would notice."""
    selector = f'{COUNTER}{{path=~"/a.*"}}'
    planned = plan(custom={"total": selector, "bad": "failed_total", "buckets": selector})
    async with showing(says(page({f'{COUNTER}{{path="/a{"x" * 255}"}}': 7}))) as facts:
        look = await pods.ask(OWNER, planned, (facts,), NOON, 0.0)
        assert [problem.cause for problem in look.problems] == [Cause.UNREADABLE]
        assert "on the label path, which has a value of 257 characters where 256" in look.problems[0].sentence
        assert await pods.sizes(OWNER, planned, (facts,), (), NOON) == Measured()


async def test_what_is_asked_about_before_the_first_scrape_is_not_known(pods: Pods, clock: Clock) -> None:
    """Then there is a reason to wait, and none to believe that there are no such metrics."""
    async with showing(says(page({GOOD: 7}))) as facts:
        look = await ask(pods, facts, at=NOON - 1)
        assert [problem.cause for problem in look.problems] == [Cause.STALE]
        assert "only just begun" in look.problems[0].sentence
        assert (await ask(pods, facts, at=NOON)).problems == ()


async def test_a_pod_that_gets_another_address_is_read_there(pods: Pods, clock: Clock) -> None:
    """And one that is not asked about any more is not read any more."""
    async with showing(says(page({GOOD: 1}))) as first, showing(says(page({GOOD: 2}))) as second:
        await ask(pods, first)
        clock.at += 1
        await ask(pods, second)
        await scraped(pods)
        assert values(await ask(pods, second, at=clock.at)) == [("shop-b2-a", NOON + 1, 2.0)]
        await ask(pods, replace(second, name="other"))
        (watch,) = pods._watches.values()
        assert list(watch.targets) == ["other"]


async def test_slow_scrapes_make_the_interval_longer(pods: Pods, clock: Clock) -> None:
    """The tick follows what the pods can bear."""
    async with showing(says(page({GOOD: 1}))) as facts:
        await ask(pods, facts)
        for _ in range(4):
            clock.at += 4
            await scraped(pods)
        assert (await ask(pods, facts, at=clock.at)).interval == 4.0
