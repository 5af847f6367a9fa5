"""What a rollout does at this moment and what it waits for, in one sentence with the numbers in it."""

from dataclasses import dataclass
from typing import assert_never

from gracefulservice.rollout import adoption_report, contest, deletion, effect, figures, handback, withdrawal
from gracefulservice.rollout.capacity import ALL, canary_pods, carried, reached, stable_pods, visible
from gracefulservice.rollout.climb import asked, awaits_person, pods_wanted, step_of
from gracefulservice.rollout.demand import carries
from gracefulservice.rollout.desire import third
from gracefulservice.rollout.judging import assessment, obstructed, uncalled
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
from gracefulservice.rollout.offer import dropped
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
    if (why := adoption_report.waiting(plan, seen, memory)) and not seen.deleting:
        return Line(why)
    if seen.deleting:
        return Line(deletion.sentence(plan, seen, memory))
    if (why := contest.held(memory)) and not memory.paused:
        return Line(why)
    match memory.state:
        case Idle():
            return resting(plan, seen, memory)
        case Founding(revision=first):
            return Line(f"Revision {first} starts with {how_many_ready(plan, seen, first)}.")
        case Adopting() as state:
            return Line(adoption_report.progress(seen, state))
        case GivingBack() as state:
            return Line(handback.left(seen, state))
        case Warming() as state:
            return warming(plan, seen, memory, state, now)
        case Climbing() as state:
            return climbing(plan, seen, memory, state, now)
        case Baking() as state:
            return baking(plan, seen, memory, state, now)
        case Widening() as state:
            return widening(plan, seen, memory, state)
        case Narrowing(leaving=old):
            return Line(f"Revision {old} leaves the Service of stable.{lacking(seen)}")
        case Returning():
            return Line(f"The weight returns from the canary's Service to that of stable.{lacking(seen)}")
        case TurningBack(leaving=canary):
            back = f"All traffic goes back from revision {canary} to {memory.stable}"
            return Line(f"{back}{regrowing(plan, seen, memory)}.{lacking(seen)}")
        case Draining(leaving=leaving, waited=waited):
            ends = max((DRAIN_LIMIT if memory.evidence else QUIET) - waited.spent, 0.0)
            return Line(f"Revision {leaving} drains: it gets no new requests and finishes those it has.", ends)
        case Clearing(leaving=leaving):
            left = figures.pods(seen.fleet(leaving).pods)
            return Line(f"Revision {leaving} stops: {left} left.{late(seen, leaving)}")
        case _:
            assert_never(memory.state)


def lacking(seen: Seen) -> str:
    """What a route lacks on the way out, as one more sentence; or empty."""
    return f" {seen.route.lacks}" if seen.route and seen.route.lacks else ""


def late(seen: Seen, revision: str) -> str:
    """Which pods do not end although their time is over, and what comes of it; or empty."""
    found = " and ".join(seen.fleet(revision).overdue)
    lost = "that node may be lost: a minute later nobody waits for it any more"
    return f" The time to stop is over for {found}, so {lost}." if found else ""


def how_many_ready(plan: Plan, seen: Seen, revision: str) -> str:
    """`2 of 4 pods ready (ImagePullBackOff)`: Kubernetes' own word where some are missing."""
    fleet = seen.fleet(revision)
    trouble = f" ({fleet.trouble})" if fleet.trouble and fleet.ready < plan.replicas else ""
    return f"{fleet.ready} of {figures.pods(plan.replicas)} ready{trouble}"


def regrowing(plan: Plan, seen: Seen, memory: Memory) -> str:
    """What keeps the traffic from going back: stable's own pods, where a route finds none or a ratio not all."""
    ready = seen.fleet(memory.stable).ready
    enough = seen.stable_service.serves if plan.weighted else carries(plan, memory, ready)
    return "" if enough else f" once that can carry it: it has {how_many_ready(plan, seen, memory.stable or '')}"


def resting(plan: Plan, seen: Seen, memory: Memory) -> Line:
    """At rest, with a target that is served, condemned, or kept waiting."""
    target = plan.revision.id
    if target == memory.stable:
        if not plan.replicas:
            return Line(f"Revision {target} is stable with 0 replicas, so nobody is served.")
        return Line(f"Revision {target} serves everybody with {how_many_ready(plan, seen, target)}.")
    if why := memory.condemned.get(target):
        return Line(f"Revision {target} is condemned and {memory.stable} serves everybody: {why}")
    if memory.paused:
        return Line(f"Revision {target} waits to start: {memory.paused}")
    return Line(dropped(plan, seen, memory) or f"Revision {target} waits to start.")


def warming(plan: Plan, seen: Seen, memory: Memory, state: Warming, now: float) -> Line:
    """Pods first, then time, then readable metrics; by a replica ratio only these."""
    if memory.paused:
        return Line(f"Paused at 0 %: {memory.paused}")
    if seen.route and seen.route.lacks:
        return Line(f"Holding 0 %: {seen.route.lacks}")
    wanted, ready = pods_wanted(plan, state), visible(plan, seen, state.canary)
    if ready < wanted:
        return Line(waits_for_pods(seen, 0.0, state.canary, ready, wanted))
    if (wait := withdrawal.left(memory)) and memory.hurry != "unjudged":
        return Line(f"Holding 0 % for {figures.span(wait)} more: {memory.withdrawn.sentence}", wait)
    left = plan.warmup - state.warm.spent
    if left > 0 and plan.weighted:
        return Line(f"Revision {state.canary} warms up for {figures.span(left)} more.", left)
    uncounted = plan.weighted and not plan.steps and uncalled(plan, memory, now)
    unread = obstructed(plan, memory, now) or uncounted
    if why := seen.fleet(state.canary).unprepared or unread:
        return Line(f"Holding 0 %: {why}")
    return Line(f"Revision {state.canary} gets its first requests.")


