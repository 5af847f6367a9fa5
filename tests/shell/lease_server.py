"""An API server that knows one Lease: resource versions are honoured, the way to it can be slow or cut."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from gracefulservice.cluster.kinds import Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Stale, Unreachable

Travel = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """No time, no trouble."""


@dataclass
class LeaseServer:
    """The lease as it is stored, and everything that was ever written."""

    lease: Object | None = None
    version: int = 0
    history: list[tuple[str, int]] = field(default_factory=list)
    """Holder and number of hand-overs, after each write."""

    def store(self, manifest: Object) -> Object:
        """Write it as the next version."""
        self.version += 1
        self.lease = copy.deepcopy(manifest)
        self.lease["metadata"] |= {"resourceVersion": str(self.version), "uid": "lease-1"}
        spec = self.lease.get("spec") or {}
        self.history.append((spec.get("holderIdentity", ""), spec.get("leaseTransitions", 0)))
        return copy.deepcopy(self.lease)

    def write(self, method: str, manifest: Object) -> Object:
        """Create it if there is none, or replace it if nobody wrote since it was read."""
        if method == "POST" and self.lease is not None:
            raise Stale("It is there already.")
        if method == "PUT" and (self.lease is None or version(manifest) != version(self.lease)):
            raise Stale("Somebody was faster.")
        return self.store(manifest)

    def seen_from(self, there: Travel = at_once, back: Travel = at_once) -> "View":
        """The server at the end of a way that requests go there and answers come back."""
        return View(self, there, back)


def version(lease: Object) -> object:
    """At which version it was read."""
    return lease["metadata"].get("resourceVersion")


@dataclass
class View:
    """One candidate's way to the server."""

    server: LeaseServer
    there: Travel
    back: Travel

    async def get(self, _ref: Ref) -> Object | None:
        """Read."""
        await self.there()
        found = copy.deepcopy(self.server.lease)
        await self.back()
        return found

    async def send(self, request: Request) -> Object:
        """Create or replace, as the API server would."""
        await self.there()
        stored = self.server.write(request.method, orjson.loads(request.body))
        await self.back()
        return stored


async def cut() -> None:
    """The connection is refused."""
    raise Unreachable("Nobody answers.")


async def hang() -> None:
    """Neither an answer nor a refusal, ever."""
    await asyncio.Event().wait()


class Line:
    """A way that can be changed while it is used."""

    def __init__(self) -> None:
        self.travel: Travel = at_once

    async def __call__(self, *_: Any) -> None:
        await self.travel()
