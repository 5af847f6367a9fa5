"""How deeds follow each other, with users and cluster played."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from examples.traffic.client import TrafficError
from tests.soak import chapter, soak
from tests.soak.chapter import Chapter, Deed
from tests.soak.crowd import Crowd
from tests.soak.test_windows import second
from tests.soak.timeline import Timeline
from tests.soak.users import Ways
from tests.soak.windows import Mark


class Users:
    """Users who lose as many requests at a time as they are told to."""

    def __init__(self, *losses: int) -> None:
        self.losses = list(losses)
        self.seconds: list[Any] = []

    @property
    def told(self) -> dict[str, list[Any]]:
        """One second for each look, at whatever time it is."""
        return {"users": self.seconds}

    def do(self) -> None:
        """What a deed does to them."""
        self.seconds.append(second(time.time(), lost=self.losses.pop(0)))


class Silent:
    """A timeline that nobody reads."""

    def note(self, what: str, **more: Any) -> None:
        """Forget it."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits, and no evidence is asked for."""
    monkeypatch.setattr(chapter, "FLUSH", 0.0)
    monkeypatch.setattr(chapter, "kept", lambda *_: None)


def told(do: Callable[[], None], users: Users, **fields: Any) -> list[Mark]:
    """What `repeated` makes of a deed."""
    place = cast("Any", None)
    ways = Ways("http://10.0.0.9:80/")
    settings = Chapter("shop", place, ways, [], rate=10, tail=0, folder=Path("unused"), **fields)
    return chapter.repeated(settings, Deed("deed", do), cast("Timeline", Silent()), cast("Crowd", users))


def test_what_is_ours_is_done_once() -> None:
    """Whether it loses something or not."""
    users = Users(0, 0)
    assert [mark.action for mark in told(users.do, users)] == ["deed"]


@pytest.mark.parametrize(("losses", "times"), [((3, 0, 0), 1), ((0, 3, 0), 2), ((0, 0, 0, 0), 3)])
def test_a_control_is_repeated_until_it_loses(losses: tuple[int, ...], times: int) -> None:
    """Three times at most."""
    users = Users(*losses)
    assert len(told(users.do, users, control=True, attempts=3)) == times


def test_a_deed_that_does_not_end_is_told_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """Its sentence stands in the mark; only its first line on the terminal."""

    def fail() -> None:
        raise AssertionError("Phase Healthy was not seen.\nmuch more")

    (mark,) = told(fail, Users(), control=True, attempts=3)
    assert mark.failure == "Phase Healthy was not seen.\nmuch more"
    said = capsys.readouterr().out
    assert "not ended: Phase Healthy was not seen." in said
    assert "much more" not in said


def test_a_chapter_that_cannot_begin_is_told() -> None:
    """The others are run all the same."""

    def fail() -> list[Any]:
        raise TrafficError("No gateway answers.")

    (row,) = soak.attempted(fail)
    assert row.failure == "No gateway answers."
