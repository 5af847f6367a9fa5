"""What was so while a story lost requests: it is told with the failure, since it may not happen a second time.

Users' seconds, every change of pods, endpoints, selectors and weights, what kube-proxy said, and the machine's load. A
story need do nothing for it: all its users come from its `Place`.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from examples.traffic.client import Load, Second, Summary, Traffic, TrafficError
from tests.soak.timeline import AROUND, Timeline
from tests.support.place import Place, Stage
from tests.support.proxy_pulse import behind

LINES = 60
"""Of each part, in the message of a failure; the file holds all of it."""
ROOT = Path(__file__).parents[2]


class Pulses:
    """What one node's kube-proxy tells while a story runs."""

    def __init__(self, stage: Stage) -> None:
        self.told: list[dict[str, Any]] = []
        self._program = subprocess.Popen(
            [*stage.prefix, sys.executable, "-m", "tests.support.proxy_pulse"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._program.stdout
        with self._program.stdout as lines:
            for line in lines:
                with suppress(ValueError):
                    self.told.append(json.loads(line))

    @property
    def running(self) -> bool:
        """Whether the program has not ended by itself."""
        return self._program.poll() is None

    def end(self) -> None:
        """Let the program go."""
        assert self._program.stdin
        self._program.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._program.wait(10)
        self._program.kill()
        self._program.wait()
        self._reader.join()


@dataclass
class Witness:
    """Who has sent what, and what the cluster has told meanwhile."""

    timeline: Timeline
    pulses: Pulses
    users: list[tuple[Load, Traffic]] = field(default_factory=list)

    def told(self, file: Path) -> str:
        """Everything around the lost requests, as text and in a file; nothing where none is lost."""
        lossy = [(load, traffic) for load, traffic in self.users if any(one.lost for one in traffic.seconds)]
        if not lossy:
            return ""
        bad = [one.unix for _, traffic in lossy for one in traffic.seconds if one.lost]
        begin, end = min(bad), max(bad) + 1
        changes = self.timeline.around(begin, end)
        pulses = [one for one in self.pulses.told if begin - AROUND[0] <= one["unix"] <= end + AROUND[1]]
        users = [(load.flags(), list(traffic.seconds), ended(traffic)) for load, traffic in lossy]
        write(file, users, changes, pulses)
        lines = [line for flags, seconds, summary in users for line in of_users(flags, seconds, summary)]
        return "\n".join([*lines, "", *of_changes(changes), "", *of_proxy(pulses), "", f"All of it: {file}"])


def ended(traffic: Traffic) -> Summary | None:
    """The totals of users that have ended as they should."""
    with suppress(TrafficError):
        return traffic.stop()
    return None


def of_users(flags: Sequence[str], seconds: Sequence[Second], summary: Summary | None) -> Iterator[str]:
    """Totals, the first and the last loss, and each second that lost some; `lag` shows users that were starved."""
    sent, lost = (sum(getattr(one, word) for one in seconds) for word in ("sent", "lost"))
    yield f"{lost} of {sent} requests are lost: {' '.join(flags)}"
    for loss in (summary.first_loss, summary.last_loss) if summary else ():
        if loss:
            yield (
                f"  {clock(loss.unix)} {loss.kind} at {loss.address} (pod {loss.pod or 'unknown'}), "
                f"after {loss.waited_ms:.0f} ms: {loss.error}"
            )
    for one in [second for second in seconds if second.lost][:LINES]:
        yield (
            f"  {clock(one.unix)} {one.lost} lost {dict(one.kinds)}, {one.sent} sent, {one.answered} answered, "
            f"{one.outstanding} outstanding, {one.late} late, lag {one.lag_max_ms:.0f} ms"
        )


def of_changes(changes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What the API server told."""
    for one in list(changes)[-LINES:]:
        rest = {key: value for key, value in one.items() if key not in ("unix", "kind", "name", "change")}
        yield f"  {clock(one['unix'])} {one.get('change', '')} {one.get('kind', '')} {one.get('name', '')} {rest}"


def of_proxy(pulses: Sequence[dict[str, Any]]) -> Iterator[str]:
    """When kube-proxy was behind or did not answer, and the load of the machine."""
    if not pulses:
        yield "kube-proxy told nothing."
        return
    first, last = pulses[0], pulses[-1]
    yield f"Load {first['load']:.1f} … {max(one['load'] for one in pulses):.1f} … {last['load']:.1f}."
    yield f"Changes of endpoints written, by seconds: {first.get('programmed')} → {last.get('programmed')}."
    for one in [one for one in pulses if behind(one) > 1 or "error" in one][:LINES]:
        said = one.get("error") or f"a change has waited for {behind(one):.1f} s"
        yield f"  {clock(one['unix'])} kube-proxy: {said}, load {one['load']:.1f}"


def clock(unix: float) -> str:
    """The time of day, to a tenth of a second."""
    return f"{time.strftime('%H:%M:%S', time.gmtime(unix))}.{int(unix * 10) % 10}"


def write(
    file: Path,
    users: Iterable[tuple[Sequence[str], Sequence[Second], Summary | None]],
    changes: Sequence[dict[str, Any]],
    pulses: Sequence[dict[str, Any]],
) -> None:
    """All of it as JSON."""
    told = [
        {"flags": flags, "summary": summary and asdict(summary), "seconds": [asdict(one) for one in seconds]}
        for flags, seconds, summary in users
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"users": told, "changes": changes, "pulses": pulses}, indent=1, default=str))


@dataclass(frozen=True)
class Witnessed(Place):
    """A place whose users are remembered."""

    witness: Witness

    def send(self, load: Load, through: Sequence[str] = ()) -> Traffic:
        """As in any place."""
        traffic = super().send(load, through)
        self.witness.users.append((load, traffic))
        return traffic


@contextmanager
def witnessed(stage: Stage, namespace: str, folder: Path) -> Iterator[Witnessed]:
    """The place while it is watched."""
    pulses = Pulses(stage)
    try:
        with Timeline(Place(stage, namespace), folder / "timeline.jsonl") as timeline:
            yield Witnessed(stage, namespace, Witness(timeline, pulses))
    finally:
        pulses.end()
