"""One moment of the demonstration, as a picture for a terminal and as a line for a log. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from examples.traffic.client import Second
from gracefulservice.cli import page
from gracefulservice.cli.scene import Scene, Told
from gracefulservice.rollout import figures


@dataclass(frozen=True, slots=True)
class Users:
    """What users got, in all and in the last whole second; `failed` are answers with a status of 500 or above."""

    served: int
    failed: int
    lost: int
    versions: Mapping[str, int]
    recent: tuple[int, int, int] = (0, 0, 0)
    """Served, failed and lost in the last second."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to see `since` seconds after the act began; without `users` nobody calls yet."""

    title: str
    since: float
    scene: Scene | None
    users: Users | None


def users(seconds: Sequence[Second]) -> Users | None:
    """The users of a client that told these seconds."""
    if not seconds:
        return None
    last = seconds[-1]
    counts = {version: sum(codes.values()) for version, codes in sorted(last.versions.items())}
    served, lost = sum(one.answered for one in seconds), sum(one.lost for one in seconds)
    return Users(served, sum(map(failed, seconds)), lost, counts, (last.answered, failed(last), last.lost))


def failed(second: Second) -> int:
    """Answers with a status of 500 or above."""
    return sum(count for code, count in second.codes.items() if int(code) >= 500)


def picture(moment: Moment, now: float) -> RenderableType:
    """The moment as it stands on a terminal; `now` in unix seconds."""
    title = Text.assemble((moment.title, "bold"), (f"   {figures.span(moment.since)}", "dim"))
    headline = moment.scene.headline if moment.scene else ""
    return Group(Text(), title, page.words(headline), Text(), page.grid(rows(moment, headline, now)))


def rows(moment: Moment, headline: str, now: float) -> Iterator[page.Row]:
    """The parts of the picture, each only where there is something to say."""
    scene = moment.scene
    if scene is not None:
        yield "Phase", page.phase(scene)
        yield from page.headed("Weight", page.weights(scene))
        yield from page.headed("Evidence", page.evidence(scene.status.evidence, headline))
        yield from page.headed("Pods", map(page.pods, scene.pods))
        yield from page.headed("Time left", page.time_left(scene, now))
    if moment.users is not None:
        yield from page.headed("Users", people(moment.users))


def people(found: Users) -> Iterator[RenderableType]:
    """What users got, and from which version."""
    yield page.columns(
        (8, ""), *((8, Text(word, style="dim", justify="right")) for word in ("served", "failed", "lost"))
    )
    for name, counts in (("in 1 s", found.recent), ("in all", (found.served, found.failed, found.lost))):
        yield page.columns((8, name), *((8, text) for text in colours(counts)))
    answered = sum(found.versions.values())
    for version, count in found.versions.items():
        share = 100 * count / answered
        yield page.bar(version, share, figures.weight(share), "green")


def colours(counts: tuple[int, int, int]) -> Iterator[Text]:
    """Counts of served, failed and lost; the last two stand out when there are any."""
    for count, alarming in zip(counts, ("", "yellow", "bold red"), strict=True):
        yield Text(figures.number(count), style=alarming if count else "", justify="right")


def line(moment: Moment) -> str:
    """The moment in a log: `v1 → v2     12 s  Progressing  …`."""
    scene, found = moment.scene, moment.users
    said = [f"{moment.title:<7}  {moment.since:3.0f} s"]
    said += told_of(scene) if scene else []
    said += told_by(found) if found else []
    said += [scene.headline] if scene else []
    return "  ".join(word for word in said if word)


def told_of(scene: Scene) -> Iterator[str]:
    """What the service is at."""
    yield page.phase(scene).plain
    status = scene.status
    if status.weight is not None:
        observed = "not yet" if status.weight.observed is None else figures.weight(status.weight.observed)
        yield f"weight {figures.weight(status.weight.wanted)}, observed {observed}"
    if status.evidence is not None:
        yield f"odds {figures.chances(status.evidence.odds)}"


def told_by(found: Users) -> Iterator[str]:
    """What the users say."""
    served, failed, lost = map(figures.number, (found.served, found.failed, found.lost))
    yield f"{served} served, {failed} failed, {lost} lost"
    yield " ".join(f"{version}:{count}/s" for version, count in found.versions.items())


def turn(moment: Moment) -> object:
    """What makes a line worth printing at once."""
    if moment.scene is None:
        return None
    status = moment.scene.status
    return status.phase, status.stable, status.canary, status.weight


def event(told: Told, title: str, begun: float) -> Text:
    """An event as a lasting line: `v1 → v2     12 s  Promoted: Revision … is stable now.`"""
    style = "yellow" if told.warning else "bold"
    return Text.assemble(f"{title:<7}  {max(told.at - begun, 0):3.0f} s  ", (told.reason, style), f": {told.sentence}")
