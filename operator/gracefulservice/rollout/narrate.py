"""What a rollout does at this moment and what it waits for, in one sentence with the numbers in it."""

from dataclasses import dataclass
from typing import assert_never

from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL, canary_pods, reached, visible
from gracefulservice.rollout.climb import awaits_person, pods_wanted, step_of
from gracefulservice.rollout.judging import assessment, unreadable
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
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import DRAIN_LIMIT, QUIET


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and in how many seconds what it waits for ends by itself, where that is known."""

    sentence: str
    left: float | None = None


def narrate(plan: Plan, seen: Seen, memory: Memory, now: float) -> Line:  # noqa: C901  (one line per state)
    """The sentence of the present state."""
    match memory.state:
        case Idle():
            return resting(plan, seen, memory)
        case Founding(revision=first):
            ready = seen.fleet(first).ready
            return Line(f"Starting revision {first}: {ready} of {figures.pods(plan.replicas)} are ready.")
        case Warming() as state:
            return warming(plan, seen, memory, state, now)
        case Climbing() as state:
            return climbing(plan, seen, memory, state, now)
        case Baking() as state:
            return baking(plan, seen, memory, state, now)
        case Widening(canary=canary):
            return Line(f"The Service of stable takes in the pods of revision {canary}.")
        case Narrowing(leaving=old):
            return Line(f"Revision {old} leaves the Service of stable.")
        case Returning():
            return Line("The weight returns from the canary's Service to that of stable.")
        case TurningBack(leaving=canary):
            back = f"All traffic goes back from revision {canary} to {memory.stable}"
            return Line(f"{back}{regrowing(plan, seen, memory)}.")
        case Draining(leaving=leaving, waited=waited):
            left = (DRAIN_LIMIT if memory.evidence else QUIET) - waited.spent
            return Line(f"Revision {leaving} drains: it gets no new requests and finishes those it has.", left)
        case Clearing(leaving=leaving):
            return Line(f"The last {figures.pods(seen.fleet(leaving).pods)} of revision {leaving} stop.")
        case _:
            assert_never(memory.state)


def regrowing(plan: Plan, seen: Seen, memory: Memory) -> str:
    """What keeps the traffic from going back: stable's own pods, where some are missing."""
    fleet = seen.fleet(memory.stable)
    if fleet.ready >= plan.replicas:
        return ""
    trouble = f" ({fleet.trouble})" if fleet.trouble else ""
    return f" once its pods carry it: {fleet.ready} of {figures.pods(plan.replicas)} are ready{trouble}"


def resting(plan: Plan, seen: Seen, memory: Memory) -> Line:
    """At rest, with a target that is served, condemned, or kept waiting."""
    target = plan.revision.id
    if target == memory.stable:
        ready = seen.fleet(target).ready
        return Line(f"Revision {target} serves everybody with {ready} of {figures.pods(plan.replicas)} ready.")
    if why := memory.condemned.get(target):
        return Line(f"Revision {target} is condemned and {memory.stable} serves everybody: {why}")
    return Line(f"Revision {target} waits to start.")


def warming(plan: Plan, seen: Seen, memory: Memory, state: Warming, now: float) -> Line:
    """Pods first, then time, then readable metrics."""
    if memory.paused:
        return Line(f"Paused at 0 %: {memory.paused}")
    if seen.route and seen.route.trouble:
        return Line(f"Holding 0 %: {seen.route.trouble}")
    wanted, ready = pods_wanted(plan, state), visible(plan, seen, state.canary)
    if ready < wanted:
        return Line(waits_for_pods(seen, 0.0, state.canary, ready, wanted))
    left = plan.warmup - state.warm.spent
    if left > 0:
        return Line(f"Revision {state.canary} warms up for {figures.span(left)} more.", left)
    if why := unreadable(plan, memory, now):
        return Line(f"Holding 0 %: {why}")
    return Line(f"Revision {state.canary} gets its first requests.")


def waits_for_pods(seen: Seen, weight: float, canary: str, ready: int, wanted: int) -> str:
    """How many pods are missing, and Kubernetes' reason for it."""
    trouble = seen.fleet(canary).trouble
    because = f" ({trouble})" if trouble else ""
    return (
        f"Holding {figures.weight(weight)}: {ready} of {figures.pods(wanted)} of revision {canary} are ready{because}."
    )


def climbing(plan: Plan, seen: Seen, memory: Memory, state: Climbing, now: float) -> Line:
    """The first thing that keeps the canary at its weight."""
    at = figures.weight(state.weight)
    if memory.paused:
        return Line(f"Paused at {at}: {memory.paused}")
    if seen.route and seen.route.trouble:
        return Line(f"Holding: {seen.route.trouble}")
    wanted, ready = pods_wanted(plan, state), visible(plan, seen, state.canary)
    if ready < wanted:
        carried = seen.route.weight or 0.0 if seen.route else state.weight
        return Line(waits_for_pods(seen, carried, state.canary, ready, wanted))
    if not reached(plan, seen, state.canary, memory.stable, state.weight):
        return Line(f"Going to {at}: the routers have not taken it over yet.")
    step = step_of(plan, state)
    if step is not None and state.held.spent < step.hold:
        left = step.hold - state.held.spent
        return Line(f"Holding {at} for {figures.span(left)} more{evidence(plan, memory, now)}", left)
    if awaits_person(plan, state):
        return Line(f"Paused at {at} until somebody resumes{evidence(plan, memory, now)}")
    return Line(f"Holding {at}{evidence(plan, memory, now)}")


def evidence(plan: Plan, memory: Memory, now: float) -> str:
    """`: 3 of 812 canary requests failed …`, or a full stop when nothing is judged."""
    judged = assessment(plan, memory, now)
    return f": {judged.sentence}" if judged else "."


def baking(plan: Plan, seen: Seen, memory: Memory, state: Baking, now: float) -> Line:
    """What the bake waits for."""
    if memory.paused:
        return Line(f"Paused at 100 %: {memory.paused}")
    ready = seen.fleet(state.canary).ready
    if ready < canary_pods(plan, ALL):
        return Line(waits_for_pods(seen, ALL, state.canary, ready, plan.replicas))
    left = plan.bake - state.baked.spent
    if why := unreadable(plan, memory, now):
        return Line(f"Holding 100 %: {why}")
    return Line(f"Baking at 100 % for {figures.span(left)} more{evidence(plan, memory, now)}", left)
