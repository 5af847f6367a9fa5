"""Judging by samples: when one is taken, what it says, and that nothing else decides where they are asked for."""

from typing import Any

import pytest

from gracefulservice.api import Samples
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judging import assessment
from gracefulservice.rollout.memory import Climbing, TurningBack
from gracefulservice.rollout.plan import build
from gracefulservice.rollout.sampling import Sampling, learn, sentence, verdict
from gracefulservice.rollout.verdict import Cause, Problem, Verdict

from .builders import ERRORS, NEW, NOW, RAMP, STEPS, evidence, memory, plan, seen, spec
from .counters import Rollout

EVERY_10S = Samples.model_validate({"interval": "10s"})
TWICE: dict[str, Any] = {"interval": "10s", "minRequests": 20, "consecutiveFailures": 2}
WISH = plan(objectives=ERRORS | {"samples": TWICE})
GOOD, BAD = (10, 0), (8, 2)


def sampled(*ticks: tuple[int, int], policy: Samples = EVERY_10S, rollout: Rollout | None = None) -> Sampling:
    """After ticks of 5 s in each of which the canary answers (good, failed) requests."""
    judged, known = rollout or Rollout(), None
    for tick in ticks:
        known = learn(known, policy, judged.objectives, judged.run(1, canary=tick))
    assert known is not None
    return known


def shown(known: Sampling) -> tuple[int, int, int, bool | None]:
    """Samples taken, failed, failed in a row, and whether the last one passed."""
    return known.taken, known.failed, known.in_a_row, known.passed


@pytest.mark.parametrize(
    ("story", "ticks", "found"),
    [
        ("it begins with the first look", [GOOD], (0, 0, 0, None)),
        ("not before its time is over", [GOOD] * 2, (0, 0, 0, None)),
        ("one after 10 s", [GOOD] * 3, (1, 0, 0, True)),
        ("and so on", [GOOD] * 7, (3, 0, 0, True)),
        ("what fails is counted from birth", [BAD, GOOD, GOOD], (1, 1, 1, False)),
        ("one that passes ends the row", [BAD, GOOD, GOOD, GOOD, GOOD], (2, 1, 0, True)),
        ("two in a row", [BAD] * 5, (2, 2, 2, False)),
        ("too few requests wait for more", [(5, 0)] * 3, (0, 0, 0, None)),
        ("until there are enough", [(5, 0)] * 4, (1, 0, 0, True)),
    ],
)
def test_a_sample_is_taken_when_it_is_time_and_there_is_enough(story: str, ticks: Any, found: Any) -> None:
    assert shown(sampled(*ticks)) == found, story


def test_a_new_weight_waits_for_a_sample_of_its_own() -> None:
    """What was counted before it was there is in that one, too."""
    rollout = Rollout()
    before = sampled(GOOD, GOOD, GOOD, rollout=rollout)
    rollout.weight = 50.0
    after = learn(before, EVERY_10S, rollout.objectives, rollout.run(1, canary=BAD))
    assert (before.passed, after.passed, after.base) == (True, None, before.base)
    for _ in range(2):
        after = learn(after, EVERY_10S, rollout.objectives, rollout.run(1, canary=GOOD))
    assert shown(after) == (2, 1, 1, False)


def test_nothing_is_taken_from_what_cannot_be_read() -> None:
    """Neither an outage nor a problem fails or passes anybody."""
    rollout = Rollout()
    before = sampled(GOOD, GOOD, rollout=rollout)
    found = rollout.run(1)
    problem = Problem(cause=Cause.STALE, sentence="Old.")
    for blind in ({"outage": "Nobody answers."}, {"problems": (problem,)}, {"weight": 0.0}):
        assert learn(before, EVERY_10S, rollout.objectives, found.model_copy(update=blind)) is before


def test_edited_objectives_forget_no_failure() -> None:
    """Their counters begin anew."""
    rollout = Rollout()
    before = sampled(BAD, BAD, BAD, rollout=rollout)
    after = learn(before, EVERY_10S, rollout.objectives, Rollout().evidence)
    other = learn(before, EVERY_10S, rollout.objectives, Rollout().evidence.model_copy(update={"begun": 1.0}))
    assert after is before
    assert (other.in_a_row, other.since, other.base) == (1, None, {})


