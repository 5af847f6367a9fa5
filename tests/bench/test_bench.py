"""The simulation itself: its counts are what they claim, the same seed gives the same release, figures are judged."""

import json
from io import StringIO
from pathlib import Path
from random import Random
from statistics import mean, pvariance

import pytest
from rich.console import Console

from bench.draws import clustered, poisson
from bench.figures import Figure, percentile, shown, written
from bench.release import Release, plan_of
from bench.rules import RULES, Rule, judged
from bench.service import BEGUN, SCRAPE, Scenario, Service

PLAN = plan_of()


@pytest.mark.parametrize("expected", [0.3, 7.0, 39.0, 400.0])
def test_counts_have_the_mean_and_the_spread_of_a_poisson_process(expected: float) -> None:
    chance = Random(1)
    drawn = [poisson(chance, expected) for _ in range(4000)]
    assert mean(drawn) == pytest.approx(expected, rel=0.05)
    assert pvariance(drawn) == pytest.approx(expected, rel=0.1)


def test_clusters_have_the_same_mean_and_a_larger_spread() -> None:
    chance = Random(2)
    drawn = [clustered(chance, 16.0, 8) for _ in range(4000)]
    assert mean(drawn) == pytest.approx(16, rel=0.05)
    assert pvariance(drawn) == pytest.approx(8 * 16, rel=0.15)


def test_users_are_spread_by_the_weight_and_a_fault_hits_both() -> None:
    """Of 1000 requests/s at 20 %, with a fault of half of all requests from 10 s to 20 s."""
    service = Service(Scenario(1000, 0.0, 0.0, outage=(10, 20, 0.5)), Random(3))
    service.reweigh(BEGUN + 10, 20.0)
    service.look(BEGUN + 60)
    old, new = service.pods
    assert new.good + new.bad == pytest.approx(200 * 47.5, rel=0.08)
    assert new.bad == pytest.approx(1000, rel=0.15)
    assert old.bad == pytest.approx(4000, rel=0.1)


def test_an_answer_holds_what_was_scraped_until_then() -> None:
    service = Service(Scenario(10, 0.0, 0.0), Random(4))
    look = service.look(BEGUN + 20)
    ends = {sample.at for samples in look.samples.values() for sample in samples}
    assert BEGUN + 20 - SCRAPE < max(ends) <= BEGUN + 20
    assert min(ends) > BEGUN - 10


def test_a_seed_is_a_release() -> None:
    """And another one is another."""
    scenario = Scenario(100, 0.001, 0.2)
    first, again, other = (Release(PLAN, scenario, seed).run() for seed in (5, 5, 6))
    assert first == again != other
    assert first.rolled_back is not None
    assert "canary requests failed" in first.reason
    assert 4 <= first.errors <= 60


def test_a_good_version_is_promoted() -> None:
    found = Release(PLAN, Scenario(100, 0.001, 0.001), 7).run()
    assert found.rolled_back is None
    assert found.gate is not None
    assert found.promoted is not None
    assert found.gate < found.promoted


def test_a_fault_of_both_does_not_end_a_release() -> None:
    """Half of all requests fail for a minute, 20 s after the first weight."""
    found = Release(PLAN, Scenario(100, 0.001, 0.001, outage=(20, 80, 0.5)), 8).run()
    assert found.rolled_back is None
    assert found.promoted is not None


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


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([5, 1, 3, 2, 4], part) for part in (0.2, 0.5, 0.99, 1.0)] == [1, 3, 5, 5]
