"""At rest, and before: the first revision, the start of a rollout, and what to do when status was lost."""

from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import least_weight
from gracefulservice.rollout.frozen import freeze
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judge import begin as begin_evidence
from gracefulservice.rollout.memory import Climbing, Founding, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import WIDE, Seen


def recovered(seen: Seen, memory: Memory) -> Memory:
    """`memory`, or what can be told from the world when it is empty although the world is not.

    Status can be lost (a restored backup, a migration). Then `stable` is the revision whose record says so,
    else the one `<name>` selects while it has ready pods; every other revision turns back, none is promoted.
    """
    marked = {revision: record.condemned for revision, record in seen.records.items() if record.condemned}
    if memory.state != Idle() or memory.stable is not None or not seen.fleets:
        return memory
    stable = next((revision for revision, record in seen.records.items() if record.stable), None)
    selected = seen.stable_service.selects
    if stable is None and selected != WIDE and seen.fleet(selected).ready:
        stable = selected
    return memory.but(stable=stable, condemned=marked | memory.condemned)


def idle(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """Leave rest when there is a reason to; the first one that holds."""
    target = plan.revision.id
    if seen.foreign or seen.deleting:
        return memory
    if memory.stable is None:
        return memory.but(state=Founding(revision=target))
    if stray := strays(seen, memory):
        return memory.but(state=TurningBack(leaving=stray[0]))
    if target == memory.stable or target in memory.condemned:
        return memory
    if plan.replicas == 0:
        sentence = f"Revision {target} is stable: the service has 0 replicas, so nothing had to move."
        return told(memory.but(stable=target), Reason.PROMOTED, sentence, now)
    return begin(plan, memory, now)


def strays(seen: Seen, memory: Memory) -> list[str]:
    """Revisions that have pods although they play no part, in a fixed order."""
    return sorted(
        revision
        for revision, fleet in seen.fleets.items()
        if revision != memory.stable and (fleet.wanted or fleet.pods)
    )


def begin(plan: Plan, memory: Memory, now: float) -> Memory:
    """The first moment of a rollout: what it keeps is frozen, the evidence is empty."""
    target = plan.revision.id
    state = (
        Warming(canary=target)
        if plan.weighted
        else Climbing(canary=target, weight=plan.steps[0].weight if plan.steps else least_weight(plan))
    )
    memory = memory.but(
        state=state,
        paused="",
        hurry=memory.hurry,
        frozen=freeze(plan),
        started=round(now, 3),
        evidence=begin_evidence(plan.objectives, now) if plan.judged else None,
    )
    way = f"{len(plan.steps)} steps" if plan.steps else f"an error budget of {plan.budget} requests"
    sentence = f"Revision {target} starts beside {memory.stable}, with {way}."
    return told(memory, Reason.ROLLOUT_STARTED, sentence, now)


def founding(plan: Plan, seen: Seen, memory: Memory, state: Founding, now: float) -> Memory:
    """Nobody is served yet: a newer template simply replaces the one that starts."""
    target = plan.revision.id
    if state.revision != target:
        return memory.but(state=Founding(revision=target))
    ready = min(seen.fleet(target).ready, seen.stable_service.endpoints.get(target, 0))
    if ready < plan.replicas or target not in seen.fleets:
        return memory
    sentence = f"Revision {target} serves with {figures.pods(ready)}."
    return told(memory.but(stable=target, state=Idle()), Reason.FIRST_REVISION_READY, sentence, now)
