"""One moment, as a picture and as a line."""

from dataclasses import replace

import pytest
from rich.console import Console

from examples.demo import scenery
from examples.demo.scenery import Moment, Users
from examples.demo.screen import act
from examples.traffic.client import Second
from gracefulservice.api import EvidenceStatus, Waiting
from gracefulservice.cli.scene import Told
from tests.demo.scenes import OLD, scene

SENTENCE = "Too early to tell: 3 of 18 canary requests failed."
HEADLINE = "Holding 2.4 % for 3 s more."
SCENE = scene(
    "Progressing",
    OLD,
    2.4,
    evidence=EvidenceStatus(odds=31.2, limit=100, sentence=SENTENCE, requests=18, errors=3),
    waiting=Waiting(sentence=HEADLINE),
)
MOMENT = Moment("v2 → v3", 32.4, SCENE, Users(17_100, 8, 0, {"v2": 97, "v3": 3}, (100, 1, 0)))


def second(t: int, codes: dict[str, dict[str, int]], lost: int = 0) -> Second:
    """One second of the client, by version and status code."""
    flat: dict[str, int] = {}
    for of_version in codes.values():
        for code, count in of_version.items():
            flat[code] = flat.get(code, 0) + count
    answered = sum(flat.values())
    return Second(
        t=t, unix=100.0 + t, outstanding=0, sent=answered + lost, answered=answered, lost=lost, skipped=0, late=0,
        lag_max_ms=0.0, codes=flat, versions=codes, kinds={}, skips={}, p50_ms=1.0, p99_ms=2.0,
    )  # fmt: skip


def drawn(moment: Moment) -> str:
    """The picture as text."""
    console = Console(width=120, force_terminal=False)
    with console.capture() as captured:
        console.print(scenery.picture(moment, 0.0))
    return captured.get()


def test_users_are_counted_in_all_and_in_the_last_second() -> None:
    told = [second(0, {"v2": {"200": 100}}), second(1, {"v2": {"200": 97}, "v3": {"200": 1, "500": 1}}, lost=1)]
    assert scenery.users(told) == Users(199, 1, 1, {"v2": 97, "v3": 2}, (99, 1, 1))
    assert scenery.users([]) is None


def test_the_picture_shows_weights_odds_users_and_the_reason() -> None:
    said = drawn(MOMENT)
    for part in ("v2 → v3", "32 s", "Progressing", "wanted", "observed", "2.4 %", "31 : 1", "17,100", "97 %", HEADLINE):
        assert part in said
    assert SENTENCE in said


def test_a_service_that_nobody_has_looked_at_can_be_drawn() -> None:
    assert "v1" in drawn(Moment("v1", 0.4, None, None))
    assert scenery.line(Moment("v1", 0.4, None, None)) == "v1         0 s"


def test_a_line_of_the_log() -> None:
    assert scenery.line(MOMENT) == (
        "v2 → v3   32 s  Progressing  weight 2.4 %, observed 2.4 %  odds 31 : 1"
        f"  17,100 served, 8 failed, 0 lost  v2:97/s v3:3/s  {HEADLINE}"
    )


@pytest.mark.parametrize(
    ("change", "turns"),
    [({"phase": "Degraded"}, True), ({"canary": "cccccccccc"}, True), ({"waiting": None}, False)],
)
def test_a_line_is_worth_printing_when_something_turns(change: dict[str, object], turns: bool) -> None:
    later = replace(MOMENT, scene=replace(SCENE, status=SCENE.status.model_copy(update=change)))
    assert (scenery.turn(later) != scenery.turn(MOMENT)) is turns


def test_an_event_is_told_once_and_old_ones_never() -> None:
    console = Console(width=120, force_terminal=False)
    events = (Told(90.0, "Old", "Long ago.", warning=False), Told(110.0, "RolledBack", "It goes back.", warning=True))
    with console.capture() as captured, act(console, "v2 → v3", 100.0, tuple) as show:
        show(replace(SCENE, events=events))
        show(replace(SCENE, events=events))
    said = captured.get()
    assert said.count("v2 → v3   10 s  RolledBack: It goes back.") == 1
    assert "Long ago" not in said
