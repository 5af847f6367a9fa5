"""What was found, as a picture for the terminal. Pure: the time of day is an argument."""

import math
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gracefulservice.api import Condition, EvidenceStatus
from gracefulservice.cli.scene import Pods, Scene, Told
from gracefulservice.cli.words import plain
from gracefulservice.rollout import figures

BAR, HEADING = 24, 10
"""Characters."""
SMALLEST = 100 / (2 * BAR)
"""Percent: half a character."""
HOUR, DAY = 3600.0, 86400.0
TWO_DAYS = 2 * DAY
COLOURS = {"Healthy": "green", "Progressing": "cyan", "Paused": "yellow", "Degraded": "red", "Invalid": "red"}
"""Of the phases."""
WISHED = {
    **dict.fromkeys(("Stalled", "WeightContested", "LostAtGateway"), "False"),
    **dict.fromkeys(("Reconciling", "CapacityKept", "DelayMeasured", "DrainMeasured"), ""),
}
"""What a condition should say, where that is not True; empty: either is fine."""


def one(scenes: Sequence[Scene], now: float) -> RenderableType:
    """Everything about the first of them. `now` is unix seconds."""
    scene, *_ = scenes
    head: list[RenderableType] = [Text.assemble((f"{scene.namespace}/{scene.name}", "bold"), "  ", phase(scene))]
    head += [words(scene.headline)] if scene.headline else []
    parts = list(rows(scene, now))
    return Group(*head, Text(), grid(parts)) if parts else Group(*head)


def every(scenes: Sequence[Scene], _now: float) -> RenderableType:
    """A line for each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("NAME", "PHASE", "WEIGHT", "STABLE", "CANARY"):
        table.add_column(heading, no_wrap=True)
    table.add_column("WHAT IT DOES")
    for scene in scenes:
        revisions = (scene.status.stable or "", scene.status.canary or "")
        table.add_row(words(scene.name), phase(scene), *map(words, (share(scene), *revisions, scene.headline)))
    unreadable = next((scene.unreadable for scene in scenes if scene.unreadable), "")
    return Group(table, words(unreadable)) if unreadable else table


def line(scene: Scene) -> str:
    """One service in one line, for logs."""
    parts = (f"{scene.namespace}/{scene.name}", phase(scene).plain, share(scene), plain(scene.headline))
    return "  ".join(part for part in parts if part)


def phase(scene: Scene) -> Text:
    """Its phase; an object that nobody looked at yet is Pending."""
    word = scene.status.phase or "Pending"
    return words(word, COLOURS.get(word, ""))


def share(scene: Scene) -> str:
    """The canary's observed weight, else the one that is wanted; empty without a canary."""
    weight = scene.status.weight
    if weight is None:
        return ""
    return figures.weight(weight.wanted if weight.observed is None else weight.observed)


Row = tuple[str, RenderableType]
"""The heading of a part (empty where the part goes on), and one line of it."""


def rows(scene: Scene, now: float) -> Iterator[Row]:
    """The parts of the page, each only where there is something to say."""
    found = scene.status.evidence
    guards = scene.status.guards
    said = {scene.headline, found.sentence if found else "", *(one.sentence for one in guards)}
    yield from headed("Weight", weights(scene))
    yield from headed("Evidence", evidence(found, scene.headline))
    yield from headed("Guards", (words(one.sentence) for one in guards if one.sentence not in scene.headline))
    yield from headed("Pods", map(pods, scene.pods))
    yield from headed("Time left", time_left(scene, now))
    yield from headed("Conditions", (condition(one, said) for one in scene.status.conditions))
    yield from headed("Events", (event(one, now) for one in scene.events))
    yield from headed("Not shown", [words(scene.unreadable)] if scene.unreadable else [])


def headed(heading: str, lines: Iterable[RenderableType]) -> Iterator[Row]:
    """A part with its heading at the first line."""
    for index, one in enumerate(lines):
        yield "" if index else heading, one


