"""Jumps between explicit steps: where they may go, what begins anew there, and what a jump never does."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout.commands import obey
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Baking, Climbing, Idle, Memory, TurningBack, Warming, Widening
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, RAMP, command, evidence, memory, plan, ratio, seen

WEIGHTS = (10, 25, 50, 75, 90)
FIVE: dict[str, Any] = {"steps": [{"weight": weight, "pause": "UntilResumed"} for weight in WEIGHTS]}
AT_FOUR = Climbing(canary=NEW, weight=75, step=3, observed_at=NOW - 9, held=Stopwatch(spent=9), resumed=True)
LOOK = seen(4, 4, weight=75)


def jumped(before: Memory, step: int, look: Any = LOOK, **fields: Any) -> Memory:
    """The memory after the jump alone."""
    wish = plan(**({"canary": FIVE} | fields))
    return obey(wish, replace(look, command=command("jump", step=step)), before, NOW)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_any_step_begins_anew(step: int) -> None:
    """Observed again, held again, and a person is waited for again; that users were on the canary is not forgotten."""
    after = jumped(memory(AT_FOUR, paused="ann paused it.", hurry="judged"), step)
    assert after.state == Climbing(canary=NEW, weight=WEIGHTS[step - 1], step=step - 1, served=True)
    assert (after.paused, after.hurry) == ("", "")
    assert after.receipts[-1].sentence == f"Revision {NEW} goes to step {step} of 5, {WEIGHTS[step - 1]} %."


def test_the_bake_is_left_for_a_step() -> None:
    """Everybody was on the canary, and a part of them goes back."""
    assert jumped(memory(Baking(canary=NEW)), 3).state == Climbing(canary=NEW, weight=50, step=2, served=True)


@pytest.mark.parametrize(
    ("story", "before", "fields", "step", "words"),
    [
        ("at rest", memory(Idle()), {}, 1, "nowhere to jump from"),
        ("before any weight", memory(Warming(canary=NEW)), {}, 1, "nowhere to jump from"),
        ("when it is decided", memory(Widening(canary=NEW)), {}, 1, "nowhere to jump from"),
        ("on the way back", memory(TurningBack(leaving=NEW)), {}, 1, "nowhere to jump from"),
        ("without a step named", memory(AT_FOUR), {}, 0, "no step 0: give one from 1 to 5"),
        ("past the last step", memory(AT_FOUR), {}, 6, "no step 6: give one from 1 to 5"),
        ("to less than nothing", memory(AT_FOUR), {}, -1, "no step -1: give one from 1 to 5"),
        ("on the ramp", memory(AT_FOUR), {"canary": RAMP, "objectives": ERRORS}, 1, "The error budget chooses"),
        ("while suspended", memory(AT_FOUR), {"suspend": True}, 1, "spec.suspend is true"),
        ("while contested", memory(AT_FOUR, rewrites=Rewrites(holds=True, sentence="Ann wrote.")), {}, 1, "Ann wrote."),
    ],
)
def test_a_jump_that_makes_no_sense_is_refused(story: str, before: Memory, fields: Any, step: int, words: str) -> None:
    """Nothing changes but the receipt, which says what would be right."""
    after = jumped(before, step, **fields)
    receipt = after.receipts[-1]
    assert (receipt.result, words in receipt.sentence) == ("Refused", True), (story, receipt.sentence)
    assert after.but(receipts=(), happenings=()) == before


def test_no_jump_is_possible_where_stable_serves_nobody() -> None:
    """By pods there is none of stable left at 100 %: the abort, which regrows it first, is named."""
    whole = Climbing(canary=NEW, weight=100, step=5, observed_at=NOW - 9)
    after = jumped(memory(whole), 2, ratio(0, 4), weighted=False)
    assert (after.state, after.receipts[-1].result) == (whole, "Refused")
    assert "abort" in after.receipts[-1].sentence


@pytest.mark.parametrize(("step", "result"), [(5, "Refused"), (4, "Done"), (1, "Done")])
def test_a_broken_objective_lets_a_rollout_only_go_down(step: int, result: str) -> None:
    """Up would be a promotion of what is known to fail."""
    before = memory(AT_FOUR, evidence=evidence(60, 40), paused="it fails.")
    after = jumped(before, step, objectives=ERRORS, onViolation="Pause")
    assert after.receipts[-1].result == result
    assert (after.state == AT_FOUR) is (result == "Refused")


def test_down_the_weight_goes_first_and_the_pods_only_after_it() -> None:
    """The canary keeps what the observed weight needs."""
    wish, before = plan(canary=FIVE), memory(AT_FOUR)
    first = decide(wish, replace(LOOK, command=command("jump", step=2)), before, NOW)
    then = decide(wish, seen(4, 4, weight=25), first.memory, NOW + 3)
    assert (first.desired.weight, first.desired.fleets[NEW]) == (25, 3)
    assert (then.desired.weight, then.desired.fleets[NEW]) == (25, 1)


def test_down_by_pods_stable_is_regrown_before_the_canary_shrinks() -> None:
    """Four pods answer at any moment."""
    wish = plan(canary={"steps": [{"weight": 25}, {"weight": 50}, {"weight": 75}]}, weighted=False)
    before = memory(Climbing(canary=NEW, weight=75, step=2, observed_at=NOW - 9))
    first = decide(wish, ratio(1, 3, command=command("jump", step=1)), before, NOW)
    then = decide(wish, ratio(3, 3), first.memory, NOW + 3)
    assert isinstance(first.memory.state, Climbing)
    assert first.memory.state.weight == 25
    assert (sorted(first.desired.fleets.values()), sorted(then.desired.fleets.values())) == ([3, 3], [1, 3])


def test_up_the_pods_come_first() -> None:
    """No weight before ready pods that can carry it."""
    wish, before = plan(canary=FIVE), memory(Climbing(canary=NEW, weight=10, observed_at=NOW - 9))
    first = decide(wish, seen(4, 1, weight=10, command=command("jump", step=4)), before, NOW)
    then = decide(wish, seen(4, 3, weight=10), first.memory, NOW + 3)
    assert (first.desired.weight, first.desired.fleets[NEW]) == (10, 3)
    assert then.desired.weight == 75
