"""Electors for the tests: their terms, and how to make one."""

import asyncio
from collections.abc import Awaitable, Callable

from gracefulservice.cluster.kinds import LEASE, Ref
from gracefulservice.leadership import Elector, Terms, unknown
from tests.shell.lease_server import View

TERMS = Terms(duration=15, renew_within=10, retry=2)
REQUEST = 5.0
"""Seconds a write may take: none begins with less left of the lease."""
PLACE = Ref(LEASE, "operators", "gracefulservice")


def candidate(
    view: View,
    name: str,
    now: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    draw: Callable[[float, float], float] = max,
    ended: Callable[[str], Awaitable[bool]] = unknown,
) -> Elector:
    """An elector by that name."""
    return Elector(view, PLACE, name, TERMS, now=now, wall=lambda: 0.0, draw=draw, sleep=sleep, ended=ended)
