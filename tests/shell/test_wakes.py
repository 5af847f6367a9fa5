"""Whom an event wakes, and how urgently."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from gracefulservice.ports import Key
from gracefulservice.wakes import SPREAD, Register, audited, backends, wish
from gracefulservice.work_queue import Priority, WorkQueue
from tests.shell import virtual_time

WEB, OTHER = Key("shop", "web"), Key("shop", "other")


class Heard(WorkQueue[Key]):
    """A queue that only notes who was woken."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0.0, workers=1)
        self.wakes: list[tuple[Key, str]] = []

    def wake(self, key: Key, *, after: float = 0.0, priority: Priority = Priority.URGENT) -> None:
        """Note it."""
        assert after == 0
        self.wakes.append((key, priority.name))


def metadata(**changes: Any) -> dict[str, Any]:
    """The metadata of a GracefulService, as a watch gives it."""
    return {"uid": "u", "generation": 1, "annotations": {"a": "b"}, "resourceVersion": "7"} | changes


Heards = list[tuple[Any, ...]]
FOUND, ROUTINE, URGENT = ("found", WEB, 1), (WEB, "ROUTINE"), (WEB, "URGENT")

SEQUENCES: dict[str, tuple[Heards, list[tuple[Key, str]]]] = {
    "found at the start: no hurry": ([FOUND], [ROUTINE]),
    "made": ([("changed", WEB, 1)], [URGENT]),
    "found again after a gap in the watch": ([FOUND, FOUND], [ROUTINE, ROUTINE]),
    "changed": ([FOUND, ("changed", WEB, 2)], [ROUTINE, URGENT]),
    "our own write of its status": ([FOUND, ("changed", WEB, 1)], [ROUTINE]),
    "deleted": ([FOUND, ("gone", WEB)], [ROUTINE, URGENT]),
    "a child of it": ([FOUND, ("stirred", [WEB, OTHER], False)], [ROUTINE, URGENT]),
    "a child of it, listed": ([FOUND, ("stirred", [WEB], True)], [ROUTINE, ROUTINE]),
    "a child of nobody": ([("stirred", [WEB], False)], []),
    "a child of one that is gone": ([FOUND, ("gone", WEB), ("stirred", [WEB], False)], [ROUTINE, URGENT]),
}


@pytest.mark.parametrize(("heards", "wakes"), SEQUENCES.values(), ids=SEQUENCES)
def test_whom_events_wake(heards: Heards, wakes: list[tuple[Key, str]]) -> None:
    """The key, and whether it goes before the audit of others."""
    queue = Heard()
    register = Register(queue)
    for what, *arguments in heards:
        getattr(register, what)(*arguments)
    assert queue.wakes == wakes


WISHES = {
    "another spec": ({"generation": 2}, True),
    "a command": ({"annotations": {"gracefulservice.dev/command": "{}"}}, True),
    "its annotations are taken away": ({"annotations": None}, True),
    "a deletion": ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, True),
    "somebody's finalizer went": ({"finalizers": ["x"]}, True),
    "another object of that name": ({"uid": "v"}, True),
    "a write of the status": ({"resourceVersion": "8", "managedFields": [{"time": "now"}]}, False),
}


@pytest.mark.parametrize(("changes", "counts"), WISHES.values(), ids=WISHES)
def test_what_counts_as_a_wish(changes: dict[str, Any], counts: bool) -> None:
    """What a user or a controller changes, but not what we write ourselves at every look."""
    assert (wish(metadata()) != wish(metadata(**changes))) is counts


def test_the_services_behind_a_route() -> None:
    """By the names of its backends, in their namespaces, canaries included."""
    route = {
        "metadata": {"namespace": "edge"},
        "spec": {
            "rules": [
                {"backendRefs": [{"name": "web"}, {"name": "web-canary"}]},
                {"backendRefs": [{"name": "other", "namespace": "shop"}]},
                {"filters": []},
            ]
        },
    }
    assert list(backends(route)) == [Key("edge", "web"), Key("edge", "web"), Key("shop", "other")]
    assert list(backends({"metadata": {"namespace": "edge"}})) == []
    ours = {"metadata": {"namespace": "edge", "labels": {"gracefulservice.dev/name": "web"}}}
    assert list(backends(ours)) == [Key("edge", "web")]


def test_a_service_that_exists_is_audited_and_one_that_is_gone_is_not() -> None:
    """Each look is followed by another about a period later, until the object is deleted."""
    looks: list[float] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        queue: WorkQueue[Key] = WorkQueue(clock=loop.time, workers=1)
        register = Register(queue)
        register.found(WEB, 1)

        async def reconcile(_key: Key) -> float | None:
            looks.append(loop.time())
            return None

        running = asyncio.create_task(queue.run(audited(reconcile, queue, register, 600.0)))
        await asyncio.sleep(3600)
        register.gone(WEB)
        await asyncio.sleep(3600)
        queue.close()
        await running

    virtual_time.run(main)
    gaps = [later - earlier for earlier, later in pairwise(looks[:-1])]
    assert len(gaps) >= 4
    assert all(600 * (1 - SPREAD) <= gap <= 600 * (1 + SPREAD) for gap in gaps)
    assert looks[-1] == 3600
