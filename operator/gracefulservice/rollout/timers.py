"""When a running timer ends: the next look is then, not a tick later."""

from gracefulservice.rollout.climb import step_of
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Memory, Warming, Widening
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.questions import reaction
from gracefulservice.rollout.settle import QUIET, SETTLE
from gracefulservice.rollout.stopwatch import Stopwatch


def remaining(plan: Plan, memory: Memory) -> float | None:
    """Seconds until the present state's own timer ends; None where none runs."""
    watch, limit = timer(plan, memory)
    if watch is None or watch.ticked is None or watch.spent >= limit:
        return None
    return limit - watch.spent


def timer(plan: Plan, memory: Memory) -> tuple[Stopwatch | None, float]:
    """The stopwatch that the present state goes by, and the seconds at which it lets go."""
    match memory.state:
        case Warming(warm=warm):
            return warm, plan.warmup
        case Climbing(held=held) as state:
            step = step_of(plan, state)
            return held, step.hold if step else reaction(plan, memory.evidence)
        case Baking(baked=baked):
            return baked, plan.bake
        case Widening(visible=visible):
            return visible, SETTLE
        case Draining(waited=waited) if memory.evidence is None:
            return waited, QUIET
        case _:
            return None, 0.0
