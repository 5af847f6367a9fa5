"""A weight of which nothing arrives goes back to 0, is tried again, and is left to a person after the third time."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.effect import at_weight
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.seen import ServiceSeen
from gracefulservice.rollout.share import Share, counted
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.withdrawal import DUE, DUE_AGAIN, TIME, WAITS, due
from gracefulservice.rollout.withdrawn import Withdrawn

from .builders import ERRORS, NEW, NOW, OLD, RAMP, command, evidence, memory, plan, seen, written

JUDGED = plan(objectives=ERRORS)
LOST = Share(canary=NEW, weight=25, since=NOW - 60, at=NOW - 5, total=4 * DUE, missed=DUE, missed_since=NOW - 60)
"""All of the quarter that was the canary's."""
WARM = Stopwatch(spent=60)


def climbs(share: Share = LOST, **fields: Any) -> Memory:
    """A canary at an observed 25 %."""
    state = Climbing(canary=NEW, weight=25, observed_at=NOW - 60)
    return memory(state, **({"share": share, "evidence": evidence(0, 0)} | fields))


def withdrew(times: int, spent: float = 0.0, **fields: Any) -> Memory:
    """A canary with warm pods and weight 0, some time after that was taken back."""
    known = Withdrawn(times=times, sentence="Nothing arrives.", waited=Stopwatch(spent=spent))
    return memory(Warming(canary=NEW, warm=WARM), withdrawn=known, evidence=evidence(0, 0), **fields)


@pytest.mark.parametrize(
    ("change", "is_due"),
    [
        ({}, True),
        ({"missed": DUE - 1}, False),
        ({"heard": True}, False),
        ({"heard": True, "missed": DUE_AGAIN}, True),
        ({"missed_since": None}, False),
        ({"at": None}, False),
        ({"missed_since": NOW - 5 - TIME}, True),
        ({"missed_since": NOW - 4 - TIME}, False),
    ],
)
def test_a_weight_is_due_when_something_would_have_arrived_by_now(change: dict[str, Any], is_due: bool) -> None:
    """So many requests, in so much time, and not one of them."""
    assert due(LOST.model_copy(update=change)) is is_due
    assert not due(None)


def test_it_goes_back_to_0_and_says_what_was_sent_and_what_arrived() -> None:
    """Nobody is condemned, and every pod stays as long as the route may still lead to it."""
    look = seen(4, 2, weight=50)
    share = LOST.model_copy(update={"weight": 50.0, "missed": 2 * DUE})
    before = climbs(share).but(state=Climbing(canary=NEW, weight=50, step=1, observed_at=NOW - 60))
    found = decide(JUDGED, look, before, NOW)
    assert found.memory.state.kind == "Warming"
    assert not found.memory.condemned
    assert found.desired.weight == 0
    assert found.desired.fleets[NEW] == 2
    (news,) = found.memory.happenings
    assert (news.reason, news.warning) == ("WeightWithdrawn", True)
    assert "Weight 50 % wanted, 0 of 160 requests reached" in news.sentence
    assert "none of the last 80 that were due" in news.sentence
    assert news.sentence.endswith("The weight is 0 again, after 1 try. The next one is in 1 min.")
    (told,) = (one for one in written(found.memory, look, JUDGED).conditions if one.type == "WeightEffective")
    assert (told.status, told.reason) == ("False", "Withdrawn")
    assert told.message in news.sentence


@pytest.mark.parametrize(
    "untouched",
    [
        pytest.param({"hurry": "judged"}, id="a person sent everybody there"),
        pytest.param({"look": seen(0, 1, weight=25)}, id="nobody else serves"),
        pytest.param({"state": Climbing(canary=NEW, weight=30, observed_at=NOW)}, id="another weight"),
    ],
)
def test_some_weights_are_left(untouched: dict[str, Any]) -> None:
    """Where 0 would be worse, or is not what was asked for."""
    look = untouched.pop("look", seen(4, 1, weight=25))
    assert not decide(JUDGED, look, climbs().but(**untouched), NOW).memory.withdrawn.times


def test_pods_stay_while_the_route_leads_to_them() -> None:
    """The weight is wanted away before it is gone."""
    wish = decide(JUDGED, seen(4, 2, weight=50), withdrew(1), NOW).desired
    assert (wish.fleets[NEW], wish.canary_selector, wish.weight) == (2, NEW, 0)
    assert decide(JUDGED, seen(4, 2, weight=0), withdrew(1), NOW).desired.fleets[NEW] == 1


@pytest.mark.parametrize("times", [1, 2])
def test_it_is_given_again_after_a_while(times: int) -> None:
    """A longer one after the second time; and says for how long."""
    look = seen(4, 1)
    short = decide(JUDGED, look, withdrew(times, WAITS[times - 1] - 20), NOW).memory
    assert short.state.kind == "Warming"
    assert narrate(JUDGED, look, short, NOW).sentence == "Holding 0 % for 20 s more: Nothing arrives."
    assert decide(JUDGED, look, short, NOW + 5).memory.withdrawn.waited.spent == WAITS[times - 1] - 15
    later = decide(JUDGED, look, withdrew(times, WAITS[times - 1]), NOW).memory
    assert isinstance(later.state, Climbing)
    assert later.state.weight == 25


