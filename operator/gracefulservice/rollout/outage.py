"""Metrics that cannot be read are told once that has lasted, however long it goes on, and again when it is over."""

from gracefulservice.rollout import figures
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judging import unreadable
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.unread import Unread

PATIENCE = 60.0
"""Seconds without anything to read that nobody is told of: a Prometheus that is being replaced is back by then."""
NEVER = Unread()


def watched(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory` after this look; where somebody promoted in full, nobody waits for metrics."""
    known, why = memory.unread, "" if memory.hurry == "unjudged" else unreadable(plan, memory, now)
    if not why:
        after = memory if known == NEVER else memory.but(unread=NEVER)
        return told(after, Reason.METRICS_READABLE, back(known, now), now) if known.told and memory.canary else after
    if known.told:
        return memory
    since = round(now, 3) if known.since is None else known.since
    waited = known.waited.run(now)
    if waited.spent < PATIENCE:
        return memory.but(unread=Unread(since=since, waited=waited))
    sentence = f"For {figures.span(waited.spent)} nobody could tell how revision {memory.canary} does: {why}"
    after = memory.but(unread=Unread(since=since, told=True))
    return told(after, Reason.METRICS_UNREADABLE, sentence, now, warning=True)


def back(known: Unread, now: float) -> str:
    """How long it was, an operator that was away included."""
    lasted = f"; they could not for {figures.span(now - known.since)}" if known.since else ""
    return f"The metrics can be read again{lasted}."
