"""One service, its users, and one action after the other: the tail of each is the head of the next."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from examples.traffic.client import Second, TrafficError
from localcluster.errors import Failure
from tests.soak import evidence
from tests.soak.crowd import Crowd
from tests.soak.size import ENDS
from tests.soak.timeline import Timeline
from tests.soak.users import Ways, loads
from tests.soak.windows import Mark, Row, row, rows, total, within
from tests.support.place import Place

FLUSH = 1.5
"""Seconds until the users have told the second that has just gone by."""


@dataclass(frozen=True)
class Deed:
    """Something that happens, by name."""

    name: str
    do: Callable[[], None]


@dataclass(frozen=True)
class Chapter:
    """A service that stands, the ways to it, and what happens to it; a control repeats a deed until it has lost."""

    service: str
    place: Place
    ways: Ways
    deeds: Sequence[Deed]
    rate: float
    tail: float
    folder: Path
    control: bool = False
    attempts: int = 1
    enough: Callable[[int], bool] = field(default=lambda _: False)


def run(chapter: Chapter) -> list[Row]:
    """Do everything; a deed that does not come to its end is the last."""
    users = loads(chapter.ways, chapter.rate)
    with Timeline(chapter.place, chapter.folder / "timeline.jsonl") as timeline, Crowd(chapter.place, users) as crowd:
        time.sleep(chapter.tail + FLUSH)
        kept(chapter, timeline, crowd, "at-rest", 0.0)
        marks: list[Mark] = []
        for deed in chapter.deeds:
            marks += repeated(chapter, deed, timeline, crowd)
            if marks[-1].failure or chapter.enough(sent(crowd, marks)):
                break
        ended = time.time()
        time.sleep(chapter.tail * (ENDS - 1))
        summaries = crowd.stop()
        kept(chapter, timeline, crowd, "end", ended)
    if found := evidence.losses(summaries):
        evidence.write(chapter.folder / "losses.json", found)
    return rows(crowd.told, marks, chapter.service, control=chapter.control)


def repeated(chapter: Chapter, deed: Deed, timeline: Timeline, crowd: Crowd) -> list[Mark]:
    """Once; a control again while it has lost nothing."""
    marks = []
    for _ in range(chapter.attempts):
        marks.append(done(chapter, deed, timeline, crowd))
        if marks[-1].failure or row(crowd.told, marks[-1], after(crowd, marks[-1]), "", chapter.control).lost:
            break
    return marks


def done(chapter: Chapter, deed: Deed, timeline: Timeline, crowd: Crowd) -> Mark:
    """Do it, wait for its tail, and say and keep what was lost."""
    timeline.note("begins", action=deed.name)
    begun, failure = time.time(), ""
    try:
        deed.do()
    except (AssertionError, ApiException, Failure, TrafficError) as error:
        failure = str(error) or repr(error)
    mark = Mark(deed.name, begun, time.time(), failure)
    timeline.note("settled", action=deed.name, failure=failure)
    time.sleep(chapter.tail + FLUSH)
    say(row(crowd.told, mark, after(crowd, mark), chapter.service, chapter.control))
    kept(chapter, timeline, crowd, deed.name, begun - 1)
    return mark


def after(crowd: Crowd, mark: Mark) -> dict[str, list[Second]]:
    """What the users have told since an action began, from the second in which it did."""
    return within(crowd.told, mark.begun - 1, float("inf"))


def sent(crowd: Crowd, marks: Sequence[Mark]) -> int:
    """Requests sent since the first action began."""
    return sum(total(seconds, "sent") for seconds in within(crowd.told, marks[0].begun, float("inf")).values())


def kept(chapter: Chapter, timeline: Timeline, crowd: Crowd, name: str, begun: float) -> None:
    """Keep the evidence of losses since `begun`; a control's losses are wanted and need none."""
    bad = evidence.lossy(crowd.told, begun, float("inf"))
    if bad and not chapter.control:
        evidence.keep(chapter.place, timeline, crowd.told, bad, chapter.folder / f"{name}.json")


def say(told: Row) -> None:
    """A line while it runs."""
    lost = f"{told.lost} lost" + (f" ({dict(told.kinds)})" if told.kinds else "")
    failed = f"; not ended: {told.failure.splitlines()[0]}" if told.failure else ""
    print(
        f"{time.strftime('%H:%M:%S')}  {told.service}, {told.action}: {told.seconds:.0f} s, "
        f"{told.requests:,} requests, {lost}{failed}",
        flush=True,
    )
