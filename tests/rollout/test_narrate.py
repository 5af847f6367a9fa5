"""The sentence of each moment: what a rollout does and waits for, and nothing that is not so."""

from typing import Any

import pytest

from gracefulservice.rollout.judge import begin
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
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.seen import Fleet, RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NEWER, NOW, OLD, RAMP, evidence, fleets, memory, plan, ratio, seen

RATIO = plan(weighted=False)
JUDGED = plan(objectives=ERRORS)
PAUSING = plan(canary={"steps": [{"weight": 25, "pause": "UntilResumed"}]})
GOOD = evidence(2000, 0)
OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})
UNREAD = begin(JUDGED.objectives, NOW - 60)
SCALED = (
    f"Holding 100 %: revision {NEWER} plays no part and goes first, before the Service of stable takes in the pods of "
    f"revision {NEW}: 1 pod left."
)
UNACCEPTED = "A gateway has yet to accept the route."
ABSENT = RouteSeen(None, trouble="HTTPRoute shop does not exist.")
STUCK: dict[str, Any] = {
    "fleets": fleets(old=4) | {NEW: Fleet(2, 0, 2, trouble="ImagePullBackOff")},
    "canary_service": ServiceSeen(),
}
BROKEN: dict[str, Any] = {"fleets": fleets(new=2) | {OLD: Fleet(4, 1, 4, trouble="ErrImagePull")}}
PROVEN = (
    "Good enough: 0 of 2,000 canary requests failed, stable 0 of 1,000; the share is at most 0.264 %, "
    "and up to 2 % is good enough."
)


def said(before: Memory, look: Seen, wish: Any = None) -> str:
    """The sentence."""
    return narrate(wish or plan(), look, before, NOW).sentence


def warms(warm: float = 3.0, **fields: Any) -> Memory:
    """Ready for `warm` seconds."""
    return memory(Warming(canary=NEW, warm=Stopwatch(spent=warm)), **fields)


def climbs(weight: float = 25, held: float = 0.0, observed: float | None = NOW - 9, **fields: Any) -> Memory:
    """At `weight` for `held` seconds."""
    step = 1 if weight == 50 else 2 if weight > 50 else 0
    state = Climbing(canary=NEW, weight=weight, step=step, observed_at=observed, held=Stopwatch(spent=held))
    return memory(state, **fields)


def bakes(baked: float = 4.0, **fields: Any) -> Memory:
    """At 100 % for `baked` seconds."""
    return memory(Baking(canary=NEW, baked=Stopwatch(spent=baked)), **fields)


@pytest.mark.parametrize(
    ("before", "look", "wish", "sentence"),
    [
        (memory(), seen(), plan("shop:1"), f"Revision {OLD} serves everybody with 4 of 4 pods ready."),
        (
            memory(),
            seen(**BROKEN),
            plan("shop:1"),
            f"Revision {OLD} serves everybody with 1 of 4 pods ready (ErrImagePull).",
        ),
        (
            memory(),
            seen(0),
            plan("shop:1", replicas=0),
            f"Revision {OLD} is stable with 0 replicas, so nobody is served.",
        ),
        (memory(), seen(), None, f"Revision {NEW} waits to start."),
        (
            memory(condemned={NEW: "it failed."}),
            seen(),
            None,
            f"Revision {NEW} is condemned and {OLD} serves everybody: it failed.",
        ),
        (memory(Founding(revision=NEW)), seen(4, 2), None, f"Revision {NEW} starts with 2 of 4 pods ready."),
        (
            memory(Founding(revision=NEW)),
            seen(**STUCK),
            None,
            f"Revision {NEW} starts with 0 of 4 pods ready (ImagePullBackOff).",
        ),
    ],
)
def test_at_rest(before: Memory, look: Seen, wish: Any, sentence: str) -> None:
    """Who serves, and why nobody else does."""
    assert said(before, look, wish) == sentence


