"""The complete world a memory asks for, held back by what is really there.

Order comes from these guards, not from the order of writes: no weight before ready pods that stand in the
endpoints; nothing scaled below the traffic observed on it; nothing removed before its drain.
"""

from collections.abc import Mapping

from gracefulservice.rollout import adoption, contest, cordon, deletion, handback
from gracefulservice.rollout.adoptee import Handover
from gracefulservice.rollout.capacity import ALL, canary_pods, stable_pods, visible
from gracefulservice.rollout.climb import CAP, asked, pods_wanted
from gracefulservice.rollout.demand import carries
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.memory import (
    Adopting,
    Baking,
    Clearing,
    Climbing,
    Founding,
    GivingBack,
    Idle,
    Memory,
    Narrowing,
    TurningBack,
    Warming,
    Widening,
)
from gracefulservice.rollout.offer import offered
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import WIDE, Seen
from gracefulservice.rollout.settle import weightless

UNROUTED = Idle | Founding | Adopting | GivingBack
"""The states in which no rollout moves weights."""


def desire(plan: Plan, seen: Seen, memory: Memory) -> Desired:
    """Everything that should exist for this service now."""
    return Desired(
        fleets=fleets(plan, seen, memory),
        stable_selector=stable_selector(plan, seen, memory),
        canary_selector=canary_selector(seen, memory) if plan.weighted else None,
        weight=weight(plan, seen, memory) if plan.weighted else None,
        marks=memory.condemned,
        stable=memory.stable,
        prune=prunable(plan, seen, memory),
        ports=offered(plan, seen, memory),
        waits=adoption.waits(plan, memory),
        handover=handover(plan, seen, memory),
        finalizer=deletion.finalizer(plan, seen, memory, route_held=holds_route(plan, seen, memory)),
        staying=deletion.staying(plan, seen, memory),
    )


def handover(plan: Plan, seen: Seen, memory: Memory) -> Handover | None:
    """What is wanted of a Deployment that is being adopted, or gets its traffic back."""
    match memory.state:
        case Adopting() as state:
            return adoption.wish(plan, seen, state)
        case GivingBack() as state:
            return handback.wish(seen, state)
        case _:
            return None


def fleets(plan: Plan, seen: Seen, memory: Memory) -> Mapping[str, int]:
    """Replicas per revision; none falls while nobody can say what a rollout's route makes of them (gone, or unread)."""
    wanted = fleets_by_state(plan, seen, memory)
    blind = seen.route is not None and not seen.route.acknowledged and not isinstance(memory.state, UNROUTED)
    if not blind or not plan.replicas:
        return wanted
    return {revision: max(count, seen.fleet(revision).wanted) for revision, count in wanted.items()}


def fleets_by_state(plan: Plan, seen: Seen, memory: Memory) -> dict[str, int]:
    """What the state asks for; a revision that plays no part keeps what it has as long as users may reach it."""
    wanted = {revision: fleet.wanted for revision, fleet in seen.fleets.items()}
    state = memory.state
    if isinstance(state, Founding):
        return dict.fromkeys(wanted, 0) | {state.revision: plan.replicas}
    if isinstance(state, Adopting):
        return dict.fromkeys(wanted, 0) | {state.revision: adoption.fleet(seen, state)}
    if isinstance(state, GivingBack):
        return dict.fromkeys(wanted, 0) | {state.revision: handback.fleet(seen, state)}
    if memory.stable is not None:
        wanted |= dict.fromkeys(unreached(seen, {memory.stable, memory.canary, memory.leaving}), 0)
        wanted[memory.stable] = cordon.surged(memory, memory.stable, stable_fleet(plan, seen, memory))
    if memory.canary is not None:
        wanted[memory.canary] = cordon.surged(memory, memory.canary, canary_fleet(plan, seen, memory))
    if memory.leaving is not None and memory.leaving != memory.stable:
        wanted[memory.leaving] = cordon.left(plan, seen, memory, memory.leaving)
    if isinstance(state, Clearing) and state.leaving != memory.stable and not behind_canary(seen, state.leaving):
        wanted[state.leaving] = 0
    return wanted


def unreached(seen: Seen, in_play: set[str | None]) -> list[str]:
    """Revisions that play no part and stand in no endpoints of ours: scaled by hand, they would hold up a rollout."""
    reached = (seen.stable_service.endpoints, seen.canary_service.endpoints)
    return [one for one in seen.fleets if one not in in_play and not any(ends.get(one, 0) for ends in reached)]


def behind_canary(seen: Seen, revision: str) -> bool:
    """Whether `<name>-canary` still leads to `revision`."""
    return seen.canary_service.endpoints.get(revision, 0) > 0


def stable_fleet(plan: Plan, seen: Seen, memory: Memory) -> int:
    """Stable keeps the capacity for everything, except where pods are what splits the traffic.

    A replica ratio gives up one stable pod only for one canary pod that is ready: 4 stable pods and 1 of 1
    canary pods ready at 25 % leave 3.
    """
    state = memory.state
    if plan.weighted or not isinstance(state, Climbing | Baking):
        return plan.replicas
    share = state.weight if isinstance(state, Climbing) else ALL
    ready = visible(plan, seen, state.canary)
    return max(stable_pods(plan, share), plan.replicas - ready)


