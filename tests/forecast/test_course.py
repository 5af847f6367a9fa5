"""What is known beforehand: reachable weights, merged steps, pods, the first weight and what bounds it."""

from typing import Any

import pytest

from gracefulservice.forecast.course import Stage, course
from tests.rollout.builders import ERRORS, RAMP, plan


def stages(replicas: int, *steps: dict[str, Any], weighted: bool = True, **fields: Any) -> tuple[Stage, ...]:
    """The way of a service with these steps."""
    canary = {"steps": list(steps)}
    return course(plan(replicas=replicas, weighted=weighted, canary=canary, **fields), 100).stages


def test_behind_a_route_each_step_has_its_share_of_the_pods() -> None:
    found = stages(
        10, {"weight": 5, "hold": "1m"}, {"weight": 30, "pause": "UntilResumed"}, {"weight": 50, "replicas": 9}
    )
    assert found == (
        Stage(5, 1, 60, False, (1,), (5,)),
        Stage(30, 3, 0, True, (2,), (30,)),
        Stage(50, 9, 0, False, (3,), (50,)),
        Stage(100, 10),
    )


def test_by_pod_ratio_weights_are_what_pods_can_give_and_equal_ones_are_one() -> None:
    """Of 4 pods one is 25 %; the merged step keeps the longest hold, and the pause."""
    steps = {"weight": 5, "hold": "1m"}, {"weight": 20, "hold": "2m"}, {"weight": 60, "pause": "UntilResumed"}
    assert stages(4, *steps, weighted=False) == (
        Stage(25, 1, 120, False, (1, 2), (5, 20)),
        Stage(50, 2, 0, True, (3,), (60,)),
        Stage(100, 4),
    )


def test_a_last_step_of_100_percent_is_not_told_twice() -> None:
    assert [one.weight for one in stages(4, {"weight": 50}, {"weight": 100, "hold": "1m"})] == [50, 100]


@pytest.mark.parametrize(
    ("rate", "weight", "bound", "cost"),
    [(100, 2.0, "Budget", 20), (1, 50.0, "Cap", 5), (1_000_000, 0.1, "Router", 10_000), (400, 0.5, "Budget", 20)],
)
def test_the_first_weight_of_the_ramp_costs_its_budget_at_most(
    rate: float, weight: float, bound: str, cost: float
) -> None:
    """20 errors within the 10 s until a weight is taken back."""
    found = course(plan(canary=RAMP, objectives=ERRORS), rate).first
    assert found is not None
    assert (found.weight, found.bound) == (weight, bound)
    assert found.cost == pytest.approx(cost)


def test_pods_that_are_read_directly_are_taken_back_sooner() -> None:
    found = course(plan(canary=RAMP, objectives=ERRORS, metrics={"source": "pods"}), 100)
    assert found.reaction == 4
    assert found.first is not None
    assert found.first.weight == 5


@pytest.mark.parametrize(
    ("samples", "rate", "seconds"),
    [
        ({"interval": "30s"}, 1000, 70),
        ({"interval": "30s", "consecutiveFailures": 3}, 1000, 100),
        ({"interval": "30s", "failureLimit": 0}, 1000, 40),
        ({"interval": "30s", "minRequests": 500}, 100, 110),
        ({"interval": "30s"}, 0, 10),
    ],
)
def test_samples_take_their_time(samples: Any, rate: float, seconds: float) -> None:
    """As many as condemn, each as long as its interval and its requests need, at 10 % of all."""
    canary = {"steps": [{"weight": 10}]}
    assert course(plan(canary=canary, objectives=ERRORS | {"samples": samples}), rate).reaction == seconds


@pytest.mark.parametrize(("replicas", "weight"), [(1, 50), (4, 25), (20, 5)])
def test_by_pod_ratio_the_first_weight_is_a_pod_whatever_it_costs(replicas: int, weight: float) -> None:
    found = course(plan(canary=RAMP, objectives=ERRORS, weighted=False, replicas=replicas), 1000).first
    assert found is not None
    assert (found.weight, found.bound) == (weight, "Router")
    assert found.cost == pytest.approx(1000 * weight / 100 * 10)


def test_a_route_that_nobody_calls_through_has_no_first_weight() -> None:
    assert course(plan(canary=RAMP, objectives=ERRORS), 0).first is None


def test_without_replicas_nothing_moves() -> None:
    found = course(plan(replicas=0), 100)
    assert (found.stages, found.first, found.most_pods) == ((), None, 0)
