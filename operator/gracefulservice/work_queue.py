"""Who is looked at next: one key never runs twice at once, no wake is lost, the earliest wake wins.

`Schedule` is the whole of the thinking, without a clock and without asyncio; `WorkQueue` adds the workers.
"""

import asyncio
import contextlib
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

import structlog

from gracefulservice.errors import Failure, Unreachable

K = TypeVar("K", bound=Hashable)
Look = Callable[[K], Awaitable[float | None]]
Draw = Callable[[float, float], float]

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 60.0
"""Seconds: the wait after a failed pass is drawn from the upper half of a range that doubles each time."""

log = structlog.stdlib.get_logger(__name__)


class Priority(IntEnum):
    """Who goes first among those that are due."""

    URGENT = 0
    """A user, a pod, a route or a timer of a rollout."""
    ROUTINE = 1
    """The paced audit, and everything found at start-up."""


@dataclass(frozen=True, slots=True)
class Wake:
    """When to look, and how urgent that is."""

    due: float
    priority: Priority = Priority.URGENT

    def merge(self, other: "Wake") -> "Wake":
        """One wake for both: the earlier time and the more urgent priority."""
        return Wake(min(self.due, other.due), min(self.priority, other.priority))


class Schedule(Generic[K]):
    """Which keys wait, which run, and which is next. Times are seconds of any one clock, given by the caller.

    A look answers every wake that came before it, also those due later: it says itself when it is due again.
    """

    def __init__(self, draw: Draw = random.uniform) -> None:
        self._draw = draw
        self._pending: dict[K, Wake] = {}
        self._running: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._later: list[tuple[float, int, K]] = []
        self._lines: dict[Priority, dict[K, None]] = {priority: {} for priority in Priority}
        self._turn = itertools.count()

    def wake(self, key: K, wake: Wake) -> None:
        """Look at `key` when it is due; a key that runs now is looked at again after it has ended."""
        before = self._pending.get(key)
        after = wake.merge(before) if before else wake
        self._pending[key] = after
        if after != before:
            self._line_up(key)

    def take(self, now: float) -> K | None:
        """The next key to look at, now running; None if none is due."""
        self._ripen(now)
        key = next(itertools.chain(*self._lines.values()), None)
        if key is not None:
            del self._lines[self._pending.pop(key).priority][key]
            self._running[key] = now
        return key

    def done(self, key: K, due: float | None) -> None:
        """The look ended well; the next one is at `due`, or when something wakes it (None)."""
        self._failures.pop(key, None)
        self._end(key, due)

    def failed(self, key: K, now: float, *, at_least: float = 0.0) -> float:
        """The look failed: it is repeated after a back-off, whose seconds are returned."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        wait = max(at_least, backoff(failures, self._draw))
        self._end(key, now + wait)
        return wait

    def next_due(self, now: float) -> float | None:
        """When the next key is due: `now` if one is already, None if none waits."""
        self._ripen(now)
        if any(self._lines.values()):
            return now
        return self._later[0][0] if self._later else None

    @property
    def running(self) -> Mapping[K, float]:
        """The keys that are looked at right now, and since when."""
        return self._running

    def waits(self, now: float) -> list[float]:
        """How long each key that is due has waited for its turn, in seconds."""
        return [now - wake.due for wake in self._pending.values() if wake.due <= now]

    def _end(self, key: K, due: float | None) -> None:
        """Stop running; what was woken meanwhile, and what is due next, lines up."""
        del self._running[key]
        if due is not None:
            wake = Wake(due)
            self._pending[key] = wake.merge(self._pending.get(key, wake))
        if key in self._pending:
            self._line_up(key)

    def _line_up(self, key: K) -> None:
        heapq.heappush(self._later, (self._pending[key].due, next(self._turn), key))

    def _ripen(self, now: float) -> None:
        """Move what is due into its line, and drop entries that an earlier wake or a look has overtaken."""
        while self._later and (self._later[0][0] <= now or self._overtaken()):
            overtaken = self._overtaken()
            key = heapq.heappop(self._later)[2]
            if not overtaken:
                self._join(key, self._pending[key].priority)

    def _overtaken(self) -> bool:
        """Whether the first entry speaks of a wake that is not pending any more."""
        due, _, key = self._later[0]
        return key in self._running or key not in self._pending or self._pending[key].due != due

    def _join(self, key: K, priority: Priority) -> None:
        """Stand at the end of the line of that priority, unless standing in it already, and in no other."""
        for other, line in self._lines.items():
            if other is not priority:
                line.pop(key, None)
        self._lines[priority].setdefault(key)


class WorkQueue(Generic[K]):
    """Keys to be looked at, at most `workers` of them at a time. `clock` gives seconds.

    `observe` is told after each look: `ok` or the name of what was raised, and the seconds it took.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        workers: int,
        observe: Callable[[str, float], None] = lambda _result, _seconds: None,
        draw: Draw = random.uniform,
    ) -> None:
        self._clock, self._workers, self._observe = clock, workers, observe
        self._schedule: Schedule[K] = Schedule(draw)
        self._stirred = asyncio.Event()
        self._closed = False

    def wake(self, key: K, *, after: float = 0.0, priority: Priority = Priority.URGENT) -> None:
        """Look at `key` in `after` seconds, or earlier if something else says so."""
        self._schedule.wake(key, Wake(self._clock() + after, priority))
        self._stirred.set()

    def close(self) -> None:
        """Begin no more looks: `run` returns when those that run have ended."""
        self._closed = True
        self._stirred.set()

    async def run(self, look: Look[K]) -> None:
        """Look at whatever is due, until closed.

        `look` returns the seconds until the next one, or None when nothing is due. When it raises, it is
        repeated after a back-off that grows with each failure of that key, at least `Unreachable.retry_after`.
        """
        async with asyncio.TaskGroup() as looks:
            while not self._closed:
                self._stirred.clear()
                self._begin(look, looks)
                await self._stir(self._pause())

    @property
    def depth(self) -> int:
        """How many keys are due and wait for a worker."""
        return len(self._schedule.waits(self._clock()))

    @property
    def oldest(self) -> float:
        """Seconds for which the longest-waiting due key has waited; 0 if none waits."""
        return max(self._schedule.waits(self._clock()), default=0.0)

    @property
    def longest_look(self) -> float:
        """Seconds for which the oldest of the running looks has run; 0 if none runs."""
        now = self._clock()
        return max((now - since for since in self._schedule.running.values()), default=0.0)

    def _begin(self, look: Look[K], looks: asyncio.TaskGroup) -> None:
        """Give every free worker a key that is due."""
        while self._free and (key := self._schedule.take(self._clock())) is not None:
            looks.create_task(self._once(look, key), name=f"look at {key}")

    @property
    def _free(self) -> int:
        return self._workers - len(self._schedule.running)

    def _pause(self) -> float | None:
        """Seconds until there is something to begin; None until something stirs."""
        now = self._clock()
        due = self._schedule.next_due(now) if self._free else None
        return None if due is None else due - now

    async def _stir(self, within: float | None) -> None:
        """Wait until something stirs, for at most `within` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._stirred.wait()

    async def _once(self, look: Look[K], key: K) -> None:
        """One look, whatever comes of it."""
        started, result = self._clock(), "ok"
        try:
            after = await look(key)
        except Exception as error:  # noqa: BLE001 - one key's bug must not stop the others; it is logged
            result = next((one.__name__ for one in Failure.__subclasses__() if isinstance(error, one)), "Bug")
            self._retry(key, error)
        else:
            self._schedule.done(key, None if after is None else self._clock() + after)
        finally:
            self._observe(result, self._clock() - started)
            self._stirred.set()

    def _retry(self, key: K, error: Exception) -> None:
        """Look again later, and say why: a failure in its own sentence, a bug with its trace."""
        at_least = error.retry_after if isinstance(error, Unreachable) else 0.0
        wait = self._schedule.failed(key, self._clock(), at_least=at_least)
        told = log.bind(key=str(key), wait=round(wait, 3))
        if isinstance(error, Failure):
            told.warning("The look is repeated.", why=error.sentence)
        else:
            told.error("The look is repeated: it ran into a bug.", exc_info=error)


def backoff(failures: int, draw: Draw = random.uniform) -> float:
    """Seconds to wait after a failure that `failures` others came before."""
    longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 20))
    return draw(longest / 2, longest)
