"""When counters are asked for: what to ask is a decision, hence pure."""

from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.samples import SHORTEST_TICK, instant


def due(plan: Plan, memory: Memory, now: float) -> float | None:
    """The instant (unix seconds) whose samples are wanted now; None while nothing is judged, or nothing is new.

    Instants are one tick apart and asked for one scrape late, so that every pod's sample of them is there.
    """
    evidence = memory.evidence
    if not plan.judged or evidence is None or (memory.canary is None and memory.leaving is None):
        return None
    at = instant(evidence.begun, max(evidence.interval, SHORTEST_TICK), now)
    learned = evidence.at is not None and at <= evidence.at
    return None if learned and evidence.outage is None else at
