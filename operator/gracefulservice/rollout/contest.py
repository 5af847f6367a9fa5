"""Weights that somebody else writes during a rollout: ours is written once more, then the rollout holds.

    as wanted ──somebody writes──► asserting (ours is written again) ──and again──► holding (theirs is left)
        ▲                              │                                               │
        └── the route carries ours ────┴───────────────────────────────────────────────┘  or a person resumes

Only the way up is contested. A way back, and a person's `promote`, always write their weight, once per look; a
canary or a stable without ready pods loses its weight whoever wrote it. A route that was gone and is back is no
contest: the rollout goes on from the weight that it brings.
"""

from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL, expresses
from gracefulservice.rollout.climb import taken_up, unserved
from gracefulservice.rollout.frozen import rerouted
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming, Widening
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.seen import RouteSeen, Seen

Aspect = tuple[bool, str, str]
"""Whether the weights are contested, the reason in one word, the sentence."""


def met(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` after this look at who wrote the route."""
    if memory.leaving is not None:
        return left_behind(plan, seen, memory)
    route, wanted = seen.route, weight_wanted(memory)
    if route is None or wanted is None:
        return memory
    if route.weight is None:
        return changed(memory, gone=True)
    if memory.rewrites.gone:
        return returned(plan, seen, memory, route, now)
    if isinstance(memory.state, Warming) or expresses(route, route.weight, wanted):
        return changed(memory, by=route.set_by, asserting=False, holds=False)
    if not seen.canary_service.serves or unserved(seen, memory):
        return changed(memory, asserting=not memory.rewrites.holds)
    if not foreign(memory, route):
        return memory
    return rewritten(memory, route, route.weight, wanted, now)


def left_behind(plan: Plan, seen: Seen, memory: Memory) -> Memory:
    """On the way out nobody is contested; a route that is gone leads nobody anywhere, so another may take its place."""
    memory = rerouted(plan, memory)
    return memory if seen.route is None else changed(memory, gone=seen.route.absent)


def weight_wanted(memory: Memory) -> float | None:
    """The weight that a rollout asks for on its way up; None elsewhere."""
    match memory.state:
        case Warming():
            return 0.0
        case Climbing(weight=weight):
            return weight
        case Baking() | Widening():
            return ALL
        case _:
            return None


def foreign(memory: Memory, route: RouteSeen) -> bool:
    """Whether the weight that is not ours is somebody's, and not merely on its way or answered already."""
    state = memory.state
    was_there = not isinstance(state, Climbing) or state.observed_at is not None
    wrote = route.set_by not in ("", memory.rewrites.by)
    return wrote or (was_there and not memory.rewrites.open)


def rewritten(memory: Memory, route: RouteSeen, found: float, wanted: float, now: float) -> Memory:
    """The first time ours is written again; from then on theirs is left, and that is told once."""
    before = memory.rewrites
    times = before.times + 1
    said = sentence(memory, route, found, wanted, again=times > 1)
    after = changed(memory, by=route.set_by, times=times, asserting=times == 1, holds=times > 1, sentence=said)
    return after if before.holds else told(after, Reason.WEIGHT_CONTESTED, said, now, warning=True)


def sentence(memory: Memory, route: RouteSeen, found: float, wanted: float, *, again: bool) -> str:
    """Who, when, both weights, and what follows."""
    ours = figures.weight(wanted)
    happened = (
        f"The weight of revision {memory.canary} was set from {ours} to {figures.weight(found)} by "
        f"{route.set_by or 'somebody else'}"
    )
    if not again:
        return f"{happened}; {ours} is written once more."
    return (
        f"{happened}, again: the rollout holds until the route carries {ours} or somebody resumes it. "
        "Let whatever writes the route leave out the weights of these two backends."
    )


def returned(plan: Plan, seen: Seen, memory: Memory, route: RouteSeen, now: float) -> Memory:
    """A route that was gone is back: a rollout whose weight was there goes on from what the route brings."""
    state = memory.state
    memory = changed(memory, gone=False, by=route.set_by, asserting=True, holds=False)
    observed = isinstance(state, Baking) or (isinstance(state, Climbing) and state.observed_at is not None)
    if not observed or not isinstance(state, Climbing | Baking) or unserved(seen, memory):
        return memory
    had = weight_wanted(memory) or 0.0
    if route.weight is None or route.weight >= had - route.granularity:
        return memory
    found = figures.weight(route.weight)
    why = f"The route is back with {found} for revision {state.canary}, which had {figures.weight(had)}: "
    return told(
        taken_up(plan, memory, state, route.weight),
        Reason.ROUTE_RETURNED,
        f"{why}the rollout goes on from there.",
        now,
        warning=True,
    )


def changed(memory: Memory, **changes: object) -> Memory:
    """`memory` with these parts of its `rewrites`."""
    after = memory.rewrites.model_copy(update=changes)
    return memory if after == memory.rewrites else memory.but(rewrites=after)


def resumed(seen: Seen, memory: Memory) -> Memory:
    """A person says that our weight is the right one: it is written once more, as if for the first time."""
    return memory.but(rewrites=Rewrites(by=seen.route.set_by if seen.route else "", asserting=True))


def held(memory: Memory) -> str:
    """Why the weight is left as others wrote it, or empty."""
    holds = memory.rewrites.holds and memory.canary is not None and not memory.hurry
    return memory.rewrites.sentence if holds else ""


def aspect(memory: Memory) -> Aspect | None:
    """What the condition `WeightContested` says; None while nobody else wrote a weight during this rollout."""
    found = memory.rewrites
    if memory.canary is None or not found.sentence:
        return None
    if found.open:
        return True, "Held" if found.holds else "WrittenAgain", found.sentence
    return False, "InForce", f"The route carries the weight of the rollout again. Before: {found.sentence}"
