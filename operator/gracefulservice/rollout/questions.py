"""When counters are asked for: what to ask is a decision, hence pure."""

from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.samples import SHORTEST_TICK, instant

FIRST_LOOKS = 3
"""Until two scrapes of one pod were seen nobody knows the scrape interval, so these are asked at the shortest tick."""


def due(plan: Plan, memory: Memory, now: float) -> float | None:
    """The instant (unix seconds) whose samples are wanted now; None while nothing is judged, or nothing is new.

    Instants are one tick apart and asked for one scrape late, so that every pod's sample of them is there.
    """
    evidence = memory.evidence
    if not asking(plan, memory) or evidence is None:
        return None
    at = instant(evidence.begun, tick(evidence), now)
    learned = evidence.at is not None and at <= evidence.at
    return None if learned and evidence.outage is None else at


def next_due(plan: Plan, memory: Memory, now: float) -> float | None:
    """In how many seconds there is a newer instant to ask for; None while nothing is judged."""
    if not asking(plan, memory) or memory.evidence is None:
        return None
    every = tick(memory.evidence)
    return instant(memory.evidence.begun, every, now) + 2 * every - now


def asking(plan: Plan, memory: Memory) -> bool:
    """Whether a revision is being judged, or its last requests are being counted."""
    return plan.judged and (memory.canary is not None or memory.leaving is not None)


def tick(evidence: Evidence) -> float:
    """Seconds between two instants."""
    known = evidence.interval if evidence.ticks >= FIRST_LOOKS else 0.0
    return max(known, SHORTEST_TICK)
