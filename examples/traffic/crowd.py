"""Users of several kinds at once, each a load client of its own, and one record of them all."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from examples.traffic.client import Load, Second, Summary, Traffic


class Lost(NamedTuple):
    """Where a lost request belongs: the second (unix) in which its loss was known, the users' name, the version that
    had begun to answer it (empty if none) and the kind of loss.
    """

    unix: int
    users: str
    version: str
    kind: str


class Crowd:
    """Running clients by name. As a context manager none of them outlives its block."""

    def __init__(self, program: Path, loads: Mapping[str, Load], through: Sequence[str] = ()) -> None:
        self._running = ExitStack()
        self._users: dict[str, Traffic] = {}
        with ExitStack() as started:
            for name, load in loads.items():
                self._users[name] = started.enter_context(Traffic(program, load, through))
            self._running = started.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for traffic in self._users.values():
            traffic.ask_to_stop()
        self._running.__exit__(kind, error, trace)

    def __getitem__(self, name: str) -> Traffic:
        return self._users[name]

    def wait_for(self, seen: Callable[[Sequence[Second]], bool], within: float) -> None:
        """Return when ``seen`` has held for each client; ``TrafficError`` if one needs more than ``within`` seconds."""
        for traffic in self._users.values():
            traffic.wait_for(seen, within)

    def stop(self) -> dict[str, Summary]:
        """Stop them all at one moment, wait for the answers that are due, and give the totals by name."""
        for traffic in self._users.values():
            traffic.ask_to_stop()
        return {name: traffic.stop() for name, traffic in self._users.items()}

    def losses(self) -> Counter[Lost]:
        """How many requests were lost so far, per second, users, version and kind."""
        record: Counter[Lost] = Counter()
        for name, traffic in self._users.items():
            for second in traffic.seconds:
                for version, kinds in second.losses.items():
                    for kind, count in kinds.items():
                        record[Lost(int(second.unix), name, version, kind)] += count
        return record
