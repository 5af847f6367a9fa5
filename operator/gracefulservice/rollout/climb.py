"""The way up: warm without traffic, climb step by step or by the error budget, bake at 100 %."""

from gracefulservice.rollout import effect, figures, ramp, withdrawal
from gracefulservice.rollout.capacity import (
    ALL,
    canary_pods,
    carried,
    least_weight,
    reachable,
    reached,
    visible,
)
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judging import assessment, obstructed, suspected, unproven, unwatched
from gracefulservice.rollout.memory import Baking, Climbing, Memory, State, Warming, Widening
from gracefulservice.rollout.plan import Plan, Step
from gracefulservice.rollout.questions import reaction
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import promoted
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.verdict import Assessment, Cause

CAP = 50.0
"""Percent that the budgeted ramp may reach before its gate opens."""
WORTHWHILE = 1.2
"""How much two weights must differ for the move: each costs a whole reaction time before the next can be weighed."""
NEAR_CAP = 0.9
"""The part of `CAP` that counts as it: the formula rarely lands on it exactly, and one more step costs 10 s."""

HELD_BY = frozenset({Cause.SUSPECTED, Cause.SHARED})
"""Nothing is wrong with the metrics, and yet no weight may rise."""


def step_of(plan: Plan, state: Climbing) -> Step | None:
    """The explicit step a rollout is at; None on the ramp and on the last stretch to 100 %."""
    return plan.steps[state.step] if state.step < len(plan.steps) else None


def awaits_person(plan: Plan, state: Climbing) -> bool:
    """Whether this step was reached, has held its time, and stops until somebody resumes."""
    step = step_of(plan, state)
    if step is None or not step.pause or state.resumed:
        return False
    return state.observed_at is not None and state.held.spent >= step.hold


def pods_wanted(plan: Plan, state: Warming | Climbing) -> int:
    """Canary pods the present weight needs; a ramp behind a route has those of its cap at hand.

    By a replica ratio every ready pod takes requests, so none is wanted before there is a weight.
    """
    if isinstance(state, Climbing):
        step = step_of(plan, state)
        ahead = CAP if plan.weighted and not plan.steps else 0.0
        return canary_pods(plan, max(state.weight, ahead), step.replicas if step else None)
    if not plan.weighted:
        return 0
    if plan.steps:
        return canary_pods(plan, plan.steps[0].weight, plan.steps[0].replicas)
    return canary_pods(plan, CAP)


def warming(plan: Plan, seen: Seen, memory: Memory, state: Warming, now: float) -> Memory:
    """Wait for the first step's pods, in the endpoints, let them warm up without any request, then for metrics.

    By a replica ratio there are no pods to wait for, only metrics.
    """
    wanted = pods_wanted(plan, state)
    ready = visible(plan, seen, state.canary)
    warm = state.warm.run(now) if wanted and ready >= wanted else state.warm.stop()
    progress = state.progress.watch(wanted, seen.fleet(state.canary).ready, now)
    memory = memory.but(state=state.model_copy(update={"warm": warm, "progress": progress}))
    memory = withdrawal.waited(memory, now)
    if ready < wanted or memory.paused or (seen.route and seen.route.trouble):
        return memory
    at_once = memory.hurry == "unjudged" or unserved(seen, memory)
    unprepared = seen.fleet(state.canary).unprepared
    warmed = warm.spent >= plan.warmup or not plan.weighted
    if not at_once and (not warmed or unprepared or withdrawal.left(memory) or obstructed(plan, memory, now)):
        return memory
    weight = first_weight(plan, seen, memory, now)
    if not weight:
        return memory
    return memory.but(state=Climbing(canary=state.canary, weight=weight, progress=progress))


def first_weight(plan: Plan, seen: Seen, memory: Memory, now: float) -> float:
    """The first step, or what the budget allows (0: nobody calls); everything when stable serves nobody."""
    if memory.hurry or unserved(seen, memory):
        return ALL
    if plan.steps or not plan.weighted:
        return first_step(plan)
    judged = assessment(plan, memory, now)
    limit = limits(plan, seen, memory, memory.canary or "")
    return reachable(plan, ramp.first_weight(limit, judged.rate if judged else 0.0))


def first_step(plan: Plan) -> float:
    """The weight to begin with whatever was measured: by a replica ratio there is none smaller than one pod."""
    return plan.steps[0].weight if plan.steps else least_weight(plan)


def unserved(seen: Seen, memory: Memory) -> bool:
    """Whether stable has no ready endpoint left: then the canary is all that users have."""
    return not seen.stable_service.endpoints.get(memory.stable or "", 0)


