"""When counters are asked for: what to ask is a decision, hence pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from gracefulservice.rollout.guards import Gauges, posed
from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.samples import PodFacts, instant

LATEST = 5
"""So many of the newest times between two looks say how slow they are now."""
FIRST_LOOKS = 3
"""Until two scrapes of one pod were seen nobody knows the scrape interval, so these are asked at the shortest tick."""


LEAVING_TICK = 2.5
"""Seconds between two instants while a revision leaves: half a scrape interval, so that no scrape is seen late."""


def due(plan: Plan, memory: Memory, now: float) -> float | None:
    """The instant (unix seconds) whose samples are wanted now; None while nothing is judged, or nothing is new.

    Instants are one tick apart and asked for a little late, so that what was scraped until then is there. While a
    revision leaves, nothing is judged any more, and the newest sample of each pod counts: then the instant is now.
    """
    evidence = memory.evidence
    if (gauges := guards_alone(plan, memory)) is not None:
        at = instant(gauges.begun, plan.rhythm.tick, plan.rhythm.delay, now)
        return None if gauges.at is not None and at <= gauges.at else at
    if not asking(plan, memory) or evidence is None:
        return None
    if memory.leaving is not None:
        return now if evidence.at is None or now - evidence.at >= LEAVING_TICK else None
    at = instant(evidence.begun, tick(plan, evidence), plan.rhythm.delay, now)
    learned = evidence.at is not None and at <= evidence.at
    return None if learned and evidence.outage is None else at


def next_due(plan: Plan, memory: Memory, now: float) -> float | None:
    """In how many seconds there is a newer instant to ask for; None while nothing is judged."""
    evidence = memory.evidence
    if (gauges := guards_alone(plan, memory)) is not None:
        every, late = plan.rhythm.tick, plan.rhythm.delay
        return instant(gauges.begun, every, late, now) + every + late - now
    if not asking(plan, memory) or evidence is None:
        return None
    if memory.leaving is not None:
        wait = LEAVING_TICK if evidence.at is None else evidence.at + LEAVING_TICK - now
        return wait if wait > 0 else LEAVING_TICK  # an instant that is overdue was asked for in this look, in vain
    every, late = tick(plan, evidence), plan.rhythm.delay
    return instant(evidence.begun, every, late, now) + every + late - now


def asking(plan: Plan, memory: Memory) -> bool:
    """Whether a revision is being judged, or its last requests are being counted."""
    return plan.judged and (memory.canary is not None or memory.leaving is not None)


def guards_alone(plan: Plan, memory: Memory) -> Gauges | None:
    """What is known of the guards, where they are all that is asked about; else they share the looks of the judge."""
    return None if plan.judged or not plan.guards or memory.canary is None else memory.gauges


def asked(plan: Plan, memory: Memory, pods: Sequence[PodFacts], namespace: str) -> Plan:
    """`plan` with the guards that are to be asked about now, in words that a Prometheus understands."""
    if memory.canary is None:
        return replace(plan, guards=())
    return replace(plan, guards=posed(plan.guards, pods, memory.canary, memory.stable, namespace))


def reaction(plan: Plan, evidence: Evidence | None) -> float:
    """Seconds in which a weight can be taken back by what is seen of it.

    It is as many ticks as the source's own time is, however long they are: what happens just after a scrape is
    scraped one interval later, and looked at another one later. Where the looks themselves are slow, because the
    operator or the API server starves, weights act for longer by as much as they are further apart than a tick.
    """
    ends, every = [flow.at for flow in evidence.flow] if evidence else [], tick(plan, evidence)
    gaps = [later - sooner for sooner, later in pairwise(ends)]
    usual = median(gaps[-LATEST:]) if len(gaps) >= FIRST_LOOKS else 0.0
    return plan.rhythm.tau * every / plan.rhythm.tick + max(usual - every, 0.0)


def tick(plan: Plan, evidence: Evidence | None) -> float:
    """Seconds between two instants."""
    known = evidence.interval if evidence and evidence.ticks >= FIRST_LOOKS else 0.0
    return max(known, plan.rhythm.tick)
