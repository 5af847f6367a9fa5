"""The thin half: posts questions to a Prometheus and hands back what came, as one look."""

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp

from gracefulservice.metrics import bodies, prometheus
from gracefulservice.metrics.prometheus import Answer, Found, Outage
from gracefulservice.ports import Owner
from gracefulservice.rollout.objective import selectors
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Gone, Measured

TIMEOUT = 3.0
"""Seconds for one question: a rollback for another reason must not wait long for an answer that does not come."""
CONNECTIONS = 16
LARGEST_ANSWER = 16 * 2**20
"""Bytes, after decompression."""
USUAL_INTERVAL = 15.0
"""Seconds between scrapes, until an answer shows it."""


def session(timeout: float = TIMEOUT) -> aiohttp.ClientSession:
    """A session for Prometheus alone, so that it can never keep the API server's connections busy."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=aiohttp.ClientTimeout(total=timeout)
    )


class Prometheus:
    """The port `Metrics`. `url` is the operator's own Prometheus, which `headers` (credentials) are meant for.

    A service may name another Prometheus; that one never sees the operator's credentials.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str | None, headers: Mapping[str, str] | None = None
    ) -> None:
        self._session, self._url, self._headers = session, url, dict(headers or {})

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """Everything `plan` is judged by, until the instant `at` (unix seconds)."""
        interval = interval or USUAL_INTERVAL
        wanted = selectors(plan.objectives) if pods else ()
        names, namespace = [pod.name for pod in pods], owner.key.namespace
        try:
            url = self._address(plan)
            asked = (self._found(url, selector, namespace, names, at, interval) for selector in wanted)
            found = dict(zip(wanted, await asyncio.gather(*asked), strict=True))
        except Outage as outage:
            return Look(at=at, interval=interval, pods=tuple(pods), outage=self._named(plan, str(outage)))
        return prometheus.look(at, interval, pods, found)

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """What pods are sized by, all questions at once; what is not answered is None."""
        late = (self._last(owner, plan, one, at) for one in gone)
        p99, *lasts = await asyncio.gather(self._p99(owner, plan, pods, at), *late)
        return Measured(p99=p99, last=max((one for one in lasts if one is not None), default=None))

    async def _p99(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float) -> float | None:
        """A latency, from the histogram of all requests."""
        if not plan.buckets or not pods:
            return None
        try:
            promql = prometheus.quantile(plan.buckets, owner.key.namespace, [pod.name for pod in pods])
            found = prometheus.read_quantile(await self._post(self._address(plan), promql, at))
            return None if found is None else found * plan.unit
        except (Outage, ValueError):
            return None

    async def _last(self, owner: Owner, plan: Plan, gone: Gone, at: float) -> float | None:
        """How long after its deletion began a pod still counted a request."""
        if not plan.requests or at - gone.began > prometheus.FORGOTTEN:
            return None
        until = min(at, gone.ended + USUAL_INTERVAL)
        seconds = until - gone.began + 2 * USUAL_INTERVAL
        try:
            promql = prometheus.question(plan.requests, owner.key.namespace, [gone.pod], seconds)
            answer = await self._post(self._address(plan), promql, until)
            return prometheus.last_growth(prometheus.read(plan.requests, answer), gone.began)
        except (Outage, ValueError):
            return None

    def _named(self, plan: Plan, sentence: str) -> str:
        """The sentence with the address in it: several services may have several."""
        url = plan.prometheus or self._url or ""
        return sentence if url in sentence else f"{sentence.removesuffix('.')} (asked at {url})."

    def _address(self, plan: Plan) -> str:
        if url := plan.prometheus or self._url:
            return url.rstrip("/")
        raise Outage(
            "There are objectives but no Prometheus: set spec.metrics.prometheus.url, or prometheus.url in "
            "the operator's chart, or let spec.metrics.source be pods."
        )

    async def _found(
        self, url: str, selector: str, namespace: str, pods: Sequence[str], at: float, interval: float
    ) -> Found:
        """The series of one selector. That there are none at all is worth a second question."""
        promql = prometheus.question(selector, namespace, pods, prometheus.span(interval))
        found = prometheus.read(selector, await self._post(url, promql, at))
        if found.series or found.problem:
            return found
        answer = await self._post(url, prometheus.doubt(selector, pods), at)
        return Found(problem=prometheus.doubtful(selector, namespace, answer))

    async def _post(self, url: str, promql: str, at: float) -> Answer:
        """One instant query, once: whoever asks will ask again. Raises Outage."""
        try:
            async with self._session.post(
                f"{url}/api/v1/query",
                data=prometheus.form(promql, at, TIMEOUT),
                headers=self._headers if url == (self._url or "").rstrip("/") else {},
                allow_redirects=False,
            ) as response:
                return Answer(response.status, await _body(response, url))
        except TimeoutError as error:
            raise Outage(f"Prometheus at {url} does not answer in time.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Outage(f"Prometheus at {url} cannot be reached: {error}.") from error


async def _body(response: aiohttp.ClientResponse, url: str) -> bytes:
    """The whole body, unless it is larger than anybody should hold."""
    body = await bodies.whole(response, LARGEST_ANSWER)
    if body is None:
        raise Outage(f"The answer of Prometheus at {url} is larger than {LARGEST_ANSWER >> 20} MiB.")
    return body
