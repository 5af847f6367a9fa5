"""Metrics that cannot be read: who is told, when, and how often."""

from typing import Any

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Climbing, Memory, Warming
from gracefulservice.rollout.outage import NEVER, PATIENCE, watched
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.unread import Unread

from .builders import ERRORS, NEW, NOW, evidence, memory, plan, seen

JUDGED = plan(objectives=ERRORS)
GOOD = evidence(50, 0)
OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})
UNREAD = begin(JUDGED.objectives, NOW)
CLIMBS = Climbing(canary=NEW, weight=25, observed_at=NOW - 9)
NEARLY = Unread(since=NOW - 65, waited=Stopwatch(spent=PATIENCE - 5, ticked=NOW - 5))


def climbs(known: Any = OUT, **fields: Any) -> Memory:
    """A canary at 25 %, of which nothing can be read now."""
    return memory(**({"state": CLIMBS, "evidence": known} | fields))


def reasons(found: Memory) -> list[tuple[str, bool]]:
    """What was told, and whether as a warning."""
    return [(one.reason, one.warning) for one in found.happenings]


def test_after_a_minute_it_is_told_with_the_cause_and_only_once() -> None:
    """An hour more changes nothing, not even the memory."""
    after = watched(JUDGED, climbs(unread=NEARLY), NOW)
    assert reasons(after) == [("MetricsUnreadable", True)]
    assert (
        f"1 min nobody could tell how revision {NEW} does: Prometheus does not answer." in after.happenings[0].sentence
    )
    assert watched(JUDGED, after, NOW + 3600) is after


def test_a_shorter_outage_is_nobodys_business() -> None:
    """Neither that it began, nor that it is over."""
    begun = watched(JUDGED, climbs(), NOW)
    longer = watched(JUDGED, begun, NOW + 9)
    over = watched(JUDGED, longer.but(evidence=GOOD), NOW + 10)
    assert (longer.unread.waited.spent, over.unread) == (9, NEVER)
    assert reasons(over) == []


def test_its_end_is_told_where_its_beginning_was() -> None:
    begun = watched(JUDGED, climbs(unread=NEARLY), NOW)
    assert begun.unread == Unread(since=NEARLY.since, told=True)
    over = watched(JUDGED, climbs(GOOD, unread=Unread(since=NOW - 600, told=True)), NOW)
    assert (reasons(over), over.unread) == ([("MetricsReadable", False)], NEVER)
    assert over.happenings[-1].sentence == "The metrics can be read again; they could not for 10 min."


def test_the_end_of_the_rollout_is_not_the_end_of_an_outage() -> None:
    """Nobody asks any more, so nobody knows."""
    after = watched(JUDGED, memory(unread=Unread(told=True)), NOW)
    assert (reasons(after), after.unread) == ([], NEVER)


def test_metrics_that_were_never_read_are_told_before_any_weight() -> None:
    """It waits for them at 0 %."""
    before = memory(Warming(canary=NEW), evidence=UNREAD, unread=NEARLY)
    after = decide(JUDGED, seen(4, 2), before, NOW).memory
    assert ("MetricsUnreadable", True) in reasons(after)
    assert isinstance(after.state, Warming)


def test_who_promotes_in_full_waits_for_no_metrics() -> None:
    assert reasons(watched(JUDGED, climbs(unread=NEARLY, hurry="unjudged"), NOW)) == []


def test_no_traffic_is_no_outage() -> None:
    assert watched(JUDGED, climbs(evidence(0, 0)), NOW).unread == NEVER


def test_a_new_rollout_begins_with_a_clean_slate() -> None:
    after = decide(plan("shop:3", objectives=ERRORS), seen(4, 0), memory(unread=Unread(told=True)), NOW).memory
    assert (isinstance(after.state, Warming), after.unread.told) == (True, False)
