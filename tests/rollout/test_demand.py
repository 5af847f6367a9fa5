"""The floor: how many pods a service keeps during a rollout and after it, whatever an autoscaler asks for."""

from typing import Any

import pytest

from gracefulservice.rollout import demand
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import Evidence, Flow
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Floor, Idle, Memory, Narrowing
from gracefulservice.rollout.memory import TurningBack as Back
from gracefulservice.rollout.seen import Fleet, Seen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import NEW, NOW, OLD, memory, plan, ratio, seen, written

AT_90 = Climbing(canary=NEW, weight=90)


def counted(requests: float, span: float = 60) -> Evidence:
    """Evidence whose last `span` seconds had so many requests per second, counted each five of them."""
    looks = [Flow(NOW - span + at, requests * 5) for at in range(5, int(span) + 1, 5)]
    return Evidence(begun=NOW - 100, interval=5, flow=(Flow(NOW - span, 0), *looks))


def eight(**fields: Any) -> Floor:
    """The floor of a rollout that began with 8 pods at 100 requests/s."""
    return Floor(**({"replicas": 8, "rate": 100.0, "pods": 8} | fields))


@pytest.mark.parametrize(
    ("story", "floor", "asked", "pods"),
    [
        ("no rollout", None, 2, 2),
        ("an autoscaler finds stable idle", eight(), 2, 8),
        ("an autoscaler asks for more", eight(), 10, 10),
        ("nobody wants any pod", eight(), 0, 0),
    ],
)
def test_the_floor_holds_against_fewer_replicas_but_not_against_none(
    story: str, floor: Floor | None, asked: int, pods: int
) -> None:
    assert demand.kept(plan(replicas=asked), memory(AT_90, floor=floor)).replicas == pods, story


@pytest.mark.parametrize(
    ("story", "state", "state_after", "stable_pods", "canary_pods"),
    [
        ("stable can take everybody back at 90 %", AT_90, "Climbing", 8, 8),
        ("both are warm during the bake", Baking(canary=NEW), "Baking", 8, 8),
        ("stable is whole while everybody goes back", Back(leaving=NEW), "Draining", 8, 1),
    ],
)
def test_an_autoscaler_that_shrinks_takes_no_pod_away(
    story: str, state: Any, state_after: str, stable_pods: int, canary_pods: int
) -> None:
    """8 pods at the start, 2 are asked for."""
    look = seen(8, 8 if state is not Back else 1, weight=90.0)
    if isinstance(state, Back):
        look = seen(8, 1, weight=0.0)
    wanted = decide(plan(replicas=2, objectives=None), look, memory(state, floor=eight()), NOW).desired.fleets
    assert (wanted[OLD], wanted[NEW]) == (stable_pods, canary_pods), story


def test_by_a_replica_ratio_the_floor_is_the_whole() -> None:
    """25 % of the 8 that were there, although 2 are asked for."""
    before = memory(Climbing(canary=NEW, weight=25), floor=eight())
    wanted = decide(plan(weighted=False, replicas=2), ratio(6, 2), before, NOW).desired.fleets
    assert (wanted[OLD], wanted[NEW]) == (6, 2)


@pytest.mark.parametrize(
    ("story", "requests", "ceiling", "pods"),
    [
        ("the same load", 100, 20, 8),
        ("a little more is the same", 109, 20, 8),
        ("half as much again", 150, 20, 12),
        ("never more than the autoscaler may ask for", 150, 10, 10),
        ("an autoscaler's maximum below the start takes nothing away", 150, 4, 8),
        ("never more than twice the start", 900, 100, 16),
        ("nobody counts pods: a fixed number is meant as it stands", 150, None, 8),
        ("nothing was counted", 0, 20, 8),
    ],
)
def test_it_rises_at_once_with_the_requests(story: str, requests: float, ceiling: int | None, pods: int) -> None:
    assert demand.measured(eight(), counted(requests), ceiling, NOW).pods == pods, story


def test_the_first_whole_minute_is_what_later_ones_are_compared_with() -> None:
    """Until then nothing is known, and a part of a minute says too little."""
    young = Floor.of(8)
    assert demand.measured(young, None, 20, NOW) == young
    assert demand.measured(young, counted(100, span=30), 20, NOW) == young
    assert demand.measured(young, counted(100), 20, NOW) == eight()


