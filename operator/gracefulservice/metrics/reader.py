"""The thin half: posts questions to a Prometheus and hands back what came, as one look."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import aiohttp

from gracefulservice.api import Guard
from gracefulservice.metrics import address, bodies, durations, gateway, gauges, prometheus, sizing
from gracefulservice.metrics.address import Address
from gracefulservice.metrics.credentials import NOTHING, Credentials, Files, Unshown
from gracefulservice.metrics.pace import Overtaxed, Pace, Turn
from gracefulservice.metrics.prometheus import Answer, Found, Outage
from gracefulservice.ports import Owner
from gracefulservice.rollout.objective import Kind, limits, selectors
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Gone, Measured
from gracefulservice.rollout.uncounted import Totals
from gracefulservice.rollout.verdict import Problem

TIMEOUT = 3.0
"""Seconds for one question: a rollback for another reason must not wait long for an answer that does not come."""
CONNECTIONS = 16
"""To one address. How many there are to all of them together is limited by the looks that wait for each."""
PLACES = 8
"""Looks that wait for one address at a time, unless the operator's workers say otherwise."""
LARGEST_ANSWER = 16 * 2**20
"""Bytes, after decompression."""
USUAL_INTERVAL = 15.0
"""Seconds between scrapes, until an answer shows it."""


def session(timeout: float = TIMEOUT) -> aiohttp.ClientSession:
    """A session for Prometheus alone, so that it can never keep the API server's connections busy.

    It keeps no cookies: what one Prometheus hands out after it has seen credentials, no other one gets to see.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@dataclass(frozen=True, slots=True)
class _Visit:
    """One look at one Prometheus."""

    address: Address
    turn: Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about the instant `at`, with scrapes of an `interval` that may not be known yet (0)."""

    selector: str
    namespace: str
    at: float
    interval: float

    @property
    def seconds(self) -> float:
        """How much of the time before."""
        return prometheus.span(self.interval)


