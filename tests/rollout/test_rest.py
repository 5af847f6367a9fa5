"""Rest: the first revision, the start of a rollout, no replicas, strays, and a status that was lost."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.api import Problem
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.frozen import freeze
from gracefulservice.rollout.memory import Climbing, Founding, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, Seen, ServiceSeen

from .builders import ERRORS, NEW, NEWER, NOW, OLD, RAMP, command, fleets, memory, plan, ratio, seen

FIRST = plan("shop:1")
NOTHING = Seen()
WAITS = Warming(canary=NEW)
UNSOUND = replace(plan(), problems=(Problem(field="spec.x", sentence="It is wrong."),))
RENAMED = plan(ports=[{"name": "web", "port": 80}])
WITH_PORTS = {OLD: RecordSeen(1, stable=True, ports=FIRST.contract.ports)}


def after(wish: Any, look: Seen, before: Memory) -> Memory:
    """What is remembered after one pass."""
    return decide(wish, look, before, NOW).memory


def starting(ready: int, endpoints: int, wanted: int = 4) -> Seen:
    """The first revision on its way up."""
    service = ServiceSeen(OLD, {OLD: endpoints})
    return Seen(fleets={OLD: Fleet(wanted, ready, ready)}, stable_service=service, canary_service=service)


def test_the_first_revision_takes_no_step() -> None:
    """It is founded."""
    assert after(FIRST, NOTHING, Memory()).state == Founding(revision=OLD)


@pytest.mark.parametrize(
    ("story", "look", "serves"),
    [
        ("no object yet", NOTHING, False),
        ("3 of 4 ready", starting(3, 3), False),
        ("all ready, one not in the endpoints", starting(4, 3), False),
        ("all ready and in the endpoints", starting(4, 4), True),
    ],
)
def test_the_first_revision_is_stable_once_all_of_it_serves(story: str, look: Seen, serves: bool) -> None:
    """Ready and in the endpoints."""
    found = after(FIRST, look, Memory(state=Founding(revision=OLD)))
    assert (found.stable == OLD) is serves, story
    assert [one.reason for one in found.happenings] == ["FirstRevisionReady"] * serves


def test_a_service_without_replicas_is_founded_without_pods() -> None:
    """Its Deployment is there."""
    found = after(plan("shop:1", replicas=0), starting(0, 0, wanted=0), Memory(state=Founding(revision=OLD)))
    assert (found.stable, found.state) == (OLD, Idle())


def test_a_newer_template_replaces_the_first_one_directly() -> None:
    """Nobody is served yet, nothing is condemned."""
    found = after(plan("shop:2"), starting(0, 0), Memory(state=Founding(revision=OLD)))
    assert (found.state, found.condemned, found.history) == (Founding(revision=NEW), {}, ())


@pytest.mark.parametrize(("weighted", "begins"), [(True, "Warming"), (False, "Climbing")])
def test_a_first_revision_that_serves_is_not_replaced_but_rolled_over(weighted: bool, begins: str) -> None:
    """3 of 4 pods are there, the last one finds no node: users are on them when a new image comes."""
    look, wish = starting(3, 3), plan("shop:2", weighted=weighted)
    first = decide(wish, look, Memory(state=Founding(revision=OLD)), NOW)
    assert (first.memory.stable, first.memory.state) == (OLD, Idle())
    assert first.memory.happenings[-1].sentence == f"Revision {OLD} serves with 3 of 4 pods, and {NEW} is wanted now."
    then = decide(wish, look, first.memory, NOW)
    assert then.memory.state.kind == begins
    for one in (first, then):
        assert one.desired.fleets[OLD] == 4
        assert one.desired.stable_selector in (OLD, WIDE)


def test_the_spec_of_the_first_revision_is_kept_before_anything_is_stable() -> None:
    """To go by, should the next one not be sound; a newer one takes its place."""
    found = after(FIRST, NOTHING, Memory())
    assert found.frozen == dict(FIRST.spec)
    assert after(plan(), starting(0, 0), found).frozen == dict(plan().spec)


@pytest.mark.parametrize(
    ("story", "wish", "look", "state"),
    [
        ("behind a route it warms up first", plan(), seen(), Warming(canary=NEW)),
        ("by a ratio it takes its first step", plan(weighted=False), ratio(), Climbing(canary=NEW, weight=25)),
        ("by a ratio it waits for its metrics first", plan(weighted=False, objectives=ERRORS), ratio(), WAITS),
        ("also by a budget", plan(weighted=False, canary=RAMP, objectives=ERRORS), ratio(), WAITS),
    ],
)
def test_a_new_target_starts_a_rollout(story: str, wish: Any, look: Seen, state: Any) -> None:
    """With an empty record of evidence, and its spec frozen."""
    found = after(wish, look, memory())
    assert (found.state, found.started, found.happenings[-1].reason) == (state, NOW, "RolloutStarted"), story
    assert found.frozen == dict(wish.spec)
    assert (found.evidence is not None) is wish.judged


@pytest.mark.parametrize(
    ("story", "wish", "look", "before"),
    [
        ("the target is stable", FIRST, seen(), memory(frozen=freeze(FIRST))),
        ("the target is condemned", plan(), seen(), memory(condemned={NEW: "it failed."}, frozen=freeze(plan()))),
        ("the spec is not sound", UNSOUND, seen(), memory()),
        ("the target drops a port", RENAMED, seen(records=WITH_PORTS), memory()),
        ("a name is taken", plan(), seen(foreign=("Service shop is not ours.",)), memory()),
        ("the service is being deleted", plan(), seen(deleting=True), memory()),
    ],
)
def test_at_rest_nothing_moves(story: str, wish: Any, look: Seen, before: Memory) -> None:
    """And nothing is told or looked at again."""
    decision = decide(wish, look, before, NOW)
    assert (decision.memory, decision.wake_after) == (before, None), story


@pytest.mark.parametrize(
    ("story", "wish", "look", "before"),
    [
        ("a first revision is stable", FIRST, starting(4, 4), Memory(state=Founding(revision=OLD))),
        ("the status was lost", FIRST, seen(), Memory()),
        ("an operator of before kept four parts of it", FIRST, seen(), memory(frozen={"rollout": {}, "traffic": {}})),
        ("the spec was edited at rest", plan("shop:1", replicas=9), seen(), memory(frozen=freeze(FIRST))),
        ("without pods the pointer moved", plan(replicas=0), seen(0), memory(frozen=freeze(FIRST))),
    ],
)
def test_once_something_is_stable_there_is_a_sound_spec(story: str, wish: Any, look: Seen, before: Memory) -> None:
    """To go by, should the next one not be sound."""
    assert after(wish, look, before).frozen == dict(wish.spec), story


def test_what_rested_is_kept_when_the_spec_is_not_sound() -> None:
    """The plan is that of the spec before, but with the replicas of now: it is not taken for what rest was found in."""
    kept = freeze(FIRST)
    assert (
        after(replace(plan("shop:1", replicas=9), problems=UNSOUND.problems), seen(), memory(frozen=kept)).frozen
        == kept
    )


def test_strays_turn_back_also_while_the_spec_is_not_sound() -> None:
    """What serves is put right, only nothing begins."""
    assert after(UNSOUND, seen(fleets=fleets(old=4, newer=1)), memory()).state == TurningBack(leaving=NEWER)


def test_a_name_that_is_taken_keeps_even_the_first_revision_from_starting() -> None:
    """Somebody else's object is never touched."""
    assert after(FIRST, Seen(foreign=("Service shop is not ours.",)), Memory()).state == Idle()


