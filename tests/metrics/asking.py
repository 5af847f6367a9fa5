"""One reader that goes on living while Secrets and servers change, and what a test wants to know of its looks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from gracefulservice.metrics.credentials import NOTHING, Files
from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.rollout.reading import Look
from tests.metrics.authority import Mounted
from tests.metrics.test_reader import AT, OWNER, PODS, plan


class Asker:
    """A reader, and the one question that tests put to it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, files: Files) -> None:
        self._prometheus = Prometheus(http, url, files)

    async def look(self, named: str | None = None) -> Look:
        """One look of a service whose spec names an address, or none."""
        return await self._prometheus.ask(OWNER, plan(url=named), PODS, AT, 0.0)


@asynccontextmanager
async def asking(url: str, files: Files = NOTHING) -> AsyncIterator[Asker]:
    """A reader whose own Prometheus is at `url`."""
    async with session() as http:
        yield Asker(http, url, files)


def is_an_outage(look: Look, *words: str) -> None:
    """Nothing else came of it, so nothing can be judged by it; and each of the words is said."""
    assert (look.samples, look.problems) == ({}, ())
    assert [word for word in words if word not in (look.outage or "")] == []


def shown(secret: Mounted) -> Files:
    """A Secret of the type kubernetes.io/tls, with the authority beside it."""
    return Files(ca=secret / "ca.crt", client_certificate=secret / "tls.crt", client_key=secret / "tls.key")