@pytest.mark.parametrize(
    ("before", "look", "wish", "sentence"),
    [
        (warms(paused="somebody paused it."), seen(4, 1), None, "Paused at 0 %: somebody paused it."),
        (warms(), seen(4, 1, route=ABSENT), None, "Holding 0 %: HTTPRoute shop does not exist."),
        (warms(), seen(4, 1, route=RouteSeen(0)), None, f"Holding 0 %: {UNACCEPTED}"),
        (warms(), seen(**STUCK), None, f"Holding 0 %: revision {NEW} has 0 of 1 pod ready (ImagePullBackOff)."),
        (warms(1.0), seen(4, 1), None, f"Revision {NEW} warms up for 2 s more."),
        (warms(evidence=OUT), seen(4, 1), JUDGED, "Holding 0 %: Prometheus does not answer."),
        (warms(evidence=UNREAD), seen(4, 1), JUDGED, "Holding 0 %: The metrics have not been read yet."),
        (
            warms(evidence=evidence(0, 0, stable=0, weight=0)),
            seen(4, 2),
            plan(canary=RAMP, objectives=ERRORS),
            "Holding 0 %: No request has been counted in the last minute.",
        ),
        (warms(), seen(4, 1), None, f"Revision {NEW} gets its first requests."),
    ],
)
def test_before_the_first_request(before: Memory, look: Seen, wish: Any, sentence: str) -> None:
    """What the first weight waits for."""
    assert said(before, look, wish) == sentence


@pytest.mark.parametrize(
    ("before", "look", "wish", "sentence"),
    [
        (climbs(paused="somebody paused it."), seen(4, 1, weight=25), None, "Paused at 25 %: somebody paused it."),
        (
            climbs(50, observed=None, paused="somebody paused it."),
            seen(4, 2, weight=25),
            None,
            "Paused at 25 %: somebody paused it.",
        ),
        (climbs(), seen(4, 1, route=ABSENT), None, "Holding: HTTPRoute shop does not exist."),
        (climbs(50), seen(4, 1, weight=25), None, f"Holding 25 %: revision {NEW} has 1 of 2 pods ready."),
        (climbs(50), seen(4, 2, weight=25), None, "Going to 50 %: the routers have not taken it over yet."),
        (climbs(25), ratio(4, 1), RATIO, f"Going to 25 %: revision {OLD} has 4 pods ready and 3 belong beside it."),
        (climbs(held=1), seen(4, 1, weight=25), None, "Holding 25 % for 4 s more."),
        (climbs(held=1, evidence=GOOD), seen(4, 1, weight=25), JUDGED, f"Holding 25 % for 4 s more: {PROVEN}"),
        (climbs(held=9), seen(4, 1, weight=25), PAUSING, "Paused at 25 % until somebody resumes."),
        (climbs(held=9, evidence=OUT), seen(4, 1, weight=25), JUDGED, "Holding 25 %: Prometheus does not answer."),
        (climbs(100, held=9), seen(4, 4, weight=100), None, "Holding 100 %."),
    ],
)
def test_on_the_way_up(before: Memory, look: Seen, wish: Any, sentence: str) -> None:
    """The first thing that keeps the canary where it is."""
    assert said(before, look, wish) == sentence


@pytest.mark.parametrize(
    ("before", "look", "wish", "sentence"),
    [
        (bakes(paused="somebody paused it."), seen(4, 4, weight=100), None, "Paused at 100 %: somebody paused it."),
        (bakes(), seen(4, 3, weight=100), None, f"Holding 100 %: revision {NEW} has 3 of 4 pods ready."),
        (bakes(), seen(4, 4, route=ABSENT), None, "Holding: HTTPRoute shop does not exist."),
        (bakes(), seen(4, 4, route=RouteSeen(100)), None, "Going to 100 %: the routers have not taken it over yet."),
        (bakes(), ratio(1, 4), RATIO, f"Going to 100 %: revision {OLD} has 1 pod ready and 0 belong beside it."),
        (bakes(evidence=OUT), seen(4, 4, weight=100), JUDGED, "Holding 100 %: Prometheus does not answer."),
        (
            bakes(evidence=evidence(0, 0, stable=0)),
            seen(4, 4, weight=100),
            JUDGED,
            "Holding 100 %: No request has been counted in the last minute.",
        ),
        (bakes(), seen(4, 4, weight=100), None, "Baking at 100 % for 6 s more."),
        (bakes(evidence=GOOD), seen(4, 4, weight=100), JUDGED, f"Baking at 100 % for 6 s more: {PROVEN}"),
        (memory(Widening(canary=NEW), paused="x."), seen(4, 4, weight=100), None, "Paused at 100 %: x."),
        (
            memory(Widening(canary=NEW)),
            seen(4, 4, weight=100),
            None,
            f"The Service of stable takes in the pods of revision {NEW}: it has 0 of 4 pods there.",
        ),
        (memory(Widening(canary=NEW)), seen(4, 4, route=RouteSeen(100)), None, f"Holding 100 %: {UNACCEPTED}"),
        (memory(Widening(canary=NEW)), seen(4, 4, route=ABSENT), None, f"Holding 100 %: {ABSENT.trouble}"),
        (
            memory(Widening(canary=NEW)),
            seen(4, 4, weight=100, fleets=fleets(old=4, new=4, newer=1)),
            None,
            SCALED,
        ),
    ],
)
def test_at_100_percent(before: Memory, look: Seen, wish: Any, sentence: str) -> None:
    """A bake that does not run says why."""
    assert said(before, look, wish) == sentence