def climbing(plan: Plan, seen: Seen, memory: Memory, state: Climbing, now: float) -> Memory:
    """Hold the weight while it is really there; go on when the step, the judge and any person agree."""
    if state.observed_at is not None and deserted(seen):
        return thrown_back(plan, memory, state, now)
    wanted = pods_wanted(plan, state)
    there = reached(plan, seen, state.canary, memory.stable, state.weight)
    held = state.held.run(now) if there and not memory.paused else state.held.stop()
    progress = state.progress.watch(wanted, seen.fleet(state.canary).ready, now)
    state = state.model_copy(update={"eased": eased(plan, seen, memory, state, now)})
    if there and state.observed_at is None:
        state = state.model_copy(update={"observed_at": round(now, 3), "served": True})
        memory = told(memory, Reason.WEIGHT_OBSERVED, observed_sentence(plan, seen, memory, state), now)
    state = state.model_copy(update={"held": held, "progress": progress})
    memory = memory.but(state=state)
    hurries = bool(memory.hurry) and not memory.paused
    if state.weight < ALL and (hurries or unserved(seen, memory)):
        return onward(plan, memory, state, ALL)
    if hurries:
        return baked_if(memory, state, there)
    if doubted(plan, memory, state):
        return onward(plan, memory, state, least_weight(plan))
    if memory.paused or not there or seen.fleet(state.canary).unprepared or effect.held(memory):
        return memory
    return stepped(plan, memory, state, now) if plan.steps else ramped(plan, seen, memory, state, now)


def eased(plan: Plan, seen: Seen, memory: Memory, state: Climbing, now: float) -> Stopwatch:
    """How long the weight has been rising: while its pods are there, and nobody has stopped it."""
    if plan.slope is None or state.observed_at is not None:
        return state.eased
    runs = visible(plan, seen, state.canary) >= pods_wanted(plan, state) and not memory.paused
    return state.eased.run(now) if runs else state.eased.stop()


def asked(plan: Plan, state: Climbing) -> float:
    """The weight that the router is to have now: on its way up it is no faster than the user allows."""
    if plan.slope is None or state.observed_at is not None or state.weight <= state.start:
        return state.weight
    return min(state.start + plan.slope * state.eased.spent, state.weight)


def doubted(plan: Plan, memory: Memory, state: Climbing) -> bool:
    """Whether the ramp falls back to its smallest weight for a look, until that tells whose fault it is."""
    falls = plan.weighted and not plan.steps and not memory.paused and state.weight > least_weight(plan)
    return falls and suspected(plan, memory)


def observed_sentence(plan: Plan, seen: Seen, memory: Memory, state: Climbing) -> str:
    """What was observed, with the pods that carry it."""
    weight = carried(plan, seen, state.canary, memory.stable)
    ready = figures.pods(seen.fleet(state.canary).ready)
    place = f"step {state.step + 1} of {len(plan.steps)}, " if step_of(plan, state) else ""
    return f"Revision {state.canary} carries {figures.weight(weight or 0.0)} ({place}{ready})."


def deserted(seen: Seen) -> bool:
    """Whether a route leads to a canary of which no pod answers."""
    return seen.route is not None and seen.route.weight is not None and not seen.canary_service.serves


def thrown_back(plan: Plan, memory: Memory, state: Climbing | Baking, now: float) -> Memory:
    """A canary without ready pods has lost its weight: it climbs again from the first."""
    sentence = f"No pod of revision {state.canary} is ready: stable serves everybody."
    return told(taken_up(plan, memory, state, 0.0), Reason.CANARY_NOT_READY, sentence, now, warning=True)


def taken_up(plan: Plan, memory: Memory, state: Climbing | Baking, weight: float) -> Memory:
    """Go on from this `weight`: from the step that it reaches, or by the ramp."""
    step = max((place for place, step in enumerate(plan.steps) if step.weight <= weight), default=0)
    lower = plan.steps[step].weight if plan.steps else max(reachable(plan, weight), least_weight(plan))
    start = asked(plan, state) if isinstance(state, Climbing) else ALL
    return memory.but(state=renewed(plan, state, lower, step, min(start, weight)))


def renewed(plan: Plan, state: Climbing | Baking, weight: float, step: int, start: float) -> Climbing:
    """Another weight of the same canary: its pods, its observation and its hold start anew."""
    start, before, progress = start if plan.slope else 0.0, served(state), state.progress
    return Climbing(canary=state.canary, weight=weight, start=start, step=step, progress=progress, served=before)


