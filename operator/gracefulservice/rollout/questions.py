"""When counters are asked for: what to ask is a decision, hence pure."""

from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.samples import SHORTEST_TICK, instant

FIRST_LOOKS = 3
"""Until two scrapes of one pod were seen nobody knows the scrape interval, so these are asked at the shortest tick."""


LEAVING_TICK = 2.5
"""Seconds between two instants while a revision leaves: half a scrape interval, so that no scrape is seen late."""


def due(plan: Plan, memory: Memory, now: float) -> float | None:
    """The instant (unix seconds) whose samples are wanted now; None while nothing is judged, or nothing is new.

    Instants are one tick apart and asked for one scrape late, so that every pod's sample of them is there. While a
    revision leaves, nothing is judged any more, and the newest sample of each pod counts: then the instant is now.
    """
    evidence = memory.evidence
    if not asking(plan, memory) or evidence is None:
        return None
    if memory.leaving is not None:
        return now if evidence.at is None or now - evidence.at >= LEAVING_TICK else None
    at = instant(evidence.begun, tick(evidence), now)
    learned = evidence.at is not None and at <= evidence.at
    return None if learned and evidence.outage is None else at


def next_due(plan: Plan, memory: Memory, now: float) -> float | None:
    """In how many seconds there is a newer instant to ask for; None while nothing is judged."""
    evidence = memory.evidence
    if not asking(plan, memory) or evidence is None:
        return None
    if memory.leaving is not None:
        wait = LEAVING_TICK if evidence.at is None else evidence.at + LEAVING_TICK - now
        return wait if wait > 0 else LEAVING_TICK  # an instant that is overdue was asked for in this look, in vain
    every = tick(evidence)
    return instant(evidence.begun, every, now) + 2 * every - now


def asking(plan: Plan, memory: Memory) -> bool:
    """Whether a revision is being judged, or its last requests are being counted."""
    return plan.judged and (memory.canary is not None or memory.leaving is not None)


def tick(evidence: Evidence) -> float:
    """Seconds between two instants."""
    known = evidence.interval if evidence.ticks >= FIRST_LOOKS else 0.0
    return max(known, SHORTEST_TICK)
