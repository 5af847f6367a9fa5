"""What ends a rollout early. These rules act in every state, paused ones included; the first that holds decides."""

from collections.abc import Callable

from gracefulservice.rollout import figures
from gracefulservice.rollout.climb import pods_wanted
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judging import failed
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import turned_back

CRASHES = 3
"""Restarts after which a canary that already carried traffic is condemned."""

Rule = Callable[[Plan, Seen, Memory, float], Memory]


def superseded(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """A newer target, or the return to stable: the canary turns back without being condemned."""
    target = plan.revision.id
    if target == memory.canary:
        return memory
    why = "it is the target again." if target == memory.stable else f"revision {target} is the target now."
    return turned_back(seen, memory, why, now, condemn=False)


def violated(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The judge's verdict is `Fail`: roll back, or pause where the user prefers that."""
    why = "" if memory.hurry == "unjudged" else failed(plan, memory, now)
    if not why:
        return memory
    if plan.on_violation == "Rollback":
        return turned_back(seen, memory, why, now, condemn=True)
    if memory.paused:
        return memory
    return told(memory.but(paused=why), Reason.PAUSED, f"The rollout pauses: {why}", now, warning=True)


def overdue(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """Pods that are wanted do not become ready within the progress deadline."""
    state = memory.state
    if not isinstance(state, Warming | Climbing | Baking) or state.progress.waiting.spent < plan.progress_deadline:
        return memory
    fleet = seen.fleet(state.canary)
    wanted = plan.replicas if isinstance(state, Baking) else pods_wanted(plan, state)
    trouble = f" ({fleet.trouble})" if fleet.trouble else ""
    why = (
        f"{fleet.ready} of {figures.pods(wanted)} are ready{trouble} and no further one became ready "
        f"within the progress deadline of {figures.span(plan.progress_deadline)}."
    )
    return turned_back(seen, memory, why, now, condemn=True)


def crashing(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """A canary that served and then keeps crashing does not wait for the deadline."""
    state = memory.state
    served = isinstance(state, Baking) or (isinstance(state, Climbing) and state.observed_at is not None)
    fleet = seen.fleet(memory.canary)
    if not served or fleet.restarts < CRASHES:
        return memory
    why = f"its containers restarted {fleet.restarts} times while it served ({fleet.trouble or 'they exit'})."
    return turned_back(seen, memory, why, now, condemn=True)


RULES: tuple[Rule, ...] = (superseded, violated, crashing, overdue)


def checked(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` after the first rule that ends the rollout or pauses it."""
    if memory.canary is None:
        return memory
    for rule in RULES:
        after = rule(plan, seen, memory, now)
        if after is not memory:
            return after
    return memory
