"""Memory: watches that run only while somebody looks, waiting for pods, and the way through status and back."""

import json
from typing import Any

import pytest

from gracefulservice.api import Receipt, Status
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Founding,
    Idle,
    Memory,
    Narrowing,
    Returning,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.recall import FORMAT, dumped, remembered, unknown
from gracefulservice.rollout.stopwatch import Progress, Stopwatch
from gracefulservice.rollout.uncounted import Mark, Uncounted
from gracefulservice.rollout.unread import Unread

from .builders import ERRORS, NEW, NOW, OLD, evidence, memory, plan

RUNNING = Stopwatch(spent=7.0, ticked=NOW)


@pytest.mark.parametrize(
    ("story", "watch", "spent"),
    [
        ("the first look only starts it", Stopwatch().run(NOW), 0.0),
        ("a second look 2.5 s later counts them", Stopwatch().run(NOW).run(NOW + 2.5), 2.5),
        ("an hour without an operator counts 10 s", Stopwatch().run(NOW).run(NOW + 3600), 10.0),
        ("a clock that goes back counts nothing", Stopwatch().run(NOW).run(NOW - 60), 0.0),
        ("what was spent before a stop stays", Stopwatch().run(NOW).run(NOW + 2).stop(), 2.0),
        ("the time between a stop and the next look counts nothing", RUNNING.stop().run(NOW + 9), 7.0),
        ("a watch that stands still can be stopped again", RUNNING.stop().stop(), 7.0),
    ],
)
def test_a_stopwatch_counts_what_somebody_saw(story: str, watch: Stopwatch, spent: float) -> None:
    """Downtime of the operator is nobody's waiting."""
    assert watch.spent == spent, story


@pytest.mark.parametrize(
    ("story", "looks", "waited"),
    [
        ("pods that never come are waited for", [(0, 0), (5, 0), (10, 0)], 10.0),
        ("a further ready pod starts the waiting anew", [(0, 0), (8, 0), (16, 1), (20, 1)], 4.0),
        ("all pods ready end the waiting", [(0, 0), (8, 4)], 0.0),
        ("a pod that is lost again is no further one", [(0, 2), (5, 1), (10, 2)], 10.0),
        ("pods lost after all were ready start a new wait", [(0, 4), (5, 2), (10, 2)], 5.0),
        ("in a new wait a further ready pod counts again", [(0, 4), (5, 1), (13, 1), (21, 2), (23, 2)], 2.0),
        ("ten minutes without an operator count 10 s", [(0, 1), (600, 1)], 10.0),
    ],
)
def test_progress_waits_for_each_pod(story: str, looks: list[tuple[float, int]], waited: float) -> None:
    """Each row: at which second how many of 4 pods are ready, and how long the last look has waited."""
    progress = Progress()
    for second, ready in looks:
        progress = progress.watch(4, ready, NOW + second)
    assert progress.waiting.spent == waited, story


STATES: list[Any] = [
    Idle(),
    Founding(revision=NEW),
    Warming(canary=NEW, progress=Progress(ready=1, waiting=RUNNING), warm=RUNNING),
    Climbing(canary=NEW, weight=12.5, step=1, progress=Progress(ready=2), observed_at=NOW, held=RUNNING, resumed=True),
    Baking(canary=NEW, baked=RUNNING),
    Widening(canary=NEW, progress=Progress(ready=4), visible=RUNNING),
    Narrowing(leaving=OLD),
    Returning(leaving=OLD),
    TurningBack(leaving=NEW),
    Draining(leaving=NEW, since=NOW, waited=RUNNING),
    Clearing(leaving=NEW),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.kind)
def test_every_state_survives_its_way_through_status(state: Any) -> None:
    """What a restarted operator reads is what the one before it wrote."""
    receipt = Receipt(id="1", do="abort", result="Done", sentence="It is done.", time=NOW)
    before = memory(
        state,
        paused="somebody paused it.",
        hurry="judged",
        wished=NEW,
        blind=RUNNING,
        unread=Unread(since=NOW, waited=RUNNING),
        uncounted=Uncounted(begun=NOW, since=NOW, base=1.0, newest={"a/0": 3.0}, recent=(Mark(NOW, 2.0),)),
        condemned={NEW: "it failed."},
        frozen={"rollout": {"bake": "10s"}, "traffic": {}},
        evidence=evidence(50, 2),
        receipts=(receipt,),
    )
    before = told(before, Reason.PAUSED, "It pauses.", NOW)
    written = json.loads(json.dumps(dumped(before)))
    status = Status.model_validate({"memory": written, "commands": [receipt.model_dump(mode="json", by_alias=True)]})
    assert remembered(status) == before


NUMBER = {"format": FORMAT}


