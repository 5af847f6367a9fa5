"""When counters are asked for: what to ask is a decision, hence pure."""

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
    if not plan.judged or evidence is None or (memory.canary is None and memory.leaving is None):
        return None
    known = evidence.interval if evidence.ticks >= FIRST_LOOKS else 0.0
    at = instant(evidence.begun, max(known, SHORTEST_TICK), now)
    learned = evidence.at is not None and at <= evidence.at
    return None if learned and evidence.outage is None else at