class Prometheus:
    """The port `Metrics`. `url` is the operator's own Prometheus, which the credentials in `files` are meant for.

    A service may name a Prometheus; what it names never sees them, whatever the address is. With `guards` false no
    query of a service's own is put to the operator's, because it may ask for any number there.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str | None,
        files: Files = NOTHING,
        pace: Pace | None = None,
        guards: bool = True,
    ) -> None:
        self._session, self._url, self._guards = session, url, guards
        self._credentials, self._pace = Credentials(files), pace or Pace(PLACES)

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """Everything `plan` is judged by, until the instant `at` (unix seconds)."""
        wanted = selectors(plan.objectives) if pods else ()
        names, namespace = [pod.name for pod in pods], owner.key.namespace
        found: dict[str, Found] = {}
        values: dict[str, float | Problem] = {}
        totals: Totals | None = None
        try:
            if wanted or plan.guards:
                async with self._visit(plan) as visit:
                    asked = (
                        self._found(visit, Asked(selector, namespace, at, interval), names, plan) for selector in wanted
                    )
                    guarded = (self._gauge(visit, guard, at) for guard in plan.guards)
                    answers, gauged, totals = await asyncio.gather(
                        asyncio.gather(*asked),
                        asyncio.gather(*guarded),
                        self._totals(visit, plan, namespace, at, interval),
                    )
                    found, values = dict(zip(wanted, answers, strict=True)), dict(gauged)
        except Outage as outage:
            return Look(at=at, interval=interval or USUAL_INTERVAL, pods=tuple(pods), outage=self._named(plan, outage))
        return replace(prometheus.look(at, interval or USUAL_INTERVAL, pods, found), gauges=values, gateway=totals)

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """What pods are sized by, all questions at once; what is not answered is None."""
        sized = bool(plan.buckets and pods)
        late = [one for one in gone if plan.requests and at - one.began <= sizing.FORGOTTEN]
        measured = Measured()
        if not sized and not late:
            return measured
        with suppress(Outage):
            async with self._visit(plan) as visit:
                latency = [self._p99(visit, owner, plan, pods, at)] if sized else []
                asked = [*latency, *(self._last(visit, owner, plan, one, at) for one in late)]
                answers = await asyncio.gather(*(_if_known(visit.turn, one) for one in asked))
                known = [one for one in answers[len(latency) :] if one is not None]
                measured = Measured(p99=answers[0] if sized else None, last=max(known, default=None))
        return measured

    async def _p99(self, visit: _Visit, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float) -> float | None:
        """A latency, from the histogram of all requests, classic or native. Raises Outage and ValueError."""
        for histogram in filter(None, (plan.buckets, durations.native_of(plan.buckets))):
            promql = sizing.quantile(histogram, owner.key.namespace, [pod.name for pod in pods])
            found = sizing.read_quantile(await self._post(visit, promql, at))
            if found is not None:
                return found * plan.unit
        return None

    async def _last(self, visit: _Visit, owner: Owner, plan: Plan, gone: Gone, at: float) -> float | None:
        """How long after its deletion began a pod still counted a request. Raises Outage and ValueError."""
        until = min(at, gone.ended + USUAL_INTERVAL)
        seconds = until - gone.began + 2 * USUAL_INTERVAL
        promql = prometheus.question(plan.requests, owner.key.namespace, [gone.pod], seconds)
        answer = await self._post(visit, promql, until)
        return sizing.last_growth(prometheus.read(plan.requests, answer), gone.began)

    def _named(self, plan: Plan, outage: Outage) -> str:
        """The sentence with the address that was asked in it: several services may have several."""
        url, sentence = (plan.prometheus or self._url or "").rstrip("/"), str(outage)
        if url in sentence or isinstance(outage, Unshown):
            return sentence
        return f"{sentence.removesuffix('.')} (asked at {url})."

    @asynccontextmanager
    async def _visit(self, plan: Plan) -> AsyncIterator[_Visit]:
        """One look at the Prometheus of a plan. Raises Outage. No address that a spec names slows the own one down."""
        at = self._address(plan)
        async with self._pace.turn(at, at.url) as turn:
            yield _Visit(at, turn)

    def _address(self, plan: Plan) -> Address:
        if url := plan.prometheus or self._url:
            return Address(url.rstrip("/"), own=not plan.prometheus)
        raise Outage(
            "There are objectives but no Prometheus: set spec.metrics.prometheus.url, or prometheus.url in "
            "the operator's chart, or let spec.metrics.source be pods."
        )

    async def _found(self, visit: _Visit, asked: Asked, pods: Sequence[str], plan: Plan) -> Found:
        """The series of one selector, of a native histogram where pods have no classic one.

        That there are none at all is worth a second question.
        """
        limited = limits(plan.objectives, asked.selector)
        found = prometheus.read(asked.selector, await self._raw(visit, asked, pods), limited)
        other = durations.native_of(asked.selector) if limited else ""
        lacking = sorted({*pods} - {one.labels["pod"] for one in found.series})
        if other and lacking and not found.problem:
            answer = await self._raw(visit, replace(asked, selector=other), lacking)
            found = found.beside(durations.read_native(other, answer, limited))
        if found.native and not found.problem:
            promql = durations.counter(found.native, asked.namespace, pods, asked.seconds)
            return durations.counted(found, await self._post(visit, promql, asked.at))
        return found if found.series or found.problem else await self._doubted(visit, asked, other, pods)

    async def _raw(self, visit: _Visit, asked: Asked, pods: Sequence[str]) -> Answer:
        """Raw samples of some pods."""
        promql = prometheus.question(asked.selector, asked.namespace, pods, asked.seconds)
        return await self._post(visit, promql, asked.at)

    async def _doubted(self, visit: _Visit, asked: Asked, other: str, pods: Sequence[str]) -> Found:
        """Nothing, or why it is there and is not found."""
        doubts = [(asked.selector, prometheus.doubt(asked.selector, pods))]
        for selector, promql in [*doubts, *([(other, durations.doubt(other, pods))] if other else [])]:
            answer = await self._post(visit, promql, asked.at)
            if problem := prometheus.doubtful(selector, asked.namespace, answer):
                return Found(problem=problem)
        return Found()

    async def _gauge(self, visit: _Visit, guard: Guard, at: float) -> tuple[str, float | Problem]:
        """The value of a guard, or why there is none.

        Whatever is wrong with a query of the user's own is neither an outage for the counters nor a sign that
        Prometheus has no time for others.
        """
        if visit.address.own and not self._guards:
            return guard.name, gauges.refused(guard.name)
        try:
            return guard.name, gauges.read(guard.name, await self._post(visit, guard.promql, at))
        except Outage as outage:
            return guard.name, gauges.absent(guard.name, outage)

    async def _totals(self, visit: _Visit, plan: Plan, namespace: str, at: float, interval: float) -> Totals | None:
        """What the gateway counted of users' failures, where pods count theirs, by the same codes."""
        if plan.route is None or not any(one.kind is Kind.ERROR_RATE for one in plan.objectives):
            return None
        sooner = at - gateway.LATE * (interval or USUAL_INTERVAL)
        try:
            answer = await self._post(visit, gateway.question(namespace, plan.route.name), sooner)
            return Totals(sooner, gateway.read(answer))
        except Outage:
            return None

    async def _post(self, visit: _Visit, promql: str, at: float) -> Answer:
        """One instant query, once: whoever asks will ask again. Raises Outage.

        A redirect is an answer: what is sent to one address, the credentials among it, is never carried to another.
        """
        to, url = visit.address, visit.address.url
        shown = self._credentials if to.own else Credentials(NOTHING)
        headers, tls = shown.headers(), shown.tls()
        try:
            async with self._session.post(
                f"{url}/api/v1/query",
                data=prometheus.form(promql, at, TIMEOUT),
                headers=headers,
                ssl=tls,
                allow_redirects=False,
            ) as response:
                body = await _body(response, url)
        except TimeoutError as error:
            raise Overtaxed(f"Prometheus at {url} does not answer in time.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            visit.turn.reacted = True
            raise address.unreachable(to, error) from error
        if response.status in address.NO_TIME:
            wish = address.wish(response.status, response.headers.get("Retry-After", ""))
            raise address.no_time(to, response.status, wish, body)
        visit.turn.reacted = True
        if response.status in address.DENIED:
            raise address.denied(to, response.status, identified=shown.files.identify)
        return Answer(response.status, body)


async def _if_known(turn: Turn, asked: Awaitable[float | None]) -> float | None:
    """What was asked; None where there is no answer, or nothing that can be asked."""
    try:
        return await asked
    except Overtaxed as trouble:
        turn.trouble = trouble
    except (Outage, ValueError):
        pass
    return None


async def _body(response: aiohttp.ClientResponse, url: str) -> bytes:
    """The whole body, unless it is larger than anybody should hold."""
    body = await bodies.whole(response, LARGEST_ANSWER)
    if body is None:
        raise Outage(f"The answer of Prometheus at {url} is larger than {LARGEST_ANSWER >> 20} MiB.")
    return body