def test_without_replicas_only_the_pointer_moves() -> None:
    """No pod, no step; history has a line."""
    found = after(plan(replicas=0), seen(0), memory())
    assert (found.stable, found.state) == (NEW, Idle())
    assert (found.history[0].outcome, found.history[0].revision) == ("Promoted", NEW)


def test_without_replicas_the_last_pods_go_before_the_pointer_moves() -> None:
    """An image and 0 replicas were set at once."""
    decision = decide(plan(replicas=0), seen(4), memory(), NOW)
    assert (decision.memory.stable, decision.desired.fleets[OLD]) == (OLD, 0)


def test_a_stray_revision_turns_back() -> None:
    """Somebody scaled up what plays no part."""
    look = seen(fleets=fleets(old=4, newer=1))
    assert after(FIRST, look, memory()).state == TurningBack(leaving=NEWER)


MARKED = {OLD: RecordSeen(1, stable=True), NEW: RecordSeen(2)}
UNMARKED = {OLD: RecordSeen(1), NEW: RecordSeen(2)}
BOTH = {NEW: RecordSeen(2, stable=True), OLD: RecordSeen(1, stable=True)}


@pytest.mark.parametrize(
    ("story", "look", "stable"),
    [
        ("the record says it", seen(4, 4, records=MARKED), OLD),
        ("the record says it, whatever is selected", seen(4, 4, records=MARKED, stable_service=ServiceSeen(NEW)), OLD),
        ("no record says it: what is selected", seen(4, 4, records=UNMARKED), OLD),
        ("what is selected has no pods", seen(0, 4, records=UNMARKED), None),
        ("all are selected", ratio(3, 1, records=UNMARKED), None),
        ("two records say it: the one that is selected", seen(4, 4, records=BOTH), OLD),
        (
            "two records say it and all are selected: the one that serves",
            seen(4, 4, records=BOTH, stable_service=ServiceSeen(WIDE, {NEW: 4, OLD: 1})),
            NEW,
        ),
        ("nothing exists", NOTHING, None),
    ],
)
def test_a_lost_status_is_told_from_the_world(story: str, look: Seen, stable: str | None) -> None:
    """Nothing is promoted: the target stays the target."""
    assert after(plan(), look, Memory()).stable == stable, story


def test_a_lost_status_turns_the_canary_back_uncondemned() -> None:
    """The weight returns, whatever it was."""
    decision = decide(plan(), seen(4, 2, weight=50), Memory(), NOW)
    assert (decision.memory.state, decision.memory.condemned) == (TurningBack(leaving=NEW), {})
    assert decision.desired.weight == 0


def test_marks_of_condemned_revisions_are_read_from_their_records() -> None:
    """So that a lost status tries nothing a second time."""
    records = {OLD: RecordSeen(1, stable=True), NEW: RecordSeen(2, condemned="it failed.")}
    found = after(plan(), seen(4, records=records), Memory())
    assert (found.state, found.condemned) == (Idle(), {NEW: "it failed."})


@pytest.mark.parametrize("order", [command("promote", full=True), command("retry"), command("abort")])
def test_a_command_is_not_carried_out_again_when_its_receipt_was_lost(order: Any) -> None:
    """A condemned revision stays condemned."""
    records = {OLD: RecordSeen(1, stable=True), NEW: RecordSeen(2, condemned="it failed.")}
    found = after(plan(), seen(4, records=records, command=order), Memory())
    assert (found.condemned, found.state) == ({NEW: "it failed."}, Idle())
    assert (found.receipts[0].result, "before the status was lost" in found.receipts[0].sentence) == ("Refused", True)
