"""What a rollout keeps: edits of its steps, route and metrics wait, everything else acts at once."""

from typing import Any

import pytest

from gracefulservice.rollout.frozen import effective, freeze, in_force
from gracefulservice.rollout.memory import Climbing, Draining, Founding, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.plan import Plan, build

from .builders import ERRORS, NEW, OLD, ROUTE, STEPS, memory, plan, spec
from .restart import through_json

UNDER_WAY = Climbing(canary=NEW, weight=25)


def kept(state: Any, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The spec in force when a rollout began with `before` and the user then wrote `after`."""
    return effective(after, through_json(memory(state, frozen=freeze(plan(**before)))))


@pytest.mark.parametrize(
    ("story", "before", "field"),
    [
        ("new steps wait", {"canary": {"steps": [{"weight": 1}]}}, "rollout"),
        ("a route taken away waits", {}, "traffic"),
        ("a route that is added waits", {"weighted": False}, "traffic"),
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
    """Nothing but a template: a route added mid-way is not taken over by a rollout, which keeps its steps."""
    written = {"template": spec()["template"]}
    smallest = freeze(plan(weighted=False, rollout={}))
    found = effective(written | {"traffic": ROUTE}, memory(UNDER_WAY, frozen=smallest))
    steps = [{"weight": 20.0, "hold": "10s"}, {"weight": 50.0, "hold": "10s"}]
    assert found == written | {"rollout": {"canary": {"steps": steps}}}


@pytest.mark.parametrize(
    "field",
    [{"replicas": 9}, {"onViolation": "Pause"}, {"historyLimit": 3}, {"objectives": {"errorRate": {"max": "5%"}}}],
)
def test_the_rest_acts_at_once(field: dict[str, Any]) -> None:
    """Capacity, policies and what is judged are the user's at any moment."""
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
    """A route is not given up before the old revision has drained, and its counters are read as they were."""
    found = kept(Draining(leaving=NEW), {"objectives": ERRORS}, spec(traffic={}))
    assert (found["traffic"], found["objectives"]) == (ROUTE, ERRORS)


def force(state: Any, before: dict[str, Any], after: dict[str, Any]) -> Any:
    """The plan in force when `before` was frozen and the user then wrote `after`."""
    return in_force("shop", after, through_json(memory(state, frozen=freeze(plan(**before)))))


WRONG: dict[str, Any] = {"canary": {"steps": [{"weight": 50}, {"weight": 20}]}}
STATES = [Idle(), Warming(canary=NEW), UNDER_WAY, TurningBack(leaving=NEW), Draining(leaving=OLD)]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.kind)
def test_a_spec_that_is_not_sound_leaves_the_one_before_in_force(state: Any) -> None:
    """In every state the same: its revision, its steps, and the problems of the new one."""
    found = force(state, {}, spec("shop:3", template={"spec": {"containers": []}}))
    assert (found.revision, found.steps, found.route) == (plan().revision, plan().steps, plan().route)
    assert [problem.field for problem in found.problems] == ["spec.template.spec.containers"]


def test_what_a_rollout_keeps_cannot_be_wrong_before_its_end() -> None:
    """New steps that do not rise wait like all new steps; at rest they are refused."""
    assert force(UNDER_WAY, {}, spec(**WRONG)).problems == ()
    assert [problem.field for problem in force(Idle(), {}, spec(**WRONG)).problems] == [
        "spec.rollout.canary.steps[1].weight"
    ]


@pytest.mark.parametrize(
    ("story", "field", "value", "acts"),
    [
        ("a number of replicas", "replicas", 9, True),
        ("no replicas at all", "replicas", 0, True),
        ("what is no number", "replicas", "many", False),
        ("fewer than none", "replicas", -1, False),
        ("a policy", "onViolation", "Pause", True),
        ("no policy", "onViolation", "Explode", False),
        ("the history", "historyLimit", 3, True),
        ("another template", "shutdown", {"delay": "1s"}, False),
    ],
)
def test_beside_what_is_wrong_the_live_fields_act(story: str, field: str, value: Any, acts: bool) -> None:
    """Each that is sound by itself."""
    found = force(UNDER_WAY, {}, spec(template={}, **{field: value}))
    assert found.problems, story
    assert (found.spec.get(field) == value) is acts, story


@pytest.mark.parametrize("frozen", [{}, {"rollout": {}, "traffic": {}, "metrics": {}, "objectives": {}}])
def test_without_a_whole_spec_from_before_there_are_only_problems(frozen: dict[str, Any]) -> None:
    """Nothing was ever stable, or an operator of before kept four parts of it."""
    found = in_force("shop", spec(template={}), memory(UNDER_WAY, frozen=frozen))
    assert isinstance(found, tuple)
    assert [problem.field for problem in found] == ["spec.template.spec"]


def test_four_parts_from_before_still_keep_a_rollout_on_its_way() -> None:
    """They are read as they were written, as an object."""
    parts = {"rollout": {"canary": {"steps": STEPS}}, "traffic": {}, "metrics": {}, "objectives": {}}
    found = Memory.model_validate({"stable": OLD, "frozen": parts, "state": UNDER_WAY.model_dump()})
    assert (found.frozen, effective(spec(canary=WRONG), found)["rollout"]) == (parts, parts["rollout"])


def test_a_frozen_spec_comes_back_to_the_last_null() -> None:
    """Its revision is a hash of what was written, and a merge patch would take a null for a removal."""
    written = spec()
    written["template"]["metadata"] = {"creationTimestamp": None, "annotations": {"a": "1"}}
    built = build("shop", written)
    assert isinstance(built, Plan)
    assert force(Idle(), {}, written).revision == built.revision
    found = in_force("shop", {**written, "replicas": "many"}, through_json(memory(frozen=freeze(built))))
    assert isinstance(found, Plan)
    assert (found.revision.id, bool(found.problems)) == (built.revision.id, True)


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