def weights(scene: Scene) -> Iterator[RenderableType]:
    """The canary's share of the traffic, wanted and observed, and the step."""
    weight, step = scene.status.weight, scene.status.step
    if weight is not None:
        yield bar("wanted", weight.wanted, figures.weight(weight.wanted))
        observed = "not yet" if weight.observed is None else figures.weight(weight.observed)
        yield bar("observed", weight.observed or 0.0, observed)
    if step is not None:
        yield words(f"step {step.index} of {step.count}")


def evidence(found: EvidenceStatus | None, headline: str) -> Iterator[RenderableType]:
    """The odds against the canary on the way to their limit, and what they rest on."""
    if found is None:
        return
    odds = f"{figures.chances(found.odds)} against the canary, rolled back at {figures.chances(found.limit)}"
    yield bar("odds", toward(found.odds, found.limit), odds, "red")
    yield words(f"{figures.number(found.requests)} requests to the canary, {figures.number(found.errors)} failed")
    if found.sentence and found.sentence not in headline:
        yield words(found.sentence)


def toward(odds: float, limit: float) -> float:
    """How far odds have come from even to their limit, in percent. Each doubling counts the same.

    >>> toward(10, 100)
    50.0
    """
    if odds <= 1 or limit <= 1:
        return 0.0
    return min(100.0, 100 * math.log(odds) / math.log(limit))


def pods(found: Pods) -> RenderableType:
    """`canary  4f2a91c3d0  1 of 2 ready`."""
    colour = "" if found.ready >= found.wanted else "yellow"
    return columns(
        (8, words(found.role)), (10, words(found.revision)), words(f"{found.ready} of {found.wanted} ready", colour)
    )


def time_left(scene: Scene, now: float) -> Iterator[Text]:
    """Until what it waits for ends by itself."""
    waiting = scene.status.waiting
    if waiting is not None and waiting.until is not None and waiting.until > now:
        yield words(figures.span(waiting.until - now))


def condition(found: Condition, said: set[str]) -> RenderableType:
    """One condition; its sentence only where the page does not say it already."""
    wished = WISHED.get(found.type, "True")
    colour = "" if not wished else "green" if found.status == wished else "yellow"
    sentence = found.reason if found.message in said else f"{found.reason}: {found.message}"
    return columns((16, words(found.type)), (7, words(found.status, colour)), words(sentence))


def event(told: Told, now: float) -> RenderableType:
    """`12 s ago  Promoted  Revision … is stable.`"""
    ago = f"{age(now - told.at)} ago"
    sentence = Text.assemble(words(told.reason, "yellow" if told.warning else "bold"), "  ", words(told.sentence))
    return columns((16, words(ago)), sentence)


def age(seconds: float) -> str:
    """`40 s`, `3 h`, `5 d`."""
    if seconds < HOUR:
        return figures.span(seconds)
    return f"{seconds / HOUR:.0f} h" if seconds < TWO_DAYS else f"{seconds / DAY:.0f} d"


def bar(name: str, percent: float, said: str, colour: str = "cyan") -> RenderableType:
    """`wanted  ━━━━━      20 %`. What is more than nothing is drawn as more than nothing."""
    shown = max(percent, SMALLEST) if percent > 0 else 0.0
    drawn = ProgressBar(total=100, completed=shown, width=BAR, complete_style=colour, finished_style=colour)
    return columns((8, words(name)), (BAR, drawn), words(said))


def columns(*cells: tuple[int, RenderableType] | RenderableType) -> Table:
    """One line of cells, those with a number that many characters wide."""
    table = Table.grid(padding=(0, 2))
    sized = [cell if isinstance(cell, tuple) else (None, cell) for cell in cells]
    for width, _ in sized:
        table.add_column(width=width)
    table.add_row(*(cell for _, cell in sized))
    return table


def grid(parts: Iterable[Row]) -> Table:
    """The headings to the left of what they head."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True, min_width=HEADING)
    table.add_column()
    for heading, part in parts:
        table.add_row(heading, part)
    return table


def words(said: str, colour: str = "") -> Text:
    """Text that is shown as it is: nothing in it is markup."""
    return Text(plain(said), style=colour)