BACK = memory(TurningBack(leaving=NEW))
NARROWS = f"Revision {OLD} leaves the Service of stable."
RETURNS = "The weight returns from the canary's Service to that of stable."
LOST = (
    f"Revision {NEW} stops: 1 pod left. The time to stop is over for pod shop-b2-x1 on node w2, so that node may be "
    "lost: a minute later nobody waits for it any more."
)
STAYS = Fleet(0, 0, 1, overdue=("pod shop-b2-x1 on node w2",))
GOING = f"All traffic goes back from revision {NEW} to {OLD}"


@pytest.mark.parametrize(
    ("before", "look", "wish", "sentence"),
    [
        (memory(Narrowing(leaving=OLD)), seen(), None, NARROWS),
        (memory(Returning(leaving=OLD)), seen(), None, RETURNS),
        (memory(Narrowing(leaving=OLD)), seen(route=ABSENT), None, f"{NARROWS} {ABSENT.trouble}"),
        (memory(Narrowing(leaving=OLD)), seen(route=RouteSeen(100)), None, f"{NARROWS} {UNACCEPTED}"),
        (memory(Returning(leaving=OLD)), seen(route=ABSENT), None, f"{RETURNS} {ABSENT.trouble}"),
        (memory(Returning(leaving=OLD)), seen(route=RouteSeen(0)), None, f"{RETURNS} {UNACCEPTED}"),
        (BACK, seen(4, 2, route=ABSENT), None, f"{GOING}. {ABSENT.trouble}"),
        (BACK, seen(4, 2, route=RouteSeen(0)), None, f"{GOING}. {UNACCEPTED}"),
        (BACK, seen(4, 2, weight=25), None, f"{GOING}."),
        (BACK, seen(1, 2, weight=25), None, f"{GOING}."),
        (
            BACK,
            seen(0, 2, weight=25, **BROKEN),
            None,
            f"{GOING} once that can carry it: it has 1 of 4 pods ready (ErrImagePull).",
        ),
        (
            BACK,
            ratio(3, 1),
            RATIO,
            f"{GOING} once that can carry it: it has 3 of 4 pods ready.",
        ),
        (BACK, ratio(4, 1), RATIO, f"{GOING}."),
        (memory(Clearing(leaving=NEW)), seen(4, 1), None, f"Revision {NEW} stops: 1 pod left."),
        (
            memory(Clearing(leaving=NEW)),
            seen(4, fleets=fleets(old=4) | {NEW: STAYS}),
            None,
            LOST,
        ),
        (
            memory(Idle()),
            seen(deleting=True),
            None,
            "The service is being deleted: its traffic goes back to stable first.",
        ),
    ],
)
def test_on_the_way_out(before: Memory, look: Seen, wish: Any, sentence: str) -> None:
    """Who leaves, and what for."""
    assert said(before, look, wish) == sentence


@pytest.mark.parametrize(
    ("story", "before", "look", "left"),
    [
        ("a warm-up", warms(1.0), seen(4, 1), 2.0),
        ("a hold", climbs(held=1), seen(4, 1, weight=25), 4.0),
        ("a bake", bakes(4.0), seen(4, 4, weight=100), 6.0),
        ("a bake that does not run", bakes(4.0), seen(4, 4, route=RouteSeen(100)), None),
        ("a drain without counters", memory(Draining(leaving=NEW, waited=Stopwatch(spent=4))), seen(4, 1), 6.0),
        ("a drain with them", memory(Draining(leaving=NEW), evidence=GOOD), seen(4, 1), 60.0),
        ("a drain that is overdue", memory(Draining(leaving=NEW, waited=Stopwatch(spent=14))), seen(4, 1), 0.0),
        ("a pause", climbs(paused="x"), seen(4, 1, weight=25), None),
    ],
)
def test_what_ends_by_itself_says_when(story: str, before: Memory, look: Seen, left: float | None) -> None:
    """In seconds from now."""
    assert narrate(plan(), look, before, NOW).left == left, story
