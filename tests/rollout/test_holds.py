"""What holds a rollout: read from the status that the heart itself has written for it."""

from typing import Any

import pytest

from gracefulservice.api import Status
from gracefulservice.rollout.holds import SIGNS, Hold, holds
from gracefulservice.rollout.memory import Climbing, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.share import Share
from gracefulservice.rollout.uncounted import Mark, Uncounted
from gracefulservice.rollout.withdrawn import Withdrawn

from .builders import ERRORS, NEW, NOW, evidence, memory, plan, seen, written

JUDGED = plan(objectives=ERRORS)
GOOD, SILENT = evidence(2000, 0), evidence(0, 0)
OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})
LOST = Uncounted(
    begun=NOW - 60,
    since=NOW - 60,
    base=0.0,
    newest={"a/0": 90.0},
    failed=90.0,
    recent=(Mark(NOW - 50, 0.0), Mark(NOW - 30, 90.0)),
)
BASE: dict[str, Any] = {"canary": NEW, "weight": 25.0, "since": NOW - 60, "total": 1240.0}
SURE = (9.0,) * 3
NOTHING, LITTLE = Share(**BASE, requests=1, starved=SURE), Share(**BASE, requests=10, starved=SURE)
TOO_MUCH = Share(**BASE, requests=1000, flooded=SURE)
WRITTEN = Rewrites(by="argocd", times=1, asserting=True, sentence="It was set.")
HELD = Rewrites(by="argocd", times=2, holds=True, sentence="It was set again.")
TAKEN_BACK = Withdrawn(times=1, sentence="The weight is 0 again.")
CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 60)


def climbs(**fields: Any) -> Memory:
    """A good canary at an observed 25 %, about which a row says more."""
    return memory(**({"state": CLIMBS, "evidence": GOOD} | fields))


def read(before: Memory) -> Status:
    """The status that is written of it, a minute after one that said the same."""
    look = seen(4, 4, weight=25)
    first = written(before, look, JUDGED)
    earlier = [one.model_copy(update={"last_transition_time": NOW - 60}) for one in first.conditions]
    return written(before, look, JUDGED, Status(conditions=tuple(earlier)))


SINCE, UNSAID = NOW - 60, None
CASES: dict[str, tuple[Memory, dict[Hold, float | None]]] = {
    "nothing": (climbs(), {}),
    "an outage": (climbs(evidence=OUT), {Hold.METRICS_UNREADABLE: SINCE}),
    "nobody calls": (climbs(evidence=SILENT), {Hold.NO_TRAFFIC: UNSAID}),
    "lost at the gateway": (climbs(uncounted=LOST), {Hold.LOST_AT_GATEWAY: SINCE}),
    "a weight written by somebody once": (climbs(rewrites=WRITTEN), {}),
    "and once more": (climbs(rewrites=HELD), {Hold.WEIGHT_CONTESTED: UNSAID}),
    "a weight of which nothing arrives": (climbs(share=NOTHING), {Hold.WEIGHT_WITHOUT_EFFECT: UNSAID}),
    "of which a little arrives, which is only told": (climbs(share=LITTLE), {}),
    "of which too much arrives": (climbs(share=TOO_MUCH), {Hold.WEIGHT_WITHOUT_EFFECT: UNSAID}),
    "that was withdrawn": (
        climbs(state=Warming(canary=NEW), withdrawn=TAKEN_BACK),
        {Hold.WEIGHT_WITHOUT_EFFECT: UNSAID},
    ),
    "a pause": (climbs(paused="ann paused it."), {Hold.PAUSED: UNSAID}),
    "a pause in an outage": (
        climbs(paused="ann paused it.", evidence=OUT),
        {Hold.METRICS_UNREADABLE: SINCE, Hold.PAUSED: UNSAID},
    ),
    "somebody promotes: the judge still counts": (
        climbs(hurry="judged", rewrites=HELD, share=NOTHING, evidence=OUT),
        {Hold.METRICS_UNREADABLE: SINCE},
    ),
    "somebody promotes in full": (climbs(hurry="unjudged", rewrites=HELD, share=NOTHING, evidence=OUT), {}),
    "it turns back": (climbs(state=TurningBack(leaving=NEW), evidence=OUT, share=NOTHING), {}),
    "at rest": (memory(Idle(), evidence=OUT), {}),
}


@pytest.mark.parametrize(("before", "expected"), CASES.values(), ids=CASES)
def test_what_holds_a_rollout(before: Memory, expected: dict[Hold, float | None]) -> None:
    """With the time at which its condition began, where that is the time of the hold as well."""
    assert holds(read(before)) == expected


def test_every_hold_is_found_somewhere() -> None:
    """So that no sign speaks of a condition or a reason which nobody writes any more."""
    assert {hold for _, found in CASES.values() for hold in found} == set(Hold)
    assert {*SIGNS, Hold.PAUSED} == set(Hold)
