"""The users of one service, all kinds at once, for as long as things happen to it."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from examples.traffic.client import Load, Second, Summary, Traffic, lost
from tests.soak.windows import Told
from tests.support.place import Place

LEARNING = 120.0
"""Seconds a gateway or a node may take to learn of a new service, before anybody counts."""


class Crowd:
    """From `with` to its end every kind of users sends its requests."""

    def __init__(self, place: Place, loads: Mapping[str, Load]) -> None:
        self._place = place
        self._loads = loads
        self._running: dict[str, Traffic] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._learn()
        with ExitStack() as starting:
            for who, load in self._loads.items():
                self._running[who] = starting.enter_context(self._traffic(load))
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask_to_stop()
        self._stack.close()

    @property
    def told(self) -> Told:
        """The seconds that each kind of users has told so far; those who ask for long answers tell no latencies."""
        return {who: told_by(self._loads[who], traffic.seconds) for who, traffic in self._running.items()}

    def stop(self) -> dict[str, Summary]:
        """Send no more, all at one moment, and wait for the last answers."""
        self._ask_to_stop()
        return {who: traffic.stop() for who, traffic in self._running.items()}

    def _ask_to_stop(self) -> None:
        for traffic in self._running.values():
            traffic.ask_to_stop()

    def _learn(self) -> None:
        """Wait until each of them finds its way; what is lost before that is no fault of anybody's."""
        with ExitStack() as probing:
            probes = [probing.enter_context(self._traffic(probe(load))) for load in self._loads.values()]
            for one in probes:
                one.wait_for(works, LEARNING)

    def _traffic(self, load: Load) -> Traffic:
        return Traffic(self._place.stage.traffic, load, through=self._place.stage.prefix)


def probe(load: Load) -> Load:
    """The same way and protocol, but quick and small."""
    return Load(
        url=load.url.partition("?")[0],
        host=load.host,
        rate=5,
        protocol=load.protocol,
        length=0.5,
        upload_bytes=1000,
        upload_over=0,
    )


def told_by(load: Load, seconds: Sequence[Second]) -> Sequence[Second]:
    """Without latencies where patience shows that they are wanted long."""
    if load.timeout <= Load(url="").timeout:
        return seconds
    return [replace(second, p50_ms=None, p99_ms=None) for second in seconds]


def works(seconds: Sequence[Second]) -> bool:
    """Three seconds of answers."""
    latest = seconds[-3:]
    return len(latest) == 3 and not lost(latest) and all(one.answered for one in latest)