def test_the_third_time_a_person_is_asked() -> None:
    """And may ask for a fourth."""
    look = seen(4, 1, weight=25)
    third = decide(JUDGED, look, climbs(withdrawn=Withdrawn(times=2)), NOW).memory
    assert third.paused == third.withdrawn.sentence
    assert third.happenings[-1].sentence.endswith("after 3 tries. Resume the rollout to try once more.")
    asleep = decide(JUDGED, seen(4, 1), third, NOW + 1).memory
    assert asleep.state.kind == "Warming"
    assert narrate(JUDGED, seen(4, 1), asleep, NOW + 1).sentence.startswith("Paused at 0 %: Weight 25 % wanted")
    resumed = asleep.but(paused="", state=Warming(canary=NEW, warm=WARM))
    assert decide(JUDGED, seen(4, 1), resumed, NOW + 2).memory.state.kind == "Climbing"


def test_nobody_waits_where_stable_serves_nobody() -> None:
    """The canary is all that users have."""
    look = seen(0, 1, stable_service=ServiceSeen(OLD, {}))
    assert decide(JUDGED, look, withdrew(1), NOW).memory.state.kind == "Climbing"


def test_another_rollout_begins_without_it() -> None:
    """Its pods are others."""
    after = decide(JUDGED, seen(4), memory(withdrawn=Withdrawn(times=3)), NOW).memory
    assert (after.state.kind, after.withdrawn) == ("Warming", Withdrawn())


def test_what_is_missed_counts_from_the_last_that_came_and_over_changes_of_the_weight() -> None:
    """By what came to others: with 20 % given, 100 of theirs stand for 22."""
    share = Share(canary=NEW, weight=20, since=NOW)
    for at, calls in ((5, {OLD: 9}), (10, {OLD: 100}), (15, {OLD: 100})):
        share = counted(share, calls, NOW + at, 5)
    assert share.missed == pytest.approx(44.6, abs=0.1)
    assert (share.missed_since, share.heard) == (NOW, False)
    other = at_weight(share, NEW, 10)
    assert (other.missed, other.missed_since, other.total) == (share.missed, NOW, 0)
    assert at_weight(share, NEW, 0).missed == at_weight(share.model_copy(update={"weight": 0.0}), NEW, 10).missed == 0
    share = counted(share, {OLD: 100, NEW: 1}, NOW + 20, 5)
    assert (share.missed, share.missed_since, share.heard) == (0, None, True)
    share = counted(share, {OLD: 10}, NOW + 25, 5)
    assert (share.missed_since, share.heard) == (NOW + 25, True)


def test_everybody_comes_back_from_where_nothing_had_arrived() -> None:
    """Stable was gone for a moment, so all went to the canary; nobody counts a request any more, and stable is back."""
    share = Share(canary=NEW, weight=100, since=NOW - TIME, at=NOW)
    for state in (Climbing(canary=NEW, weight=100, observed_at=NOW - TIME), Baking(canary=NEW)):
        before = memory(state, share=share, withdrawn=Withdrawn(times=1), evidence=evidence(0, 0))
        after = decide(JUDGED, seen(4, 4, weight=100), before, NOW)
        assert (after.memory.state.kind, after.desired.weight, after.memory.withdrawn.times) == ("Warming", 0, 2)
        assert "nothing at its last weight either" in after.memory.withdrawn.sentence
        untold = before.but(withdrawn=Withdrawn())
        assert decide(JUDGED, seen(4, 4, weight=100), untold, NOW).memory.state.kind != "Warming"


@pytest.mark.parametrize(("full", "done"), [(False, False), (True, True)])
def test_nobody_is_promoted_to_where_nothing_arrives_unless_somebody_insists(full: bool, done: bool) -> None:
    """Everybody would be lost."""
    look = seen(4, 1, command=command("promote", full=full))
    receipt = decide(JUDGED, look, withdrew(1), NOW).memory.receipts[-1]
    assert (receipt.result == "Done") is done
    assert done or receipt.sentence == "Resume or abort the rollout, or promote it in full: Nothing arrives."


def test_the_third_time_a_suspended_service_waits_for_a_person_as_well() -> None:
    """Taking `suspend` out again is no answer to it."""
    paused = climbs(withdrawn=Withdrawn(times=2), paused="spec.suspend is true.")
    wish = plan(objectives=ERRORS, suspend=True)
    third = decide(wish, seen(4, 1, weight=25), paused, NOW).memory
    assert third.paused == third.withdrawn.sentence
    assert decide(JUDGED, seen(4, 1), third, NOW + 1).memory.paused == third.paused


def test_the_ramp_rises_by_nothing_that_was_not_counted_on_the_canary() -> None:
    """However little of the budget a larger weight would cost."""
    ramp = plan(objectives=ERRORS, canary=RAMP)
    state = Climbing(canary=NEW, weight=0.5, observed_at=NOW - 60, held=WARM)
    share = Share(canary=NEW, weight=0.5, since=NOW - 60)
    for counts, weight in (((0, 0), 0.5), ((1, 0), 1.0)):
        before = memory(state, share=share, evidence=evidence(*counts, weight=0.5))
        after = decide(ramp, seen(4, 2, weight=0.5), before, NOW).memory.state
        assert isinstance(after, Climbing)
        assert after.weight == weight
