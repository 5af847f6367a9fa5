"""The world wanted: what each state asks for, held back by what is really there."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout.desire import desire
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Founding,
    Idle,
    Memory,
    Narrowing,
    Returning,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, RouteSeen, Seen, ServiceSeen

from .builders import ERRORS, NEW, NEWER, NOW, OLD, RAMP, endpoints, fleets, memory, plan, ratio, seen

RATIO = plan(weighted=False)
RAMPED = plan(canary=RAMP, objectives=ERRORS)
WARMS, BAKES, WIDENS = Warming(canary=NEW), Baking(canary=NEW), Widening(canary=NEW)
GOES_BACK, DRAINS, CLEARS = TurningBack(leaving=NEW), Draining(leaving=NEW), Clearing(leaving=NEW)
NARROWS, RETURNS = Narrowing(leaving=OLD), Returning(leaving=OLD)
UNREAD = RouteSeen(50.0)
DEAD = ServiceSeen(NEW)


def at(weight: float, *, observed: bool = True, step: int = 0) -> Climbing:
    """A canary that climbs."""
    return Climbing(canary=NEW, weight=weight, step=step, observed_at=NOW if observed else None)


@pytest.mark.parametrize(
    ("story", "state", "look", "wish", "old", "new"),
    [
        ("at rest stable has all", Idle(), seen(3, 0), None, 4, 0),
        ("warm-up: the first step's pods beside a whole stable", WARMS, seen(), None, 4, 1),
        ("warm-up of a ramp: those of its cap", WARMS, seen(), RAMPED, 4, 2),
        ("a step's pods", at(50, step=1), seen(4, 1, weight=25), None, 4, 2),
        ("a ramp has its cap's pods at hand", at(5), seen(4, 2, weight=5), RAMPED, 4, 2),
        ("at its cap a ramp gets the rest ready", at(50), seen(4, 2, weight=50), RAMPED, 4, 4),
        ("coming down, as many as the weight in force needs", at(25), seen(4, 3, weight=75), None, 4, 3),
        ("the bake keeps stable warm", BAKES, seen(4, 4, weight=100), None, 4, 4),
        ("widening too", WIDENS, seen(4, 4, weight=100), None, 4, 4),
        ("going back, the canary keeps its pods", GOES_BACK, seen(4, 2, weight=50), None, 4, 2),
        ("draining too", DRAINS, seen(4, 2), None, 4, 2),
        ("clearing, while the canary's Service leads there", CLEARS, seen(4, 2), None, 4, 2),
        ("clearing", CLEARS, seen(4, 2, canary_service=ServiceSeen(OLD, endpoints(old=4))), None, 4, 0),
        ("by a ratio a stable pod goes for each ready one", at(50), ratio(4, 1), RATIO, 3, 2),
        ("by a ratio nobody goes for one that is not ready", at(50), ratio(4, 0), RATIO, 4, 2),
        ("by a ratio coming down, the canary stays until stable is ready", at(25), ratio(2, 2), RATIO, 3, 2),
        ("by a ratio coming down, stable is ready", at(25), ratio(3, 2), RATIO, 3, 1),
        ("by a ratio the bake leaves stable none", BAKES, ratio(1, 4), RATIO, 0, 4),
        ("by a ratio going back, stable grows again", GOES_BACK, ratio(2, 2), RATIO, 4, 2),
        (
            "the route is gone: none goes",
            CLEARS,
            seen(4, 2, route=RouteSeen(None), canary_service=ServiceSeen(OLD)),
            None,
            4,
            2,
        ),
        ("the route is unread: none goes", at(25), seen(4, 4, route=UNREAD), plan(replicas=2), 4, 4),
        ("0 replicas are obeyed whatever the route says", GOES_BACK, seen(4, 2, route=UNREAD), plan(replicas=0), 0, 2),
    ],
)
def test_pods(story: str, state: Any, look: Seen, wish: Any, old: int, new: int) -> None:
    """Nothing below the traffic observed on it, nothing before its drain."""
    wanted = desire(wish or plan(), look, memory(state)).fleets
    assert (wanted[OLD], wanted.get(NEW, 0)) == (old, new), story


@pytest.mark.parametrize(
    ("story", "look", "state", "pods"),
    [
        ("nobody reaches it", seen(4, 4, weight=100, fleets=fleets(old=4, new=4, newer=2)), WIDENS, 0),
        ("nor on the way back", seen(4, 4, weight=100, fleets=fleets(old=4, new=4, newer=2)), GOES_BACK, 0),
        ("a wide Service leads to it", ratio(3, 1, fleets=fleets(old=3, new=1, newer=2)), at(25), 0),
        ("and its pods are ready", ratio(stable_service=ServiceSeen(WIDE, endpoints(old=3, newer=2))), at(25), 2),
        ("the canary's Service does", seen(4, 0, canary_service=ServiceSeen(NEWER, endpoints(newer=2))), WARMS, 2),
        ("the route cannot be read", seen(4, 4, route=UNREAD, fleets=fleets(old=4, new=4, newer=2)), WIDENS, 2),
    ],
)
def test_a_revision_that_plays_no_part_goes_once_nobody_reaches_it(
    story: str, look: Seen, state: Any, pods: int
) -> None:
    """Somebody scaled it by hand in the middle of a rollout, which would otherwise wait for it for ever."""
    look = replace(look, fleets={**look.fleets, NEWER: Fleet(2, 2, 2)})
    assert desire(RATIO if look.route is None else plan(), look, memory(state)).fleets[NEWER] == pods, story


def test_what_nobody_can_tell_from_stable_keeps_its_pods() -> None:
    """The status was lost, and nothing says who serves."""
    assert desire(plan(), seen(4, 0, foreign=("x",)), Memory()).fleets[OLD] == 4


def test_founding_takes_the_pods_of_what_it_replaces() -> None:
    """Nobody is served by them."""
    found = desire(plan(), seen(2, 0), Memory(state=Founding(revision=NEW)))
    assert (found.fleets, found.stable_selector, found.canary_selector) == ({OLD: 0, NEW: 4}, NEW, NEW)


@pytest.mark.parametrize(
    ("story", "state", "look", "fields", "weight"),
    [
        ("at rest it is nothing", Idle(), seen(weight=30), {}, 0),
        ("warming up it is nothing", WARMS, seen(4, 1, weight=30), {}, 0),
        ("a step, once its pods are visible", at(50), seen(4, 2, weight=25), {}, 50),
        ("before that, what it was", at(50), seen(4, 1, weight=25), {}, 25),
        ("down needs no pods", at(25), seen(4, 1, weight=50), {}, 25),
        (
            "paused before it was observed: what it was",
            at(50, observed=False),
            seen(4, 2, weight=25),
            {"paused": "x"},
            25,
        ),
        ("paused after it was observed: it stays", at(50), seen(4, 2, weight=25), {"paused": "x"}, 50),
        ("baking it is everything", BAKES, seen(4, 4, weight=100), {}, 100),
        ("so while the pointer moves", NARROWS, seen(4, 4, weight=100), {"stable": NEW}, 100),
        ("then it returns", RETURNS, seen(4, 4, weight=100), {"stable": NEW}, 0),
        ("back at once", GOES_BACK, seen(4, 2, weight=50), {}, 0),
        ("a route that is gone is left alone", at(50), seen(4, 2, route=RouteSeen(None)), {}, None),
        ("deletion: back at once", at(50), seen(4, 2, weight=50, deleting=True), {}, 0),
        ("deletion, even if nobody else serves", at(50), seen(0, 2, weight=50, deleting=True), {}, 0),
        ("nobody answers at the canary's: nothing", at(50), seen(4, 0, weight=50, canary_service=DEAD), {}, 0),
        ("nor during the bake", BAKES, seen(4, 0, weight=100, canary_service=DEAD), {}, 0),
        ("stable is gone: everything, however few pods", at(100, observed=False), seen(0, 1, weight=25), {}, 100),
        ("going back to a stable that is gone waits for it", GOES_BACK, seen(0, 2, weight=50), {}, 50),
        ("going back to a single pod does not", GOES_BACK, seen(1, 2, weight=50), {}, 0),
        ("nobody answers anywhere: as the state asks", GOES_BACK, seen(0, 0, weight=50, canary_service=DEAD), {}, 0),
    ],
)
def test_the_weight(story: str, state: Any, look: Seen, fields: dict[str, Any], weight: float | None) -> None:
    """Of `<name>-canary`: only where somebody answers, and only what its pods can carry."""
    assert desire(plan(), look, memory(state, **fields)).weight == weight, story


def test_without_a_route_there_is_no_weight_and_no_second_service() -> None:
    """Pods are the weight."""
    found = desire(RATIO, ratio(3, 1), memory(at(25)))
    assert (found.weight, found.canary_selector) == (None, None)


THIRD: dict[str, Any] = {"fleets": fleets(old=4, new=1, newer=1)}


@pytest.mark.parametrize(
    ("story", "wish", "state", "look", "selects"),
    [
        ("behind a route it is stable", plan(), at(25), seen(4, 1, weight=25), OLD),
        ("until the end, when it is wide", plan(), WIDENS, seen(4, 4, weight=100), WIDE),
        ("not while a third revision has pods", plan(), WIDENS, seen(4, 4, weight=100, **THIRD), OLD),
        ("by a ratio it is wide at rest", RATIO, Idle(), ratio(), WIDE),
        ("by a ratio it is wide on the way up", RATIO, at(25), ratio(3, 1), WIDE),
        ("by a ratio it is wide through the bake", RATIO, BAKES, ratio(0, 4), WIDE),
        ("by a ratio not while a third one has pods", RATIO, at(25), ratio(3, 1, **THIRD), OLD),
        ("by a ratio it stays wide until stable has regrown", RATIO, GOES_BACK, ratio(3, 1), WIDE),
        ("by a ratio it narrows then", RATIO, GOES_BACK, ratio(4, 1), OLD),
        ("by a ratio it never widens again on the way back", RATIO, GOES_BACK, ratio(3, 1, selects=OLD), OLD),
        ("by a ratio the drain is narrow", RATIO, DRAINS, ratio(4, 1, selects=OLD), OLD),
        ("by a ratio clearing stays narrow after a rollback", RATIO, CLEARS, ratio(4, 1, selects=OLD), OLD),
        ("by a ratio clearing stays wide after a promotion", RATIO, CLEARS, ratio(4, 1), WIDE),
    ],
)
def test_the_name_leads_to(story: str, wish: Any, state: Any, look: Seen, selects: str) -> None:
    """Stable, or every pod of the revisions in play."""
    assert desire(wish, look, memory(state)).stable_selector == selects, story


ON_STABLE = ServiceSeen(OLD, endpoints(old=4))
UNREADY = fleets(old=4) | {NEW: Fleet(1, 0, 1)}


@pytest.mark.parametrize(
    ("story", "state", "look", "selects"),
    [
        ("stable at rest", Idle(), seen(), OLD),
        ("stable while no canary pod is ready", WARMS, seen(fleets=UNREADY), OLD),
        ("the canary once one is", WARMS, seen(4, 1, canary_service=ON_STABLE), NEW),
        ("not while somebody's weight is still on it", WARMS, seen(4, 1, weight=30, canary_service=ON_STABLE), OLD),
        (
            "not while a gateway may still send there",
            WARMS,
            seen(4, 1, route=RouteSeen(0), canary_service=ON_STABLE),
            OLD,
        ),
        (
            "the canary while its weight is on it, ready or not",
            at(50),
            seen(fleets=UNREADY, weight=50, canary_service=DEAD),
            NEW,
        ),
        ("the canary while everybody goes back", GOES_BACK, seen(4, 2, weight=50), NEW),
        ("the canary while it drains", DRAINS, seen(4, 2), NEW),
        ("stable before the canary's pods go", CLEARS, seen(4, 2), OLD),
        ("stable, which the canary now is, when the pointer moved", NARROWS, seen(4, 4, weight=100), OLD),
        ("stable where it does not exist yet", GOES_BACK, seen(4, 2, canary_service=ServiceSeen()), OLD),
    ],
)
def test_the_canarys_service_leads_to(story: str, state: Any, look: Seen, selects: str) -> None:
    """It moves only while nothing is sent there."""
    assert desire(plan(), look, memory(state)).canary_selector == selects, story


RECORDS = {f"r{place}": RecordSeen(place) for place in range(1, 6)} | {OLD: RecordSeen(6), NEW: RecordSeen(7)}


@pytest.mark.parametrize(
    ("story", "limit", "look", "pruned"),
    [
        ("as many as asked for are kept", 3, seen(records=RECORDS), {"r1", "r2"}),
        ("none at all", 0, seen(records=RECORDS), {"r1", "r2", "r3", "r4", "r5"}),
        ("those in play do not count", 5, seen(records=RECORDS), set()),
        (
            "nothing with pods goes",
            0,
            seen(records=RECORDS, fleets={"r1": Fleet(0, 0, 1), "r2": Fleet(1)}),
            {"r3", "r4", "r5"},
        ),
    ],
)
def test_history_is_limited(story: str, limit: int, look: Seen, pruned: set[str]) -> None:
    """The oldest go first, never the target or what serves."""
    assert desire(plan(historyLimit=limit), look, memory()).prune == pruned, story


OURS = plan(traffic={"routes": [{"name": "web", "gatewayAPI": {"parentRefs": [{"name": "edge"}]}}]})


@pytest.mark.parametrize(
    ("story", "wish", "state", "look", "stands"),
    [
        ("not at rest", None, Idle(), seen(), False),
        ("not for the first revision", None, Founding(revision=OLD), seen(), False),
        ("at rest as long as a weight is on the route", None, Idle(), seen(weight=30), True),
        ("before the first weight", None, WARMS, seen(), True),
        ("not for a route of our own", OURS, WARMS, seen(), False),
        ("not without a route", RATIO, at(25), ratio(3, 1), False),
        ("not while the route is gone", None, at(25), seen(weight=None), False),
        ("when deleted, until the weight is back", None, at(25), seen(4, 1, weight=25, deleting=True), True),
        ("then no longer", None, at(25), seen(4, 1, deleting=True), False),
    ],
)
def test_the_finalizer(story: str, wish: Any, state: Any, look: Seen, stands: bool) -> None:
    """Only while a route of the user's must be given back."""
    assert desire(wish or plan(), look, memory(state)).finalizer is stands, story


def test_marks_are_those_that_are_remembered() -> None:
    """On the records of condemned revisions and of stable."""
    found = desire(plan(), seen(), memory(condemned={NEWER: "it failed."}))
    assert (found.marks, found.stable) == ({NEWER: "it failed."}, OLD)
