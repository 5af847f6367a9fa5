"""One service, once through: look, decide, remember, converge, tell. Nothing is kept between two passes.

What each error does, wherever in a pass it comes up. None of them ever moves a rollout on:

    Stale         somebody was faster: look again at once; a second time in a row: back off
    Unreachable   nothing changes, back off, at least as long as was asked for
    Refused       its sentence stands in the conditions until a pass comes through; back off to a slow retry
    Invalid       a spec that cannot become a plan: its problems stand in the conditions, and the pass goes by
                  the last one that could, so that a rollout under way ends; nothing begins, and no retry until
                  the spec is another one
    else          a bug: raised, counted and logged with its trace, back off

Backing off, counting and logging are the work queue's part.
"""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from pydantic import ValidationError

from gracefulservice.api import Command, Problem, Status
from gracefulservice.api.names import COMMAND_ANNOTATION
from gracefulservice.errors import Failure, Refused, Stale
from gracefulservice.ports import Key, Owner, Ports, RouteLook, World
from gracefulservice.rollout import adoption, report, sizing
from gracefulservice.rollout.decide import Decision, decide
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.frozen import in_force
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.questions import asked, due
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.recall import previous, remembered
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.sizes import UNASKED, Measured

SLOW_RETRY = 30.0
"""Seconds until something is tried again that no event announces: telling, or a name of ours that others bear."""
REREADING = 15.0
"""Seconds after which changed configuration is noticed at the latest."""
UNREADABLE_COMMAND = (
    f"The annotation {COMMAND_ANNOTATION} is not a command: write it with kubectl graceful, or as JSON with `id` and "
    "`do` (abort, retry, pause, resume, promote, jump or undo)."
)


UNREADABLE_MEMORY = (
    "status.memory cannot be read by this version of the operator (%s), so nothing is changed: it was probably "
    "written by a newer version. Upgrade the operator again, or remove status.memory, which turns any rollout under "
    "way back."
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
    status = previous(owner.status)
    memory = await recalled(ports, owner, status)
    config = await ports.cluster.config(owner)
    plan = in_force(key.name, config.spec, memory, config.problems)
    if isinstance(plan, tuple):
        await remember(ports, owner, memory, problems=plan)
        return rereading(owner)
    try:
        view = await look(ports, owner, plan, memory)
        view = replace(view, world=replace(view.world, contents=config.contents))
    except Refused as refused:
        await remember(ports, owner, memory, trouble=refused.sentence)
        raise
    decision = decide(plan, view.seen, memory, view.at)
    plan = sizing.sized(plan, decision.memory)
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
    due = [decision.wake_after, SLOW_RETRY if waits else None, rereading(owner)]
    return min((seconds for seconds in due if seconds is not None), default=None)


def rereading(owner: Owner) -> float | None:
    """Seconds until what `spec.config` names is read again: nothing tells of changes in objects without a label."""
    return REREADING if owner.spec.get("config") else None


async def recalled(ports: Ports, owner: Owner, status: Status) -> Memory:
    """What is remembered. `Refused` where that cannot be understood: what a newer version knew must not get lost."""
    try:
        return remembered(status)
    except ValueError as error:
        sentence = UNREADABLE_MEMORY % first_line(error)
        await remember(ports, owner, None, trouble=sentence)
        raise Refused(sentence) from error


def first_line(error: ValueError) -> str:
    """What is wrong, in a few words: of pydantic's report the first field."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"


async def look(ports: Ports, owner: Owner, plan: Plan, memory: Memory) -> View:
    """The children and then the counters of their pods; the route at the same time."""
    (world, metrics, sizes), route = await asyncio.gather(
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
        vanishing=world.vanishing,
        foreign=world.foreign,
        remarks=world.remarks + remarks,
        ceiling=world.ceiling,
        measured=sizes,
        exits=world.exits,
        adoptee=world.adoptee,
    )
    return View(ports.clock.now(), seen, world, route)


async def measured(ports: Ports, owner: Owner, plan: Plan, memory: Memory) -> tuple[World, Look | None, Measured]:
    """The children, and what their pods counted, or how long they take, where that is asked for now."""
    adopts, began = adoption.subject(plan, memory), ports.clock.now()
    world, now = await ports.cluster.children(owner, adopts, at=began), ports.clock.now()
    at = due(plan, memory, now)
    if at is not None:
        interval = memory.evidence.interval if memory.evidence else 0.0
        questions = asked(plan, memory, world.pods, owner.key.namespace)
        return world, await ports.metrics.ask(owner, questions, world.pods, at, interval), UNASKED
    if sizing.wanted(plan, memory):
        return world, None, await ports.metrics.sizes(owner, plan, world.pods, world.gone, now)
    return world, None, UNASKED


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
    memory: Memory | None,
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
        previous=previous(owner.status),
        now=view.at if view else ports.clock.now(),
        name=owner.key.name,
        trouble=trouble,
    )
    return await ports.cluster.remember(owner, status)


async def converge(ports: Ports, owner: Owner, plan: Plan, view: View, decision: Decision) -> Owner:
    """A weight that falls, the children, a weight that rises. What leads users away from a bad version waits for no
    other write, which may be refused for ever; what must wait for what is the heart's business.
    """
    in_play = decision.memory.canary is not None or decision.memory.leaving is not None
    desired = decision.desired
    if desired.staying is not None:  # what outlives the service is free of it before its finalizer goes
        await ports.router(plan).release(owner, view.route)
        return await ports.cluster.converge(owner, plan, desired, view.world)
    port = desired.ports[0].port if desired.ports else None
    ensure = partial(ports.router(plan).ensure, owner, view.route, desired.weight, in_play=in_play, port=port)
    falls, refused = falling(desired, view.seen), None
    if falls:
        try:
            await ensure()
        except Failure as failure:  # nor do the pods that stable needs wait for it
            refused = failure
    owner = await ports.cluster.converge(owner, plan, desired, view.world)
    if refused is not None:
        raise refused
    if not falls:
        await ensure()
    return owner


def falling(desired: Desired, seen: Seen) -> bool:
    """Whether the canary's weight is to be less than what was observed."""
    observed = seen.route.weight if seen.route else None
    return desired.weight is not None and observed is not None and desired.weight < observed


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
