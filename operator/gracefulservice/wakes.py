"""What is heard from the cluster, and whom it wakes. An event never says what to do, only where to look."""

import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from gracefulservice.api.names import CANARY_SUFFIX, NAME_LABEL
from gracefulservice.ports import Key
from gracefulservice.work_queue import Priority, WorkQueue

Reconcile = Callable[[Key], Awaitable[float | None]]
"""One look at one GracefulService; gives the seconds until the next, None when nothing is due."""

SPREAD = 0.2
"""The audit comes this share earlier or later, so that services found together part ways."""


class Register:
    """The GracefulServices that exist, as far as was heard. Used from one thread."""

    def __init__(self, queue: WorkQueue[Key]) -> None:
        self._queue = queue
        self._wishes: dict[Key, object] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._wishes

    def found(self, key: Key, wish: object) -> None:
        """It is in the list that a watch begins with."""
        self._wishes[key] = wish
        self._queue.wake(key, priority=Priority.ROUTINE)

    def changed(self, key: Key, wish: object) -> None:
        """It was made or changed. Our own writes of its status change no wish and wake nobody."""
        if self._wishes.get(key) != wish:
            self._wishes[key] = wish
            self._queue.wake(key, priority=Priority.URGENT)

    def gone(self, key: Key) -> None:
        """It was deleted; one more look finds nothing, and forgets whatever was kept for it."""
        self._wishes.pop(key, None)
        self._queue.wake(key, priority=Priority.URGENT)

    def stirred(self, keys: Iterable[Key], listed: bool) -> None:
        """Something that belongs to them, or that their traffic goes through, was listed or changed."""
        for key in keys:
            if key in self._wishes:
                self._queue.wake(key, priority=Priority.ROUTINE if listed else Priority.URGENT)


def wish(metadata: Mapping[str, Any]) -> object:
    """What tells a user's change from our own writes of the status: spec, annotations, deletion, finalizers."""
    return (
        metadata.get("uid"),
        metadata.get("generation"),
        tuple(sorted((metadata.get("annotations") or {}).items())),
        metadata.get("deletionTimestamp"),
        tuple(metadata.get("finalizers") or ()),
    )


def backends(route: Mapping[str, Any]) -> Iterator[Key]:
    """The GracefulServices an HTTPRoute may send traffic to, going by the names of its backends, and whose it is: the
    backends of a route we made may have been replaced.
    """
    if maker := (route["metadata"].get("labels") or {}).get(NAME_LABEL):
        yield Key(route["metadata"]["namespace"], maker)
    for rule in route.get("spec", {}).get("rules") or ():
        for backend in rule.get("backendRefs") or ():
            namespace = backend.get("namespace") or route["metadata"]["namespace"]
            yield Key(namespace, backend["name"].removesuffix(CANARY_SUFFIX))


def audited(reconcile: Reconcile, queue: WorkQueue[Key], register: Register, period: float) -> Reconcile:
    """The same, and every service that exists is looked at again after about `period` seconds of silence."""

    async def look(key: Key) -> float | None:
        try:
            return await reconcile(key)
        finally:
            if key in register:
                after = period * random.uniform(1 - SPREAD, 1 + SPREAD)
                queue.wake(key, after=after, priority=Priority.ROUTINE)

    return look
