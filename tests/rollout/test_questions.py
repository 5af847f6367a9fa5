"""When counters are asked for, and that what is answered is learned for the right revision."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Idle, Memory, Narrowing, TurningBack, Warming
from gracefulservice.rollout.questions import due, next_due

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


def test_pods_that_are_read_by_the_operator_are_asked_about_sooner() -> None:
    """Every two seconds, a second late; where their scrapes are further apart, the rhythm follows."""
    pods = plan(objectives=ERRORS, metrics={"source": "pods"})
    known = KNOWN.model_copy(update={"begun": NOW - 10, "at": NOW - 2, "interval": 2.0, "ticks": 9})
    before = memory(CLIMBS, evidence=known)
    assert [due(pods, before, NOW + late) for late in (0.0, 0.9, 1.0, 2.9)] == [None, None, NOW, NOW]
    assert next_due(pods, before, NOW + 0.25) == 0.75
    slow = memory(CLIMBS, evidence=known.model_copy(update={"interval": 5.0, "at": NOW - 5}))
    assert [due(pods, slow, NOW + late) for late in (0.0, 0.9, 1.0)] == [None, None, NOW]
    assert [due(JUDGED, before, NOW + late) for late in (0.9, 1.0, 5.9)] == [None, NOW, NOW], "by Prometheus"


@pytest.mark.parametrize("state", [Narrowing(leaving=NEW), TurningBack(leaving=NEW), Draining(leaving=NEW)])
def test_while_a_revision_leaves_the_instant_is_now(state: Any) -> None:
    """Nothing is judged any more, and every second that a sample is seen later prolongs the drain."""
    at = {
        ago: due(JUDGED, memory(state, evidence=KNOWN.model_copy(update={"at": NOW - ago})), NOW) for ago in (2.4, 2.5)
    }
    assert at == {2.4: None, 2.5: NOW}
    assert due(JUDGED, memory(state, evidence=FRESH), NOW) == NOW, "nothing was ever asked"
    assert due(JUDGED, memory(CLIMBS, evidence=KNOWN), NOW) == NOW - 10 + 5, "else one of the grid"


@pytest.mark.parametrize(
    ("story", "state", "ago", "wait"),
    [
        ("a canary is judged: the next of the grid, a second late", CLIMBS, 10, 1.0),
        ("a revision leaves: half a scrape interval after the last", Draining(leaving=NEW), 1, 1.5),
        ("an answer failed to come: not at once again", Draining(leaving=NEW), 60, 2.5),
        ("nobody moves", Idle(), 10, None),
    ],
)
def test_the_next_instant(story: str, state: Any, ago: float, wait: float | None) -> None:
    """It is asked for the moment it can be there, and no sooner."""
    before = memory(state, evidence=KNOWN.model_copy(update={"at": NOW - ago}))
    assert next_due(JUDGED, before, NOW) == wait, story


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
