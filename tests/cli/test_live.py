"""Watching: what is drawn again, what is printed, and what happens while the cluster is away."""

import io
from collections.abc import Iterator
from itertools import islice

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from gracefulservice.api import Status, WeightStatus
from gracefulservice.cli import live
from gracefulservice.cli.live import Scenes
from gracefulservice.cli.scene import Scene
from gracefulservice.errors import Invalid, Unreachable


def seen(wanted: float, observed: float | None = None, phase: str = "Progressing", name: str = "web") -> Scene:
    status = Status.model_validate({"phase": phase, "weight": WeightStatus(wanted=wanted, observed=observed)})
    return Scene("shop", name, status)


def test_elsewhere_than_on_a_terminal_only_turns_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [(seen(5),), (seen(5, 5),), (seen(20, 5),), (seen(20, 20, "Paused"), seen(0, name="api"))]
    live.show(looks, draw, Console(file=io.StringIO()), lambda: 0)
    printed = [line.split("  ")[:3] for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        ["shop/web", "Progressing", "5 %"],
        ["shop/web", "Progressing", "5 %"],
        ["shop/web", "Paused", "20 %"],
        ["shop/api", "Progressing", "0 %"],
    ]


def draw(scenes: Scenes, now: float) -> RenderableType:
    return Text(f"{scenes[0].status.weight} at {now}")


def test_on_a_terminal_the_picture_moves_with_the_clock() -> None:
    picture = live.Moving(draw, (seen(5),), iter([1.0, 2.0]).__next__)
    drawn = [str(picture.__rich__()) for _ in range(2)]
    assert [one.rpartition(" at ")[2] for one in drawn] == ["1.0", "2.0"]


def test_on_a_terminal_the_last_look_stays_on_the_screen() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    live.show([(seen(5),), (seen(77),)], draw, console, lambda: 0)
    assert isinstance(console.file, io.StringIO)
    assert "wanted=77.0" in console.file.getvalue()


class World:
    """Answers in their order; an error is raised."""

    def __init__(self, *answers: Scenes | Exception) -> None:
        self._answers: Iterator[Scenes | Exception] = iter(answers)
        self.awaited: list[str] = []

    def read(self) -> tuple[Scenes, str]:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer, f"v{len(self.awaited)}"


def test_each_look_waits_for_a_change_since_the_one_before() -> None:
    world = World((seen(5),), (seen(20),), (seen(50),))
    looks = list(islice(live.looks(world.read, world.awaited.append), 3))
    assert [scenes[0].status.weight for scenes in looks] == [WeightStatus(wanted=weight) for weight in (5, 20, 50)]
    assert world.awaited == ["v0", "v1"]


def test_while_the_cluster_is_away_the_last_look_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PERIOD", 0)
    world = World((seen(5),), Unreachable("Nobody answers."), (seen(20),))
    before, away, after = islice(live.looks(world.read, world.awaited.append), 3)
    assert [scenes[0].unreadable for scenes in (before, away, after)] == ["", "Nobody answers.", ""]
    assert away[0].status == before[0].status


def test_a_service_that_goes_ends_the_watch() -> None:
    world = World((seen(5),), Invalid("It does not exist."))
    looks = live.looks(world.read, world.awaited.append)
    next(looks)
    with pytest.raises(Invalid, match="It does not exist"):
        next(looks)
