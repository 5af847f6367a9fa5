"""The measurement: threshold rules find what is bad and are late, figures are judged, shown and written."""

import json
from io import StringIO
from pathlib import Path
from statistics import mean

import pytest
from rich.console import Console

from bench.figures import Figure, shown, written
from bench.rules import RULES, Rule, judged
from bench.simulation import plan_of, released
from gracefulservice.forecast.outlook import Question, outlook, rehearsed
from gracefulservice.forecast.service import Scenario


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_threshold_rules_find_what_is_bad_and_are_late(rule: Rule) -> None:
    scenario = Scenario(100, 0.001, 1.0)
    found = judged(rule, scenario, 1, 1800)
    assert found.rolled_back is not None
    assert found.errors > 100


def test_figures_are_judged_shown_and_written(tmp_path: Path) -> None:
    figures = [Figure("a", 3.0, "s", 3.0), Figure("b", 3.1, "s", 3.0), Figure("c", 1.0, "%")]
    assert [one.holds for one in figures] == [True, False, None]
    console = Console(file=StringIO(), width=120)
    shown(figures, console)
    assert "missed" in console.file.getvalue()  # type: ignore[attr-defined]
    written(figures, tmp_path / "bench.json")
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["figures"][1] == {"id": "b", "value": 3.1, "unit": "s", "target": 3.0, "holds": False}
    assert found["machine"]["cores"] >= 1
    written([Figure("b", 2.0, "s", 3.0), Figure("d", 7.0, "s")], tmp_path / "bench.json")
    again = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert {one["id"]: one["value"] for one in again} == {"a": 3.0, "b": 2.0, "c": 1.0, "d": 7.0}


def test_the_forecast_of_the_same_settings_has_the_same_figures() -> None:
    """Badness 20 % at 100 requests/s on one pod that starts for 4 s: the same rollouts, told twice."""
    scenario = Scenario(100, 0.001, 0.2)
    question = Question(plan_of(), scenario.rate, scenario.stable, scenario.start, pods=1)
    foreseen = outlook(one for one in rehearsed(question, 3) if one.badness == scenario.canary)[0]
    measured = released(scenario, 3)
    errors, times = [one.errors for one in measured], [one.rolled_back or 0.0 for one in measured]
    assert (foreseen.errors, foreseen.worst, foreseen.missed) == (mean(errors), max(errors), 0)
    assert foreseen.found_after is not None
    assert foreseen.found_after.median == sorted(times)[1]
