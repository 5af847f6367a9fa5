"""Which of the replicas works: a Lease in the Kubernetes API, renewed by its holder, taken over when it is not.

What this relies on, and what not:
- Only time that passed on this machine counts (a monotonic clock); no two clocks are ever compared.
- Our own lease is valid from *before* the request that renewed it; somebody else's until its duration has
  passed on our clock *after* we saw it change last.
- Every write of the lease carries the resource version it was read at, so of two candidates one wins.
- A lease does not stop a write already under way: every write is fenced by `valid_for` as well, and by the
  resource version of what it changes.
- Nobody waits for a holder that has ended for certain: that is asked when it is met, and once its renewal is late.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import LEASE, Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.cluster.times import micro_time
from gracefulservice.errors import Failure

RELEASE_WITHIN = 5.0
"""Seconds for giving the lease back: after that it is faster to let it run out than to try on."""

STANDBY = 0.5, 0.6
"""The part of `retry` after which a standby asks again: a lease that was given back stands free for no longer."""

LATE = 2.0
"""So many times `retry` without a renewal make a holder suspect."""

log = structlog.stdlib.get_logger(__name__)


class Leases(Protocol):
    """What is needed of the API server (`cluster.client.Client` is one)."""

    async def get(self, ref: Ref) -> Object | None:
        """One object, live; None if there is none."""
        ...

    async def send(self, request: Request) -> Object:
        """Send one request, once."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. A lease lasts `duration` after its last renewal; its holder gives up after `renew_within`.

    It is renewed every `retry`; who waits for it asks about twice as often.
    """

    duration: float = 15.0
    renew_within: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody else's lease: the version we saw, when we saw it first, and whether we had seen none before."""

    version: str
    seen_at: float
    met: bool


async def unknown(_holder: str) -> bool:
    """Where nobody can tell whether a holder has ended."""
    return False


