"""At rest, and before: the first revision, the start of a rollout, and what to do when status was lost."""

from gracefulservice.rollout import adoption, figures
from gracefulservice.rollout.climb import first_step
from gracefulservice.rollout.frozen import freeze
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judge import begin as begin_evidence
from gracefulservice.rollout.memory import Climbing, Founding, Idle, Memory, TurningBack, Warming
from gracefulservice.rollout.offer import dropped
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.receipts import receipt
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.seen import WIDE, Seen
from gracefulservice.rollout.settle import formerly, previously, settled, undoing
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.unread import Unread
from gracefulservice.rollout.withdrawn import Withdrawn

LOST = "It was asked for before the status was lost, so it is not carried out: ask again."


def recovered(seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory`, or what can be told from the world when it is empty although the world is not.

    Status can be lost (a restored backup, a migration). Then `stable` is the revision whose record says so,
    else the one `<name>` selects while it has ready pods; every other revision turns back, none is promoted.
    With the status went the receipts: a command that stands on the object may be done already, so it is refused.
    """
    if memory.state != Idle() or memory.stable is not None or not seen.fleets:
        return memory
    condemned = {revision: record.condemned for revision, record in seen.records.items() if record.condemned}
    return memory.but(
        stable=marked(seen) or selected(seen),
        condemned=condemned | memory.condemned,
        receipts=() if seen.command is None else (receipt(seen.command, LOST, now, accepted=False),),
    )


def marked(seen: Seen) -> str | None:
    """The revision whose record says that it is stable; while the mark moves two do, and the one that serves counts."""
    found = sorted(revision for revision, record in seen.records.items() if record.stable)
    served = seen.stable_service.endpoints
    return max(found, key=lambda one: (one == seen.stable_service.selects, served.get(one, 0)), default=None)


def selected(seen: Seen) -> str | None:
    """The one revision that `<name>` selects, if it has ready pods."""
    chosen = seen.stable_service.selects
    return chosen if chosen != WIDE and seen.fleet(chosen).ready else None


def idle(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """Leave rest when there is a reason to; the first one that holds."""
    target = plan.revision.id
    if memory.wished not in ("", target):
        memory = memory.but(wished="")
    if seen.foreign:
        return memory
    if memory.stable is None and plan.adopts:
        return adoption.begun(plan, seen, memory, now)
    if memory.stable is None:
        return founded_on(plan, memory)
    if strays(seen, memory):
        return cleared_of_strays(seen, memory)
    if plan.problems or dropped(plan, seen, memory) or plan.suspended:
        return memory
    if target == memory.stable or target in memory.condemned:
        return memory.but(frozen=freeze(plan))
    return begin(plan, memory, now) if plan.replicas else without_pods(plan, seen, memory, now)


def without_pods(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """With 0 replicas only the pointer moves, once the last pod is gone."""
    target = plan.revision.id
    if seen.fleet(memory.stable).pods:
        return memory
    sentence = f"Revision {target} is stable: the service has 0 replicas, so nothing had to move."
    memory = memory.but(stable=target, former=formerly(memory, target), started=round(now, 3), frozen=freeze(plan))
    after = told(memory, Reason.PROMOTED, sentence, now)
    return settled(seen, after, target, "Promoted", sentence, now, undoing(memory, target, previously(memory)))


def strays(seen: Seen, memory: Memory) -> list[str]:
    """Revisions that have pods although they play no part, in a fixed order."""
    return sorted(
        revision
        for revision, fleet in seen.fleets.items()
        if revision != memory.stable and (fleet.wanted or fleet.pods)
    )


def cleared_of_strays(seen: Seen, memory: Memory) -> Memory:
    """`memory`, which turns back at rest while a revision that plays no part has pods, as after a lost status."""
    if not isinstance(memory.state, Idle) or memory.stable is None or not (stray := strays(seen, memory)):
        return memory
    return memory.but(state=TurningBack(leaving=stray[0]))


def begin(plan: Plan, memory: Memory, now: float) -> Memory:
    """The first moment of a rollout: what it keeps is frozen, the evidence is empty.

    By a replica ratio the first pod that is ready takes requests, so one that is measured waits for its metrics first.
    """
    target = plan.revision.id
    waits = plan.weighted or plan.measured
    trusted = target in (memory.stable, *memory.former)[: plan.rollback_window]
    memory = memory.but(
        state=Warming(canary=target) if waits else Climbing(canary=target, weight=first_step(plan)),
        paused="",
        hurry="unjudged" if trusted or memory.wished == target else "",
        trusted=trusted,
        wished="",
        blind=Stopwatch(),
        unread=Unread(),
        frozen=freeze(plan),
        carried=1.0,
        share=None,
        sampling=None,
        uncounted=None,
        rewrites=Rewrites(),
        withdrawn=Withdrawn(),
        started=round(now, 3),
        evidence=begin_evidence(plan.objectives, now) if plan.judged else None,
    )
    sentence = f"Revision {target} starts beside {memory.stable}, {way(plan, trusted)}."
    return told(memory, Reason.ROLLOUT_STARTED, sentence, now)


def way(plan: Plan, trusted: bool) -> str:
    """How a rollout goes to 100 %."""
    if trusted:
        return f"unjudged and in one step, because it is one of the last {plan.rollback_window} that were stable"
    return f"with {len(plan.steps)} steps" if plan.steps else f"with an error budget of {plan.budget} requests"


def founded_on(plan: Plan, memory: Memory) -> Memory:
    """The first revision is the target; its spec is what to go by, should the next one not be sound."""
    return memory.but(state=Founding(revision=plan.revision.id), frozen=freeze(plan))


def founding(plan: Plan, seen: Seen, memory: Memory, state: Founding, now: float) -> Memory:
    """A newer template simply replaces the one that starts, as long as nobody is served by that."""
    target = plan.revision.id
    ready = min(seen.fleet(state.revision).ready, seen.stable_service.endpoints.get(state.revision, 0))
    if state.revision != target and not ready:
        return founded_on(plan, memory)
    if state.revision != target:
        pods = f"{ready} of {figures.pods(seen.fleet(state.revision).wanted)}"
        sentence = f"Revision {state.revision} serves with {pods}, and {target} is wanted now."
        return told(memory.but(stable=state.revision, state=Idle()), Reason.FIRST_REVISION_READY, sentence, now)
    if ready < plan.replicas or target not in seen.fleets:
        return memory
    sentence = f"Revision {target} serves with {figures.pods(ready)}."
    memory = memory.but(stable=target, state=Idle(), frozen=freeze(plan))
    return told(memory, Reason.FIRST_REVISION_READY, sentence, now)
