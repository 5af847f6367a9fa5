"""A weight that may rise only so many percent per second, and falls at once."""

from typing import Any

import pytest

from gracefulservice.rollout.climb import asked, onward, taken_up
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Baking, Climbing, Memory
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.plan import build
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import NEW, NOW, RAMP, STEPS, memory, plan, seen, spec

SLOPE = 5.0
SLOW: dict[str, Any] = {"steps": [{"weight": 10}, {"weight": 50}], "maxWeightChangePerSecond": SLOPE}
WISH = plan(canary=SLOW)
AT_10 = Climbing(canary=NEW, weight=10, observed_at=NOW)
TO_50 = Climbing(canary=NEW, weight=50, start=10, step=1)


def risen(seconds: float, state: Climbing = TO_50) -> Climbing:
    """After so many seconds of rising."""
    return state.model_copy(update={"eased": Stopwatch(spent=seconds, ticked=NOW)})


@pytest.mark.parametrize(("seconds", "weight"), [(0, 10), (1, 15), (7.9, 49.5), (8, 50), (60, 50)])
def test_it_rises_from_where_it_was(seconds: float, weight: float) -> None:
    assert asked(WISH, risen(seconds)) == pytest.approx(weight)


def test_a_weight_that_is_there_stays_there() -> None:
    assert asked(WISH, TO_50.model_copy(update={"observed_at": NOW})) == 50


def test_without_a_limit_it_rises_at_once() -> None:
    assert asked(plan(), TO_50) == 50


def followed(before: Memory, look_at: float = 50.0) -> list[float]:
    """The weights that are asked for, with a look every two seconds, until `look_at` is there."""
    weight, found = 10.0, []
    for place in range(20):
        after = decide(WISH, seen(4, 4, weight=weight), before, NOW + 2 * place)
        before, wanted = after.memory, after.desired.weight
        assert wanted is not None
        if wanted != weight:
            found.append(round(wanted, 3))
        weight = wanted
        if weight == look_at:
            break
    return found


def test_on_the_way_every_look_asks_for_as_much_as_the_time_allows() -> None:
    """By 5 % per second from 10 to 50, and what is on the way is no observed weight."""
    assert followed(memory(TO_50)) == [20, 30, 40, 50]


def test_what_passes_between_two_operators_is_nobodys_rise() -> None:
    """An hour without one counts as ten seconds at most."""
    after = decide(WISH, seen(4, 4, weight=10), memory(risen(0)), NOW + 3600)
    assert after.desired.weight == 50
    later = decide(
        plan(canary=SLOW | {"maxWeightChangePerSecond": 1}), seen(4, 4, weight=10), memory(risen(0)), NOW + 3600
    )
    assert later.desired.weight == 20


@pytest.mark.parametrize(
    ("story", "look", "fields"),
    [
        ("no pods for it yet", seen(4, 1, weight=10), {}),
        ("paused", seen(4, 4, weight=10), {"paused": "ann paused it."}),
    ],
)
def test_it_rises_only_while_it_may(story: str, look: Any, fields: dict[str, Any]) -> None:
    after = decide(WISH, look, memory(risen(1), **fields), NOW + 2)
    assert isinstance(after.memory.state, Climbing)
    assert (after.memory.state.eased.spent, after.desired.weight) == (1, 10), story


def test_the_next_weight_begins_where_this_one_got_to() -> None:
    """Also where somebody hurries it on before it was there."""
    after = onward(WISH, memory(risen(2)), risen(2), 100)
    assert isinstance(after.state, Climbing)
    assert (after.state.start, after.state.eased.spent) == (20, 0)


@pytest.mark.parametrize(("weight", "start"), [(0.0, 0.0), (10.0, 10.0), (50.0, 20.0)])
def test_down_it_goes_at_once_and_up_again_slowly(weight: float, start: float) -> None:
    """What lost its weight rises from 0."""
    after = taken_up(WISH, memory(risen(2)), risen(2), weight)
    assert isinstance(after.state, Climbing)
    assert after.state.start == start
    assert isinstance(taken_up(WISH, memory(), Baking(canary=NEW), 50.0).state, Climbing)


def test_the_way_back_is_not_limited() -> None:
    """Users leave a bad version in one write."""
    aborted = decide(plan("shop:3", canary=SLOW), seen(4, 4, weight=50), memory(risen(9)), NOW)
    assert aborted.desired.weight == 0


def test_the_line_says_how_far_it_is() -> None:
    found = narrate(WISH, seen(4, 4, weight=20), memory(risen(2)), NOW)
    assert found.sentence == "Going to 50 % by 5 % per second, 20 % so far."


@pytest.mark.parametrize("canary", [SLOW, RAMP | {"maxWeightChangePerSecond": 0.5}])
def test_both_ways_to_climb_can_be_limited(canary: Any) -> None:
    assert plan(canary=canary).slope == canary["maxWeightChangePerSecond"]
    assert plan(canary={"steps": STEPS}).slope is None


@pytest.mark.parametrize("slope", [0, -1, 101, "fast"])
def test_a_slope_that_is_none_is_refused(slope: Any) -> None:
    found = build("shop", spec(canary=SLOW | {"maxWeightChangePerSecond": slope}))
    assert isinstance(found, tuple)
    assert [problem.field for problem in found] == ["spec.rollout.canary.maxWeightChangePerSecond"]
