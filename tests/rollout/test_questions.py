"""When counters are asked for, and that what is answered is learned for the right revision."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Idle, Memory, Warming
from gracefulservice.rollout.questions import due

from .builders import ERRORS, NEW, NOW, answers, evidence, memory, plan, seen

JUDGED = plan(objectives=ERRORS)
KNOWN = evidence(50, 0, at=NOW - 10)
FRESH = begin(JUDGED.objectives, NOW - 60)
CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)


@pytest.mark.parametrize(
    ("story", "wish", "before", "asked"),
    [
        ("nothing is judged", plan(), memory(CLIMBS, evidence=KNOWN), False),
        ("no evidence was begun", JUDGED, memory(CLIMBS), False),
        ("nobody moves", JUDGED, memory(Idle(), evidence=KNOWN), False),
        ("a canary climbs", JUDGED, memory(CLIMBS, evidence=KNOWN), True),
        ("a revision drains", JUDGED, memory(Draining(leaving=NEW), evidence=KNOWN), True),
        ("nothing was ever asked", JUDGED, memory(Warming(canary=NEW), evidence=FRESH), True),
        (
            "that instant is learned already",
            JUDGED,
            memory(CLIMBS, evidence=KNOWN.model_copy(update={"at": NOW})),
            False,
        ),
        (
            "the last answer was an outage",
            JUDGED,
            memory(CLIMBS, evidence=KNOWN.model_copy(update={"at": NOW, "outage": "It is out."})),
            True,
        ),
    ],
)
def test_counters_are_asked_for(story: str, wish: Any, before: Memory, asked: bool) -> None:
    """Once per tick, and only for a rollout that is judged."""
    at = due(wish, before, NOW)
    assert (at is not None) is asked, story
    assert at is None or at <= NOW


@pytest.mark.parametrize(
    ("state", "weight"),
    [
        (Warming(canary=NEW), 0),
        (CLIMBS, 25),
        (Baking(canary=NEW), 100),
        (Draining(leaving=NEW), 0),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_an_answer_is_learned_at_the_weight_of_its_state(state: Any, weight: float) -> None:
    """The judge must know how much the canary was shown."""
    look = seen(4, 4, weight=weight, metrics=answers({"new": (90, 0), "old": (3000, 0)}, NOW))
    learned = decide(JUDGED, look, memory(state, evidence=KNOWN), NOW).memory.evidence
    assert learned is not None
    assert (learned.at, learned.weight, learned.tallies["errorRate"].requests) == (NOW, weight, 90)


def test_without_an_answer_nothing_is_learned() -> None:
    """The look had no metrics in it."""
    assert decide(JUDGED, seen(4, 1, weight=25), memory(CLIMBS, evidence=KNOWN), NOW).memory.evidence == KNOWN
