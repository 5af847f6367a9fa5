"""The thin half: sends requests to one API server, and tells what came of them.

Reads are tried again for a short while; writes are never repeated here, because whoever decided them has to
look again first. Every request ends within the session's time-out, and no write leaves unless the fence
says that this process may still write.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import aiohttp
from yarl import URL

from gracefulservice.cluster import requests
from gracefulservice.cluster.answers import Answer, Missing, read
from gracefulservice.cluster.kinds import Kind, Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused, Stale, Unreachable

TRIES = 4
"""How often a read is tried before its failure is the caller's."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds: the pause before the next try is drawn from a range that doubles each time (full jitter)."""
LARGEST_ANSWER = 32 * 2**20
"""Bytes, after decompression."""

Observe = Callable[[Request, str, float], None]
"""Told after every try: the request, its code (`200`, … or `timeout`, `broken`, `too-large`), seconds."""


class Client:
    """One API server. Every method raises the failures of `gracefulservice.errors` and nothing else."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        *,
        fence: Callable[[], bool] = lambda: True,
        observe: Observe = lambda _request, _code, _seconds: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        self._session, self._server = session, server.rstrip("/")
        self._fence, self._observe, self._sleep = fence, observe, sleep
        self._largest_answer = largest_answer

    async def serves(self, kind: Kind) -> bool:
        """Whether the API server knows this kind."""
        try:
            answer = await self._read(requests.discover(kind))
        except Refused:
            return False
        return any(resource["name"] == kind.plural for resource in answer.get("resources", ()))

    async def get(self, ref: Ref) -> Object | None:
        """One object, live; None if there is none."""
        try:
            return await self._read(requests.read(ref))
        except Missing:
            return None

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Every object the label selector matches, live, page by page. `namespace` None means all of them."""
        try:
            return await self._pages(kind, namespace, labels)
        except Stale:  # the API server forgot the page we stood at: the list starts over, once
            return await self._pages(kind, namespace, labels)

    async def list_metadata(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """The same objects, each with its kind and its metadata alone."""
        try:
            return await self._pages(kind, namespace, labels, metadata_only=True)
        except Stale:
            return await self._pages(kind, namespace, labels, metadata_only=True)

    async def send(self, request: Request) -> Object:
        """Send one request of `requests`, once."""
        if request.writes and not self._fence():
            raise Unreachable(f"{request.about} is left as it is: this replica does not hold the lease.")
        started, code = time.monotonic(), "broken"
        try:
            answer = await self._exchange(request)
            code = str(answer.status)
        except TimeoutError as error:
            code = "timeout"
            raise Unreachable(f"The API server does not answer in time about {request.about}.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"The API server cannot be reached about {request.about}: {error}.") from error
        except Refused:
            code = "too-large"
            raise
        finally:
            self._observe(request, code, time.monotonic() - started)
        return read(request, answer)

    async def _pages(
        self, kind: Kind, namespace: str | None, labels: str, *, metadata_only: bool = False
    ) -> list[Object]:
        """Every page of a list, from the first. Items of a list do not say what they are; ours do."""
        found: list[Object] = []
        after, more = "", True
        while more:
            request = requests.page(kind, namespace, labels, after, metadata_only=metadata_only)
            answer = await self._read(request)
            found += [_named(kind, item, metadata_only=metadata_only) for item in answer["items"] or ()]
            after = answer["metadata"].get("continue", "")
            more = bool(after)
        return found

    async def _read(self, request: Request) -> Object:
        """Send a request that changes nothing, a few times if need be."""
        for attempt in range(1, TRIES):
            try:
                return await self.send(request)
            except Unreachable as failure:
                if failure.retry_after > LONGEST_PAUSE:
                    raise
                await self._sleep(pause_after(attempt, failure.retry_after))
        return await self.send(request)

    async def _exchange(self, request: Request) -> Answer:
        """Bytes out, bytes in. A redirect is an answer: our token goes to no other server."""
        async with self._session.request(
            request.method,
            URL(self._server + request.path, encoded=True).with_query(request.query),
            data=request.body or None,
            headers={"Content-Type": request.content_type, "Accept": request.accept},
            allow_redirects=False,
        ) as response:
            body = await self._body(request, response)
            return Answer(response.status, body, response.headers.get("Retry-After", ""))

    async def _body(self, request: Request, response: aiohttp.ClientResponse) -> bytes:
        """The whole body, unless it is larger than we are ready to hold."""
        body, largest = bytearray(), self._largest_answer
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > largest:
                raise Refused(f"The answer about {request.about} is larger than {largest} bytes.")
        return bytes(body)


def _named(kind: Kind, item: Object, *, metadata_only: bool) -> Object:
    """An item of a list with what it is. Metadata alone calls itself by another kind."""
    said = {"apiVersion": kind.api_version, "kind": kind.name}
    return {**said, "metadata": item["metadata"]} if metadata_only else {**said, **item}


def pause_after(attempt: int, asked: float, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds to wait after the `attempt`-th failure: at least what was asked for, else full jitter."""
    return max(asked, draw(0.0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)))