@pytest.mark.parametrize(
    ("row", "failed", "passed", "limit", "found"),
    [
        (0, 0, None, None, Verdict.INCONCLUSIVE),
        (0, 0, True, None, Verdict.PASS),
        (1, 1, False, None, Verdict.INCONCLUSIVE),
        (2, 2, False, None, Verdict.FAIL),
        (0, 9, True, None, Verdict.PASS),
        (0, 3, True, 3, Verdict.PASS),
        (0, 4, True, 3, Verdict.FAIL),
        (1, 1, False, 0, Verdict.FAIL),
    ],
)
def test_what_samples_come_to(row: int, failed: int, passed: bool | None, limit: int | None, found: Verdict) -> None:
    known = Sampling(begun=NOW, taken=9, failed=failed, in_a_row=row, passed=passed)
    policy = EVERY_10S.model_copy(update={"failure_limit": limit})
    assert verdict(known, policy) is found
    assert verdict(None, policy) is Verdict.INCONCLUSIVE


def test_the_sentence_has_the_last_sample_and_what_is_too_many() -> None:
    policy = EVERY_10S.model_copy(update={"failure_limit": 3})
    said = sentence(sampled(BAD, BAD, BAD), policy)
    assert said == (
        "6 of the newest 30 canary requests failed (error rate, at most 1 %). 1 of 1 samples failed, 1 in a row; "
        "2 in a row, and more than 3 in all are too many."
    )
    assert sentence(None, EVERY_10S) == "No sample yet: one is taken every 10 s from at least 20 requests."


def climbs(known: Sampling | None, good: int, bad: int, **fields: Any) -> Any:
    """A canary at 25 %, of which samples and counters have shown this."""
    state = Climbing(canary=NEW, weight=25, observed_at=NOW - 60)
    return memory(state, sampling=known, evidence=evidence(good, bad), **fields)


def after(row: int, *, passed: bool | None = None) -> Sampling:
    """So many failed in a row; the present sample has just begun."""
    begun = evidence(0, 0).begun
    return Sampling(
        begun=begun, since=NOW - 5, weight=25, taken=3, failed=row, in_a_row=row, passed=passed, last="Bad."
    )


def test_odds_that_would_condemn_do_not() -> None:
    """Whoever asks for samples is judged by them alone."""
    found = decide(WISH, seen(4, 2, weight=25), climbs(after(1, passed=False), 60, 40), NOW)
    assert isinstance(found.memory.state, Climbing)
    assert found.memory.state.weight == 25


def test_too_many_in_a_row_roll_back_with_their_sentence() -> None:
    found = decide(WISH, seen(4, 2, weight=25), climbs(after(2), 1000, 0), NOW).memory
    assert isinstance(found.state, TurningBack)
    assert found.condemned[NEW].startswith("Bad. 2 of 3 samples failed, 2 in a row")


def test_one_that_passed_opens_the_way_on() -> None:
    """Although the bound would not be low enough yet."""
    waits = decide(WISH, seen(4, 2, weight=25), climbs(after(0), 50, 0), NOW + 6).memory.state
    known = climbs(after(0, passed=True), 50, 0)
    held = known.but(state=known.state.model_copy(update={"held": known.state.held.model_copy(update={"spent": 9.0})}))
    goes = decide(WISH, seen(4, 2, weight=25), held, NOW + 1).memory.state
    assert isinstance(waits, Climbing)
    assert isinstance(goes, Climbing)
    assert (waits.weight, goes.weight) == (25, 50)


def test_an_outage_is_still_an_outage() -> None:
    known = climbs(after(0, passed=True), 50, 0)
    out = known.but(evidence=known.evidence.model_copy(update={"outage": "Prometheus does not answer."}))
    judged = assessment(WISH, out, NOW)
    assert judged is not None
    assert (judged.verdict, judged.cause) == (Verdict.INCONCLUSIVE, Cause.OUTAGE)


def test_a_new_rollout_begins_without_samples() -> None:
    begun = decide(WISH, seen(4, 0), memory(sampling=after(1)), NOW).memory
    assert (begun.canary, begun.sampling) == (NEW, None)


@pytest.mark.parametrize(
    ("objectives", "canary", "fields"),
    [
        (ERRORS | {"samples": TWICE}, RAMP, ["spec.rollout.canary.steps"]),
        ({"samples": TWICE}, {"steps": STEPS}, ["spec.objectives"]),
        (ERRORS | {"samples": TWICE | {"consecutiveFailures": 0}}, {"steps": STEPS}, [
            "spec.objectives.samples.consecutiveFailures",
        ]),
        (ERRORS | {"samples": {"interval": "0s"}}, {"steps": STEPS}, ["spec.objectives.samples.interval"]),
    ],
)  # fmt: skip
def test_what_cannot_be_sampled_is_refused(objectives: Any, canary: Any, fields: list[str]) -> None:
    found = build("shop", spec(objectives=objectives, canary=canary))
    assert isinstance(found, tuple)
    assert [problem.field for problem in found] == fields
