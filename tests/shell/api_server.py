"""A real HTTP server on loopback that answers from a script: what the client does on the wire is seen here."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from gracefulservice.cluster.access import Access

Reply = web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Script:
    """Replies in their order (the last one for ever), and what was asked."""

    replies: deque[Reply]
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def access(self) -> Access:
        """The way to this server, without credentials."""
        return Access(self.url)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The next reply."""
        self.asked.append(f"{request.method} {request.path_qs}")
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        return await reply(request) if callable(reply) else reply


def json(body: Any, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A reply with a JSON body; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def reply(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers=named)

    return reply


@asynccontextmanager
async def scripted(*replies: Reply) -> AsyncIterator[Script]:
    """Serve the replies for as long as the block runs."""
    script = Script(deque(replies))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", script.answer)
    async with TestServer(application) as server:
        script.url = str(server.make_url("/"))
        yield script
