"""The pods themselves as a metrics source: the operator reads their pages every second while a rollout needs them.

    ask ─► a watch per service: every second one scrape of each pod ─► a ring of half a minute per pod
     └──────────────────────── answers from the rings: raw samples with their own times ◄───┘

Nobody asks for a minute: the watch ends, and nothing is read any more. What a pod shows is bounded in size, number of
series and time. A pod that cannot be read is not an error: its series just end; that none can be is an outage.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp

from gracefulservice.metrics import bodies, exposition, prometheus
from gracefulservice.metrics.scraped import Target, p99, problems, series, silence, url_of
from gracefulservice.ports import Clock, Key, Owner
from gracefulservice.rollout.matching import matching
from gracefulservice.rollout.objective import selectors
from gracefulservice.rollout.plan import Page, Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.rhythm import BY_PODS
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Gone, Measured

PERIOD = 1.0
"""Seconds between two scrapes of a pod."""
TIMEOUT = 3.0
CONNECTIONS = 32
LARGEST_PAGE = 5 * 2**20
"""Bytes."""
IDLE = 60.0
"""Seconds: longer than any pause between two questions of a rollout."""
HEADERS = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": "identity"}
"""The plain format, not compressed: nothing that is small on the wire can be large here."""


class _UnusableError(Exception):
    """There is no page to read. The message is the end of a sentence."""


@dataclass
class _Scraped(Target):
    """One pod that is read, and the scrape of it that is under way."""

    task: asyncio.Task[None] | None = None
    tried: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class _Watch:
    """The pods of one service, read until nobody has asked for a while (`asked`: the loop's own clock)."""

    metrics: frozenset[str] = frozenset()
    asked: float = 0.0
    targets: dict[str, _Scraped] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


@asynccontextmanager
async def reading(clock: Clock) -> AsyncIterator["Pods"]:
    """The source, with connections of its own; every watch ends with the block."""
    # A connection that stays open would be one that a pod waits for when it ends.
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        headers=HEADERS,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        pods = Pods(session, clock)
        try:
            yield pods
        finally:
            await pods.close()


class Pods:
    """The port `Metrics`, for services whose pods are read by the operator itself."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._session, self._clock = session, clock
        self._watches: dict[Key, _Watch] = {}

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """Everything `plan` is judged by, until the instant `at` (unix seconds)."""
        wanted = selectors(plan.objectives) if pods else ()
        watch = await self._watched(owner.key, plan, pods, wanted)
        targets = [watch.targets[pod.name] for pod in pods if pod.name in watch.targets]
        interval = max(interval, BY_PODS.tick)
        if sentence := silence(owner.key, targets, self._clock.now()) if pods else "":
            return Look(at=at, interval=interval, pods=tuple(pods), outage=sentence)
        found = {selector: series(selector, owner.key.namespace, targets, at) for selector in wanted}
        look = prometheus.look(at, interval, pods, found)
        # A pod may miss a scrape: what is read every second is late only when it is late for the next question.
        interval = max(look.interval, BY_PODS.tick)
        return replace(look, interval=interval, problems=(*problems(targets, at), *look.problems))

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """The latency of all requests that the pods have had until now, `at` or a scrape later.

        How late those that are `gone` still got a request nobody knows any more.
        """
        del gone, at
        if not plan.buckets or not pods:
            return Measured()
        try:
            watch = await self._watched(owner.key, plan, pods, (plan.buckets,))
            found = p99(plan.buckets, watch.targets.values(), self._clock.now())
        except ValueError:
            return Measured()
        return Measured(p99=None if found is None else found * plan.unit)

    async def close(self) -> None:
        """End every watch."""
        tasks = [watch.task for watch in self._watches.values() if watch.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watched(self, key: Key, plan: Plan, pods: Sequence[PodFacts], wanted: Sequence[str]) -> _Watch:
        """The watch of these pods, begun if there is none; when it begins, every pod is waited for once.

        One without anything to read never begins, so it is not remembered: nobody would end it.
        """
        watch = self._watches.get(key, _Watch())
        watch.asked = asyncio.get_running_loop().time()
        watch.metrics |= {matching(selector).metric for selector in wanted}
        watch.targets = dict(_targets(plan.page or Page(None, "/metrics"), pods, watch.targets))
        if watch.task is None and watch.targets:
            self._watches[key] = watch
            watch.task = asyncio.create_task(self._run(key, watch), name=f"scrape {key}")
            await asyncio.gather(*(target.tried.wait() for target in watch.targets.values()))
        return watch

    async def _run(self, key: Key, watch: _Watch) -> None:
        """Scrape every pod once in a period, whoever is slow, until nobody asks any more."""
        loop = asyncio.get_running_loop()
        turn = loop.time()
        running: set[asyncio.Task[None]] = set()
        try:
            while loop.time() - watch.asked < IDLE:
                for target in watch.targets.values():
                    if target.task is None or target.task.done():
                        target.task = asyncio.create_task(self._scrape(target, watch.metrics))
                        running.add(target.task)
                        target.task.add_done_callback(running.discard)
                turn = max(turn + PERIOD, loop.time())
                await asyncio.sleep(turn - loop.time())
        finally:
            self._watches.pop(key, None)
            for task in running:
                task.cancel()

    async def _scrape(self, target: _Scraped, metrics: frozenset[str]) -> None:
        """Read one page into the pod's ring, or remember why not."""
        at = self._clock.now()
        failure, garbage = "", False
        try:
            target.ring.add(at, exposition.values(await self._page(target.url), metrics))
        except TimeoutError:
            failure = "it does not answer in time"
        except _UnusableError as error:
            failure = str(error)
        except (aiohttp.ClientError, OSError) as error:
            failure = f"it cannot be reached ({error})"
        except ValueError as error:
            failure, garbage = str(error), True
        finally:
            target.tried.set()
        target.failure, target.garbage = failure, garbage

    async def _page(self, url: str) -> bytes:
        """The body of an answer, unless it is none, or larger than anybody should hold."""
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise _UnusableError(f"it answers {response.status}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise _UnusableError("it compresses its answer, though it was asked not to")
            if response.content_type == "application/openmetrics-text":
                raise _UnusableError("it answers in the format of OpenMetrics, though plain text was asked for")
            body = await bodies.whole(response, LARGEST_PAGE)
            if body is None:
                raise _UnusableError(f"its answer is larger than {LARGEST_PAGE >> 20} MiB")
            return body


def _targets(page: Page, pods: Sequence[PodFacts], known: Mapping[str, _Scraped]) -> Iterator[tuple[str, _Scraped]]:
    """Those pods that have an address, each with what is known of it already."""
    for pod in pods:
        if url := url_of(page, pod):
            before = known.get(pod.name)
            yield pod.name, before if before and before.url == url else _Scraped(pod.name, url)
