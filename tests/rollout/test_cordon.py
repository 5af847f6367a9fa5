"""One pod more for fleets on cordoned nodes: who gets it, until when, and what it must not disturb."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout import cordon
from gracefulservice.rollout.capacity import reached
from gracefulservice.rollout.decide import TICK, decide
from gracefulservice.rollout.desire import desire
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Surge, TurningBack, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Fleet, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import LONGEST_TICK, Progress

from .builders import NEW, NOW, OLD, memory, plan, ratio, seen, written

DEADLINE = 40.0
"""Of the plans here."""


def cordoned(look: Seen, **fleets: int) -> Seen:
    """The same look with so many pods on cordoned nodes: `old=1, new=2`."""
    marked = {
        revision: replace(look.fleet(revision), cordoned=fleets[name])
        for name, revision in (("old", OLD), ("new", NEW))
        if name in fleets
    }
    return replace(look, fleets={**look.fleets, **marked})


def after(wish: Plan, look: Seen, before: Memory) -> tuple[Memory, dict[str, int]]:
    """What is remembered and wanted after one look."""
    decision = decide(wish, look, before, NOW)
    return decision.memory, dict(decision.desired.fleets)


@pytest.mark.parametrize("replicas", [1, 4])
@pytest.mark.parametrize("weighted", [True, False])
def test_at_rest_a_fleet_has_one_pod_more_while_one_of_its_pods_is_on_a_cordoned_node(
    replicas: int, weighted: bool
) -> None:
    """However many of them are, and as many as before when none is any more."""
    wish = plan("shop:1", replicas=replicas, weighted=weighted)
    look = (seen if weighted else ratio)(replicas)
    known, fleets = after(wish, cordoned(look, old=replicas), memory())
    assert fleets == {OLD: replicas + 1, NEW: 0}
    assert [one.reason for one in known.happenings] == ["NodeCordoned"]
    known, fleets = after(wish, look, known)
    assert fleets == {OLD: replicas, NEW: 0}
    assert known.surges == {}


def test_no_pod_no_surge() -> None:
    """`replicas: 0` means 0."""
    assert cordon.surged(memory(surges={OLD: Surge()}), OLD, 0) == 0


WEIGHTED: dict[str, tuple[Any, int]] = {
    "without traffic": (Warming(canary=NEW), 0),
    "at a step": (Climbing(canary=NEW, weight=25.0), 1),
    "at 100 %": (Baking(canary=NEW), 1),
    "turned back": (TurningBack(leaving=NEW), 0),
}


@pytest.mark.parametrize(("state", "more"), WEIGHTED.values(), ids=WEIGHTED.keys())
def test_a_canary_behind_a_route_has_one_more_while_it_has_traffic(state: Any, more: int) -> None:
    """And stable always, because everybody may come back."""
    look, before = seen(4, 1, weight=25.0), memory(state)
    plain = desire(plan(), look, before).fleets
    known = cordon.watched(plan(), cordoned(look, old=2, new=1), before, NOW)
    fleets = desire(plan(), look, known).fleets
    assert (fleets[OLD] - plain[OLD], fleets[NEW] - plain[NEW]) == (1, more)


RATIO: dict[str, tuple[int, float, tuple[int, int]]] = {
    "several of stable have a budget": (4, 25.0, (0, 0)),
    "one of stable has none": (1, 50.0, (1, 0)),
    "one of stable has none, beside more of the canary": (2, 50.0, (1, 0)),
    "the canary alone": (4, 100.0, (1, 1)),
}


@pytest.mark.parametrize(("replicas", "weight", "more"), RATIO.values(), ids=RATIO.keys())
def test_pods_that_are_the_share_get_no_more_of_the_canary(replicas: int, weight: float, more: tuple[int, int]) -> None:
    """One canary pod more of five would be 40 % where 25 % were wanted."""
    wish = plan(weighted=False, replicas=replicas)
    before = memory(Climbing(canary=NEW, weight=weight))
    known = cordon.watched(wish, cordoned(ratio(replicas, 1), old=1, new=1), before, NOW)
    assert tuple(cordon.surged(known, one, 1) - 1 for one in (OLD, NEW)) == more


def test_a_share_that_one_pod_more_makes_smaller_is_not_observed() -> None:
    """2 and 1 are no 50 %, whatever the second one is there for."""
    wish = plan(weighted=False, replicas=1)
    assert not reached(wish, ratio(2, 1), NEW, OLD, 50.0)
    assert reached(wish, ratio(1, 1), NEW, OLD, 50.0)


@pytest.mark.parametrize(("new", "old", "there"), [(4, 0, True), (5, 0, True), (3, 0, False), (5, 1, False)])
def test_all_of_it_is_all_of_it_with_one_pod_more(new: int, old: int, there: bool) -> None:
    """A bake does not wait for a node to be uncordoned."""
    look = ratio(old, new)
    look = replace(look, stable_service=ServiceSeen("*", {OLD: old, NEW: new}))
    assert reached(plan(weighted=False), look, NEW, OLD, 100.0) is there


def waiting(look: Seen, seconds: float, step: float = 2.0) -> Memory:
    """What is remembered after so long a time of the same look."""
    known, now = memory(), NOW
    while now <= NOW + seconds:
        known = decide(plan("shop:1", replicas=1), look, known, now).memory
        now += step
    return known


STUCK = replace(
    cordoned(seen(1), old=1),
    fleets={OLD: Fleet(wanted=2, ready=1, pods=2, cordoned=1, trouble="Unschedulable: 0/2 nodes are available")},
)


def test_a_drain_is_held_up_for_the_progress_deadline_and_no_longer() -> None:
    """Then the fleet is as large as before, its budget goes, and it is told once why."""
    wish = plan("shop:1", replicas=1)
    known = waiting(STUCK, DEADLINE - 2)
    assert desire(wish, STUCK, known).fleets[OLD] == 2
    known = waiting(STUCK, DEADLINE + 60)
    assert desire(wish, STUCK, known).fleets[OLD] == 1
    (news,) = [one for one in known.happenings if one.reason == "SurgeGivenUp"]
    assert news.warning
    assert "1 pod of revision" in news.sentence
    assert "progress deadline of 40 s (Unschedulable: 0/2 nodes are available)" in news.sentence


def test_time_without_an_operator_is_nobodys_waiting() -> None:
    """One that comes back after an hour gives the pod its time."""
    known = decide(plan("shop:1", replicas=1), STUCK, waiting(STUCK, 4), NOW + 3600).memory
    assert known.surges[OLD].progress.waiting.spent <= 4 + LONGEST_TICK
    assert not known.surges[OLD].given_up


def test_what_was_given_up_stays_so_until_the_pod_has_left() -> None:
    """It would else hold up the drain once more."""
    known = waiting(STUCK, DEADLINE + 60)
    ready = replace(STUCK, fleets={OLD: Fleet(wanted=1, ready=1, pods=1, cordoned=1)})
    known = decide(plan("shop:1", replicas=1), ready, known, NOW + 200).memory
    assert known.surges[OLD].given_up
    assert decide(plan("shop:1", replicas=1), seen(1), known, NOW + 210).memory.surges == {}


def test_each_further_ready_pod_restarts_the_time() -> None:
    """A drain of ten pods, one after the other, takes ten times as long as one."""
    spent = Surge(progress=Progress(ready=3).watch(5, 3, NOW).watch(5, 3, NOW + 10))
    assert spent.progress.waiting.spent == 10
    assert cordon.waited(plan(), spent, Fleet(wanted=5, ready=4, cordoned=1), NOW + 12).progress.waiting.spent == 0


def test_at_rest_it_is_looked_at_again_only_while_a_pod_is_waited_for() -> None:
    """A node may stay cordoned for a week."""
    wish = plan("shop:1", replicas=1)
    known = waiting(STUCK, 4)
    assert decide(wish, STUCK, known, NOW + 6).wake_after == TICK
    ready = replace(STUCK, fleets={OLD: Fleet(wanted=2, ready=2, pods=2, cordoned=1)})
    assert decide(wish, ready, known, NOW + 6).wake_after is None
    assert decide(wish, STUCK, waiting(STUCK, DEADLINE + 60), NOW + 200).wake_after is None


def test_a_service_that_is_deleted_gets_no_more() -> None:
    """What outlives it has the size that was asked for."""
    look = replace(cordoned(seen(4), old=1), deleting=True)
    assert cordon.watched(plan(), look, memory(surges={OLD: Surge()}), NOW).surges == {}


SAID: dict[str, tuple[Surge, Fleet, str, str]] = {
    "starting": (
        Surge(progress=Progress().watch(2, 1, NOW)),
        Fleet(wanted=2, ready=1, cordoned=1),
        "Unknown",
        f"1 pod of revision {OLD} stands on a cordoned node: evictions wait until one pod more is ready, for 40 s at",
    ),
    "ready": (
        Surge(progress=Progress(ready=5)),
        Fleet(wanted=5, ready=5, cordoned=2),
        "True",
        f"2 pods of revision {OLD} stand on cordoned nodes: with one pod more, 5 are ready.",
    ),
    "given up": (
        Surge(given_up=True),
        Fleet(wanted=1, ready=1, cordoned=1),
        "False",
        "evictions go on without, so that no drain is held up for ever. Make room",
    ),
}


@pytest.mark.parametrize(("surge", "fleet", "status", "said"), SAID.values(), ids=SAID.keys())
def test_a_condition_says_whether_evictions_are_covered(surge: Surge, fleet: Fleet, status: str, said: str) -> None:
    """Only while any is to be expected."""
    look = replace(seen(4), fleets={OLD: fleet})
    found = {one.type: one for one in written(memory(surges={OLD: surge}), look).conditions}
    assert found["EvictionsCovered"].status == status
    assert said in found["EvictionsCovered"].message
    assert "EvictionsCovered" not in {one.type for one in written(memory(), look).conditions}