def waits_for_pods(seen: Seen, weight: float, canary: str, ready: int, wanted: int) -> str:
    """How many pods are missing, and Kubernetes' reason for it."""
    trouble = seen.fleet(canary).trouble
    because = f" ({trouble})" if trouble else ""
    return f"Holding {figures.weight(weight)}: revision {canary} has {ready} of {figures.pods(wanted)} ready{because}."


def climbing(plan: Plan, seen: Seen, memory: Memory, state: Climbing, now: float) -> Line:
    """The first thing that keeps the canary at its weight."""
    at = figures.weight(state.weight)
    if memory.paused:
        share = state.weight if state.observed_at else carried(plan, seen, state.canary, memory.stable) or 0.0
        return Line(f"Paused at {figures.weight(share)}: {memory.paused}")
    if seen.route and seen.route.trouble:
        return Line(f"Holding: {seen.route.trouble}")
    wanted, ready = pods_wanted(plan, state), visible(plan, seen, state.canary)
    if ready < wanted:
        share = carried(plan, seen, state.canary, memory.stable) or 0.0
        return Line(waits_for_pods(seen, share, state.canary, ready, wanted))
    if (so_far := asked(plan, state)) < state.weight:
        return Line(f"Going to {at} by {plan.slope:g} % per second, {figures.weight(so_far)} so far.")
    if not reached(plan, seen, state.canary, memory.stable, state.weight):
        return Line(f"Going to {at}: {not_there(plan, seen, memory, state.weight)}.")
    if (why := seen.fleet(state.canary).unprepared) and not memory.hurry:
        return Line(f"Holding {at}: {why}")
    if (why := effect.held(memory)) and not memory.hurry:
        return Line(f"Holding {at}: {why}")
    step = step_of(plan, state)
    if step is not None and state.held.spent < step.hold:
        left = step.hold - state.held.spent
        return Line(f"Holding {at} for {figures.span(left)} more{evidence(plan, memory, now)}", left)
    if awaits_person(plan, state):
        return Line(f"Paused at {at} until somebody resumes{evidence(plan, memory, now)}")
    return Line(f"Holding {at}{evidence(plan, memory, now)}")


def not_there(plan: Plan, seen: Seen, memory: Memory, weight: float) -> str:
    """What a weight still lacks: the routers' word, or by a replica ratio stable's right number of pods."""
    if plan.weighted:
        return "the routers have not taken it over yet"
    there = seen.stable_service.endpoints.get(memory.stable or "", 0)
    return f"revision {memory.stable} has {figures.pods(there)} ready and {stable_pods(plan, weight)} belong beside it"


def evidence(plan: Plan, memory: Memory, now: float) -> str:
    """`: 3 of 812 canary requests failed …`, or what holds it; a full stop when nothing is judged."""
    judged = assessment(plan, memory, now)
    said = obstructed(plan, memory, now) or (judged.sentence if judged else "")
    return f": {said}" if said else "."


def baking(plan: Plan, seen: Seen, memory: Memory, state: Baking, now: float) -> Line:
    """What the bake waits for."""
    if memory.paused:
        return Line(f"Paused at 100 %: {memory.paused}")
    ready = seen.fleet(state.canary).ready
    if ready < canary_pods(plan, ALL):
        return Line(waits_for_pods(seen, ALL, state.canary, ready, plan.replicas))
    if seen.route and seen.route.trouble:
        return Line(f"Holding: {seen.route.trouble}")
    if not reached(plan, seen, state.canary, memory.stable, ALL):
        return Line(f"Going to 100 %: {not_there(plan, seen, memory, ALL)}.")
    left = plan.bake - state.baked.spent
    if why := obstructed(plan, memory, now) or effect.held(memory) or uncalled(plan, memory, now):
        return Line(f"Holding 100 %: {why}")
    return Line(f"Baking at 100 % for {figures.span(left)} more{evidence(plan, memory, now)}", left)


def widening(plan: Plan, seen: Seen, memory: Memory, state: Widening) -> Line:
    """What the pointer waits for before it moves."""
    if memory.paused:
        return Line(f"Paused at 100 %: {memory.paused}")
    if seen.route and seen.route.lacks:
        return Line(f"Holding 100 %: {seen.route.lacks}")
    takes_in = f"the Service of stable takes in the pods of revision {state.canary}"
    if other := third(seen, {memory.stable, state.canary}):
        left = figures.pods(seen.fleet(other).pods)
        return Line(f"Holding 100 %: revision {other} plays no part and goes first, before {takes_in}: {left} left.")
    there = seen.stable_service.endpoints.get(state.canary, 0)
    return Line(f"T{takes_in[1:]}: it has {there} of {figures.pods(plan.replicas)} there.")
