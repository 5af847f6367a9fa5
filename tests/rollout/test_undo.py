"""Undo: the spec asks for an older revision again, and history says who wanted that; nobody else is named for it."""

from typing import Any

import pytest

from gracefulservice.api import HistoryEntry, Receipt
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Climbing, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.seen import Fleet, Seen
from gracefulservice.rollout.settle import promoted

from .builders import NEW, NEWER, NOW, OLD, command, memory, plan, seen

CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)


def undone(revision: str, *, at: float = NOW, by: str = "alice", result: Any = "Done") -> Receipt:
    """The receipt of an undo."""
    return Receipt(id=f"{at}", do="undo", revision=revision, by=by, result=result, sentence="It is said.", time=at)


def rolled(revision: str, began: float, outcome: Any = "Promoted") -> HistoryEntry:
    """A rollout that is over."""
    return HistoryEntry(revision=revision, number=1, outcome=outcome, sentence="", started=began, ended=began + 30)


def after(before: Memory, look: Seen, image: str = "shop:2", now: float = NOW, **fields: Any) -> Memory:
    """What is remembered after one pass."""
    return decide(plan(image, **fields), look, before, now).memory


def ended(before: Memory) -> HistoryEntry:
    """The entry of a rollout to the second version once it has 100 % without a bake, alone or by its pods."""
    empty = {OLD: Fleet(), NEW: Fleet()}
    found = after(before, seen(0, fleets=empty), replicas=0)
    assert (found.stable, found.history[0].revision) == (NEW, NEW)
    return found.history[0]


def test_the_receipt_says_who_asked_and_the_rollout_is_one_as_any_other() -> None:
    """The order and the spec come in one write, so they are seen in one look."""
    order = command("undo", by="alice", revision=NEW)
    found = after(memory(), seen(command=order))
    assert found.receipts[-1].sentence == f"alice asked for revision {NEW} again."
    assert (found.receipts[-1].result, found.hurry) == ("Done", "")
    assert isinstance(found.state, Warming)


@pytest.mark.parametrize(
    ("story", "before", "revision", "words"),
    [
        ("somebody asks for yet another one", memory(), OLD, f"Revision {OLD} is not in play; {NEW} is."),
        ("the same while another climbs", memory(CLIMBS), OLD, f"Revision {OLD} is not in play; {NEW} is."),
        ("it is under way", memory(CLIMBS), NEW, f"Revision {NEW} is on its way already, so nothing is undone."),
    ],
)
def test_an_undo_that_the_spec_does_not_ask_for_is_refused(
    story: str, before: Memory, revision: str, words: str
) -> None:
    """So Git was faster, or nobody undid anything."""
    receipt = after(before, seen(4, 2, weight=25, command=command("undo", revision=revision))).receipts[-1]
    assert (receipt.result, receipt.sentence) == ("Refused", words), story


@pytest.mark.parametrize("before", [memory(CLIMBS), memory(condemned={NEW: "it failed."})], ids=["climbing", "at rest"])
def test_stable_can_be_asked_for_again(before: Memory) -> None:
    """While another one climbs, and where that one is condemned."""
    found = after(before, seen(command=command("undo", revision=OLD)), "shop:1")
    assert found.receipts[-1].result == "Done"


@pytest.mark.parametrize(
    ("image", "outcome"), [("shop:1", "TurnedBack"), ("shop:3", "Superseded")], ids=["to stable", "to an older one"]
)
def test_history_names_who_turned_a_rollout_back_by_it(image: str, outcome: str) -> None:
    """In the same pass."""
    target = {"shop:1": OLD, "shop:3": NEWER}[image]
    order = command("undo", by="alice", revision=target)
    found = after(memory(CLIMBS), seen(4, 2, weight=25, command=order), image)
    assert found.state == TurningBack(leaving=NEW)
    assert (found.history[0].outcome, found.history[0].by) == (outcome, "alice")


def test_an_undo_of_before_this_rollout_did_not_turn_it_back() -> None:
    """That one had its effect: the newer rollout was turned back by whoever wrote the spec now."""
    before = memory(CLIMBS, receipts=(undone(OLD, at=NOW - 200),), history=(rolled(NEWER, NOW - 300, "RolledBack"),))
    found = after(before, seen(4, 2, weight=25), "shop:1")
    assert (found.history[0].outcome, found.history[0].by) == ("TurnedBack", "")


@pytest.mark.parametrize(
    ("story", "receipts", "history", "by"),
    [
        ("asked for, then begun", (undone(NEW, at=NOW - 100),), (rolled(OLD, NOW - 500),), "alice"),
        ("asked for while another was under way", (undone(NEW, at=NOW - 120),), (rolled(NEWER, NOW - 130),), "alice"),
        ("no rollout was before", (undone(NEW, at=NOW - 100),), (), "alice"),
        ("the last one counts", (undone(NEW, at=NOW - 9), undone(NEW, at=NOW - 5, by="bob")), (), "bob"),
        ("nobody undid", (), (rolled(OLD, NOW - 500),), ""),
        ("another revision was asked for", (undone(OLD, at=NOW - 100),), (), ""),
        ("it was refused", (undone(NEW, result="Refused"),), (), ""),
        ("another one was rolled out since", (undone(NEW, at=NOW - 400),), (rolled(OLD, NOW - 300),), ""),
        ("it was rolled out for that before", (undone(NEW, at=NOW - 400),), (rolled(NEW, NOW - 400),), ""),
    ],
)
def test_history_names_who_undid(story: str, receipts: Any, history: Any, by: str) -> None:
    """The person of the rollout that their undo began, and of no later one."""
    assert ended(memory(Idle(), receipts=receipts, history=history)).by == by, story


def test_with_pods_it_is_the_same() -> None:
    """The pointer moves in the write that ends the rollout."""
    before = memory(CLIMBS, receipts=(undone(NEW, at=NOW - 100),), history=(rolled(OLD, NOW - 500),))
    assert promoted(plan(), seen(), before, NEW, NOW).history[0].by == "alice"
    trusted = before.but(trusted=True, hurry="unjudged")
    assert promoted(plan(), seen(), trusted, NEW, NOW).history[0].by == "alice"


def test_who_promotes_it_decides_more_than_who_asked() -> None:
    """It would have been judged otherwise."""
    asked = Receipt(id="2", do="promote", by="bob", result="Done", sentence="", time=NOW)
    before = memory(CLIMBS, hurry="unjudged", receipts=(undone(NEW, at=NOW - 100), asked))
    assert promoted(plan(), seen(), before, NEW, NOW).history[0].by == "bob"
