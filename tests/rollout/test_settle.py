"""The way out: the pointer moves, the old revision leaves, drains and goes; or everybody goes back."""

from typing import Any

import pytest

from gracefulservice.api import Receipt
from gracefulservice.rollout.decide import TICK, decide
from gracefulservice.rollout.happenings import Fault
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Idle,
    Memory,
    Narrowing,
    Returning,
    TurningBack,
    Widening,
)
from gracefulservice.rollout.pulse import Pulse
from gracefulservice.rollout.seen import WIDE, Fleet, RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.settle import promoted, settled, turned_back
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NEWER, NOW, OLD, endpoints, evidence, fleets, memory, plan, ratio, seen

RATIO = plan(weighted=False)
EMPTY = plan(replicas=0)
UNSURE = RouteSeen(0.0)


def after(before: Memory, look: Seen, wish: Any = None) -> Memory:
    """What is remembered after one pass."""
    return decide(wish or plan(), look, before, NOW).memory


def wide(new: int = 4, **fields: Any) -> Seen:
    """Both revisions behind `<name>`, everybody on the new one."""
    service = ServiceSeen(WIDE, endpoints(old=4, new=new))
    look: dict[str, Any] = {"weight": 100.0, "stable_service": service}
    return seen(4, 4, **(look | fields))


@pytest.mark.parametrize(
    ("story", "look", "fields", "moves"),
    [
        ("both stand in the endpoints", wide(), {}, True),
        ("a new pod is not in them yet", wide(3), {}, False),
        ("somebody took the weight away", wide(weight=0.0), {}, False),
        ("a gateway has yet to accept the route", wide(route=RouteSeen(100.0)), {}, False),
        ("a person paused", wide(), {"paused": "x"}, False),
    ],
)
def test_the_pointer_moves(story: str, look: Seen, fields: dict[str, Any], moves: bool) -> None:
    """Once everybody who routes by the name has seen the new pods for three seconds, and nobody stops it."""
    found = after(memory(Widening(canary=NEW, visible=Stopwatch(spent=3)), **fields), look)
    expected = (NEW, Narrowing(leaving=OLD)) if moves else (OLD, None)
    assert (found.stable, found.state if moves else None) == expected, story


def test_the_pointer_waits_for_three_seconds() -> None:
    """The first look only starts them."""
    found = after(memory(Widening(canary=NEW)), wide())
    assert found.state == Widening(canary=NEW, progress=found.state.progress, visible=Stopwatch(ticked=NOW))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("story", "wish", "fields", "sentence"),
    [
        ("baked", plan(), {}, f"It served everybody for 10 s; revision {OLD} leaves."),
        ("in full", plan(), {"hurry": "unjudged"}, f"It needs no bake; revision {OLD} leaves."),
        ("no bake", plan(rollout={"bake": "0s"}), {}, f"It needs no bake; revision {OLD} leaves."),
    ],
)
def test_the_end_of_a_bake_is_told_as_it_was(story: str, wish: Any, fields: Any, sentence: str) -> None:
    """After the promotion, and only what really happened."""
    found = promoted(wish, seen(), memory(Baking(canary=NEW), **fields), NEW, NOW)
    assert [(one.reason) for one in found.happenings] == ["Promoted", "BakeDone"], story
    assert found.happenings[-1].sentence == sentence


def test_a_promotion_says_how_many_requests_speak_for_it() -> None:
    """From the leading objective."""
    before = memory(Baking(canary=NEW), evidence=evidence(812, 3))
    found = promoted(plan(objectives=ERRORS), seen(), before, NEW, NOW)
    assert found.history[0].sentence == f"Revision {NEW} is stable now after 815 requests, 3 of them bad."


def test_history_names_who_promoted() -> None:
    """The last person whose `promote` was carried out, if the rollout hurried at all."""
    asked = [
        Receipt(id=str(place), do="promote", by=by, result=result, sentence="It is said.", time=NOW)
        for place, (by, result) in enumerate([("somebody", "Done"), ("another", "Refused")])
    ]
    hurried = memory(Baking(canary=NEW), hurry="judged", receipts=tuple(asked))
    assert promoted(plan(), seen(), hurried, NEW, NOW).history[0].by == "somebody"
    assert promoted(plan(), seen(), hurried.but(hurry=""), NEW, NOW).history[0].by == ""


def test_history_has_the_newest_first_and_twenty_at_most() -> None:
    """With the number of the revision's record, and when it began and ended."""
    before = memory(paused="x", hurry="judged")
    for place in range(25):
        before = settled(seen(), before, NEW, "Promoted", f"{place}", NOW + place)
    assert [entry.sentence for entry in before.history] == [str(place) for place in range(24, 4, -1)]
    assert (before.history[0].number, before.history[0].started, before.history[0].ended) == (2, NOW - 100, NOW + 24)
    assert (before.paused, before.hurry) == ("", "")