def canary_fleet(plan: Plan, seen: Seen, memory: Memory) -> int:
    """The canary's pods, never fewer than what carries the weight observed on it.

    By a replica ratio that falls, none goes before a stable pod is ready in its place.
    """
    state = memory.state
    observed = seen.route.weight if seen.route and seen.route.weight else 0.0
    if isinstance(state, Warming):
        return max(pods_wanted(plan, state), canary_pods(plan, observed) if plan.weighted and observed else 0)
    if not isinstance(state, Climbing):
        return plan.replicas
    ahead = CAP if state.weight < CAP else ALL
    wanted = pods_wanted(plan, state) if plan.steps or not plan.weighted else canary_pods(plan, ahead)
    if not plan.weighted:
        missing = plan.replicas - seen.stable_service.endpoints.get(memory.stable or "", 0)
        return max(wanted, min(missing, seen.fleet(state.canary).wanted))
    return max(wanted, canary_pods(plan, observed) if observed > state.weight else 0)


def stable_selector(plan: Plan, seen: Seen, memory: Memory) -> str:
    """`<name>` leads to stable; wide only while exactly the revisions in play have pods."""
    state = memory.state
    if isinstance(state, Founding):
        return state.revision
    if isinstance(state, Adopting | GivingBack):
        return WIDE
    stable = memory.stable or plan.revision.id
    if isinstance(state, Widening):
        return WIDE if not third(seen, {stable, state.canary}) else stable
    if plan.weighted:
        return stable
    if isinstance(state, TurningBack):
        answering = min(seen.fleet(stable).ready, seen.stable_service.endpoints.get(stable, 0))
        regrown = carries(plan, memory, answering)
        return stable if regrown or seen.stable_service.selects == stable else WIDE
    if isinstance(state, Idle | Warming | Climbing | Baking) or (
        isinstance(state, Clearing) and seen.stable_service.selects == WIDE
    ):
        return WIDE if not third(seen, {stable, memory.canary, memory.leaving}) else stable
    return stable


def third(seen: Seen, in_play: set[str | None]) -> str:
    """A revision that plays no part and still has pods, or empty."""
    there = (revision for revision, fleet in sorted(seen.fleets.items()) if fleet.pods or fleet.wanted)
    return next((revision for revision in there if revision not in in_play), "")


def canary_selector(seen: Seen, memory: Memory) -> str | None:
    """`<name>-canary` leads to the canary only once its pods are ready, and to stable before they go."""
    state = memory.state
    stable = memory.stable or (state.revision if isinstance(state, Founding | Adopting | GivingBack) else None)
    if memory.canary is not None:
        if not weightless(seen):
            return seen.canary_service.selects or stable
        return memory.canary if seen.fleet(memory.canary).ready else stable
    if memory.leaving is not None and not isinstance(state, Clearing | Narrowing) and memory.leaving != stable:
        return seen.canary_service.selects or stable
    return stable


def weight(plan: Plan, seen: Seen, memory: Memory) -> float | None:
    """The share of `<name>-canary` in percent: never to a Service where nobody answers while the other's pods do."""
    observed = seen.route.weight if seen.route else None
    if observed is None:
        return None
    wish = wished_weight(plan, seen, memory, observed)
    if seen.deleting or seen.stable_service.serves == seen.canary_service.serves:
        return wish
    if seen.stable_service.serves:
        return 0.0
    return ALL if isinstance(memory.state, Climbing) else max(wish, observed)


def wished_weight(plan: Plan, seen: Seen, memory: Memory, observed: float) -> float:
    """What the state asks for: never more than the canary's ready, visible pods can carry."""
    state = memory.state
    if seen.deleting:
        return 0.0
    if contest.held(memory):
        return observed
    if isinstance(state, Climbing):
        stopped = bool(memory.paused) and state.observed_at is None
        enough = visible(plan, seen, state.canary) >= pods_wanted(plan, state) and not stopped
        return asked(plan, state) if enough or state.weight < observed else observed
    if isinstance(state, Baking | Widening):
        return ALL if visible(plan, seen, state.canary) >= plan.replicas else observed
    return ALL if isinstance(state, Narrowing) else 0.0


def prunable(plan: Plan, seen: Seen, memory: Memory) -> frozenset[str]:
    """Revisions beyond the history limit: the oldest without pods that play no part."""
    in_play = {memory.stable, memory.canary, memory.leaving, plan.revision.id}
    rest = [
        revision
        for revision in sorted(seen.records, key=lambda known: seen.records[known].number)
        if revision not in in_play and not seen.fleet(revision).pods and not seen.fleet(revision).wanted
    ]
    return frozenset(rest[: max(len(rest) - plan.history_limit, 0)])


def holds_route(plan: Plan, seen: Seen, memory: Memory) -> bool:
    """Whether a route of the user's must be given back before the object may go."""
    if plan.route is None or plan.route.ours or seen.route is None or seen.route.weight is None:
        return False
    moving = not isinstance(memory.state, UNROUTED)
    return seen.route.weight > 0 if seen.deleting else moving or seen.route.weight > 0