def test_it_falls_when_fewer_were_enough_for_five_minutes() -> None:
    """The most that was needed in them counts, and one busy minute begins them anew."""
    floor = eight()
    for at in range(0, 290, 10):
        floor = demand.measured(floor, counted(75 if at == 100 else 50), 20, NOW + at)
    assert (floor.pods, floor.enough) == (8, 6)
    lower = demand.measured(floor, counted(50), 20, NOW + 300)
    lower = demand.measured(lower, counted(50), 20, NOW + 310)
    assert lower.pods == 6
    busy = demand.measured(floor, counted(100), 20, NOW + 300)
    assert (busy.pods, busy.lower) == (8, Stopwatch())


@pytest.mark.parametrize(
    ("story", "state", "floor", "asked", "after"),
    [
        ("it is left behind when the pointer has moved", Narrowing(leaving=OLD), eight(), 2, NOW + 300),
        ("and when everybody goes back", Back(leaving=NEW), eight(), 2, NOW + 300),
        ("it does not begin again", Draining(leaving=OLD), eight(until=NOW + 5), 2, NOW + 5),
        ("it stays while pods still leave", Draining(leaving=OLD), eight(until=NOW - 5), 2, NOW - 5),
        ("it is over", Idle(), eight(until=NOW), 2, "gone"),
        ("nobody wants any pod", Draining(leaving=OLD), eight(), 0, "gone"),
    ],
)
def test_it_stays_for_five_minutes(story: str, state: Any, floor: Floor, asked: int, after: Any) -> None:
    found = decide(plan("shop:1", replicas=asked), seen(8, weight=0.0), memory(state, floor=floor), NOW).memory.floor
    assert (found.until if found else "gone") == after, story


def test_at_rest_the_end_of_the_floor_is_waited_for() -> None:
    """Nothing in the world would say that it is time."""
    rested = memory(Idle(), floor=eight(until=NOW + 120))
    first = decide(plan("shop:1", replicas=2), seen(8), rested, NOW)
    assert first.desired.fleets[OLD] == 8
    assert first.wake_after == pytest.approx(120, abs=1)
    last = decide(plan("shop:1", replicas=2), seen(8), first.memory, NOW + 120.1)
    assert (last.desired.fleets[OLD], last.memory.floor, last.wake_after) == (2, None, None)


def test_a_rollout_begins_with_what_is_asked_for() -> None:
    """Also when a floor that is lower still stands; one that is higher goes on and does not grow."""
    asked = plan(replicas=8)
    assert decide(asked, seen(8), memory(), NOW).memory.floor == Floor.of(8)
    low, high = Floor.of(4).model_copy(update={"until": NOW + 9}), eight(replicas=9, pods=18, until=NOW + 9)
    assert decide(asked, seen(8), memory(floor=low), NOW).memory.floor == Floor.of(8)
    assert decide(asked, seen(18), memory(floor=high), NOW).memory.floor == high.model_copy(update={"until": None})


def test_the_first_revision_has_no_floor() -> None:
    assert decide(plan(replicas=8), Seen(), Memory(), NOW).memory.floor is None


def test_after_a_lost_status_the_pods_that_are_there_are_kept() -> None:
    """Nobody knows what the rollout began with, and the autoscaler had shrunk it to 2."""
    found = decide(plan(replicas=2), seen(8, 8, weight=90.0), Memory(), NOW)
    assert found.desired.fleets[OLD] == 8
    assert found.memory.floor == Floor.of(8)


@pytest.mark.parametrize(
    ("story", "floor", "ready", "narrow"),
    [
        ("half of the load needs half of the pods", eight(enough=4), 4, True),
        ("three are too few for it", eight(enough=4), 3, False),
        ("nothing was measured, so all of them", eight(), 7, False),
        ("all of them are enough for anything", eight(), 8, True),
    ],
)
def test_a_ratio_goes_back_at_once_to_pods_that_carry_the_load(
    story: str, floor: Floor, ready: int, narrow: bool
) -> None:
    look = ratio(ready, 4, fleets={OLD: Fleet(8, ready, ready), NEW: Fleet(4, 4, 4)})
    found = decide(plan("shop:1", weighted=False, replicas=8), look, memory(Back(leaving=NEW), floor=floor), NOW)
    assert (found.desired.stable_selector == OLD) is narrow, story


def test_the_status_says_why_there_are_more_pods_than_were_asked_for() -> None:
    kept = written(memory(AT_90, floor=eight()), seen(8, 8, weight=90.0), plan(replicas=2))
    (condition,) = [one for one in kept.conditions if one.type == "CapacityKept"]
    assert condition.message.startswith("spec.replicas asks for 2 pods and 8 are kept: the rollout began with 8")
    calm = written(memory(AT_90, floor=eight()), seen(8, 8, weight=90.0), plan(replicas=8))
    assert "CapacityKept" not in {one.type for one in calm.conditions}
