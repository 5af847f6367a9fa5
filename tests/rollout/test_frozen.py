"""What a rollout keeps: edits of its steps, route and metrics wait, everything else acts at once."""

from typing import Any

import pytest

from gracefulservice.rollout.frozen import effective, freeze
from gracefulservice.rollout.memory import Climbing, Draining, Founding, Idle, TurningBack

from .attack import without_nulls
from .builders import NEW, ROUTE, STEPS, memory, plan, spec

UNDER_WAY = Climbing(canary=NEW, weight=25)


def kept(state: Any, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The spec in force when a rollout began with `before` and the user then wrote `after`."""
    return effective(after, memory(state, frozen=without_nulls(freeze(plan(**before)))))


@pytest.mark.parametrize(
    ("story", "before", "field"),
    [
        ("new steps wait", {"canary": {"steps": [{"weight": 1}]}}, "rollout"),
        ("a route taken away waits", {}, "traffic"),
        ("a route that is added waits", {"weighted": False}, "traffic"),
        ("objectives that are added wait", {}, "objectives"),
        ("another source of metrics waits", {}, "metrics"),
    ],
)
def test_what_is_kept_waits_for_rest(story: str, before: dict[str, Any], field: str) -> None:
    """A part that was absent stays absent, also through an API server that drops nulls."""
    after = spec(
        canary={"steps": [{"weight": 99}]},
        objectives={"errorRate": {"max": "5%"}},
        metrics={"source": "custom"},
        traffic={} if before.get("weighted", True) else ROUTE,
    )
    assert kept(UNDER_WAY, before, after).get(field) == spec(**before).get(field), story


def test_the_smallest_service_keeps_its_absent_parts_too() -> None:
    """Nothing but a template: a route added mid-way is not taken over by the rollout under way."""
    written = {"template": spec()["template"]}
    smallest = freeze(plan(weighted=False, rollout={}))
    assert effective(written | {"traffic": ROUTE}, memory(UNDER_WAY, frozen=without_nulls(smallest))) == written


@pytest.mark.parametrize("field", [{"replicas": 9}, {"onViolation": "Pause"}, {"historyLimit": 3}])
def test_the_rest_acts_at_once(field: dict[str, Any]) -> None:
    """Capacity and policies are the user's at any moment."""
    name = next(iter(field))
    assert kept(UNDER_WAY, {}, spec(**field))[name] == field[name]


@pytest.mark.parametrize("state", [Idle(), Founding(revision=NEW)], ids=lambda state: state.kind)
def test_nothing_is_kept_at_rest(state: Any) -> None:
    """The spec is in force as it is written."""
    assert effective(spec(replicas=9), memory(state)) == spec(replicas=9)


def test_nothing_is_kept_where_no_rollout_began() -> None:
    """A stray revision turns back after a lost status: there is nothing but the spec."""
    assert effective(spec(replicas=9), memory(TurningBack(leaving=NEW))) == spec(replicas=9)


def test_the_way_out_keeps_what_the_way_up_kept() -> None:
    """A route is not given up before the old revision has drained."""
    assert kept(Draining(leaving=NEW), {}, spec(traffic={}))["traffic"] == ROUTE


@pytest.mark.parametrize(
    ("story", "written", "steps"),
    [
        ("4 pods tell 25 % and 50 % apart", STEPS, STEPS),
        (
            "10 % and 20 % of 4 pods are one: the longest hold counts",
            [{"weight": 10, "hold": "1m"}, {"weight": 20, "hold": "30s"}, {"weight": 60}],
            [{"weight": 10, "hold": "1m"}, {"weight": 60}],
        ),
        (
            "a pause of either stays",
            [{"weight": 10}, {"weight": 20, "pause": "UntilResumed"}],
            [{"weight": 10, "hold": "0s", "pause": "UntilResumed"}],
        ),
    ],
)
def test_steps_that_pods_cannot_tell_apart_become_one(story: str, written: Any, steps: Any) -> None:
    """With 4 replicas and no route."""
    frozen = freeze(plan(weighted=False, canary={"steps": written}))
    assert frozen["rollout"]["canary"]["steps"] == steps, story


def test_a_route_tells_every_step_apart() -> None:
    """A tenth of a percent is a step of its own."""
    steps = [{"weight": 10}, {"weight": 10.1}]
    assert freeze(plan(canary={"steps": steps}))["rollout"]["canary"]["steps"] == steps
