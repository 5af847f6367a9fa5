"""The status: one word, the conditions every tool reads, and numbers that are so."""

from typing import Any

import pytest

from gracefulservice.api import Condition, Problem, Status
from gracefulservice.rollout import report
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Clearing, Climbing, Founding, Memory, TurningBack, Warming
from gracefulservice.rollout.recall import dumped
from gracefulservice.rollout.seen import RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, OLD, endpoints, evidence, memory, plan, ratio, seen, written

RATIO = plan(weighted=False)
JUDGED = plan(objectives=ERRORS)
PAUSING = plan(canary={"steps": [{"weight": 25, "pause": "UntilResumed"}]})
CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)
AT_PAUSE = Climbing(canary=NEW, weight=25, observed_at=NOW - 9, held=Stopwatch(spent=9))
CONDEMNED = {NEW: "it failed."}
TAKEN = ("Service shop is not ours.",)
STABLE = plan("shop:1")


def conditions(found: Status) -> dict[str, Condition]:
    """By type."""
    return {condition.type: condition for condition in found.conditions}


@pytest.mark.parametrize(
    ("story", "before", "look", "wish", "phase", "ready", "reconciling", "stalled"),
    [
        (
            "the first revision starts",
            Memory(state=Founding(revision=NEW)),
            seen(),
            None,
            "Pending",
            "False",
            "True",
            "False",
        ),
        ("all is well", memory(), seen(), STABLE, "Healthy", "True", "False", "False"),
        ("a pod is missing at rest", memory(), seen(3), STABLE, "Progressing", "False", "True", "False"),
        ("it warms up", memory(Warming(canary=NEW)), seen(), None, "Progressing", "False", "True", "False"),
        ("it climbs", memory(CLIMBS), seen(4, 1, weight=25), None, "Progressing", "False", "True", "False"),
        (
            "a person paused",
            memory(CLIMBS, paused="x"),
            seen(4, 1, weight=25),
            None,
            "Paused",
            "False",
            "True",
            "False",
        ),
        ("the step pauses", memory(AT_PAUSE), seen(4, 1, weight=25), PAUSING, "Paused", "False", "True", "False"),
        (
            "the old one goes",
            memory(Clearing(leaving=NEW)),
            seen(4, 1),
            STABLE,
            "Progressing",
            "False",
            "True",
            "False",
        ),
        (
            "it goes back",
            memory(TurningBack(leaving=NEW), condemned=CONDEMNED),
            seen(4, 1),
            None,
            "Degraded",
            "False",
            "False",
            "True",
        ),
        ("it is condemned", memory(condemned=CONDEMNED), seen(), None, "Degraded", "False", "False", "True"),
        ("a name is taken", memory(), seen(foreign=TAKEN), STABLE, "Invalid", "False", "False", "True"),
        ("it is being deleted", memory(), seen(deleting=True), STABLE, "Terminating", "False", "True", "False"),
    ],
)
def test_the_phase_and_what_kstatus_reads(
    story: str, before: Memory, look: Seen, wish: Any, phase: str, ready: str, reconciling: str, stalled: str
) -> None:
    """A rollout is in progress, a rolled-back one has failed, a settled one is current."""
    found = written(before, look, wish)
    said = conditions(found)
    assert found.phase == phase, story
    assert [said[kind].status for kind in ("Ready", "Reconciling", "Stalled")] == [ready, reconciling, stalled], story
    assert found.observed_generation == 7


@pytest.mark.parametrize(
    ("story", "before", "look", "trouble", "reason", "message"),
    [
        ("condemned", memory(condemned=CONDEMNED), seen(), "", "Degraded", f"Revision {NEW} is condemned: it failed."),
        ("a name is taken", memory(), seen(foreign=TAKEN), "", "NameTaken", TAKEN[0]),
        ("a write was refused", memory(CLIMBS), seen(4, 1), "Quota is used up.", "Refused", "Quota is used up."),
    ],
)
def test_what_stalls_is_said(story: str, before: Memory, look: Seen, trouble: str, reason: str, message: str) -> None:
    """With the cause, which is never hidden behind a rollout that seems to go on."""
    found = written(before, look, trouble=trouble)
    said = conditions(found)
    assert (said["Stalled"].status, said["Stalled"].reason, said["Stalled"].message) == ("True", reason, message), story
    assert (said["Ready"].status, said["Reconciling"].status) == ("False", "False")
    assert report.trouble(found) == trouble


@pytest.mark.parametrize(
    ("story", "look", "wish", "available", "message"),
    [
        ("behind the name", seen(4), None, "True", "Users are served by 4 pods."),
        ("behind both names", seen(4, 1, weight=25), None, "True", "Users are served by 5 pods."),
        ("a canary without weight serves nobody", seen(4, 1), None, "True", "Users are served by 4 pods."),
        ("behind the canary's alone", seen(0, 4, weight=100), None, "True", "Users are served by 4 pods."),
        ("by a ratio", ratio(3, 1), RATIO, "True", "Users are served by 4 pods."),
        (
            "a pod behind both counts once",
            seen(4, weight=100, canary_service=ServiceSeen(OLD, endpoints(old=4))),
            None,
            "True",
            "Users are served by 4 pods.",
        ),
        ("nobody", seen(0), None, "False", "Users are served by 0 pods."),
        ("nobody, as asked for", seen(0), plan(replicas=0), "True", "Users are served by 0 pods."),
    ],
)
def test_whether_users_are_served(story: str, look: Seen, wish: Any, available: str, message: str) -> None:
    """By pods that they reach."""
    said = conditions(written(memory(CLIMBS), look, wish))["Available"]
    assert (said.status, said.message) == (available, message), story


