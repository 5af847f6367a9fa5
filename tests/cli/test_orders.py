"""A command as the operator reads it: the annotation this writes is the command the API defines."""

import pytest

from gracefulservice.api import Command, Receipt, Status
from gracefulservice.cli import orders


@pytest.mark.parametrize(
    ("status", "revision"),
    [
        (Status(), ""),
        (Status(target="cccccccccc", stable="aaaaaaaaaa"), "cccccccccc"),
        (Status(target="cccccccccc", canary="bbbbbbbbbb"), "bbbbbbbbbb"),
    ],
    ids=["nobody looked yet", "at rest", "a canary that was superseded"],
)
def test_it_is_meant_for_the_revision_in_play(status: Status, revision: str) -> None:
    assert orders.given("abort", status, "somebody").revision == revision


@pytest.mark.parametrize("full", [False, True])
def test_the_operator_reads_back_what_was_written(full: bool) -> None:
    command = orders.given("promote", Status(target="cccccccccc"), "somebody", full=full)
    assert Command.model_validate_json(orders.written(command)) == command


def test_a_very_long_name_is_cut_to_what_a_receipt_can_hold() -> None:
    command = orders.given("abort", Status(), "x" * 300)
    receipt = Receipt(id=command.id, do="abort", by=command.by, result="Done", sentence="", time=0.0)
    assert receipt.by == "x" * 253


def test_only_its_own_receipt_answers_it() -> None:
    command = orders.given("abort", Status(), "somebody")
    mine, other = (
        Receipt(id=known, do="abort", result="Done", sentence="", time=0.0) for known in (command.id, "another")
    )
    assert orders.receipt(command, Status(commands=(other,))) is None
    assert orders.receipt(command, Status(commands=(other, mine))) == mine
