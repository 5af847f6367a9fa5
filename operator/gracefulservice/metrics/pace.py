"""How many looks wait for one Prometheus at a time, and how long it is left alone after it had no time.

    answers ──(no answer in time, 429, 503)──► rests: nobody asks ──► one look tries ──► answers
       ▲                                          ▲──────────(again no time)──┘            │
       └───────────────────────────────────────────────────────────────────────────────────┘

Each address has places of its own, and whoever finds none is told so instead of waiting: a Prometheus that hangs
takes neither the workers nor the connections of services that ask another one. That an address rests is an outage
like any other: nothing is judged by it.
"""

import asyncio
import itertools
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gracefulservice.metrics.prometheus import Outage

FIRST_REST, LONGEST_REST = 2.0, 15.0
"""Seconds for which an address rests at most, the first time and after many. What is drawn is at least half of it."""
LONGEST_WISH = 60.0
"""Seconds: a pause that the other side asks for is kept up to here."""
PATIENCE = 1.0
"""Seconds for which a look waits for a place while no other look at the address comes to an end."""
FORGOTTEN = 3600.0
"""Seconds after which nobody remembers an address that last had no time."""

Draw = Callable[[float, float], float]


class Overtaxed(Outage):
    """Prometheus has no time: it does not answer, or says so. `wish`: the seconds of rest it asks for, None if it
    says nothing of a rest at all."""

    def __init__(self, sentence: str, wish: float | None = None) -> None:
        super().__init__(sentence)
        self.wish = wish


@dataclass
class Turn:
    """One look at one address. Who asks sets `reacted` when anything comes back, be it a refusal, but that there is
    no time; a question that failed without failing the look leaves its `trouble` here."""

    begun: int
    reacted: bool = False
    trouble: Overtaxed | None = None


@dataclass
class _Address:
    """What is known of one Prometheus. `answered` and `failed` are steps of the order in which things happened."""

    name: str
    places: asyncio.Semaphore
    looks: int = 0
    visitors: int = 0
    moved: float = -math.inf
    answered: int = -1
    failed: int = -1
    failures: int = 0
    rests_until: float = -math.inf
    why: str = ""


@dataclass
class Pace:
    """The pace of every address. `places`: how many looks wait for one address at a time. Half as many try all those
    together that had no time when they were last asked. `now`: seconds of a clock that never goes back."""

    places: int
    now: Callable[[], float] = time.monotonic
    draw: Draw = random.uniform
    _addresses: dict[Hashable, _Address] = field(default_factory=dict)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    @asynccontextmanager
    async def turn(self, key: Hashable, name: str) -> AsyncIterator[Turn]:
        """The block is one look at the address `key`, whose `name` sentences have.

        Raises Outage instead while the address rests or has no place; and where the block was told that Prometheus
        has no time, with the rest that follows from it.
        """
        address = self._known(key, name)
        async with self._place(address):
            turn = Turn(next(self._order))
            try:
                yield turn
            except Overtaxed as trouble:
                turn.trouble = trouble
            finally:
                if turn.reacted and (turn.trouble is None or turn.trouble.wish is None):
                    self._reacted(address, turn)
            if turn.trouble:
                raise Outage(self._tired(address, turn, turn.trouble)) from turn.trouble

    @asynccontextmanager
    async def _place(self, address: _Address) -> AsyncIterator[None]:
        """A place at an address, for as long as the block. Raises Outage where there is none."""
        address.visitors += 1
        try:
            await self._enter(address)
            try:
                yield
            finally:
                address.looks -= 1
                address.moved = self.now()
                address.places.release()
        finally:
            address.visitors -= 1

    async def _enter(self, address: _Address) -> None:
        """Take a place; wait for one only while looks come to an end there."""
        self._refuse_tired(address)
        try:
            async with asyncio.timeout(max(address.moved + PATIENCE - self.now(), 0.0)):
                await address.places.acquire()
        except TimeoutError:
            raise Outage(
                f"Prometheus at {address.name} is slow: {self.places} looks wait for its answers already, and this "
                "one does not wait with them."
            ) from None
        try:
            self._refuse_tired(address)  # it may have got tired while this look waited
        except Outage:
            address.places.release()
            raise
        if not address.looks:
            address.moved = self.now()
        address.looks += 1

    def _refuse_tired(self, address: _Address) -> None:
        """Once it had no time, an address is tried by one look at a time, and by none while it rests."""
        if not address.failures:
            return
        trying = sum(one.looks for one in self._addresses.values() if one.failures)
        if address.looks or self.now() < address.rests_until or trying >= max(self.places // 2, 1):
            raise Outage(address.why)

    def _reacted(self, address: _Address, turn: Turn) -> None:
        """It has time again, unless it said later than this look began that it has none."""
        address.answered = next(self._order)
        if turn.begun > address.failed:
            address.failures = 0

    def _tired(self, address: _Address, turn: Turn, trouble: Overtaxed) -> str:
        """Let an address rest, once for all looks that failed together; gives the sentence.

        Where it answered another question meanwhile, this one was slow and not Prometheus: it is asked as before.
        """
        if trouble.wish is None and address.answered > turn.begun:
            return str(trouble)
        if turn.begun > address.failed:
            address.failed = next(self._order)
            address.failures += 1
            least, most = rest(address.failures, trouble.wish or 0.0)
            address.rests_until = self.now() + self.draw(least, most)
            address.why = f"{trouble} It is asked again within {math.ceil(most)} s."
        return address.why

    def _known(self, key: Hashable, name: str) -> _Address:
        if key not in self._addresses:
            self._addresses = {other: one for other, one in self._addresses.items() if self._worth_keeping(one)}
            self._addresses[key] = _Address(name, asyncio.Semaphore(self.places))
        return self._addresses[key]

    def _worth_keeping(self, address: _Address) -> bool:
        """Whoever writes specs chooses the addresses, so what is not in use must not be kept for ever."""
        recent = address.failures > 0 and self.now() - address.rests_until < FORGOTTEN
        return address.visitors > 0 or recent


def rest(failures: int, wish: float) -> tuple[float, float]:
    """Between how many seconds an address rests after so many failures, when it wishes to rest for `wish` seconds.

    >>> rest(1, 0), rest(2, 0), rest(9, 0), rest(1, 20), rest(1, 3600)
    ((1.0, 2.0), (2.0, 4.0), (7.5, 15.0), (20, 25.0), (60.0, 75.0))
    """
    most = min(LONGEST_REST, FIRST_REST * 2.0 ** min(failures - 1, 10))
    least = max(min(wish, LONGEST_WISH), most / 2)
    return least, max(most, 1.25 * least)
