"""A canary that only the newest look condemns, and a fault that stable shares: what is said, what the ramp does."""

from collections.abc import Callable

import pytest

from gracefulservice.rollout import climb
from gracefulservice.rollout.climb import climbing
from gracefulservice.rollout.judge import Evidence, begin, learn
from gracefulservice.rollout.memory import Climbing, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.verdict import Cause, Verdict

from .builders import ERRORS, NEW, NOW, RAMP, answers, memory, plan, seen
from .counters import Rollout, said

BUDGETED = plan(canary=RAMP, objectives=ERRORS, replicas=4)
AT_20 = Climbing(canary=NEW, weight=20, observed_at=NOW - 60, held=Stopwatch(spent=60, ticked=NOW - 1))
GOOD, BAD = (100, 0), (60, 40)


def learned(*ticks: tuple[tuple[int, int], tuple[int, int]]) -> Evidence:
    """Evidence after ticks of (good, failed) answers of the canary and of stable; the last one ended just now."""
    found, totals = begin(BUDGETED.objectives, NOW - 900), {"new": (0, 0), "old": (0, 0)}
    for place, pair in enumerate((((0, 0), GOOD), *ticks)):
        totals = {
            name: (totals[name][0] + good, totals[name][1] + bad)
            for name, (good, bad) in zip(totals, pair, strict=True)
        }
        found = learn(found, BUDGETED.objectives, answers(totals, NOW - 5 * (len(ticks) - place)), NEW, 20)
    return found


def weight_after(evidence: Evidence, wish: Plan = BUDGETED, paused: str = "") -> float:
    """The weight that is wanted next."""
    before: Memory = memory(AT_20, evidence=evidence, paused=paused)
    state = climbing(wish, seen(4, 4, weight=20), before, AT_20, NOW).state
    assert isinstance(state, Climbing)
    return state.weight


def test_a_suspected_canary_falls_to_the_smallest_weight_until_stable_was_looked_at() -> None:
    assert weight_after(learned((GOOD, GOOD), (BAD, GOOD))) == 0.1


def test_without_suspicion_the_ramp_goes_on() -> None:
    assert weight_after(learned((GOOD, GOOD), (GOOD, GOOD), (GOOD, GOOD))) > 20


def test_steps_and_pauses_are_kept() -> None:
    """The weights of steps are a person's own, and in a pause nothing moves."""
    stepwise = plan(canary={"steps": [{"weight": 20, "hold": "1h"}]}, objectives=ERRORS)
    suspicion = learned((GOOD, GOOD), (BAD, GOOD))
    assert weight_after(suspicion, stepwise) == 20
    assert weight_after(suspicion, paused="ada paused it.") == 20


def test_while_stable_fails_as_well_no_weight_rises() -> None:
    assert weight_after(learned((GOOD, GOOD), (BAD, BAD))) == 20


@pytest.mark.parametrize(
    ("guard", "without", "ticks", "weight"),
    [
        ("doubted", lambda *_: False, ((GOOD, GOOD), (BAD, GOOD)), 20),
        ("HELD_BY", frozenset[Cause](), ((GOOD, GOOD), (BAD, BAD)), 0.0),
    ],
)
def test_the_guards_are_what_does_it(
    guard: str, without: Callable[..., bool], ticks: tuple[object, ...], weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is broken once."""
    monkeypatch.setattr(climb, guard, without)
    evidence = learned((GOOD, GOOD), (BAD, GOOD) if guard == "doubted" else (BAD, BAD))
    assert (weight_after(evidence) == 20) is (guard == "doubted")


def test_a_suspicion_is_told_with_what_it_waits_for() -> None:
    rollout = Rollout()
    rollout.run(3)
    rollout.run(1, canary=(2, 8))
    found = said(rollout)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, Cause.SUSPECTED)
    assert "against as it looks: 8 of 40 canary requests failed, stable 0 of 270; largest part:" in found.sentence
    assert found.sentence.endswith("; the next look tells whether stable has the same fault.")
    rollout.run(1, stable=(18, 72), canary=(2, 8))
    assert said(rollout).verdict is Verdict.INCONCLUSIVE
    assert said(rollout).sentence == (
        "Stable itself breaks the objective error rate, so nothing counts against the canary now: "
        "16 of 50 canary requests failed, stable 0 of 288."
    ), "the counter of stable's errors has just appeared, so how many are new is not known"
    rollout.run(1, stable=(18, 72), canary=(2, 8))
    assert said(rollout).cause is Cause.SHARED
    assert "24 of 60 canary requests failed, stable 72 of 378" in said(rollout).sentence


def test_what_is_excused_does_not_keep_a_good_version_from_its_gate() -> None:
    """Nor does it show in what the ramp goes by."""
    rollout = Rollout()
    rollout.run(20)
    rollout.run(6, stable=(45, 45), canary=(5, 5))
    assert said(rollout).verdict is Verdict.INCONCLUSIVE
    rollout.run(24)
    found = said(rollout)
    assert found.verdict is Verdict.PASS
    assert (found.errors, found.extra, found.reference) == (30, 0.0, 0.0)
    assert found.bound < 0.02


def test_a_canary_that_keeps_what_stable_breaks_is_good_enough() -> None:
    """Stable has long been broken and this is its repair: nobody waits for stable to get well."""
    rollout = Rollout()
    rollout.run(60, stable=(80, 10))
    assert said(rollout).verdict is Verdict.PASS
