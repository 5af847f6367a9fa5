"""The end of a service, as the heart decides it: what is waited for, and what may be left without an owner when."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.deletion import sentence
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
from gracefulservice.rollout.seen import RouteSeen, Seen, ServiceSeen

from .attack import Attack
from .builders import NEW, NOW, OLD, endpoints, memory, plan, ratio, seen
from .world import shares

ORPHANS = plan(deletionPolicy="Orphan")
DELETES = plan()
GONE = RouteSeen(None, trouble="HTTPRoute shop does not exist.")
RUNNING = [Warming(canary=NEW), Climbing(canary=NEW, weight=50), Baking(canary=NEW), Widening(canary=NEW)]
LEAVING = [Narrowing(leaving=OLD), Returning(leaving=OLD), Draining(leaving=OLD), Clearing(leaving=OLD)]


def going(**fields: Any) -> Seen:
    """A service that is being deleted."""
    return seen(4, 4, **({"weight": 0.0, "deleting": True} | fields))


@pytest.mark.parametrize("state", RUNNING, ids=lambda one: one.kind)
def test_a_rollout_turns_back_uncondemned_where_stable_is_to_stay(state: Any) -> None:
    """And stops where it is where everything goes."""
    look = going(weight=50.0)
    after = decide(ORPHANS, look, memory(state), NOW)
    assert (after.memory.state, after.memory.condemned) == (TurningBack(leaving=NEW), {})
    assert after.memory.happenings[-1].sentence == f"Revision {NEW} goes back to {OLD}: the service is being deleted."
    assert (after.desired.weight, after.desired.finalizer, after.desired.staying) == (0, True, None)
    stopped = decide(DELETES, look, memory(state), NOW)
    assert (stopped.memory.state, stopped.desired.weight, stopped.desired.finalizer) == (state, 0, True)


@pytest.mark.parametrize("state", LEAVING, ids=lambda one: one.kind)
def test_what_leaves_is_still_drained(state: Any) -> None:
    """The pointer has moved: the way on is the way out."""
    look = seen(0, 4, deleting=True)
    decision = decide(ORPHANS, look, memory(state, stable=NEW), NOW)
    assert decision.desired.finalizer is (decision.desired.staying is None)
    assert (decision.desired.staying is not None) is isinstance(decision.memory.state, Idle)


@pytest.mark.parametrize(
    ("story", "wish", "look", "before", "staying"),
    [
        ("at rest", ORPHANS, going(), memory(), OLD),
        ("at rest, with a target that waits", ORPHANS, going(), memory(condemned={NEW: "x"}), OLD),
        ("the route still leads away", ORPHANS, going(weight=30.0), memory(), None),
        ("the route is gone", ORPHANS, going(route=GONE), memory(), OLD),
        ("there is no route", plan(weighted=False, deletionPolicy="Orphan"), ratio(4, deleting=True), memory(), OLD),
        ("the first revision starts", ORPHANS, going(), Memory(state=Founding(revision=NEW)), NEW),
        ("nothing was made yet", ORPHANS, Seen(route=RouteSeen(0), deleting=True), Memory(), NEW),
        ("everything goes", DELETES, going(), memory(), None),
        ("the namespace goes", ORPHANS, going(vanishing=True), memory(), None),
        ("nobody deletes it", ORPHANS, seen(4), memory(), None),
    ],
)
def test_what_stays_is_left_only_when_nobody_is_on_anything_else(
    story: str, wish: Any, look: Seen, before: Memory, staying: str | None
) -> None:
    """The finalizer stands until that very moment."""
    desired = decide(wish, look, before, NOW).desired
    assert desired.staying == staying, story
    if wish.orphans and not look.vanishing:
        assert desired.finalizer is (staying is None), story


@pytest.mark.parametrize("wish", [ORPHANS, DELETES], ids=["Orphan", "Delete"])
def test_with_its_namespace_a_service_goes_at_once(wish: Any) -> None:
    """In the middle of a rollout, with all the weight on the canary."""
    before = memory(Baking(canary=NEW))
    decision = decide(wish, going(weight=100.0, vanishing=True), before, NOW)
    assert (decision.memory.state, decision.desired.finalizer) == (before.state, False)


def test_pods_go_although_the_route_is_gone_too() -> None:
    """Elsewhere nothing falls while nobody can say what a route does; here nobody will ever say it."""
    look = going(route=GONE, canary_service=ServiceSeen(OLD, endpoints(old=4)))
    decision = decide(ORPHANS, look, memory(Clearing(leaving=NEW)), NOW)
    assert decision.desired.fleets[NEW] == 0
    kept = decide(ORPHANS, replace(look, deleting=False), memory(Clearing(leaving=NEW)), NOW)
    assert kept.desired.fleets[NEW] == 4


@pytest.mark.parametrize(
    ("wish", "look", "words"),
    [
        (DELETES, going(), "its traffic goes back to stable first."),
        (ORPHANS, going(), f"revision {OLD} and its Services stay once nobody is on any other."),
        (ORPHANS, going(route=RouteSeen(0)), "A gateway has yet to accept the route"),
        (ORPHANS, going(route=GONE), "once nobody is on any other."),
    ],
)
def test_the_sentence_says_what_happens_first_and_what_stays(wish: Any, look: Seen, words: str) -> None:
    """And what keeps it."""
    assert words in sentence(wish, look, memory())


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("weighted", [True, False])
def test_at_any_moment_of_any_schedule_nobody_is_lost(seed: int, weighted: bool) -> None:
    """Deleted somewhere in a random schedule, with crashes: stable serves everybody alone before it is left."""
    attack = Attack(seed=seed, weighted=weighted)
    attack.found()
    random = Random(seed)
    attack.want("shop:2")
    for place in range(random.randrange(60)):
        if random.random() < 0.05:
            attack.want(f"shop:{3 + place}")
        attack.step(crash=random.random() < 0.1)
    attack.spec["deletionPolicy"] = "Orphan"
    attack.world.deleting = True
    attack.until("the finalizer stays", lambda: bool(attack.desired and attack.desired.staying))
    assert attack.desired is not None
    assert not attack.desired.finalizer
    assert (attack.desired.staying, attack.world.unserved) == (attack.memory.stable, 0)
    assert {pod.revision for pod in attack.world.pods} == {attack.memory.stable}
    assert shares(attack.world) == {attack.memory.stable: pytest.approx(100.0)}
