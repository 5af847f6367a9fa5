"""What the deletion of a service waits for.

    Delete    a route of the user's leads to stable again; then everything that was made goes with its owner
    adopt     a rollout turns back; then the Deployment that was adopted gets its traffic back (see `handback`)
    Orphan    a rollout turns back, or ends where the pointer has moved, and what leaves is drained as ever;
              then stable's pods, the Services and a route of ours are left without an owner, and the rest goes

Where the whole namespace goes nothing is waited for: nobody is served there any more.
"""

from dataclasses import replace

from gracefulservice.rollout import handback
from gracefulservice.rollout.memory import Adopting, Founding, GivingBack, Idle, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import turned_back


def settles(plan: Plan, seen: Seen) -> bool:
    """Whether a deletion is under way that keeps users served and so lets a rollout come to its end first."""
    return seen.deleting and (plan.orphans or handback.owed(plan, seen)) and not seen.vanishing


def looked(plan: Plan, seen: Seen) -> Seen:
    """`seen`, in which a route that is gone too (deleted in the same breath) brings nobody, so nobody waits for it."""
    gone = seen.route is not None and seen.route.weight is None and seen.route.readable
    return replace(seen, route=None) if gone and settles(plan, seen) else seen


def turned(seen: Seen, memory: Memory, now: float) -> Memory:
    """A rollout that can still go back does so, without being condemned."""
    if memory.canary is None:
        return memory
    return turned_back(seen, memory, "the service is being deleted.", now)


def staying(plan: Plan, seen: Seen, memory: Memory) -> str | None:
    """The revision that may be left without an owner now: nobody is on any other, and no weight leads anywhere else."""
    if not settles(plan, seen) or not seen.unweighted or handback.owed(plan, seen):
        return None
    if isinstance(memory.state, Founding | Adopting | GivingBack):
        return memory.state.revision
    return (memory.stable or plan.revision.id) if isinstance(memory.state, Idle) else None


def finalizer(plan: Plan, seen: Seen, memory: Memory, *, route_held: bool) -> bool:
    """Whether our finalizer stands: while a user's route carries a weight of ours, and always with `Orphan`.

    So it does while a Deployment that was adopted waits for its traffic.
    """
    if seen.deleting and seen.vanishing:
        return False
    if handback.owed(plan, seen) or (isinstance(memory.state, Adopting | GivingBack) and not seen.deleting):
        return True
    return staying(plan, seen, memory) is None if plan.orphans else route_held


def sentence(plan: Plan, seen: Seen, memory: Memory) -> str:
    """What happens before the service is gone, and what stays."""
    if isinstance(memory.state, GivingBack) and handback.owed(plan, seen):
        return handback.left(seen, memory.state)
    if handback.owed(plan, seen):
        return f"The service is being deleted: its traffic goes back to stable, and then to Deployment {plan.adopts}."
    if not settles(plan, seen):
        return "The service is being deleted: its traffic goes back to stable first."
    blind = seen.route is not None and seen.route.weight is not None and not seen.route.acknowledged
    waits = " A gateway has yet to accept the route; with deletionPolicy Delete nothing waits for it." if blind else ""
    kept = memory.stable or plan.revision.id
    return f"The service is being deleted: revision {kept} and its Services stay once nobody is on any other.{waits}"
