"""The work queue on an event loop: who is looked at when, and how many at once."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from gracefulservice.cluster.answers import Forbidden
from gracefulservice.errors import Unreachable
from gracefulservice.work_queue import Priority, WorkQueue
from tests.shell import virtual_time


def queue_on(
    loop: asyncio.AbstractEventLoop,
    workers: int = 4,
    observe: Callable[[str, float], None] = lambda _result, _seconds: None,
) -> WorkQueue[str]:
    """A queue that lives by the loop's time and draws no lots."""
    return WorkQueue(clock=loop.time, workers=workers, observe=observe, draw=max)


async def let_run(queue: WorkQueue[str], look: Callable[[str], object], seconds: float) -> None:
    """Run the queue for so long, then let it end well."""
    running = asyncio.create_task(queue.run(look))  # type: ignore[arg-type]
    await asyncio.sleep(seconds)
    queue.close()
    await running


def test_a_key_never_runs_twice_at_once_and_a_wake_during_its_look_is_kept() -> None:
    """Ten wakes during one look make exactly one more look, after it."""
    spans: list[tuple[float, float]] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue = queue_on(loop)

        async def look(key: str) -> None:
            begun = loop.time()
            if not spans:
                for _ in range(10):
                    queue.wake(key)
            await asyncio.sleep(3)
            spans.append((begun, loop.time()))

        queue.wake("a")
        await let_run(queue, look, 60)

    virtual_time.run(main)
    assert spans == [(0, 3), (3, 6)]


def test_no_more_keys_run_at_once_than_there_are_workers() -> None:
    """Twenty keys share three workers, and each has its look."""
    running, most, looked = set[str](), 0, Counter[str]()

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue = queue_on(loop, workers=3)

        async def look(key: str) -> None:
            nonlocal most
            running.add(key)
            most = max(most, len(running))
            await asyncio.sleep(1)
            running.remove(key)
            looked[key] += 1

        for number in range(20):
            queue.wake(f"key {number}")
        await let_run(queue, look, 60)

    virtual_time.run(main)
    assert most == 3
    assert looked == Counter(f"key {number}" for number in range(20))


def test_the_next_look_comes_when_the_last_one_said_or_earlier_when_woken() -> None:
    """Every 10 s as it asks; a wake in between brings it forward, and it counts anew from there."""
    looks: list[float] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue = queue_on(loop)

        async def look(key: str) -> float:
            looks.append(loop.time())
            return 10.0

        queue.wake("a", after=5)
        loop.call_at(18, queue.wake, "a")
        await let_run(queue, look, 40)

    virtual_time.run(main)
    assert looks == [5, 15, 18, 28, 38]


def test_of_several_delayed_wakes_the_earliest_wins() -> None:
    """One look answers them all."""
    looks: list[float] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue = queue_on(loop)

        async def look(key: str) -> None:
            looks.append(loop.time())

        for after in (9, 4, 7):
            queue.wake("a", after=after, priority=Priority.ROUTINE)
        await let_run(queue, look, 100)

    virtual_time.run(main)
    assert looks == [4]


def test_a_failed_look_is_repeated_with_growing_waits_and_hurts_nobody_else() -> None:
    """Failures wait 0.5, 1, 2 … s; the pause an unreachable server asks for is kept; others go on."""
    looks: dict[str, list[float]] = {"ill": [], "well": []}
    results: list[str] = []
    errors = [Forbidden("No."), ValueError("a bug"), Unreachable("Busy.", retry_after=7.0)]

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue = queue_on(loop, observe=lambda result, _seconds: results.append(result))

        async def look(key: str) -> float | None:
            looks[key].append(loop.time())
            if key == "well":
                return 4.0
            if len(looks[key]) <= len(errors):
                raise errors[len(looks[key]) - 1]
            return None

        queue.wake("ill")
        queue.wake("well")
        await let_run(queue, look, 9)

    with capture_logs() as logs:
        virtual_time.run(main)
    assert looks == {"ill": [0, 0.5, 1.5, 8.5], "well": [0, 4, 8]}
    assert Counter(results) == Counter(ok=4, Refused=1, Bug=1, Unreachable=1)
    assert [line.get("why") for line in logs] == ["No.", None, "Busy."]
    assert [line["log_level"] for line in logs] == ["warning", "error", "warning"]


def test_closing_begins_no_more_looks_and_waits_for_those_that_run() -> None:
    """`run` returns when the last look has ended, although more keys are due."""
    begun, ended = [], []

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        queue = queue_on(loop, workers=1)

        async def look(key: str) -> None:
            begun.append(key)
            await asyncio.sleep(8)
            ended.append(key)

        queue.wake("a")
        queue.wake("b")
        await let_run(queue, look, 2)
        return loop.time()

    assert virtual_time.run(main) == 8
    assert begun == ended == ["a"]


def test_depth_age_and_longest_look_tell_what_waits_and_what_hangs() -> None:
    """With one worker busy since 0 s, two keys due at 1 s have waited 4 s at 5 s."""

    async def main(loop: asyncio.AbstractEventLoop) -> tuple[int, float, float]:
        queue = queue_on(loop, workers=1)
        queue.wake("busy")
        for key, after in (("b", 1), ("c", 1), ("later", 99)):
            queue.wake(key, after=after)
        running = asyncio.create_task(queue.run(lambda _key: asyncio.sleep(50, None)))
        await asyncio.sleep(5)
        figures = queue.depth, queue.oldest, queue.longest_look
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return figures

    assert virtual_time.run(main) == (2, 4, 5)
