"""One service, once through: look, decide, remember, converge, tell. Nothing is kept between two passes.

What each error does, wherever in a pass it comes up. None of them ever moves a rollout on:

    Stale         somebody was faster: look again at once; a second time in a row: back off
    Unreachable   nothing changes, back off, at least as long as was asked for
    Refused       its sentence stands in the conditions until a pass comes through; back off to a slow retry
    Invalid       a spec that cannot become a plan: its problems stand in the conditions, nothing is made
                  or changed, no retry until the spec is another one
    else          a bug: raised, counted and logged with its trace, back off

Backing off, counting and logging are the work queue's part.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from gracefulservice.api import Command, Problem, Status
from gracefulservice.api.names import COMMAND_ANNOTATION
from gracefulservice.errors import Failure, Refused, Stale
from gracefulservice.ports import Key, Owner, Ports, RouteLook, World
from gracefulservice.rollout import report
from gracefulservice.rollout.decide import Decision, decide
from gracefulservice.rollout.frozen import effective
from gracefulservice.rollout.memory import Memory, remembered
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.questions import due
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.seen import Seen

SLOW_RETRY = 30.0
"""Seconds until something is tried again that no event announces: telling, or a name of ours that others bear."""
UNREADABLE_COMMAND = (
    f"The annotation {COMMAND_ANNOTATION} is not a command: write it with kubectl graceful, or as JSON with `id` and "
    "`do` (abort, retry, pause, resume or promote)."
)


@dataclass(frozen=True, slots=True)
class View:
    """One look at everything, taken at the unix second `at`: for the heart, and for the writes."""

    at: float
    seen: Seen
    world: World
    route: RouteLook


async def reconcile(key: Key, ports: Ports) -> float | None:
    """One pass. Gives the seconds until the next is due, None when nothing is. Raises what the table says."""
    try:
        return await once(key, ports)
    except Stale:
        return await once(key, ports)


async def once(key: Key, ports: Ports) -> float | None:
    """Look, decide, remember, converge, tell."""
    owner = await ports.cluster.owner(key)
    if owner is None:
        return None
    status = Status.model_validate(owner.status)
    memory = remembered(status)
    plan = build(key.name, effective(owner.spec, memory))
    if isinstance(plan, tuple):
        await remember(ports, owner, memory, problems=plan)
        return None
    try:
        view = await look(ports, owner, plan, memory)
    except Refused as refused:
        await remember(ports, owner, memory, trouble=refused.sentence)
        raise
    decision = decide(plan, view.seen, memory, view.at)
    told = partial(remember, ports, plan=plan, view=view)
    owner = await told(owner, decision.memory, trouble=report.trouble(status))
    try:
        owner = await converge(ports, owner, plan, view, decision)
    except Refused as refused:
        await told(owner, decision.memory, trouble=refused.sentence)
        raise
    after = await tell(ports, owner, decision.memory)
    await told(owner, after)
    waits = untold(after) or view.seen.foreign
    return SLOW_RETRY if waits and decision.wake_after is None else decision.wake_after


async def look(ports: Ports, owner: Owner, plan: Plan, memory: Memory) -> View:
    """The children and then the counters of their pods; the route at the same time."""
    (world, metrics), route = await asyncio.gather(
        measured(ports, owner, plan, memory), ports.router(plan).observe(owner)
    )
    order, remarks = command(owner)
    seen = Seen(
        fleets=world.fleets,
        stable_service=world.stable_service,
        canary_service=world.canary_service,
        route=route.seen,
        records=world.records,
        metrics=metrics,
        command=order,
        deleting=owner.deleting,
        foreign=world.foreign,
        remarks=world.remarks + remarks,
    )
    return View(ports.clock.now(), seen, world, route)


async def measured(ports: Ports, owner: Owner, plan: Plan, memory: Memory) -> tuple[World, Look | None]:
    """The children, and what their pods counted where that is asked for now."""
    world = await ports.cluster.children(owner)
    at = due(plan, memory, ports.clock.now())
    if at is None or memory.evidence is None:
        return world, None
    return world, await ports.metrics.ask(owner, plan, world.pods, at, memory.evidence.interval)


def command(owner: Owner) -> tuple[Command | None, tuple[str, ...]]:
    """The command that stands on the object, or a remark: what cannot be read has no id to give a receipt for."""
    written = owner.annotations.get(COMMAND_ANNOTATION)
    try:
        return (None if written is None else Command.model_validate_json(written)), ()
    except ValidationError:
        return None, (UNREADABLE_COMMAND,)


async def remember(
    ports: Ports,
    owner: Owner,
    memory: Memory,
    *,
    plan: Plan | None = None,
    view: View | None = None,
    problems: tuple[Problem, ...] = (),
    trouble: str = "",
) -> Owner:
    """Write memory, and what follows from it for people, before anything else is written; only what differs."""
    status = report.status(
        generation=owner.generation,
        plan=plan,
        problems=problems,
        seen=view.seen if view else None,
        memory=memory,
        previous=Status.model_validate(owner.status),
        now=view.at if view else ports.clock.now(),
        name=owner.key.name,
        trouble=trouble,
    )
    return await ports.cluster.remember(owner, status)


async def converge(ports: Ports, owner: Owner, plan: Plan, view: View, decision: Decision) -> Owner:
    """Children first, then the route; what must wait for what is the heart's business, not this order's."""
    in_play = decision.memory.canary is not None or decision.memory.leaving is not None
    owner = await ports.cluster.converge(owner, plan, decision.desired, view.world)
    await ports.router(plan).ensure(owner, view.route, decision.desired.weight, in_play=in_play)
    return owner


async def tell(ports: Ports, owner: Owner, memory: Memory) -> Memory:
    """Tell in order what is not told yet, as far as anybody listens: a rollout never waits for its telling."""
    for happening in memory.happenings:
        if happening.id > memory.told:
            try:
                await ports.notifier.tell(owner, happening)
            except Failure:
                break
            memory = memory.but(told=happening.id)
    return memory


def untold(memory: Memory) -> bool:
    """Whether something is left to tell."""
    return any(happening.id > memory.told for happening in memory.happenings)
