"""The rollback window: which revisions are taken back in one step, and which go the careful way all the same."""

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.memory import Climbing, Memory, Warming
from gracefulservice.rollout.plan import build
from gracefulservice.rollout.settle import formerly, promoted

from .builders import ERRORS, NEW, NEWER, NOW, OLD, command, memory, plan, ratio, seen, spec

FORMER = (NEW, NEWER, "eldestrev1")
"""What was stable before `OLD`, the newest first."""


def begun(window: int, image: str = "shop:2", **fields: object) -> Memory:
    """The memory once a rollout to that image has begun."""
    before = memory(former=FORMER).but(**fields)
    return decide(plan(image, objectives=ERRORS, rollbackWindow=window), seen(4, 0), before, NOW).memory


@pytest.mark.parametrize(
    ("window", "image", "trusted"),
    [
        (0, "shop:2", False),
        (1, "shop:2", False),
        (2, "shop:2", True),
        (2, "shop:3", False),
        (3, "shop:3", True),
        (20, "shop:4", False),
    ],
)
def test_the_present_one_and_those_before_it_are_counted(window: int, image: str, trusted: bool) -> None:
    """What never was stable is outside of every window."""
    after = begun(window, image)
    assert isinstance(after.state, Warming)
    assert (after.trusted, after.hurry) == (trusted, "unjudged" if trusted else "")


def test_it_goes_to_100_percent_as_soon_as_its_pods_are_ready() -> None:
    """No step, no warm-up, no metrics; the weight waits for the pods all the same."""
    wish = plan(objectives=ERRORS, rollbackWindow=2)
    first = decide(wish, seen(4, 4), begun(2), NOW + 3)
    assert isinstance(first.memory.state, Climbing)
    assert (first.memory.state.weight, first.desired.weight) == (100, 100)
    early = decide(wish, seen(4, 1), begun(2), NOW + 3)
    assert early.desired.weight == 0


def test_by_pods_it_takes_one_step_as_well() -> None:
    wish = plan(weighted=False, rollbackWindow=2)
    began = decide(wish, ratio(4, 0), memory(former=FORMER), NOW)
    after = decide(wish, ratio(4, 0), began.memory, NOW + 3)
    assert isinstance(after.memory.state, Climbing)
    assert (after.memory.state.weight, after.desired.fleets[OLD]) == (100, 4)


def test_it_is_told_why_nobody_judges() -> None:
    (news,) = begun(3).happenings
    assert news.reason == Reason.ROLLOUT_STARTED
    assert "unjudged and in one step, because it is one of the last 3 that were stable" in news.sentence


def test_a_condemned_one_is_not_taken_back() -> None:
    after = begun(3, condemned={NEW: "it failed."})
    assert (after.canary, after.trusted) == (None, False)


def test_the_next_rollout_is_judged_again() -> None:
    """Whatever the one before was."""
    assert begun(3, "shop:4", trusted=True, hurry="").hurry == ""


def test_who_was_stable_is_remembered_once_and_the_newest_first() -> None:
    after = promoted(plan(), seen(), memory(former=(NEW, "eldestrev1")), NEW, NOW)
    assert (after.stable, after.former) == (NEW, (OLD, "eldestrev1"))
    assert len(formerly(memory(former=tuple(f"revision{place:02}" for place in range(40))), NEW)) == 20


def test_nobody_is_named_who_promoted_it_at_another_time() -> None:
    """A receipt of long ago did not decide this rollout."""
    before = memory(Climbing(canary=NEW, weight=100), trusted=True, hurry="unjudged")
    ordered = decide(plan(), seen(command=command("promote", full=True)), before.but(trusted=False), NOW).memory
    assert promoted(plan(), seen(), ordered, NEW, NOW).history[0].by == "somebody"
    assert promoted(plan(), seen(), ordered.but(trusted=True), NEW, NOW).history[0].by == ""


@pytest.mark.parametrize("window", [-1, 21, "three"])
def test_a_window_that_is_none_is_refused(window: object) -> None:
    found = build("shop", spec(rollbackWindow=window))
    assert isinstance(found, tuple)
    assert [problem.field for problem in found] == ["spec.rollbackWindow"]
