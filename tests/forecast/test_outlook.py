"""The figures of many rehearsals, by hand where they are few."""

import math
from typing import Any

import pytest

from gracefulservice.forecast.outlook import FEWEST, RUNS, Held, Kind, Question, outlook, rehearsed
from gracefulservice.forecast.rehearsal import Outcome
from tests.rollout.builders import ERRORS, plan

RAMP: dict[str, Any] = {
    "rollout": {"canary": {"errorBudget": 20}, "warmup": "5s", "bake": "10s"},
    "objectives": ERRORS,
}


def ended(**fields: Any) -> Outcome:
    """An outcome of which only this matters."""
    given: dict[str, Any] = {"rolled_back": None, "gate": None, "promoted": None, "errors": 0, "first": 30.0}
    return Outcome(**(given | fields))


def of(*outcomes: Outcome) -> Kind:
    """The figures of these."""
    return outlook(Held(0.02, one) for one in outcomes)[0]


def test_figures_are_those_of_all() -> None:
    """Two found, one promoted, one that stands; the gate counts from the change."""
    found = of(
        ended(rolled_back=10.0, errors=4),
        ended(rolled_back=30.0, errors=8),
        ended(gate=50.0, promoted=100.0, errors=3),
        ended(errors=1, weight=14.0, reason="Too early."),
    )
    assert (found.runs, found.found, found.missed, found.promoted, found.unfinished) == (4, 2, 2, 1, 1)
    assert (found.errors, found.worst, found.p99) == (4.0, 8, 8)
    assert found.found_after is not None
    assert (found.found_after.median, found.found_after.p95) == (10.0, 30.0)
    assert (found.gate.median, found.stands, found.reason) == (math.inf, (14.0, 14.0), "Too early.")


def test_the_gate_is_counted_from_the_change() -> None:
    assert (
        of(*(ended(gate=float(at), promoted=200.0) for at in range(1, 21))).gate
        == of(*(ended(gate=0.0, first=30.0 + at, promoted=200.0) for at in range(1, 21))).gate
    )
    found = of(*(ended(gate=float(at), promoted=200.0) for at in range(1, 21)))
    assert (found.gate.median, found.gate.p95) == (40.0, 49.0)


def test_a_pause_counts_as_found_only_where_an_objective_is_broken() -> None:
    found = of(ended(paused=9.0, violated=True), ended(paused=9.0))
    assert (found.found, found.unfinished) == (1, 1)


def test_versions_that_are_no_worse_than_stable_are_no_bad_ones() -> None:
    assert Question(plan(**RAMP), 100, 0.05).kinds == (0.05, 0.2, 1.0)


def test_as_many_rounds_are_held_as_are_asked_for() -> None:
    question = Question(plan(**RAMP), 100, 0.002)
    held = list(rehearsed(question, 2))
    assert [one.badness for one in held] == [0.002, 0.02, 0.05, 0.2, 1.0] * 2
    assert held[0].outcome != held[5].outcome
    assert list(rehearsed(Question(plan(**RAMP), 100, 0.002, seed=1), 1)) == held[5:]


@pytest.mark.parametrize(
    ("passes", "asked", "rounds"), [(10, None, RUNS), (300, None, 10), (9999, None, FEWEST), (9999, 50, 50)]
)
def test_long_rollouts_are_rehearsed_less_often(
    monkeypatch: pytest.MonkeyPatch, passes: int, asked: int | None, rounds: int
) -> None:
    """By how much there is to do, never by how fast the machine is; and never where a number is asked for."""

    class Cheap:
        def __init__(self, *_: object) -> None:
            pass

        def run(self) -> Outcome:
            return ended(passes=passes)

    monkeypatch.setattr("gracefulservice.forecast.outlook.Rehearsal", Cheap)
    assert len(list(rehearsed(Question(plan(**RAMP), 100, 0.002), asked))) == 5 * rounds


def test_a_bad_version_is_found_and_a_good_one_is_not() -> None:
    """Six of each, at 100 requests/s: nowhere near the targets' precision, and far from both mistakes."""
    fine, *bad = outlook(rehearsed(Question(plan(**RAMP), 100, 0.002), 6))
    assert (fine.found, fine.promoted) == (0, 6)
    assert fine.gate.median < 120
    assert [one.missed for one in bad] == [0, 0, 0, 0]
    assert all(2 <= one.errors <= 40 for one in bad)
    assert bad[3].found_after is not None
    assert bad[0].found_after is not None
    assert bad[3].found_after.median < bad[0].found_after.median
