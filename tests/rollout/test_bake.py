"""The bake: what counts as having been watched at 100 %, and how it ends."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Baking, Clearing, Memory
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, OLD, evidence, memory, plan, ratio, seen

JUDGED = plan(objectives=ERRORS)
GOOD = evidence(2000, 0)
OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})


def after(before: Memory, look: Seen, wish: Any = None, now: float = NOW) -> Memory:
    """What is remembered after one pass."""
    return decide(wish or plan(), look, before, now).memory


@pytest.mark.parametrize(
    ("story", "baked", "look", "wish", "fields", "to"),
    [
        ("the bake runs", 1.0, seen(4, 4, weight=100), None, {}, "Baking"),
        ("the bake is over", 10.0, seen(4, 4, weight=100), None, {}, "Widening"),
        ("promote in full skips it", 0.0, seen(4, 4, weight=100), None, {"hurry": "unjudged"}, "Widening"),
        ("promote does not", 0.0, seen(4, 4, weight=100), None, {"hurry": "judged"}, "Baking"),
        ("a person paused", 10.0, seen(4, 4, weight=100), None, {"paused": "x"}, "Baking"),
        ("a pod is missing", 10.0, seen(4, 3, weight=100), None, {}, "Baking"),
        ("the metrics are out", 10.0, seen(4, 4, weight=100), JUDGED, {"evidence": OUT}, "Baking"),
        ("nobody calls", 10.0, seen(4, 4, weight=100), JUDGED, {"evidence": evidence(0, 0)}, "Baking"),
        ("it is watched", 10.0, seen(4, 4, weight=100), JUDGED, {"evidence": GOOD}, "Widening"),
        ("by a ratio the pointer moves", 10.0, ratio(0, 4), plan(weighted=False), {}, "Clearing"),
    ],
)
def test_a_bake_ends(story: str, baked: float, look: Seen, wish: Any, fields: dict[str, Any], to: str) -> None:
    """When everybody was served long enough under the judge's eyes."""
    before = memory(Baking(canary=NEW, baked=Stopwatch(spent=baked)), **fields)
    assert after(before, look, wish).state.kind == to, story


def test_by_a_ratio_the_old_revision_is_cleared_at_once() -> None:
    """Its pods are gone already."""
    found = after(memory(Baking(canary=NEW, baked=Stopwatch(spent=10))), ratio(0, 4), plan(weighted=False))
    assert (found.state, found.stable) == (Clearing(leaving=OLD), NEW)


def test_what_is_watched_runs_on() -> None:
    """A bake counts only the seconds it was looked at."""
    before = after(memory(Baking(canary=NEW)), seen(4, 4, weight=100))
    before = after(before, seen(4, 4, weight=100), now=NOW + 4)
    assert isinstance(before.state, Baking)
    assert before.state.baked.spent == 4


def test_a_bake_that_is_all_that_users_have_goes_on() -> None:
    """Stable is gone as well: there is nobody to give the weight to."""
    assert after(memory(Baking(canary=NEW)), seen(0, 4, weight=40)).state.kind == "Baking"
