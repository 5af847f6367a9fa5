"""While `spec.suspend` is true nothing goes on and nothing begins; safety acts, and the newest target comes later."""

from typing import Any

import pytest

from gracefulservice.api import Command
from gracefulservice.rollout.adoptee import Adoptee
from gracefulservice.rollout.adoption_report import objected
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Climbing, Idle, Memory, Warming
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.suspension import REFUSED, SUSPENDED

from .builders import ERRORS, NEW, NEWER, NOW, OLD, evidence, memory, plan, seen, written

GOOD, BAD = evidence(2000, 0), evidence(200, 100)


def wish(image: str = "shop:2", *, suspend: bool = True, **fields: Any) -> Plan:
    """A judged service."""
    return plan(image, objectives=ERRORS, suspend=suspend, **fields)


def at_25(**fields: Any) -> Memory:
    """A canary that has held its weight long enough and is proven good."""
    state = Climbing(canary=NEW, weight=25, observed_at=NOW - 60, held=Stopwatch(spent=9))
    return memory(state, **({"evidence": GOOD} | fields))


LOOK = seen(4, 1, weight=25)


def test_a_rollout_stays_where_it_is_and_goes_on_afterwards() -> None:
    """Told once when it stops and once when it goes on."""
    held = decide(wish(), LOOK, at_25(), NOW)
    assert isinstance(held.memory.state, Climbing)
    assert (held.memory.state.weight, held.memory.paused, held.desired.weight) == (25, SUSPENDED, 25)
    assert narrate(wish(), LOOK, held.memory, NOW).sentence == "Paused at 25 %: spec.suspend is true."
    assert written(held.memory, LOOK, wish()).phase == "Paused"
    later = decide(wish(), LOOK, held.memory, NOW + 1).memory
    after = decide(wish(suspend=False), LOOK, later, NOW + 2).memory
    assert (after.paused, after.state.kind) == ("", "Climbing")
    assert [one.reason for one in after.happenings] == ["Paused", "Resumed"]
    assert decide(wish(suspend=False), LOOK, after, NOW + 3).memory.state != held.memory.state


def test_nothing_begins_and_the_newest_target_is_taken_up_afterwards() -> None:
    """At rest, and in the middle of a rollout."""
    waits = decide(wish(), seen(4), memory(), NOW).memory
    assert waits.state == Idle()
    assert narrate(wish(), seen(4), waits, NOW).sentence == f"Revision {NEW} waits to start: spec.suspend is true."
    assert written(waits, seen(4), wish()).phase == "Paused"
    assert decide(wish(suspend=False), seen(4), waits, NOW).memory.state == Warming(canary=NEW)
    newer = decide(wish("shop:3"), LOOK, at_25(), NOW).memory
    assert newer.canary == NEW
    goes = decide(wish("shop:3", suspend=False), LOOK, newer, NOW).memory
    assert (goes.leaving, goes.condemned) == (NEW, {})
    assert NEWER not in goes.condemned


def test_a_bad_version_is_rolled_back_all_the_same() -> None:
    """Safety has no switch; and what is condemned does not wait for anything."""
    after = decide(wish(), LOOK, at_25(evidence=BAD), NOW).memory
    assert (after.leaving, list(after.condemned)) == (NEW, [NEW])
    rests = memory(condemned={NEW: "it failed."})
    assert decide(wish(), seen(4), rests, NOW).memory.paused == ""


def test_stable_as_the_target_again_turns_back() -> None:
    """That is a way back, and it may be urgent."""
    after = decide(wish("shop:1"), LOOK, at_25(), NOW).memory
    assert (after.leaving, after.condemned) == (NEW, {})


def test_a_violation_that_only_pauses_is_told_all_the_same() -> None:
    """And outlasts the suspension."""
    bad = decide(wish(onViolation="Pause"), LOOK, at_25(evidence=BAD, paused=SUSPENDED), NOW).memory
    assert "canary requests failed" in bad.paused
    assert [one.reason for one in bad.happenings] == ["Paused"]
    after = decide(wish(suspend=False, onViolation="Pause"), LOOK, bad, NOW + 1).memory
    assert after.paused == bad.paused


def test_an_adoption_says_why_it_does_not_begin() -> None:
    """In the condition that people look at."""
    adopted = plan(suspend=True, adopt={"name": "shop-before"})
    assert objected(adopted, Adoptee("shop-before"))[2] == "The adoption does not begin: spec.suspend is true."


@pytest.mark.parametrize(("do", "done"), [("resume", False), ("promote", False), ("abort", True), ("pause", False)])
def test_a_person_may_go_back_and_not_forth(do: Any, done: bool) -> None:
    """The refusal names the field."""
    look = seen(4, 1, weight=25, command=Command(id="1", do=do, by="ann"))
    receipt = decide(wish(), look, at_25(), NOW).memory.receipts[-1]
    assert (receipt.result == "Done") is done
    if do in ("resume", "promote"):
        assert receipt.sentence == REFUSED


def test_a_persons_pause_outlasts_it() -> None:
    """It was there before."""
    before = at_25(paused="ann paused it.")
    during = decide(wish(), LOOK, before, NOW).memory
    assert during.paused == "ann paused it."
    assert decide(wish(suspend=False), LOOK, during, NOW).memory.paused == "ann paused it."


def test_a_service_at_rest_has_nothing_to_pause() -> None:
    """Its first version starts, too: without it there is nothing to keep."""
    rests = decide(wish("shop:1"), seen(4), memory(), NOW).memory
    assert (rests.paused, OLD) == ("", rests.stable)
    assert decide(wish(), Seen(), Memory(), NOW).memory.state.kind == "Founding"
