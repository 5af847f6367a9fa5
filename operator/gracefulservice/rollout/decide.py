"""The rollout as one function: what was planned, seen and remembered → what to remember and to want next."""

from dataclasses import dataclass
from typing import assert_never

from gracefulservice.rollout import (
    adoption,
    climb,
    commands,
    contest,
    cordon,
    deletion,
    demand,
    effect,
    guards,
    handback,
    leaving,
    losses,
    outage,
    rest,
    safety,
    sampling,
    settle,
    sizing,
    suspension,
)
from gracefulservice.rollout.desire import desire
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.judge import learn
from gracefulservice.rollout.memory import (
    Adopting,
    Baking,
    Clearing,
    Climbing,
    Draining,
    Founding,
    GivingBack,
    Idle,
    Memory,
    Narrowing,
    Returning,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.questions import next_due, tick
from gracefulservice.rollout.rejudge import rejudged, weight_of
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.timers import remaining

SLACK = 0.05
"""Seconds, so that a wake never comes a moment too early."""
TICK = 2.5
"""Seconds between two looks while a rollout is under way: half a scrape interval."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to remember first, the complete world to converge to, and in how many seconds to look again."""

    memory: Memory
    desired: Desired
    wake_after: float | None


def decide(plan: Plan, seen: Seen, memory: Memory, now: float) -> Decision:
    """One pass. `now` is unix time in seconds; at most one state is left in one pass."""
    seen = deletion.looked(plan, seen)
    known = rejudged(plan, rest.recovered(seen, memory, now), now)
    known = losses.watched(plan, seen, learned(plan, seen, known), now)
    known = sizing.measured(seen, leaving.noticed(seen.exits, known, now))
    known = known if seen.deleting else effect.watched(plan, seen, known, now)
    after = (ended if seen.deleting else moved)(demand.kept(plan, known), seen, known, now)
    after = demand.tracked(plan, seen, memory, after, now)
    after = cordon.watched(demand.kept(plan, after), seen, after, now)
    return Decision(after, desire(demand.kept(plan, after), seen, after), wake_after(plan, memory, after, now))


def moved(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """What a person asked for, then what safety demands, then what others wrote, then the state's own way on."""
    obeyed = commands.obey(plan, seen, suspension.watched(plan, memory, now), now)
    checked = safety.checked(plan, seen, outage.watched(plan, obeyed, now), now)
    met = contest.met(plan, seen, checked, now)
    return advance(plan, seen, met, now) if met.state == checked.state else met


def ended(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """A deletion stops everything where it is, unless stable is to outlive it: then the way back comes to its end."""
    if not deletion.settles(plan, seen):
        return memory
    turned = deletion.turned(seen, memory, now)
    turned = rest.cleared_of_strays(seen, turned) if handback.owed(plan, seen) else turned
    if handback.begins(plan, seen, turned):
        return handback.giving_back(plan, seen, turned, now)
    if isinstance(turned.state, Adopting | GivingBack):
        return turned
    return turned if isinstance(turned.state, Idle | Founding) else advance(plan, seen, turned, now)


def learned(plan: Plan, seen: Seen, memory: Memory) -> Memory:
    """`memory` with the evidence of this look; one from before the evidence began was asked for other objectives."""
    judged = memory.rolled
    if memory.gauges is not None and seen.metrics is not None and memory.canary is not None:
        every = tick(plan, memory.evidence)
        known = guards.learn(memory.gauges, plan.guards, seen.metrics, memory.canary, memory.stable, every)
        memory = memory.but(gauges=known)
    if memory.evidence is None or seen.metrics is None or judged is None:
        return memory
    if seen.metrics.at < memory.evidence.begun:
        return memory
    evidence = learn(memory.evidence, plan.objectives, seen.metrics, judged, weight_of(memory))
    if plan.sampling is None or memory.canary is None:
        return memory.but(evidence=evidence)
    samples = sampling.learn(memory.sampling, plan.sampling, plan.objectives, evidence)
    return memory.but(evidence=evidence, sampling=samples)


def advance(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:  # noqa: C901  (one line per state)
    """Leave the state, or let its timers run; each state knows its own way on."""
    match memory.state:
        case Idle():
            return rest.idle(plan, seen, memory, now)
        case Founding() as state:
            return rest.founding(plan, seen, memory, state, now)
        case Adopting() as state:
            return adoption.adopting(plan, seen, memory, state, now)
        case GivingBack():
            return handback.resumed(memory)
        case Warming() as state:
            return climb.warming(plan, seen, memory, state, now)
        case Climbing() as state:
            return climb.climbing(plan, seen, memory, state, now)
        case Baking() as state:
            return climb.baking(plan, seen, memory, state, now)
        case Widening() as state:
            return settle.widening(plan, seen, memory, state, now)
        case Narrowing() as state:
            return settle.narrowing(plan, seen, memory, state)
        case Returning() as state:
            return settle.returning(seen, memory, state)
        case TurningBack() as state:
            return settle.turning_back(plan, seen, memory, state)
        case Draining() as state:
            return settle.draining(plan, seen, memory, state, now)
        case Clearing() as state:
            return settle.clearing(seen, memory, state, now)
        case _:
            assert_never(memory.state)


def wake_after(plan: Plan, before: Memory, after: Memory, now: float) -> float | None:
    """Seconds until the next look: at once after a step on; at rest only for a floor or a surge (the world wakes us).

    Newer samples are asked for the moment they can be there, and a timer is read the moment it ends.
    """
    if before.state.kind != after.state.kind or before.stable != after.stable:
        return 0.0
    if isinstance(after.state, Idle):
        ends = demand.ends_in(after, now)
        ends = None if ends is None else ends + SLACK
        if adoption.waits(plan, after):
            return adoption.RETRY
        return min(TICK, ends or TICK) if cordon.waits(after) else ends
    timers = (next_due(plan, after, now), remaining(plan, after))
    return min([TICK, *(end + SLACK for end in timers if end is not None)])
