"""One pod more for a fleet whose pods are about to be evicted, so that a successor serves before the first one goes.

    a node is cordoned ──► one pod more ──► it is ready: evictions are allowed, one at a time ──► the last one left:
                              │                                                                  as many as before
                              └──► no further pod is ready within the progress deadline: given up until then,
                                   because a drain is never held up for ever

What holds up an eviction meanwhile is the fleet's budget: one pod may be missing, and the one that is still starting
is missing already. A fleet of one pod has a budget just as long as it has one pod more.

By a replica ratio pods are what splits the traffic, so a rollout that climbs gives none to the canary, whose share
would grow by it, and one to stable only where stable has a single pod; the step does not count until that is over.
"""

from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL, stable_pods
from gracefulservice.rollout.deletion import settles
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Clearing, Climbing, Memory, Surge, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Fleet, Seen

Aspect = tuple[bool | None, str, str]
"""Whether evictions leave as many pods as before (None: not yet), the reason in one word, the sentence."""


def watched(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` with the fleets that get one pod more as of this look."""
    surges: dict[str, Surge] = {}
    serves = not seen.deleting or settles(plan, seen)
    for revision in (memory.stable, memory.canary):
        fleet = seen.fleet(revision)
        if revision is not None and fleet.cordoned and serves and entitled(plan, memory, revision):
            surges[revision] = waited(plan, memory.surges.get(revision, Surge()), fleet, now)
    for revision, surge in surges.items():
        memory = announced(plan, memory, revision, seen.fleet(revision), surge, now)
    return memory if surges == memory.surges else memory.but(surges=surges)


def entitled(plan: Plan, memory: Memory, revision: str) -> bool:
    """Whether one pod more of `revision` keeps requests, and disturbs no share that pods make."""
    state = memory.state
    if isinstance(state, Warming) and revision == state.canary:
        return False
    if plan.weighted or not isinstance(state, Climbing) or state.weight >= ALL:
        return True
    return revision == memory.stable and stable_pods(plan, state.weight) == 1


def waited(plan: Plan, before: Surge, fleet: Fleet, now: float) -> Surge:
    """The fleet after this look: given up once no further pod became ready for the progress deadline."""
    if before.given_up:
        return before
    progress = before.progress.watch(fleet.wanted, fleet.ready, now)
    return Surge(progress=progress, given_up=progress.waiting.spent >= plan.progress_deadline)


def announced(plan: Plan, memory: Memory, revision: str, fleet: Fleet, surge: Surge, now: float) -> Memory:
    """`memory` with what there is to tell: that it begins, or that it was given up."""
    before = memory.surges.get(revision)
    if before is None:
        return told(memory, Reason.NODE_CORDONED, f"{standing(revision, fleet)}: one pod more is made.", now)
    if surge.given_up and not before.given_up:
        return told(memory, Reason.SURGE_GIVEN_UP, given_up(plan, revision, fleet), now, warning=True)
    return memory


def surged(memory: Memory, revision: str, pods: int) -> int:
    """The pods of a fleet that otherwise wants `pods`; one that wants none gets none."""
    surge = memory.surges.get(revision)
    return pods + 1 if pods and surge is not None and not surge.given_up else pods


def left(plan: Plan, seen: Seen, memory: Memory, revision: str) -> int:
    """The pods of a fleet that leaves: as many as it has, and two for one from which users may not have gone."""
    fleet = seen.fleet(revision)
    alone = plan.weighted and fleet.wanted == 1 and fleet.cordoned and not isinstance(memory.state, Clearing)
    return 2 if alone else fleet.wanted


def waits(memory: Memory) -> bool:
    """Whether the time runs in which a further pod must be ready."""
    return any(not surge.given_up and surge.progress.waiting.ticked is not None for surge in memory.surges.values())


def aspect(plan: Plan, seen: Seen, memory: Memory) -> Aspect | None:
    """What the condition `EvictionsCovered` says; None while no pod stands on a cordoned node."""
    if not memory.surges:
        return None
    lines = [line(plan, revision, seen.fleet(revision), surge) for revision, surge in memory.surges.items()]
    said = " ".join(sentence for _, sentence in lines)
    if any(covered is False for covered, _ in lines):
        return False, "GivenUp", said
    return (None, "Starting", said) if any(covered is None for covered, _ in lines) else (True, "Ready", said)


def line(plan: Plan, revision: str, fleet: Fleet, surge: Surge) -> tuple[bool | None, str]:
    """One fleet's part of it."""
    if surge.given_up:
        return False, given_up(plan, revision, fleet)
    if surge.progress.waiting.ticked is None:
        return True, f"{standing(revision, fleet)}: with one pod more, {fleet.ready} are ready."
    limit = figures.span(plan.progress_deadline)
    return None, f"{standing(revision, fleet)}: evictions wait until one pod more is ready, for {limit} at most."


def given_up(plan: Plan, revision: str, fleet: Fleet) -> str:
    """Why evictions are held up no longer, and what can be done."""
    trouble = f" ({fleet.trouble})" if fleet.trouble else ""
    return (
        f"{standing(revision, fleet)}, and no further pod was ready within the progress deadline of "
        f"{figures.span(plan.progress_deadline)}{trouble}: evictions go on without, so that no drain is held up for "
        "ever. Make room for one pod more, and cordon the node anew."
    )


def standing(revision: str, fleet: Fleet) -> str:
    """`2 pods of revision b2 stand on cordoned nodes`."""
    verb = "stands on a cordoned node" if fleet.cordoned == 1 else "stand on cordoned nodes"
    return f"{figures.pods(fleet.cordoned)} of revision {revision} {verb}"
