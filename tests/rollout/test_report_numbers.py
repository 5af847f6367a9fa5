"""The numbers of the status: weights, steps, odds, what is waited for, and what an autoscaler counts."""

from typing import Any

import pytest

from gracefulservice.api import HistoryEntry
from gracefulservice.api.status import Outcome
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import (
    Baking,
    Climbing,
    Draining,
    Founding,
    Idle,
    Memory,
    Narrowing,
    TurningBack,
    Warming,
)
from gracefulservice.rollout.seen import RouteSeen, Seen

from .builders import ERRORS, NEW, NOW, OLD, answers, evidence, memory, plan, ratio, seen, written

RATIO = plan(weighted=False)
JUDGED = plan(objectives=ERRORS)
STABLE = plan("shop:1")
CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)


@pytest.mark.parametrize(
    ("story", "before", "look", "wish", "wanted", "observed"),
    [
        ("a step that is there", memory(CLIMBS), seen(4, 1, weight=25), None, 25, 25),
        ("a step on its way", memory(CLIMBS), seen(4, 1, route=RouteSeen(10)), None, 25, None),
        ("warming up without a route", memory(Warming(canary=NEW)), seen(4, 1, weight=None), None, 0, None),
        ("climbing without a route", memory(CLIMBS), seen(4, 1, weight=None), None, 25, None),
        ("baking without a route", memory(Baking(canary=NEW)), seen(4, 4, weight=None), None, 100, None),
        ("a ratio", memory(CLIMBS), ratio(3, 1), RATIO, 25, 25),
        ("a ratio at its end", memory(Baking(canary=NEW)), ratio(0, 4), RATIO, 100, 100),
        ("a ratio on its way back", memory(TurningBack(leaving=NEW)), ratio(3, 1), RATIO, 0, 25),
        ("on its way back", memory(TurningBack(leaving=NEW)), seen(4, 1, weight=25), None, 0, 25),
    ],
)
def test_the_weight(story: str, before: Memory, look: Seen, wish: Any, wanted: float, observed: float | None) -> None:
    """What is asked for, and what was seen."""
    found = written(before, look, wish).weight
    assert found is not None
    assert (found.wanted, found.observed) == (wanted, observed), story


@pytest.mark.parametrize("state", [Idle(), Narrowing(leaving=OLD)], ids=lambda state: state.kind)
def test_without_a_canary_there_is_no_weight(state: Any) -> None:
    """At rest; and a revision that is stable itself is no canary."""
    assert written(memory(state), seen(), STABLE).weight is None


@pytest.mark.parametrize(
    ("state", "wish", "step"),
    [
        (CLIMBS, None, (1, 2)),
        (Climbing(canary=NEW, weight=100, step=2), None, (2, 2)),
        (Baking(canary=NEW), None, None),
        (CLIMBS, plan(canary={"errorBudget": 20}, objectives=ERRORS), None),
    ],
)
def test_the_step(state: Any, wish: Any, step: tuple[int, int] | None) -> None:
    """Counted from 1; a ramp has none."""
    found = written(memory(state), seen(4, 1, weight=25), wish).step
    assert (found and (found.index, found.count)) == step


def test_evidence_is_told_as_odds() -> None:
    """With the numbers it rests on; a number that JSON can carry."""
    found = written(memory(CLIMBS, evidence=evidence(0, 4000)), seen(4, 1, weight=25), JUDGED).evidence
    assert found is not None
    assert (found.requests, found.errors, found.limit, found.odds) == (4000, 4000, 100, 1e9)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("Promoted", Narrowing(leaving=OLD)),
        ("Promoted", Draining(leaving=OLD)),
        ("RolledBack", TurningBack(leaving=NEW)),
        ("RolledBack", Draining(leaving=NEW)),
    ],
)
def test_once_it_is_decided_nobody_is_judged(outcome: Outcome, state: Any) -> None:
    """The counters of who leaves are still read, as nobody's evidence; and the canary stays who it was."""
    line = HistoryEntry(revision=NEW, number=2, outcome=outcome, sentence="x", started=NOW - 60, ended=NOW)
    stable = NEW if outcome == "Promoted" else OLD
    before = memory(state, stable=stable, evidence=evidence(2000, 0), history=(line,))
    look = seen(4, 4, weight=0.0, metrics=answers({"new": (2100, 0), "old": (5000, 50)}, NOW + 5))
    after = decide(JUDGED, look, before, NOW + 10).memory
    assert after.evidence is not None
    tally = after.evidence.tallies["errorRate"]
    assert (tally.requests, tally.bad, after.evidence.at) == (2100, 0, NOW + 5)
    status = written(after, look, JUDGED)
    assert (status.evidence, [one for one in status.conditions if one.type == "MetricsReadable"]) == (None, [])


@pytest.mark.parametrize(
    ("story", "before", "until"),
    [
        ("at rest nothing is waited for", memory(), "nothing"),
        ("a hold ends by itself", memory(CLIMBS), NOW + 5),
        ("a pause does not", memory(CLIMBS, paused="x"), None),
        ("a drain does", memory(Draining(leaving=NEW)), NOW + 10),
    ],
)
def test_what_is_waited_for(story: str, before: Memory, until: Any) -> None:
    """And until when, where that is known."""
    found = written(before, seen(4, 1, weight=25)).waiting
    assert (found.until if found else "nothing") == until, story


@pytest.mark.parametrize(
    ("story", "look", "wish", "before", "replicas", "selector"),
    [
        (
            "behind a route, stable's",
            seen(4, 1),
            None,
            memory(CLIMBS),
            4,
            f"gracefulservice.dev/name=shop,gracefulservice.dev/revision={OLD}",
        ),
        ("by a ratio, all", ratio(3, 1), RATIO, memory(CLIMBS), 4, "gracefulservice.dev/name=shop"),
        (
            "the first revision has no stable",
            seen(4, 1),
            None,
            Memory(state=Founding(revision=NEW)),
            5,
            "gracefulservice.dev/name=shop",
        ),
    ],
)
def test_what_an_autoscaler_counts(
    story: str, look: Seen, wish: Any, before: Memory, replicas: int, selector: str
) -> None:
    """A canary behind a route does not make stable grow."""
    found = written(before, look, wish)
    assert (found.replicas, found.selector) == (replicas, selector), story
