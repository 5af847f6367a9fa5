"""Commands: what each does in which state, what is refused with which sentence, and that each acts once."""

from typing import Any

import pytest

from gracefulservice.api import Receipt
from gracefulservice.rollout.commands import obey
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Idle,
    Memory,
    Narrowing,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NEWER, NOW, OLD, command, evidence, memory, plan, seen

CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)
AT_PAUSE = Climbing(canary=NEW, weight=25, observed_at=NOW - 9, held=Stopwatch(spent=9))
PAUSING = plan(canary={"steps": [{"weight": 25, "pause": "UntilResumed"}, {"weight": 50}]})
HOLDING = plan(canary={"steps": [{"weight": 25, "hold": "5s", "pause": "UntilResumed"}]})
UNSEEN = Climbing(canary=NEW, weight=25)
JUDGED = plan(objectives=ERRORS)
FAILING = evidence(60, 40)


def told(before: Memory, order: Any, wish: Any = None) -> tuple[Memory, Receipt]:
    """The memory after a command, and its receipt."""
    after = obey(wish or plan(), seen(4, 2, weight=25, command=order), before, NOW)
    return after, after.receipts[-1]


@pytest.mark.parametrize(
    "state",
    [Warming(canary=NEW), CLIMBS, Baking(canary=NEW), Widening(canary=NEW)],
    ids=lambda state: state.kind,
)
def test_a_rollout_can_be_aborted_until_the_pointer_moves(state: Any) -> None:
    """The canary turns back, is condemned, and history says who decided it."""
    after, receipt = told(memory(state), command("abort"))
    assert (after.state, after.condemned) == (TurningBack(leaving=NEW), {NEW: "somebody aborted the rollout."})
    assert (after.history[0].outcome, after.history[0].by) == ("RolledBack", "somebody")
    assert [one.fault for one in after.happenings] == ["Abort"]
    assert receipt.sentence == f"Revision {NEW} goes back to {OLD} and is condemned."


@pytest.mark.parametrize(
    ("story", "state", "order", "wish", "words"),
    [
        ("abort at rest", Idle(), command("abort"), None, "nothing to abort"),
        ("abort after the pointer moved", Narrowing(leaving=OLD), command("abort"), None, "nothing to abort"),
        ("abort on the way back", TurningBack(leaving=NEW), command("abort"), None, "nothing to abort"),
        ("pause at rest", Idle(), command("pause"), None, "nothing to pause"),
        ("pause on the way back", Draining(leaving=NEW), command("pause"), None, "nothing to pause"),
        ("resume of what runs", CLIMBS, command("resume"), None, "nothing to resume"),
        ("resume before the step is reached", UNSEEN, command("resume"), PAUSING, "not paused"),
        ("resume before the step's hold is over", CLIMBS, command("resume"), HOLDING, "not paused"),
        ("promote at rest", Idle(), command("promote"), None, "nothing to promote"),
        ("promote in full at rest", Idle(), command("promote", full=True), None, "nothing to promote"),
        ("retry of what is not condemned", CLIMBS, command("retry"), None, "not condemned"),
        ("a revision that is not in play", CLIMBS, command("abort", revision=OLD), None, f"{OLD} is not in play"),
        ("retry of another than the target", Idle(), command("retry", revision=OLD), None, f"{OLD} is not in play"),
    ],
)
def test_what_makes_no_sense_is_refused(story: str, state: Any, order: Any, wish: Any, words: str) -> None:
    """Nothing changes but the receipt and one thing told."""
    before = memory(state)
    after, receipt = told(before, order, wish)
    assert (receipt.result, words in receipt.sentence) == ("Refused", True), (story, receipt.sentence)
    assert after.but(receipts=(), happenings=()) == before
    assert [one.reason for one in after.happenings] == ["CommandRefused"]


def test_a_known_id_is_ignored() -> None:
    """The annotation stays on the object for ever."""
    once, _ = told(memory(CLIMBS), command("pause"))
    assert obey(plan(), seen(command=command("abort")), once, NOW + 5) is once


def test_twenty_receipts_are_kept() -> None:
    """The newest last."""
    before = memory(Idle())
    for number in range(25):
        before, _ = told(before, command("pause", id=str(number)))
    assert [receipt.id for receipt in before.receipts] == [str(number) for number in range(5, 25)]


def test_a_receipt_says_who_asked_for_what() -> None:
    """All that was asked is in it."""
    _, receipt = told(memory(CLIMBS), command("pause", id="7", by="grace", revision=NEW))
    assert receipt == Receipt(
        id="7", do="pause", revision=NEW, by="grace", result="Done", sentence="grace paused it.", time=NOW
    )


def test_nobody_in_particular_may_ask() -> None:
    """Without a name the sentence names a person."""
    _, receipt = told(memory(CLIMBS), command("pause", by=""))
    assert receipt.sentence == "A person paused it."


def test_a_second_pause_is_refused_with_the_first_ones_reason() -> None:
    """Who paused stays who paused."""
    after, receipt = told(memory(CLIMBS, paused="grace paused it."), command("pause"))
    assert (after.paused, receipt.sentence) == ("grace paused it.", "The rollout is paused already: grace paused it.")


