"""What ends a rollout early. These rules act in every state, paused ones included; the first that holds decides."""

from collections.abc import Callable

from gracefulservice.rollout import figures, suspension, withdrawal
from gracefulservice.rollout.capacity import visible
from gracefulservice.rollout.climb import pods_wanted, served, unserved
from gracefulservice.rollout.happenings import Fault, Reason, told
from gracefulservice.rollout.judging import failed, uncalled, unreadable
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming, Widening
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.revision import CONFIG
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import turned_back, undoing
from gracefulservice.rollout.stopwatch import Stopwatch

CRASHES = 3
"""Restarts from which a canary that already carried traffic is condemned for crashing."""
LOOP = "CrashLoopBackOff"
"""Kubernetes' word for a container that it holds back because it keeps exiting."""
PATIENCE = 60.0
"""Seconds for which the judge may be blind before a rollout pauses, where the user prefers `Pause`."""

Rule = Callable[[Plan, Seen, Memory, float], Memory]


def superseded(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """A newer target, or the return to stable: the canary turns back without being condemned.

    Not while it is all that users have: then the way to the newer target leads over it. A suspended service only goes
    back.
    """
    target = plan.revision.id
    needed = unserved(seen, memory) and visible(plan, seen, memory.canary or "")
    if target == memory.canary or needed or (plan.suspended and target != memory.stable):
        return memory
    newer, by = target != memory.stable, undoing(memory, target, memory.started)
    why = f"revision {target} is the target {'now' if newer else 'again'}."
    return turned_back(seen, memory, why, now, superseded=newer, by=by)


def unmade(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The data that the canary was decided with is gone before anything of it was made: it turns back uncondemned."""
    canary, named = memory.canary or "", plan.revision.input.get(CONFIG)
    unread = any(one.field.startswith(f"spec.{CONFIG}") for one in plan.problems)
    if not named or not unread or canary in seen.records or canary in seen.fleets:
        return memory
    return turned_back(seen, memory, "what it is configured by cannot be read any more.", now)


def emptied(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """With 0 replicas nobody is served and nothing can be judged: the canary turns back uncondemned."""
    if plan.replicas:
        return memory
    return turned_back(seen, memory, "the service has 0 replicas now.", now)


def violated(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The judge's verdict is `Fail`: roll back, or pause where the user prefers that."""
    why = "" if memory.hurry == "unjudged" else failed(plan, memory, now)
    if not why:
        return memory
    if plan.on_violation == "Rollback":
        return turned_back(seen, memory, why, now, condemn=Fault.VERDICT)
    if memory.paused not in ("", suspension.SUSPENDED):
        return memory
    return told(memory.but(paused=why), Reason.PAUSED, f"The rollout pauses: {why}", now, warning=True)


def overdue(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """Pods that are wanted do not become ready within the progress deadline."""
    state = memory.state
    if (
        not isinstance(state, Warming | Climbing | Baking | Widening)
        or state.progress.waiting.spent < plan.progress_deadline
    ):
        return memory
    fleet = seen.fleet(state.canary)
    wanted = plan.replicas if isinstance(state, Baking | Widening) else pods_wanted(plan, state)
    trouble = f" ({fleet.trouble})" if fleet.trouble else ""
    why = (
        f"it has {fleet.ready} of {figures.pods(wanted)} ready{trouble} and no further one became ready "
        f"within the progress deadline of {figures.span(plan.progress_deadline)}."
    )
    return turned_back(seen, memory, why, now, condemn=Fault.DEADLINE)


def crashing(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """A canary that served and then keeps crashing does not wait for the deadline.

    Restarts from before it was ready do not count as crashing now: Kubernetes must hold back a container.
    """
    fleet = seen.fleet(memory.canary)
    if not served(memory.state) or fleet.restarts < CRASHES or LOOP not in fleet.trouble:
        return memory
    why = f"its containers crash again and again, {fleet.restarts} times so far ({fleet.trouble})."
    return turned_back(seen, memory, why, now, condemn=Fault.CRASH_LOOP)


def blinded(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The judge has lacked its metrics, or any request to count, for long: pause where the user prefers that."""
    policy, why = obstacle(plan, memory, now)
    if policy != "Pause" or memory.paused or memory.hurry == "unjudged":
        return memory if memory.blind == Stopwatch() else memory.but(blind=Stopwatch())
    blind = memory.blind.run(now)
    if blind.spent < PATIENCE:
        return memory.but(blind=blind)
    return told(
        memory.but(paused=why, blind=Stopwatch()), Reason.PAUSED, f"The rollout pauses: {why}", now, warning=True
    )


def obstacle(plan: Plan, memory: Memory, now: float) -> tuple[str, str]:
    """What the user wants done about what blinds the judge, and the sentence for it; both empty when it sees."""
    if why := unreadable(plan, memory, now):
        return plan.on_outage, why
    why = uncalled(plan, memory, now)
    return (plan.on_no_traffic, why) if why else ("", "")


def unreached(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """Nothing of the canary's weight arrives: it is taken back, as long as anybody else is there to serve."""
    return memory if memory.hurry or unserved(seen, memory) else withdrawal.withdrawn(memory, now)


RULES: tuple[Rule, ...] = (superseded, unmade, emptied, violated, crashing, overdue, unreached, blinded)


def checked(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` after the first rule that ends the rollout or pauses it."""
    if memory.canary is None:
        return memory
    for rule in RULES:
        after = rule(plan, seen, memory, now)
        if after is not memory:
            return after
    return memory