def served(state: State) -> bool:
    """Whether users were on the canary of this rollout, be it at an earlier weight."""
    if isinstance(state, Climbing):
        return state.served or state.observed_at is not None
    return isinstance(state, Baking | Widening)


def onward(plan: Plan, memory: Memory, state: Climbing, weight: float) -> Memory:
    """The next weight."""
    following = state.step + 1
    listed = following < len(plan.steps) and plan.steps[following].weight == weight
    step = following if listed or weight < ALL else len(plan.steps)
    return memory.but(state=renewed(plan, state, weight, step, asked(plan, state)))


def baked_if(memory: Memory, state: Climbing, there: bool) -> Memory:
    """The bake begins once 100 % was observed."""
    return memory.but(state=Baking(canary=state.canary, progress=state.progress)) if there else memory


def stepped(plan: Plan, memory: Memory, state: Climbing, now: float) -> Memory:
    """Explicit steps: the hold, then a person where asked for, then the judge."""
    step = step_of(plan, state)
    if step is not None and (state.held.spent < step.hold or awaits_person(plan, state) or unproven(plan, memory, now)):
        return memory
    if state.weight >= ALL:
        return baked_if(memory, state, there=True)
    weight = plan.steps[state.step + 1].weight if state.step + 1 < len(plan.steps) else ALL
    return onward(plan, memory, state, weight)


def ramped(plan: Plan, seen: Seen, memory: Memory, state: Climbing, now: float) -> Memory:
    """The budgeted ramp: looked at again only when the last weight has had time to show its effect."""
    if state.weight >= ALL:
        return baked_if(memory, state, there=True)
    judged = assessment(plan, memory, now)
    if judged is None or obstructed(plan, memory, now) or state.observed_at is None or judged.cause in HELD_BY:
        return memory
    bounds = limits(plan, seen, memory, state.canary)
    if state.held.spent < bounds.tau or not ramp.due(bounds, state.observed_at, judged.newest, now):
        return memory
    if judged.gate_open and state.weight >= NEAR_CAP * reachable(plan, CAP):
        return onward(plan, memory, state, ALL)
    weight = next_weight(plan, bounds, state, judged)
    if weight > state.weight and judged.cause is Cause.NO_TRAFFIC:
        return memory
    return onward(plan, memory, state, weight) if worthwhile(plan, state.weight, weight) else memory


def worthwhile(plan: Plan, weight: float, following: float) -> bool:
    """Whether the next weight differs enough, or is the one at which the gate can open."""
    gate = NEAR_CAP * reachable(plan, CAP)
    return max(weight, following) >= WORTHWHILE * min(weight, following) or weight < gate <= following


def next_weight(plan: Plan, bounds: ramp.Ramp, state: Climbing, judged: Assessment) -> float:
    """The weight at which the rest of the budget lasts for one reaction time."""
    weight = ramp.next_weight(bounds, state.weight, judged.rate, judged.excess, judged.extra)
    return reachable(plan, weight)


def limits(plan: Plan, seen: Seen, memory: Memory, canary: str) -> ramp.Ramp:
    """What bounds the ramp now: the budget, the router's smallest weight, and what ready pods can carry.

    By a replica ratio pods *are* the weight: they are made for it, so they do not bound it.
    """
    carry = ALL * visible(plan, seen, canary) / max(plan.replicas, 1) if plan.weighted else ALL
    least, tau = least_weight(plan), reaction(plan, memory.evidence)
    return ramp.Ramp(budget=plan.budget, tau=tau, floor=least, cap=CAP, capacity=max(carry, least))


def baking(plan: Plan, seen: Seen, memory: Memory, state: Baking, now: float) -> Memory:
    """Watch at 100 % while the old revision is warm; time without evidence does not count."""
    if deserted(seen) and not unserved(seen, memory):
        return thrown_back(plan, memory, state, now)
    there = reached(plan, seen, state.canary, memory.stable, ALL)
    ready = seen.fleet(state.canary).ready
    watched = memory.hurry == "unjudged" or not (unwatched(plan, memory, now) or effect.held(memory))
    running = there and ready >= plan.replicas and not memory.paused and watched
    baked = state.baked.run(now) if running else state.baked.stop()
    progress = state.progress.watch(plan.replicas, ready, now)
    state = state.model_copy(update={"baked": baked, "progress": progress})
    memory = memory.but(state=state)
    if not running or (baked.spent < plan.bake and memory.hurry != "unjudged"):
        return memory
    if plan.weighted:
        return memory.but(state=Widening(canary=state.canary))
    return promoted(plan, seen, memory, state.canary, now)