def test_a_pause_of_a_person_is_resumed() -> None:
    """The state goes on where it was."""
    after, receipt = told(memory(CLIMBS, paused="grace paused it."), command("resume"))
    assert (after.paused, after.state, receipt.sentence) == ("", CLIMBS, "somebody resumed the rollout.")


def test_the_pause_of_a_step_is_resumed() -> None:
    """Also when a person paused beside it: one resume is enough."""
    after, receipt = told(memory(AT_PAUSE, paused="grace paused it."), command("resume"), PAUSING)
    assert (after.paused, after.state, receipt.result) == ("", AT_PAUSE.model_copy(update={"resumed": True}), "Done")


def test_a_broken_objective_cannot_be_resumed_away() -> None:
    """It would pause again in the same moment."""
    wish = plan(objectives=ERRORS, onViolation="Pause")
    before = memory(CLIMBS, evidence=FAILING, paused="it fails.")
    after, receipt = told(before, command("resume"), wish)
    assert (after.paused, receipt.result) == ("it fails.", "Refused")
    assert "40 of 100 canary requests failed" in receipt.sentence


def test_a_broken_objective_cannot_be_promoted_but_in_full() -> None:
    """What is judged there is judged already."""
    wish = plan(objectives=ERRORS, onViolation="Pause")
    before = memory(CLIMBS, evidence=FAILING, paused="it fails.")
    _, refused = told(before, command("promote"), wish)
    after, done = told(before, command("promote", full=True), wish)
    assert (refused.result, done.result, after.hurry, after.paused) == ("Refused", "Done", "unjudged", "")


def test_promote_lifts_a_pause_and_skips_the_steps() -> None:
    """The next pass asks for 100 %."""
    decision = decide(plan(), seen(4, 4, weight=25, command=command("promote")), memory(CLIMBS, paused="x"), NOW)
    assert (decision.memory.hurry, decision.memory.paused) == ("judged", "")
    assert isinstance(decision.memory.state, Climbing)
    assert (decision.memory.state.weight, decision.desired.weight) == (100, 100)


def test_a_pause_after_promote_stops_it() -> None:
    """A person who changes their mind is obeyed."""
    decision = decide(plan(), seen(4, 4, weight=25, command=command("pause")), memory(CLIMBS, hurry="judged"), NOW)
    assert isinstance(decision.memory.state, Climbing)
    assert (decision.memory.state.weight, decision.memory.paused) == (25, "somebody paused it.")


def test_a_retry_begins_at_the_first_step() -> None:
    """At rest it begins at once."""
    look = seen(4, 0, command=command("retry", revision=NEW))
    after = decide(plan(), look, memory(condemned={NEW: "it failed."}), NOW).memory
    assert (after.condemned, after.state) == ({}, Warming(canary=NEW))


def test_a_retry_is_for_the_target_while_another_leaves() -> None:
    """The leaving revision is not what is tried again."""
    before = memory(Clearing(leaving=NEW), condemned={NEWER: "it failed."})
    after = obey(plan("shop:3"), seen(command=command("retry", revision=NEWER)), before, NOW)
    assert (after.condemned, after.receipts[-1].result) == ({}, "Done")


def test_promote_of_a_condemned_revision_names_both_ways_out() -> None:
    """Without `full` nothing is lifted."""
    after, receipt = told(memory(condemned={NEW: "it failed."}), command("promote"))
    assert after.condemned == {NEW: "it failed."}
    assert receipt.sentence == f"Revision {NEW} is condemned: retry it, or promote it in full."


def test_promote_in_full_of_a_condemned_revision_goes_on_without_the_judge() -> None:
    """It starts at once and hurries."""
    look = seen(4, 0, command=command("promote", full=True))
    after = decide(JUDGED, look, memory(condemned={NEW: "it failed."}), NOW).memory
    assert (after.condemned, after.state, after.hurry, after.wished) == ({}, Warming(canary=NEW), "unjudged", "")


def test_a_promotion_in_full_waits_for_the_way_back_to_end() -> None:
    """Asked for during the drain, it is remembered for that revision."""
    before = memory(Clearing(leaving=NEW), condemned={NEW: "it failed."})
    waiting = decide(plan(), seen(4, 1, command=command("promote", full=True)), before, NOW).memory
    rested = decide(plan(), seen(4, 0), waiting, NOW + 3).memory
    after = decide(plan(), seen(4, 0), rested, NOW + 6).memory
    assert (after.state, after.hurry) == (Warming(canary=NEW), "unjudged")


def test_a_promotion_in_full_is_for_no_other_revision() -> None:
    """A newer target that comes in between is judged, and so is the old wish's when it comes back."""
    before = memory(Clearing(leaving=NEW), condemned={NEW: "it failed."})
    waiting = decide(plan(), seen(4, 1, command=command("promote", full=True)), before, NOW).memory
    rested = decide(plan("shop:3"), seen(4, 0), waiting, NOW + 3).memory
    after = decide(plan("shop:3"), seen(4, 0), rested, NOW + 6).memory
    assert (after.state, after.hurry, after.wished) == (Warming(canary=NEWER), "", "")
