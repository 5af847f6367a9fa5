"""One simulated rollout: it takes the way that the heart takes, and what it says of it is true."""

from typing import Any

import pytest

from gracefulservice.forecast import service
from gracefulservice.forecast.course import course
from gracefulservice.forecast.rehearsal import Outcome, Rehearsal, as_taken
from gracefulservice.forecast.service import Scenario
from tests.rollout.builders import ERRORS, plan

RAMP: dict[str, Any] = {
    "rollout": {"canary": {"errorBudget": 20}, "warmup": "10s", "bake": "20s"},
    "objectives": ERRORS,
}
HELD = {"steps": [{"weight": 25, "hold": "30s"}, {"weight": 50, "pause": "UntilResumed"}]}


def outcome(rate: float, canary: float, seed: int = 5, start: float = 4.0, **fields: Any) -> Outcome:
    """One rehearsal; by the ramp where nothing else is asked for."""
    return Rehearsal(plan(**(RAMP | fields)), Scenario(rate, 0.001, canary, start=start), seed).run()


def test_a_seed_is_a_rehearsal() -> None:
    """And another one is another."""
    first, again, other = (outcome(100, 0.2, seed) for seed in (5, 5, 6))
    assert first == again != other
    assert first.rolled_back is not None
    assert "canary requests failed" in first.reason
    assert 4 <= first.errors <= 60


def test_slow_scrapes_cost_no_more_than_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 30 s, a version that fails always: as many errors as where somebody scrapes every 5 s, on the average."""
    monkeypatch.setattr(service, "SCRAPE", 30.0)
    monkeypatch.setattr(service, "RANGE", 90.0)
    found = [outcome(100, 1.0, seed) for seed in range(8)]
    assert all(one.rolled_back is not None for one in found)
    assert sum(one.errors for one in found) / len(found) <= 30


def test_a_good_version_is_promoted_after_start_warmup_and_bake() -> None:
    found = outcome(100, 0.001, 7, start=20.0)
    assert found.rolled_back is None
    assert found.first is not None
    assert found.gate is not None
    assert found.promoted is not None
    assert 30 <= found.first <= 45
    assert found.gate_since_change == found.first + found.gate
    assert found.gate + 20 <= found.promoted <= found.gate + 60
    assert found.weight == 100


def test_what_both_versions_do_alike_does_not_hold_up_the_ramp() -> None:
    """A tenth of all requests is slower than the median may be, on stable as well: only what is worse costs budget."""
    both = ERRORS | {"latency": {"p50": "300ms"}}
    found = outcome(100, 0.001, 7, objectives=both)
    assert found.rolled_back is None
    assert found.gate is not None
    assert found.gate < 120


def test_a_fault_of_both_does_not_end_a_rollout() -> None:
    """Half of all requests fail for a minute, 20 s after the first weight."""
    scenario = Scenario(100, 0.001, 0.001, outage=(20, 80, 0.5))
    found = Rehearsal(plan(**RAMP), scenario, 8).run()
    assert found.rolled_back is None
    assert found.promoted is not None


def test_a_rollback_lasts_until_nobody_is_on_the_canary() -> None:
    """By pod ratio a pod of stable goes for each of the canary, so the way back may take the start of one."""
    made = Rehearsal(plan(weighted=False, **RAMP), Scenario(100, 0.001, 1.0), 1)
    found = made.run()
    assert found.rolled_back is not None
    assert found.weight == 0
    assert made.world.share(made.now) == 0
    assert found.errors == pytest.approx(100 * 0.25 * found.rolled_back, rel=0.5)


def test_where_nothing_is_judged_everybody_gets_a_bad_version() -> None:
    found = outcome(100, 1.0, objectives=None)
    assert found.found is None
    assert found.promoted is not None
    assert found.gate is not None
    assert found.errors > 100 * (found.promoted - found.gate)


def test_a_pause_for_a_person_takes_no_time() -> None:
    """30 s are held at 25 %; the pause at 50 % has no hold, and the bake is all that is left."""
    found = outcome(100, 0.001, objectives=None, rollout={"canary": HELD, "warmup": "1s", "bake": "20s"})
    assert found.gate is not None
    assert found.paused is None
    assert 30 <= found.gate <= 60


def test_a_violation_that_only_pauses_is_found_and_not_rolled_back() -> None:
    found = outcome(100, 1.0, onViolation="Pause")
    assert found.rolled_back is None
    assert found.violated
    assert found.found == found.paused is not None
    assert found.weight > 0


def test_want_of_requests_is_no_violation() -> None:
    """With onNoTraffic: Pause it waits for a person as well."""
    found = outcome(0.0, 1.0, onNoTraffic="Pause")
    assert found.paused is not None
    assert not found.violated
    assert found.found is None


def test_a_suspended_service_is_rehearsed_as_if_it_were_not() -> None:
    assert outcome(100, 0.001, suspend=True).promoted is not None


def test_steps_that_the_router_cannot_tell_apart_are_one() -> None:
    steps = [{"weight": 5, "hold": "1m"}, {"weight": 10}, {"weight": 60}]
    taken = as_taken(plan(weighted=False, canary={"steps": steps}))
    assert [(step.weight, step.hold) for step in taken.steps] == [(5, 60), (60, 0)]
    assert taken.revision.id == plan(weighted=False).revision.id


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("replicas", [1, 2, 5])
@pytest.mark.parametrize("canary", [{"errorBudget": 20}, HELD, {"steps": [{"weight": 70}]}], ids=str)
def test_there_are_never_more_pods_than_was_said(weighted: bool, replicas: int, canary: Any) -> None:
    """And by steps, as well as behind a route, there are so many."""
    rollout = {"canary": canary, "warmup": "1s", "bake": "5s"}
    wish = plan(weighted=weighted, replicas=replicas, rollout=rollout, objectives=ERRORS)
    found = Rehearsal(wish, Scenario(200, 0.001, 0.001), 2).run()
    said = course(wish, 200).most_pods
    assert found.promoted is not None
    assert found.pods == said if weighted or "steps" in canary else found.pods <= said
