"""What is watched at which weight, when it is told, what it holds, and what the condition says."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.effect import aspect, fresh_calls, held, turned, watched, weight_expected
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Idle,
    Memory,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.seen import RouteSeen, Seen
from gracefulservice.rollout.share import Share
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, OLD, evidence, memory, plan, ratio, seen, written

JUDGED = plan(objectives=ERRORS)
GOOD = evidence(2000, 0)
SURE, NONE = (9.0,) * 3, ()
BASE = {"canary": NEW, "weight": 25.0, "since": 43_200.0, "total": 1240.0}
REACHED = Share(**BASE, requests=300, reached=SURE)
NOTHING = Share(**BASE, requests=1, starved=SURE)
LITTLE = Share(**BASE, requests=10, starved=SURE)
FLOODED = Share(**BASE, requests=1000, flooded=SURE)
OPEN = Share(**BASE, requests=3)


def climbs(share: Share | None = None, **fields: Any) -> Memory:
    """A canary at an observed 25 % that has held long enough and is proven good."""
    state = Climbing(canary=NEW, weight=25, observed_at=NOW - 60, held=Stopwatch(spent=9))
    return memory(state, share=share, **({"evidence": GOOD} | fields))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Idle(), None),
        (Warming(canary=NEW), (NEW, 0)),
        (Climbing(canary=NEW, weight=25), (NEW, 25)),
        (Baking(canary=NEW), (NEW, 100)),
        (Widening(canary=NEW), None),
        (TurningBack(leaving=NEW), (NEW, 0)),
        (Draining(leaving=NEW), (NEW, 0)),
        (Clearing(leaving=NEW), (NEW, 0)),
        (Draining(leaving=OLD), None),
    ],
)
def test_what_only_the_route_can_give(state: Any, expected: Any) -> None:
    """After a rollback nothing; an old revision that leaves may still have callers in the cluster."""
    assert weight_expected(memory(state, share=REACHED)) == expected


@pytest.mark.parametrize(
    ("story", "look", "since"),
    [
        ("it is there", seen(4, 1, weight=25), NOW),
        ("not acknowledged", seen(4, 1, route=RouteSeen(25)), None),
        ("another weight is there", seen(4, 1, weight=30), None),
        ("the route is gone", seen(4, 1, route=RouteSeen(None)), None),
        ("nobody else serves", seen(0, 1, weight=25), None),
    ],
)
def test_a_weight_is_watched_from_the_moment_it_is_observed(story: str, look: Seen, since: float | None) -> None:
    """And anew whenever it was not."""
    found = watched(JUDGED, look, climbs(), NOW).share
    assert found is not None
    assert found.since == since, story
    again = watched(JUDGED, look, climbs(REACHED), NOW).share
    assert again is not None
    assert (again.since, again.total) == ((BASE["since"], 1240) if since else (None, 0)), story


def test_another_weight_begins_anew_and_remembers_strangers() -> None:
    """What came without any weight comes on beside every later one."""
    look = seen(4, 2, weight=50)
    for before, touched in ((REACHED, False), (Share(canary=NEW, weight=0, since=1, requests=3, total=9), True)):
        state = Climbing(canary=NEW, weight=50)
        found = watched(JUDGED, look, memory(state, share=before, evidence=GOOD), NOW).share
        assert found is not None
        assert (found.weight, found.total, found.touched) == (50, 0, touched)
        other = watched(JUDGED, look, memory(state, share=before.model_copy(update={"canary": OLD})), NOW).share
        assert other is not None
        assert not other.touched


def test_by_a_replica_ratio_nothing_is_watched() -> None:
    """Pods are the weight."""
    wish = plan(weighted=False, objectives=ERRORS)
    assert watched(wish, ratio(3, 1), climbs(REACHED), NOW).share is None
    assert aspect(wish, climbs(REACHED)) is None
    untouched = climbs()
    assert watched(wish, ratio(3, 1), untouched, NOW) is untouched


def test_a_look_counts_only_when_every_pod_is_known_up_to_then() -> None:
    """A pod that is scraped late brings its requests with a later look."""
    assert fresh_calls(JUDGED, GOOD) == {NEW: 2000, OLD: 1000}
    assert fresh_calls(JUDGED, GOOD.model_copy(update={"calls": {}})) is None
    assert fresh_calls(JUDGED, GOOD.model_copy(update={"at": NOW + 10})) is None


@pytest.mark.parametrize(
    ("share", "alarmed", "reason"),
    [
        (OPEN, False, None),
        (REACHED, False, None),
        (NOTHING, False, "WeightNotEffective"),
        (FLOODED, False, "WeightNotEffective"),
        (NOTHING, True, None),
        (OPEN, True, None),
        (REACHED, True, "WeightEffective"),
    ],
)
def test_it_is_told_when_an_effect_is_missing_and_when_it_returns(share: Share, alarmed: bool, reason: Any) -> None:
    """Once each; a good rollout tells nothing."""
    share = share.model_copy(update={"alarmed": alarmed})
    after = turned(climbs(), share, NOW)
    assert [one.reason for one in after.happenings] == ([reason] if reason else [])
    assert after.share is not None
    assert after.share.alarmed is (alarmed is not bool(reason))
    assert turned(memory(Warming(canary=NEW)), share, NOW).happenings == ()


@pytest.mark.parametrize(
    ("share", "goes"), [(None, True), (OPEN, True), (REACHED, True), (LITTLE, True), (NOTHING, False), (FLOODED, False)]
)
def test_a_climb_goes_on_only_while_nothing_speaks_against_its_weight(share: Any, goes: bool) -> None:
    """What may be callers inside the cluster is told and holds nothing."""
    look = seen(4, 1, weight=25)
    before = climbs(share)
    after = decide(JUDGED, look, before, NOW).memory
    assert (after.state.kind == "Climbing" and after.state.weight == 50) is goes
    assert bool(held(before)) is not goes
    said = narrate(JUDGED, look, after, NOW).sentence
    assert said.startswith("Holding 25 %: Weight 25 % wanted, ") is not goes


@pytest.mark.parametrize(("hurry", "kind"), [("", "Baking"), ("judged", "Baking"), ("unjudged", "Widening")])
def test_a_bake_does_not_count_without_effect_unless_somebody_insists(hurry: Any, kind: str) -> None:
    """Nobody was served by what would be promoted."""
    share = NOTHING.model_copy(update={"weight": 100.0})
    state = Baking(canary=NEW, baked=Stopwatch(spent=99))
    before = memory(state, share=share, evidence=GOOD, hurry=hurry)
    after = decide(JUDGED, seen(4, 4, weight=100), before, NOW).memory
    assert after.state.kind == kind
    if kind == "Baking":
        assert narrate(JUDGED, seen(4, 4, weight=100), after, NOW).sentence.startswith("Holding 100 %: Weight 100 %")


@pytest.mark.parametrize(
    ("share", "status", "reason", "words"),
    [
        (REACHED, "True", "Effective", f"300 of 1,240 requests reached revision {NEW} (24.2 %) since 12:00:00 UTC."),
        (NOTHING, "False", "NoEffect", f"1 of 1,240 requests reached revision {NEW} (0.1 %) since 12:00:00 UTC: the "),
        (LITTLE, "False", "LittleEffect", f"or most callers pass it by and use the Service of {OLD} directly."),
        (FLOODED, "False", "MoreThanWanted", "a gateway sends it more than the route says"),
        (OPEN, "Unknown", "Counting", "too few to tell"),
        (OPEN.model_copy(update={"since": None}), "Unknown", "Counting", "Weight 25 % wanted, not observed yet."),
    ],
)
def test_the_condition_says_what_was_counted(share: Share, status: str, reason: str, words: str) -> None:
    """Wanted, arrived, since when, and what that means."""
    said = condition(climbs(share), JUDGED)
    assert said is not None
    assert (said.status, said.reason) == (status, reason)
    assert words in said.message


def condition(before: Memory, wish: Any) -> Any:
    """The condition `WeightEffective`, or None."""
    found = written(before, seen(4, 1, weight=25), wish).conditions
    return next((one for one in found if one.type == "WeightEffective"), None)


@pytest.mark.parametrize(
    ("state", "share", "wish", "status"),
    [
        (Warming(canary=NEW), FLOODED, JUDGED, None),
        (Climbing(canary=NEW, weight=25), None, JUDGED, None),
        (TurningBack(leaving=NEW), OPEN, JUDGED, None),
        (TurningBack(leaving=NEW), FLOODED, JUDGED, "False"),
        (Climbing(canary=NEW, weight=25), None, plan(), "Unknown"),
        (TurningBack(leaving=NEW), None, plan(), None),
        (Idle(), None, plan(), None),
    ],
)
def test_the_condition_stands_only_where_it_has_something_to_say(
    state: Any, share: Any, wish: Any, status: Any
) -> None:
    """At rest and before any weight it is not there; after a rollback only when requests still come."""
    said = condition(memory(state, share=share), wish)
    assert (said and said.status) == status
