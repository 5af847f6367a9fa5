"""What the conditions say of a wish that is none: the spec is not sound, and a rollout goes on to its own end."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.api import Problem, Status
from gracefulservice.rollout.memory import Climbing, Idle, TurningBack
from gracefulservice.rollout.seen import Seen

from .builders import NEW, NOW, OLD, memory, plan, ratio, seen, written

PROBLEMS = (
    Problem(field="spec.replicas", sentence="It is no number."),
    Problem(field="spec.ports", sentence="Two ports have the number 80."),
)
SAID = "spec.replicas: It is no number. spec.ports: Two ports have the number 80."
AT_25 = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)


def status(state: Any, image: str = "shop:2", look: Seen | None = None, **fields: Any) -> Status:
    """The status while the spec has two problems."""
    return written(memory(state, **fields), look or seen(4, 1, weight=25), replace(plan(image), problems=PROBLEMS))


def conditions(found: Status) -> dict[str, tuple[str, str, str]]:
    """Type → status, reason and message."""
    return {one.type: (one.status, one.reason, one.message) for one in found.conditions}


@pytest.mark.parametrize("state", [Idle(), AT_25, TurningBack(leaving=NEW)], ids=lambda state: state.kind)
def test_the_problems_stand_in_the_conditions(state: Any) -> None:
    """All of them, with their fields, whatever else goes on."""
    found = conditions(status(state))
    assert (found["Stalled"], found["Ready"]) == (("True", "Invalid", SAID), ("False", "Invalid", SAID))
    assert found["Reconciling"][:2] == ("False", "Invalid")


@pytest.mark.parametrize(
    ("story", "state", "image", "fields", "phase"),
    [
        ("at rest", Idle(), "shop:1", {}, "Invalid"),
        ("at rest beside a condemned target", Idle(), "shop:2", {"condemned": {NEW: "it failed."}}, "Invalid"),
        ("on the way up", AT_25, "shop:2", {}, "Progressing"),
        ("on the way back", TurningBack(leaving=NEW), "shop:2", {"condemned": {NEW: "it failed."}}, "Degraded"),
        ("paused", AT_25, "shop:2", {"paused": "somebody paused it."}, "Paused"),
    ],
)
def test_the_phase_says_whether_anything_goes_on(story: str, state: Any, image: str, fields: Any, phase: str) -> None:
    """Only at rest there is nothing to tell but the problems."""
    assert status(state, image, **fields).phase == phase, story


def test_a_rollout_under_way_shows_its_progress() -> None:
    """Weight, step and what it waits for."""
    found = status(AT_25)
    assert found.weight is not None
    assert found.step is not None
    assert found.waiting is not None
    assert (found.weight.wanted, found.step.index, found.canary, found.target) == (25, 1, NEW, NEW)
    assert found.waiting.sentence.startswith("Holding 25 %")
    assert conditions(found)["Reconciling"][2] == found.waiting.sentence


def test_they_end_with_the_spec_that_is_sound() -> None:
    """Nothing of them stays."""
    before = status(Idle(), "shop:1", ratio())
    after = conditions(written(memory(), seen(), plan("shop:1"), previous=before))
    assert after["Stalled"][0] == "False"
    assert after["Ready"] == ("True", "Healthy", f"Revision {OLD} serves everybody with 4 of 4 pods ready.")