class Elector:
    """One candidate. `run` campaigns, leads and returns when the lease is lost; `release` gives it back.

    `now` gives seconds of a monotonic clock, `wall` unix seconds for people to read. `observe` is told after
    each attempt whether the lease is ours. `ended` tells of a holder's name whether that has ended for certain.
    """

    def __init__(
        self,
        leases: Leases,
        lease: Ref,
        identity: str,
        terms: Terms,
        *,
        now: Callable[[], float],
        wall: Callable[[], float],
        observe: Callable[[bool], None] = lambda _held: None,
        ended: Callable[[str], Awaitable[bool]] = unknown,
        draw: Callable[[float, float], float] = random.uniform,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._leases, self._ref, self._identity, self._terms = leases, lease, identity, terms
        self._now, self._wall, self._observe, self._draw, self._sleep = now, wall, observe, draw, sleep
        self._ended = ended
        self._renewed_at = float("-inf")
        self._ours: Object | None = None
        self._epoch = ""
        self._rival: Rival | None = None
        self.elected = asyncio.Event()
        self.answered = asyncio.Event()

    async def run(self) -> None:
        """Campaign until elected, then renew until the lease is lost."""
        while not await self._attempt(self._terms.renew_within):
            await self._sleep(self._terms.retry * self._draw(*STANDBY))
        log.info("This replica leads.", identity=self._identity)
        self.elected.set()
        while (left := self._renewed_at + self._terms.renew_within - self._now()) > 0:
            await self._sleep(min(self._terms.retry, left))
            await self._attempt(self._renewed_at + self._terms.renew_within - self._now())
        self._renewed_at = float("-inf")
        log.error("The lease is lost: this replica stops.", identity=self._identity)

    def valid_for(self) -> float:
        """Seconds for which nobody else can lead; 0 when this replica does not lead."""
        return max(0.0, self._renewed_at + self._terms.duration - self._now())

    @property
    def epoch(self) -> str:
        """This leader's number, and of which lease: `7@<uid>`; empty while this replica does not lead.

        The number grows each time the lease changes hands; a lease made anew begins at 1, under another uid.
        """
        return self._epoch if self.valid_for() else ""

    async def release(self) -> None:
        """Give the lease back if we hold it, so that nobody waits for it to run out.

        To be called when `run` and all work have ended. It never fails: a lease also runs out by itself.
        """
        if not self.valid_for():
            return
        self._renewed_at = float("-inf")
        try:
            async with asyncio.timeout(RELEASE_WITHIN):
                lease = await self._leases.get(self._ref)
                if lease is not None and _spec(lease).get("holderIdentity") == self._identity:
                    free = _with(lease, holderIdentity="", leaseDurationSeconds=1)
                    await self._leases.send(requests.replace(LEASE, free))
        except (Failure, TimeoutError) as failure:
            log.warning("The lease could not be given back.", why=str(failure) or "no answer in time")

    async def _attempt(self, within: float) -> bool:
        """Take or renew the lease, within so many seconds. Whether it is ours."""
        asked_at = self._now()
        try:
            async with asyncio.timeout(max(within, 0.0)):
                self._ours = await self._claim()
        except (Failure, TimeoutError) as failure:
            self._ours = None
            log.warning("The lease could not be renewed.", why=str(failure) or "no answer in time")
        if self._ours is not None:
            self._renewed_at, self._epoch = asked_at, _epoch(self._ours)
        self._observe(self._ours is not None)
        return self._ours is not None

    async def _claim(self) -> Object | None:
        """The lease as ours, or None as long as it is somebody else's."""
        lease = self._ours or await self._leases.get(self._ref)
        self.answered.set()
        if lease is None:
            return await self._leases.send(requests.create(LEASE, self._new()))
        if _spec(lease).get("holderIdentity") == self._identity:
            return await self._leases.send(requests.replace(LEASE, self._signed(lease)))
        self._renewed_at = float("-inf")  # whatever we believed until now, it is somebody else's
        if self._lasts(lease) and not await self._vacant(lease):
            return None
        return await self._leases.send(requests.replace(LEASE, self._signed(self._taken(lease))))

    def _lasts(self, lease: Object) -> bool:
        """Whether somebody else's lease may still be valid, as far as we have watched it."""
        version = lease["metadata"]["resourceVersion"]
        if self._rival is None or self._rival.version != version:
            self._rival = Rival(version, self._now(), met=self._rival is None)
        duration = float(_spec(lease).get("leaseDurationSeconds") or 0)
        return bool(_spec(lease).get("holderIdentity")) and self._now() < self._rival.seen_at + duration

    async def _vacant(self, lease: Object) -> bool:
        """Whether there is no need to wait for a lease that lasts."""
        suspect = self._rival and (self._rival.met or self._now() >= self._rival.seen_at + LATE * self._terms.retry)
        return bool(suspect) and await self._ended(str(_spec(lease).get("holderIdentity") or ""))

    def _taken(self, lease: Object) -> Object:
        """A lease that has run out or was given back, as it changes hands."""
        transitions = int(_spec(lease).get("leaseTransitions") or 0) + 1
        return _with(lease, acquireTime=micro_time(self._wall()), leaseTransitions=transitions)

    def _new(self) -> Object:
        """A lease that nobody has held yet, signed by us."""
        metadata = {"namespace": self._ref.namespace, "name": self._ref.name}
        spec = {"acquireTime": micro_time(self._wall()), "leaseTransitions": 1}
        unsigned = {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": metadata, "spec": spec}
        return self._signed(unsigned)

    def _signed(self, lease: Object) -> Object:
        """The lease with our name and the time on it."""
        return _with(
            lease,
            holderIdentity=self._identity,
            leaseDurationSeconds=math.ceil(self._terms.duration),
            renewTime=micro_time(self._wall()),
        )


def _epoch(lease: Object) -> str:
    """Which hand-over of which lease this is."""
    return f"{_spec(lease)['leaseTransitions']}@{lease['metadata']['uid']}"


def _with(lease: Object, **spec: str | int) -> Object:
    """The lease with some fields of its spec changed."""
    return {**lease, "spec": {**_spec(lease), **spec}}


def _spec(lease: Object) -> Object:
    """The spec of a lease, which a lease made by hand may lack."""
    return lease.get("spec") or {}