@pytest.mark.parametrize(
    ("story", "memory", "why"),
    [
        ("a format that is not known yet", {"format": FORMAT + 1}, f"its format is {FORMAT + 1}"),
        ("a format that is no number", {"format": "two"}, "its format is two"),
        ("a field that is not known yet", NUMBER | {"mood": "calm"}, "its field mood is"),
        (
            "one within the state",
            NUMBER | {"state": {"kind": "Climbing", "canary": NEW, "weight": 25, "lane": 2}},
            "its field state.lane",
        ),
        (
            "one within a list",
            NUMBER | {"happenings": [{"id": 1, "reason": "Paused", "sentence": "It pauses.", "at": 1, "tone": "low"}]},
            "its field happenings.tone",
        ),
        (
            "one within the evidence",
            NUMBER | {"evidence": {"begun": 1.0, "sureness": 3}},
            "its field evidence.sureness",
        ),
        ("a state that is not known yet", NUMBER | {"state": {"kind": "Flying"}}, "Flying"),
        ("a spec that is no JSON", NUMBER | {"frozen": "{"}, "frozen"),
    ],
)
def test_what_a_newer_version_remembers_is_not_half_understood(story: str, memory: dict[str, Any], why: str) -> None:
    """What is not known here would be lost by the next write, so nothing is read at all."""
    with pytest.raises(ValueError, match=why):
        remembered(Status.model_validate({"memory": memory}))


def test_what_an_older_version_remembered_is_read_without_what_is_gone() -> None:
    """A field that only it knew, and the spec as it wrote it."""
    old = {"stable": OLD, "frozen": {"rollout": {"bake": "10s"}}, "mood": "calm"}
    assert remembered(Status.model_validate({"memory": old})) == Memory(stable=OLD, frozen=old["frozen"])


def test_all_that_is_written_is_known() -> None:
    """Every field, also those that stand at their default elsewhere, comes back under the number of the format."""
    before = memory(STATES[3], evidence=evidence(50, 2), carried=0.5, condemned={NEW: "it failed."})
    written = dumped(before)
    assert written["format"] == FORMAT
    assert unknown({**written, "format": {}}, {**before.model_dump(mode="json", by_alias=True), "format": {}}) == ""
    assert remembered(Status.model_validate({"memory": written})) == before


def test_a_service_without_status_remembers_nothing() -> None:
    """The first look at a new object."""
    assert remembered(Status()) == Memory()


@pytest.mark.parametrize(
    ("state", "canary", "leaving"),
    [
        (Idle(), None, None),
        (Founding(revision=NEW), None, None),
        (Warming(canary=NEW), NEW, None),
        (Climbing(canary=NEW, weight=25), NEW, None),
        (Baking(canary=NEW), NEW, None),
        (Widening(canary=NEW), NEW, None),
        (Narrowing(leaving=OLD), None, OLD),
        (Returning(leaving=OLD), None, OLD),
        (TurningBack(leaving=NEW), None, NEW),
        (Draining(leaving=NEW), None, NEW),
        (Clearing(leaving=NEW), None, NEW),
    ],
)
def test_a_revision_is_a_canary_until_the_pointer_moves(state: Any, canary: str | None, leaving: str | None) -> None:
    """From then on, and on the way back, a revision is leaving."""
    assert (memory(state).canary, memory(state).leaving) == (canary, leaving)


def test_the_newest_happenings_are_kept_with_rising_ids() -> None:
    """Told or not, twenty are enough; an id is never used twice."""
    found = memory(told=40)
    for count in range(25):
        found = told(found, Reason.PAUSED, f"{count}", NOW)
    assert [one.id for one in found.happenings] == list(range(46, 66))


def test_objectives_are_named_in_memory_as_in_the_plan() -> None:
    """The evidence of the builders is about the objectives of the plan, so that tables judge what they mean."""
    assert set(evidence(1, 0).tallies) == {one.name for one in plan(objectives=ERRORS).objectives}


def test_what_an_older_operator_wrote_is_read_in_its_meaning() -> None:
    """Format 1: `trusted` had another name, and all proxies of a gateway one number, so each is met anew."""
    before = {"format": 1, "stable": OLD, "known": True, "state": {"kind": "Idle"}}
    counted = {"begun": NOW, "since": NOW, "base": 1.0, "newest": 123.0, "failed": 7.0}
    found = remembered(Status(memory=before | {"uncounted": counted}))
    assert (found.stable, found.trusted) == (OLD, True)
    assert found.uncounted is not None
    assert (found.uncounted.newest, found.uncounted.failed) == ({}, 7.0)
    assert not remembered(Status(memory={"format": 1, "stable": OLD, "uncounted": None})).trusted
