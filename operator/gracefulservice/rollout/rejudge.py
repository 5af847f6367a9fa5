"""Objectives that are edited during a rollout, or a clock that goes back: the evidence begins anew, what it has cost
of α stays spent."""

from gracefulservice.api import Guard
from gracefulservice.rollout import figures, guards
from gracefulservice.rollout.capacity import ALL
from gracefulservice.rollout.climb import asked, renewed
from gracefulservice.rollout.frozen import OBJECTIVES
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judge import assess, begin
from gracefulservice.rollout.memory import Baking, Climbing, Memory, State, Widening
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.plan import Plan, build


def rejudged(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory` with new evidence, where what it has is of other objectives than the plan's, or by another clock."""
    return guarded(plan, of_this_clock(plan, for_objectives(plan, memory, now), now), now)


def guarded(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory` with gauges while there is something to guard: new ones where it has none, or those of the future."""
    gauges = memory.gauges
    if memory.canary is None or not plan.guards:
        return memory if gauges is None else memory.but(gauges=None)
    if gauges is None or max(gauges.begun, gauges.at or 0.0) > now + plan.rhythm.tick:
        return memory.but(gauges=guards.Gauges(begun=round(now, 3)))
    return memory


def of_this_clock(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory` without evidence from the future: no look of now would be newer, so nothing could speak against it.

    Either the clock is wrong now, or it was when that was learned; both ways the rollout goes on by what is counted
    from now on, as soon as anything is. A step of less than a scrape is waited out.
    """
    evidence = memory.evidence
    if not plan.judged or evidence is None or evidence.at is None or evidence.at <= now + evidence.interval:
        return memory
    back = figures.number(evidence.at - now)
    memory = anew(plan, memory, plan.objectives, now).but(share=None)
    sentence = f"The clock stands {back} s before the newest sample: the judge begins anew."
    return told(memory, Reason.CLOCK_WENT_BACK, sentence, now, warning=True)


def for_objectives(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory` with new evidence, where a revision is judged and the plan's objectives are not those it began with."""
    wanted = plan.spec.get(OBJECTIVES) or {}
    if memory.canary is None or not memory.frozen or wanted == (memory.frozen.get(OBJECTIVES) or {}):
        return memory
    before, guarded_before = earlier(plan, memory)
    memory = memory.but(frozen=memory.frozen | {OBJECTIVES: wanted})
    if memory.gauges is not None:
        memory = memory.but(gauges=guards.kept(memory.gauges, guarded_before, plan.guards))
    if (before, guarded_before) == (plan.objectives, plan.guards):
        return memory
    edited = f"The objectives were edited at {figures.weight(weight_of(memory))}"
    if before == plan.objectives:
        return told(memory, Reason.OBJECTIVES_EDITED, f"{edited}: guards that changed begin anew.", now)
    left = "only guards are left" if plan.guards else "nothing is judged any more"
    judged = "the judge begins anew" if plan.judged else left
    return told(anew(plan, memory, before, now), Reason.OBJECTIVES_EDITED, f"{edited}: {judged}.", now)


def earlier(plan: Plan, memory: Memory) -> tuple[tuple[Objective, ...], tuple[Guard, ...]]:
    """The objectives that the evidence was begun for, and the guards beside them."""
    before = build("", {**plan.spec, OBJECTIVES: memory.frozen.get(OBJECTIVES) or None})
    return (before.objectives, before.guards) if isinstance(before, Plan) else ((), ())


def anew(plan: Plan, memory: Memory, before: tuple[Objective, ...], now: float) -> Memory:
    """Evidence that knows nothing, at the present weight."""
    left = remaining(memory, before, now)
    return memory.but(
        carried=left,
        evidence=begin(plan.objectives, now, weight_of(memory), carried=left) if plan.judged else None,
        state=rejoined(plan, memory),
    )


def remaining(memory: Memory, before: tuple[Objective, ...], now: float) -> float:
    """What is left of α: the odds of the evidence given up, if they are below 1, else all there was."""
    if memory.evidence is None:
        return memory.carried
    if not before or {one.name for one in before} != memory.evidence.tallies.keys():
        return memory.evidence.carried
    return min(assess(memory.evidence, before, now).odds, 1.0)


def weight_of(memory: Memory) -> float:
    """The weight that the state is about, in percent."""
    if isinstance(memory.state, Climbing):
        return memory.state.weight
    return ALL if isinstance(memory.state, Baking | Widening) else 0.0


def rejoined(plan: Plan, memory: Memory) -> State:
    """The state; a ramp whose objectives are gone goes on by the steps of a service without any, from the next one."""
    state = memory.state
    written = ((plan.spec.get("rollout") or {}).get("canary") or {}).get("steps")
    if plan.judged or written or not isinstance(state, Climbing):
        return state
    if state.weight >= ALL:
        return state.model_copy(update={"step": len(plan.steps)})
    place = next((place for place, step in enumerate(plan.steps) if step.weight >= state.weight), len(plan.steps))
    weight = plan.steps[place].weight if place < len(plan.steps) else ALL
    return renewed(plan, state, weight, place, asked(plan, state))