def test_history_knows_no_number_of_a_revision_without_a_record() -> None:
    """0 stands for it."""
    assert settled(seen(records={}), memory(), NEW, "Promoted", "It is so.", NOW).history[0].number == 0


def test_at_rest_nothing_can_turn_back() -> None:
    """There is no canary."""
    assert turned_back(seen(), memory(), "it is so.", NOW, condemn=Fault.ABORT) == memory()


ONLY_NEW = ServiceSeen(NEW, endpoints(new=4))
NARROW: dict[str, Any] = {"stable_service": ONLY_NEW, "canary_service": ONLY_NEW}
MOVED: dict[str, Any] = {"stable": NEW}
NOBODY = seen(0, stable_service=ServiceSeen(NEW))


@pytest.mark.parametrize(
    ("story", "state", "look", "wish", "to"),
    [
        ("an old endpoint is left", Narrowing(leaving=OLD), wide(), None, "Narrowing"),
        ("only new endpoints are left", Narrowing(leaving=OLD), seen(4, 4, weight=100, **NARROW), None, "Returning"),
        ("no endpoint, no replicas", Narrowing(leaving=OLD), NOBODY, EMPTY, "Returning"),
        ("no endpoint although there should be", Narrowing(leaving=OLD), NOBODY, None, "Narrowing"),
        ("the weight is still there", Returning(leaving=OLD), seen(4, 4, weight=100, **NARROW), None, "Returning"),
        ("a gateway has yet to accept", Returning(leaving=OLD), seen(4, 4, route=UNSURE, **NARROW), None, "Returning"),
        ("the route is gone", Returning(leaving=OLD), seen(4, 4, weight=None, **NARROW), None, "Returning"),
        ("the weight is back", Returning(leaving=OLD), seen(4, 4, **NARROW), None, "Draining"),
    ],
)
def test_after_the_pointer_moved(story: str, state: Any, look: Seen, wish: Any, to: str) -> None:
    """Narrow, then give the weight back, then drain: each waits for what is observed."""
    assert after(memory(state, **MOVED), look, wish or plan()).state.kind == to, story


BACK = TurningBack(leaving=NEW)


@pytest.mark.parametrize(
    ("story", "look", "wish", "to"),
    [
        ("the weight is still there", seen(4, 2, weight=25), None, "TurningBack"),
        ("a gateway has yet to accept", seen(4, 2, route=UNSURE), None, "TurningBack"),
        ("the route is gone", seen(4, 2, weight=None), None, "TurningBack"),
        ("nothing goes there any more", seen(4, 2), None, "Draining"),
        ("stable has no endpoint", seen(0, 2), None, "TurningBack"),
        ("stable has none and shall have none", seen(0, 2), EMPTY, "Draining"),
        ("by a ratio both are selected", ratio(4, 1), RATIO, "TurningBack"),
        ("by a ratio stable is selected, an endpoint is left", ratio(4, 1, selects=OLD), RATIO, "TurningBack"),
        ("by a ratio only stable is left", ratio(4, 0, selects=OLD, fleets=fleets(old=4, new=1)), RATIO, "Draining"),
        ("by a ratio all are selected, and only stable is there", ratio(4, 0), RATIO, "TurningBack"),
    ],
)
def test_everybody_goes_back_before_the_drain_begins(story: str, look: Seen, wish: Any, to: str) -> None:
    """The canary keeps its pods meanwhile."""
    decision = decide(wish or plan("shop:1"), look, memory(BACK), NOW)
    assert decision.memory.state.kind == to, story
    assert decision.desired.fleets.get(NEW, 0) == look.fleet(NEW).wanted


QUIET = evidence(50, 0, at=NOW)


def drains(waited: float, since: float = NOW - 60, **fields: Any) -> Memory:
    """A canary that drains for `waited` seconds."""
    return memory(Draining(leaving=NEW, since=since, waited=Stopwatch(spent=waited)), **fields)


@pytest.mark.parametrize(
    ("story", "before", "look", "to"),
    [
        ("without counters it takes ten seconds", drains(9.9), seen(4, 2), "Draining"),
        ("without counters they are over", drains(10), seen(4, 2), "Clearing"),
        ("counters still move", drains(20, NOW - 9, evidence=QUIET), seen(4, 2), "Draining"),
        ("a minute is enough in any case", drains(60, NOW - 9, evidence=QUIET), seen(4, 2), "Clearing"),
        ("nobody is left to wait for", drains(0), seen(4, 0), "Clearing"),
    ],
)
def test_a_drain_ends(story: str, before: Memory, look: Seen, to: str) -> None:
    """When the counters stand still, or after a minute."""
    assert after(before, look, plan("shop:1")).state.kind == to, story


