"""Objectives edited during a rollout: new evidence at the same weight, and α that stays spent."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout import questions
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.frozen import freeze, in_force
from gracefulservice.rollout.judge import ALPHA, begin
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Memory, TurningBack, Warming
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, RAMP, answers, evidence, memory, plan, seen, spec, written

LAX = {"errorRate": {"max": "30%"}}
STRICT = {"errorRate": {"max": "0.1%"}}
AT_25 = Climbing(canary=NEW, weight=25, observed_at=NOW - 60, held=Stopwatch(spent=9))
GOOD, POOR = evidence(2000, 0), evidence(150, 1)


def under_way(state: Any = AT_25, objectives: Any = ERRORS, canary: Any = None, **fields: Any) -> Memory:
    """A rollout that began with these objectives."""
    began = freeze(plan(canary=canary, **({"objectives": objectives} if objectives else {})))
    return memory(state, frozen=began, **({"evidence": GOOD if objectives else None} | fields))


def edited(before: Memory, objectives: Any, look: Seen | None = None, canary: Any = None, now: float = NOW) -> Memory:
    """What is remembered after the user edited the objectives."""
    wish = in_force("shop", spec(canary=canary, **({"objectives": objectives} if objectives else {})), before)
    assert isinstance(wish, Plan)
    return decide(wish, look or seen(4, 1, weight=25), before, now).memory


def test_what_was_counted_no_longer_counts() -> None:
    """At the weight of now, and it is told once."""
    found = edited(under_way(), LAX)
    assert found.evidence is not None
    assert (found.evidence.begun, found.evidence.weight, found.evidence.at) == (NOW, 25, None)
    assert [tally.requests for tally in found.evidence.tallies.values()] == [0]
    assert [(one.reason, one.sentence) for one in found.happenings] == [
        ("ObjectivesEdited", "The objectives were edited at 25 %: the judge begins anew.")
    ]
    again = edited(found, LAX, now=NOW + 1)
    assert (again.evidence, again.happenings) == (found.evidence, found.happenings)


@pytest.mark.parametrize("state", [Warming(canary=NEW), AT_25, Baking(canary=NEW)], ids=lambda state: state.kind)
def test_nothing_moves_by_the_edit_itself(state: Any) -> None:
    """A gate that was open for the old objectives is shut until the new ones are met."""
    look = seen(4, 4, weight={"Warming": 0, "Climbing": 25, "Baking": 100}[state.kind])
    found = edited(under_way(state), LAX, look)
    assert (found.state.kind, getattr(found.state, "weight", None)) == (state.kind, getattr(state, "weight", None))


def test_the_same_in_other_words_is_no_edit() -> None:
    """1 % is 1.0 %."""
    found = edited(under_way(), {"errorRate": {"max": "1.0%"}})
    assert (found.evidence, found.happenings) == (GOOD, ())
    assert found.frozen["objectives"] == {"errorRate": {"max": "1.0%"}}


@pytest.mark.parametrize(
    "state", [TurningBack(leaving=NEW), Draining(leaving=NEW, since=NOW)], ids=lambda one: one.kind
)
def test_a_revision_that_leaves_is_counted_as_before(state: Any) -> None:
    """Nobody judges it any more, so its counters are those that were read all along."""
    found = edited(under_way(state), {"custom": [{"name": "orders", "bad": "a", "total": "b", "max": "1%"}]})
    assert found.evidence == GOOD
    assert found.happenings == ()


def test_what_is_spent_of_alpha_stays_spent() -> None:
    """Odds below 1 are carried over, and multiply; odds above 1 spoke against another objective."""
    once = edited(under_way(evidence=replaced(POOR, 0.5)), LAX)
    odds = written(under_way(evidence=replaced(POOR, 0.5)), seen(4, 1, weight=25), plan(objectives=ERRORS)).evidence
    assert once.evidence is not None
    assert odds is not None
    assert once.evidence.carried == pytest.approx(odds.odds, abs=0.01)
    assert once.evidence.carried < 0.5
    twice = edited(once, STRICT, now=NOW + 1)
    assert twice.evidence is not None
    assert twice.evidence.carried == once.evidence.carried
    against = edited(under_way(evidence=evidence(900, 24)), LAX)
    assert against.evidence is not None
    assert against.evidence.carried == 1.0


def replaced(found: Any, carried: float) -> Any:
    """Evidence that carries what earlier objectives left."""
    return found.model_copy(update={"carried": carried})


@pytest.mark.parametrize(("carried", "goes"), [(ALPHA, True), (ALPHA / 2, False)])
@pytest.mark.parametrize(
    ("way", "state", "look"),
    [
        ("steps", AT_25, seen(4, 1, weight=25)),
        (
            "ramp",
            Climbing(canary=NEW, weight=10, observed_at=NOW - 60, held=Stopwatch(spent=20)),
            seen(4, 4, weight=10),
        ),
        ("warming", Warming(canary=NEW, warm=Stopwatch(spent=9)), seen(4, 4)),
        ("baking", Baking(canary=NEW, baked=Stopwatch(spent=10)), seen(4, 4, weight=100)),
    ],
)
def test_with_no_alpha_left_a_rollout_holds(way: str, state: Any, look: Seen, carried: float, goes: bool) -> None:
    """Whatever the evidence says: it could not speak against the canary any more."""
    wish = plan(canary=RAMP if way == "ramp" else None, objectives=ERRORS)
    before = memory(state, frozen=freeze(wish), evidence=replaced(GOOD, carried))
    after = decide(wish, look, before, NOW).memory
    moved = (after.state.kind, getattr(after.state, "weight", 0)) != (state.kind, getattr(state, "weight", 0))
    assert moved is goes, way
    assert ("edited so often" in narrate(wish, look, after, NOW).sentence) is not goes


def test_a_person_can_promote_what_can_no_longer_be_judged() -> None:
    """In full."""
    before = memory(AT_25, evidence=replaced(GOOD, ALPHA / 2), hurry="unjudged")
    found = decide(plan(objectives=ERRORS), seen(4, 1, weight=25), before, NOW).memory.state
    assert isinstance(found, Climbing)
    assert found.weight == 100


def test_objectives_that_are_added_are_judged_from_now_on() -> None:
    """The steps of a service without any stay, each gated by the judge now."""
    before = under_way(objectives=None, canary={"errorBudget": 20})
    assert before.frozen["rollout"]["canary"]["steps"][0]["weight"] == 20
    at_20 = before.but(state=AT_25.model_copy(update={"weight": 20.0, "held": Stopwatch(spent=99)}))
    found = edited(at_20, ERRORS, seen(4, 1, weight=20), canary={"errorBudget": 20})
    assert found.evidence is not None
    assert (found.evidence.begun, found.evidence.weight, found.evidence.carried) == (NOW, 20, 1.0)
    assert isinstance(found.state, Climbing)
    assert (found.state.weight, found.state.step) == (20, 0)


@pytest.mark.parametrize(("weight", "step", "to"), [(3.4, 0, 20), (20, 0, 20), (30, 1, 50), (50, 1, 50)])
def test_a_ramp_without_objectives_goes_on_by_steps(weight: float, step: int, to: float) -> None:
    """From the next one: there is no evidence to weigh any more."""
    state = Climbing(canary=NEW, weight=weight, observed_at=NOW - 60)
    found = edited(under_way(state, canary=RAMP), None, seen(4, 4, weight=weight), canary=RAMP)
    assert found.evidence is None
    assert isinstance(found.state, Climbing)
    assert (found.state.weight, found.state.step) == (to, step)
    assert found.happenings[0].sentence.endswith("nothing is judged any more.")


def test_on_the_last_stretch_nothing_goes_back() -> None:
    """100 % is no step."""
    state = Climbing(canary=NEW, weight=100, observed_at=NOW - 1)
    found = edited(under_way(state, canary=RAMP), None, seen(4, 4, weight=100), canary=RAMP)
    assert found.state.kind == "Baking"


def test_objectives_that_come_back_bring_nothing_back() -> None:
    """What was spent before they went is spent still."""
    gone = edited(under_way(evidence=replaced(POOR, 0.5)), None)
    back = edited(gone, ERRORS, now=NOW + 1)
    assert gone.evidence is None
    assert back.evidence is not None
    assert back.evidence.carried == gone.carried < 0.5


def test_a_look_from_before_the_edit_teaches_nothing() -> None:
    """It was asked for the old objectives."""
    look = replace(seen(4, 1, weight=25), metrics=answers({"new": (500, 0), "old": (500, 0)}, NOW - 5))
    found = edited(under_way(), LAX, look)
    assert found.evidence == begin(plan(objectives=LAX).objectives, NOW, 25, found.carried)


def test_four_parts_of_a_spec_from_before_know_their_objectives() -> None:
    """An operator of before kept them under the same name."""
    parts = {"rollout": {}, "traffic": {}, "metrics": {}, "objectives": ERRORS}
    found = decide(plan(objectives=LAX), seen(4, 1, weight=25), memory(AT_25, frozen=parts, evidence=GOOD), NOW).memory
    assert found.evidence is not None
    assert found.evidence.begun == NOW


WALL_BACK = [3600.0, 600.0, 20.0]


@pytest.mark.parametrize("back", WALL_BACK)
@pytest.mark.parametrize(
    ("state", "weight"),
    [
        (AT_25, 25),
        (Baking(canary=NEW, baked=Stopwatch(spent=9)), 100),
        (Draining(leaving=NEW), 0),
    ],
    ids=lambda one: getattr(one, "kind", None),
)
def test_a_clock_that_went_back_leaves_no_verdict_behind(back: float, state: Any, weight: int) -> None:
    """What was learned by the other clock is given up; what it cost of α stays spent, and it is told once."""
    before, look = under_way(state, evidence=replaced(POOR, 0.5)), seen(4, 4, weight=weight)
    wish = plan(objectives=ERRORS)
    found = decide(wish, look, before, NOW - back).memory
    assert found.evidence is not None
    assert (found.evidence.begun, found.evidence.at, found.state.kind) == (NOW - back, None, state.kind)
    assert found.evidence.carried <= 0.5
    gap = f"{back - 5:,.0f}"
    assert [one.sentence for one in found.happenings if one.reason == "ClockWentBack"] == [
        f"The clock stands {gap} s before the newest sample: the judge begins anew."
    ]
    again = decide(wish, look, found, NOW - back + 1).memory
    assert again.evidence == found.evidence
    assert sum(one.reason == "ClockWentBack" for one in again.happenings) == 1


@pytest.mark.parametrize("back", WALL_BACK)
def test_no_clock_promotes_what_nobody_looks_at(back: float) -> None:
    """200 looks in which nothing is answered; once counters are, by whatever clock, the rollout goes on by itself."""
    wish = plan(objectives=ERRORS)
    found, now = under_way(), NOW - back
    for _ in range(200):
        now += 2.5
        found = decide(wish, seen(4, 4, weight=25), found, now).memory
    assert isinstance(found.state, Climbing)
    assert found.state.weight == 25
    assert questions.due(wish, found, now) is not None
    for count in range(30):
        now += 5.0
        look = answers({"new": (100 * count, 0), "old": (100 * count, 0)}, now - 5)
        found = decide(wish, seen(4, 4, weight=25, metrics=look), found, now).memory
        if found.state.weight != 25:  # type: ignore[union-attr]
            break
    assert isinstance(found.state, Climbing)
    assert found.state.weight == 50


def test_a_clock_that_wavers_by_less_than_a_scrape_changes_nothing() -> None:
    """Leaders' clocks differ by that much."""
    found = decide(plan(objectives=ERRORS), seen(4, 1, weight=25), under_way(), NOW - 9).memory
    assert (found.evidence, found.happenings) == (GOOD, ())


def test_what_nobody_can_tell_any_more_is_taken_for_spent() -> None:
    """The objectives of before are not those of the evidence: what it carried stays, and nothing is gained."""
    strange = replaced(GOOD, 0.3).model_copy(update={"tallies": {"orders": next(iter(GOOD.tallies.values()))}})
    found = edited(under_way(evidence=strange), LAX)
    assert found.evidence is not None
    assert found.evidence.carried == 0.3
