"""The way to the API server, with faults on it: for one operator alone, which runs as a process beside the cluster."""

import asyncio
import json
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

import aiohttp
from aiohttp import web

from gracefulservice.cluster.access import Access

WRITES = ("POST", "PUT", "PATCH", "DELETE")
HANGS = 8.0
"""Seconds: longer than the operator waits for any answer."""
HOP = {"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Content-Encoding", "Host", "Accept-Encoding"}
"""Headers of one connection, which are not passed on."""


class Fate(StrEnum):
    """What becomes of one request."""

    PASSED = "passed"
    FAILED = "answered 500"
    THROTTLED = "answered 429"
    CONFLICT = "answered 409"
    EXPIRED = "told that its version is too old"
    MISSING = "answered 404"
    HUNG = "answered by nobody in time"
    UNANSWERED = "done, and its answer lost"
    DROPPED = "dropped"


STATUS = {Fate.FAILED: 500, Fate.THROTTLED: 429, Fate.CONFLICT: 409, Fate.MISSING: 404}
REASON = {500: "InternalError", 429: "TooManyRequests", 409: "Conflict", 410: "Expired", 404: "NotFound"}


@dataclass
class Trouble:
    """What is wrong with the way now. ``fate`` decides about each request: (method, whether it watches, path)."""

    fate: Callable[[str, bool, str], Fate] = lambda _method, _watches, _path: Fate.PASSED
    late: float = 0.0
    """Seconds by which watches tell what happens."""
    met: dict[str, int] = field(default_factory=dict)
    """How many requests had which fate."""


class Proxy:
    """Passes requests on, each as the trouble of the moment wants it."""

    def __init__(self, door: Access, trouble: Trouble) -> None:
        self._door, self.trouble = door, trouble
        self._watches: dict[int, web.Request] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Listen on loopback; gives the port."""
        async with self._door.session(connections=200, timeout=3600) as self._session:
            application = web.Application(client_max_size=2**26)
            application.router.add_route("*", "/{path:.*}", self._handle)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            try:
                yield runner.addresses[0][1]
            finally:
                await runner.cleanup()

    def cut_watches(self) -> None:
        """End every watch in the middle of whatever it tells."""
        for watch in list(self._watches.values()):
            if watch.transport:
                watch.transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        watches = request.query.get("watch") in ("1", "true")
        fate = self.trouble.fate(request.method, watches, request.path_qs)
        self.trouble.met[fate] = self.trouble.met.get(fate, 0) + 1
        if fate in STATUS:
            return refused(STATUS[fate])
        if fate is Fate.EXPIRED:
            return web.json_response({"type": "ERROR", "object": status_of(410)})
        if fate is Fate.HUNG:
            await asyncio.sleep(HANGS)
        if fate in (Fate.HUNG, Fate.DROPPED):
            return dropped(request)
        return await self._passed(request, watches, answered=fate is Fate.PASSED)

    async def _passed(self, request: web.Request, watches: bool, *, answered: bool) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.title() not in HOP}
        url, body = self._door.server + request.path_qs, await request.read()
        async with self._session.request(request.method, url, headers=headers, data=body or None) as answer:
            if not answered:
                await answer.read()
                return dropped(request)
            kept = {name: value for name, value in answer.headers.items() if name.title() not in HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            if watches:
                await self._followed(request, response, answer)
            else:
                await response.write(await answer.read())
            with suppress(ConnectionError):
                await response.write_eof()
            return response

    async def _followed(
        self, request: web.Request, response: web.StreamResponse, answer: aiohttp.ClientResponse
    ) -> None:
        """A watch, as late as the trouble wants it."""
        loop, heard = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def listen() -> None:
            async for chunk in answer.content.iter_any():
                heard.put_nowait((loop.time() + self.trouble.late, chunk))
            heard.put_nowait((loop.time() + self.trouble.late, b""))

        self._watches[id(request)] = request
        listening = asyncio.create_task(listen())
        try:
            while True:
                due, chunk = await heard.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not chunk:
                    return
                await response.write(chunk)
        except ConnectionError:
            return
        finally:
            self._watches.pop(id(request), None)
            listening.cancel()


def refused(status: int) -> web.Response:
    """As the API server refuses."""
    headers = {"Retry-After": "1"} if status == 429 else {}
    return web.json_response(status_of(status), status=status, headers=headers)


def status_of(code: int) -> dict[str, object]:
    """What it says then."""
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": REASON[code]}
    return said | {"message": "A fault made on purpose."}


def dropped(request: web.Request) -> web.Response:
    """No answer: the connection ends."""
    if request.transport:
        request.transport.abort()
    return web.Response()


def sometimes(
    seed: int, chances: dict[Fate, float], writes_alone: frozenset[Fate] = frozenset()
) -> Callable[..., Fate]:
    """Each fate of a request with its chance; some befall only writes, and none befalls a watch."""
    chance = random.Random(seed)

    def fate(method: str, watches: bool, _path: str) -> Fate:
        drawn = chance.random()
        for one, share in chances.items():
            if drawn < share:
                return Fate.PASSED if watches or (one is Fate.CONFLICT and method not in WRITES) else one
            drawn -= share
        return Fate.PASSED

    return fate


@contextmanager
def proxied(door: Access, trouble: Trouble) -> Iterator[tuple[Proxy, int, Callable[[Callable[[], None]], None]]]:
    """A proxy in a thread of its own: itself, its port, and how to have it do something."""
    loop, proxy, started = asyncio.new_event_loop(), Proxy(door, trouble), threading.Event()
    port, end = [0], asyncio.Event()

    async def serve() -> None:
        async with proxy.serving() as port[0]:
            started.set()
            await end.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def do(deed: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # it is over
            loop.call_soon_threadsafe(deed)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    if not started.wait(30):
        raise TimeoutError("The proxy does not start.")
    try:
        yield proxy, port[0], do
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(30)
        loop.close()


def kubeconfig(port: int) -> str:
    """The way through it."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "faulty", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "nobody"}}],
            "current-context": "faulty",
        }
    )