@pytest.mark.parametrize(
    ("story", "pods", "to"),
    [
        ("two scrapes of each pod after the traffic went", {"a": (-2, -20), "b": (-5, -20)}, "Clearing"),
        ("scrapes are a little closer than the interval", {"a": (-2, -6.98)}, "Clearing"),
        ("one pod was not scraped for so long", {"a": (-2, -20), "b": (-5.2, -20)}, "Draining"),
        ("one pod still answered a request", {"a": (-2, -20), "b": (-1, -5.5)}, "Draining"),
        ("no pod has a counter, nor got one", {}, "Clearing"),
    ],
)
def test_a_drain_ends_when_the_counters_of_each_pod_were_seen_to_stand_still(
    story: str, pods: dict[str, tuple[float, float]], to: str
) -> None:
    """For two scrapes after the traffic went, ten seconds ago."""
    pulses = {pod: Pulse(NOW + until, NOW + moved) for pod, (until, moved) in pods.items()}
    still = QUIET.model_copy(update={"at": NOW, "fleets": {NEW: pulses}})
    assert after(drains(8, NOW - 10, evidence=still), seen(4, 2), plan("shop:1")).state.kind == to, story


def test_load_that_comes_back_begins_the_drain_anew() -> None:
    """Somebody set a weight again: it is taken back first."""
    decision = decide(plan("shop:1"), seen(4, 2, weight=10), drains(50), NOW)
    assert (decision.memory.state, decision.desired.weight) == (Draining(leaving=NEW), 0)


@pytest.mark.parametrize(
    ("story", "look", "over"),
    [
        ("a pod still stops", seen(4, fleets=fleets(old=4) | {NEW: Fleet(0, 0, 1)}), False),
        ("it is not scaled down yet", seen(4, fleets=fleets(old=4) | {NEW: Fleet(1, 0, 0)}), False),
        ("the last pod is gone", seen(4), True),
    ],
)
def test_a_rollout_ends_with_the_last_pod(story: str, look: Seen, over: bool) -> None:
    """Nothing of it is remembered but its history, its marks, and its spec: there may be no other that is sound."""
    before = memory(Clearing(leaving=NEW), evidence=QUIET, frozen={"rollout": {}}, condemned={NEW: "it failed."})
    found = after(before, look, plan("shop:1"))
    assert (found.state == Idle()) is over, story
    assert (found.evidence is None, found.frozen) == (over, {"rollout": {}})
    assert found.condemned == {NEW: "it failed."}


@pytest.mark.parametrize(
    ("outcome", "reason"), [("Promoted", "OldRevisionScaledDown"), ("RolledBack", "CanaryScaledDown")]
)
def test_the_end_is_told_by_what_went(outcome: Any, reason: str) -> None:
    """The old revision after a promotion, the canary after a rollback."""
    before = settled(seen(), memory(Clearing(leaving=NEW)), NEW, outcome, "It is so.", NOW)
    assert after(before, seen(4), plan("shop:1")).happenings[-1].reason == reason


def test_a_mark_is_forgotten_with_its_record() -> None:
    """History limits how many condemned revisions are remembered."""
    before = memory(Clearing(leaving=NEW), condemned={NEW: "it failed.", "forgotten1": "it failed too."})
    assert after(before, seen(4), plan("shop:1")).condemned == {NEW: "it failed."}


def test_a_step_on_is_followed_at_once() -> None:
    """Else the next look is due in half a scrape interval."""
    assert decide(plan("shop:1"), seen(4, 2), memory(BACK), NOW).wake_after == 0
    assert decide(plan("shop:1"), seen(4, 2, weight=9), memory(BACK), NOW).wake_after == TICK


def test_after_the_pointer_moved_a_newer_target_waits() -> None:
    """The way back is a new rollout: first this one ends."""
    found = after(memory(Narrowing(leaving=OLD), **MOVED), wide(), plan("shop:1"))
    assert (found.state, found.stable) == (Narrowing(leaving=OLD), NEW)
    assert after(memory(Narrowing(leaving=OLD), **MOVED), wide(), plan("shop:3")).canary != NEWER


def test_while_the_service_goes_nothing_is_decided() -> None:
    """The weight returns, and the finalizer goes once it is back."""
    before = memory(Climbing(canary=NEW, weight=50, observed_at=NOW - 9))
    going = decide(plan(), seen(4, 2, weight=50, deleting=True), before, NOW)
    gone = decide(plan(), seen(4, 2, weight=0, deleting=True), before, NOW)
    assert (going.memory, going.desired.weight, going.desired.finalizer) == (before, 0, True)
    assert (gone.memory, gone.desired.finalizer) == (before, False)
