"""A way to the API server that can be cut: a TCP relay on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from yarl import URL

from gracefulservice.cluster.access import Access

CHUNK = 65536


class Relay:
    """Passes bytes to and fro until it is cut; a cut way refuses, and drops whatever was under way."""

    def __init__(self, target: URL) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        """Listen (again), always on the same port."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse, and drop."""
        assert self._server
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.host, self._target.port)
        pair = {writer, there_writer}
        self._open |= pair
        with contextlib.suppress(OSError):
            await asyncio.gather(_pour(reader, there_writer), _pour(there_reader, writer))
        self._open -= pair


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """One direction, until its end."""
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()


@asynccontextmanager
async def relayed(access: Access) -> AsyncIterator[tuple[Access, Relay]]:
    """The same access, by way of a relay."""
    target = URL(access.server)
    relay = Relay(target)
    await relay.mend()
    try:
        server = f"{target.scheme}://127.0.0.1:{relay.port}"
        yield replace(access, server=server, server_name=access.server_name or target.host), relay
    finally:
        await relay.cut()