def test_transition_times_move_with_the_status_only() -> None:
    """Whole seconds; the message may change at any time."""
    first = written(memory(CLIMBS), seen(4, 1, weight=25))
    older = [one.model_copy(update={"last_transition_time": 5.0}) for one in first.conditions]
    second = conditions(written(memory(), seen(), STABLE, Status(conditions=tuple(older))))
    moved = {kind: one.last_transition_time for kind, one in second.items()}
    assert (moved["Ready"], moved["Reconciling"], moved["Stalled"], moved["Available"]) == (NOW, NOW, 5.0, 5.0)


@pytest.mark.parametrize(
    ("story", "known", "status", "reason"),
    [
        ("nothing is judged", None, None, None),
        ("it was never read", begin(JUDGED.objectives, NOW - 60), "False", "NotReadYet"),
        ("an outage", evidence(9, 0).model_copy(update={"outage": "It is out."}), "False", "Outage"),
        ("nobody calls", evidence(0, 0), "True", "NoTraffic"),
        ("it is read", evidence(2000, 0), "True", "Readable"),
    ],
)
def test_whether_metrics_can_be_read(story: str, known: Any, status: str | None, reason: str | None) -> None:
    """No traffic says nothing against the metrics."""
    said = conditions(written(memory(CLIMBS, evidence=known), seen(4, 1, weight=25), JUDGED)).get("MetricsReadable")
    assert (said and said.status, said and said.reason) == (status, reason), story


@pytest.mark.parametrize(
    ("story", "route", "status", "reason"),
    [
        ("none", None, None, None),
        ("accepted", RouteSeen(0, acknowledged=True), "True", "Accepted"),
        ("not yet accepted", RouteSeen(0), "False", "Waiting"),
        ("absent", RouteSeen(None, trouble="It does not exist."), "False", "RouteUnusable"),
    ],
)
def test_whether_the_route_carries_weights(story: str, route: Any, status: str | None, reason: str | None) -> None:
    """Where there is one."""
    said = conditions(written(memory(), seen(route=route), STABLE)).get("RouteReady")
    assert (said and said.status, said and said.reason) == (status, reason), story


def test_what_others_do_is_told() -> None:
    """To our children."""
    said = conditions(written(memory(CLIMBS), seen(4, 1, weight=25, remarks=("It was edited.", "It was scaled."))))
    assert (said["ChildrenIntact"].status, said["ChildrenIntact"].message) == ("False", "It was edited. It was scaled.")


PROBLEMS = (Problem(field="spec.a", sentence="It is wrong."), Problem(field="spec.b", sentence="It is too."))


def hindered(before: Memory, previous: Status, **fields: Any) -> Status:
    """The status where the spec is no plan, or the world cannot be looked at."""
    given: dict[str, Any] = {"plan": None, "seen": None, "problems": ()} | fields
    return report.status(generation=7, memory=before, previous=previous, now=NOW, name="shop", **given)


def test_a_spec_that_is_no_plan_is_invalid_with_every_problem() -> None:
    """Also in the middle of a rollout: kstatus must not read it as in progress. The rest stands as it was."""
    before = memory(CLIMBS)
    previous = written(before, seen(4, 1, weight=25))
    found = hindered(before, previous, problems=PROBLEMS)
    said = conditions(found)
    assert (found.phase, found.weight, found.memory) == ("Invalid", previous.weight, dumped(before))
    assert [said[kind].status for kind in ("Ready", "Reconciling", "Stalled")] == ["False", "False", "True"]
    assert said["Stalled"].message == "spec.a: It is wrong. spec.b: It is too."
    assert said["Available"] == conditions(previous)["Available"]


def test_a_world_that_may_not_be_looked_at_is_unknown() -> None:
    """The phase stays what it was."""
    previous = written(memory(), seen(), STABLE)
    found = hindered(memory(), previous, trouble="Listing pods is forbidden.")
    said = conditions(found)["Ready"]
    assert (said.status, said.reason, said.message) == ("Unknown", "Refused", "Listing pods is forbidden.")
    assert found.phase == "Healthy"


def test_nothing_is_healthy_while_something_is_refused() -> None:
    """Whoever looks at the phase alone must not think that all is done."""
    found = written(memory(), seen(), STABLE, trouble="Creating HTTPRoute shop is forbidden.")
    assert (found.phase, conditions(found)["Stalled"].reason) == ("Degraded", "Refused")
    assert written(memory(), seen(), STABLE).phase == "Healthy"


def test_the_rest_is_passed_on() -> None:
    """Pointers, history, receipts and the memory itself."""
    found = written(memory(CLIMBS), seen(4, 1, weight=25))
    assert (found.stable, found.canary, found.target) == (OLD, NEW, NEW)
    assert (found.history, found.commands, found.memory) == ((), (), dumped(memory(CLIMBS)))
