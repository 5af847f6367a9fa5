"""A weight of which nothing arrives goes back to 0, is tried again, and is left to a person after the third time."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Climbing, Memory, Warming, Withdrawn
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.seen import ServiceSeen
from gracefulservice.rollout.share import Share
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.withdrawal import DUE, TIME, WAITS, due

from .builders import ERRORS, NEW, NOW, OLD, evidence, memory, plan, seen, written

JUDGED = plan(objectives=ERRORS)
LOST = Share(canary=NEW, weight=25, since=NOW - 60, at=NOW - 5, total=4 * DUE)
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
        ({"total": 4 * DUE - 1}, False),
        ({"requests": 1}, False),
        ({"weight": 0.0}, False),
        ({"weight": 12.5}, False),
        ({"since": None}, False),
        ({"at": None}, False),
        ({"since": NOW - 5 - TIME}, True),
        ({"since": NOW - 4 - TIME}, False),
    ],
)
def test_a_weight_is_due_when_something_would_have_arrived_by_now(change: dict[str, Any], is_due: bool) -> None:
    """So many requests, in so much time, and not one of them."""
    assert due(LOST.model_copy(update=change)) is is_due
    assert not due(None)


def test_it_goes_back_to_0_and_says_what_was_sent_and_what_arrived() -> None:
    """Nobody is condemned, and every pod stays as long as the route may still lead to it."""
    look = seen(4, 2, weight=50)
    share = LOST.model_copy(update={"weight": 50.0})
    before = climbs(share).but(state=Climbing(canary=NEW, weight=50, step=1, observed_at=NOW - 60))
    found = decide(JUDGED, look, before, NOW)
    assert found.memory.state.kind == "Warming"
    assert not found.memory.condemned
    assert found.desired.weight == 0
    assert found.desired.fleets[NEW] == 2
    (news,) = found.memory.happenings
    assert (news.reason, news.warning) == ("WeightWithdrawn", True)
    assert "Weight 50 % wanted, 0 of 160 requests reached" in news.sentence
    assert "80 were due" in news.sentence
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
