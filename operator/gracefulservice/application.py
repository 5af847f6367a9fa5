"""The composition root: what the operator is made of, in which order it starts, and how it ends.

answer probes ─► campaign for the lease ─► lead: watch and look ─► asked to stop: looks end, lease back, 0
and admission                                                   └► lease lost or anything broken: 1
"""

import asyncio
import signal
import time
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from gracefulservice import handlers, standing, telemetry
from gracefulservice.admission import server as admission
from gracefulservice.admission.keeper import Keeper, Places
from gracefulservice.admission.server import Webhook
from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster import access
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.adapter import KubernetesCluster
from gracefulservice.cluster.client import Client
from gracefulservice.cluster.departures import Departures
from gracefulservice.cluster.events import Recorder
from gracefulservice.cluster.kinds import GRACEFUL_SERVICE, HTTP_ROUTE, LEASE, NODE, SECRET, WEBHOOK, Kind, Ref
from gracefulservice.cluster.nodes import Nodes
from gracefulservice.errors import Failure, Refused
from gracefulservice.identity import Identity, Predecessors
from gracefulservice.leadership import Elector
from gracefulservice.metrics import pods, reader
from gracefulservice.metrics.pace import Pace
from gracefulservice.metrics.sources import Sources
from gracefulservice.ports import Clock, Key, Ports
from gracefulservice.reconcile import reconcile
from gracefulservice.settings import Settings, from_environment
from gracefulservice.standing import Standings
from gracefulservice.telemetry import Health, Telemetry
from gracefulservice.traffic import routers
from gracefulservice.wakes import Reconcile, Register, audited
from gracefulservice.work_queue import WorkQueue

REPAIR = 30.0
"""Seconds until a part that broke, and without which the others go on, begins anew."""
STUCK = 300.0
"""Seconds: all that a look waits for has a time-out far below, so a look this old means an ill process."""
LEASE_CONNECTIONS = 2
"""The lease has connections of its own: no crowd of other requests can cost us the lease."""
WEBHOOK_CONNECTIONS = 4
"""Nor does the webhook wait for the leader's."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a reconcile is composed from. `identity` names this process."""

    settings: Settings
    access: Access
    client: Client
    elector: Elector
    telemetry: Telemetry
    clock: Clock
    identity: str
    nodes: Nodes
    departures: Departures = field(default_factory=Departures)
    standings: Standings = field(default_factory=Standings)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the webhook answers."""


Compose = Callable[[Outside], AbstractAsyncContextManager[Reconcile]]


@asynccontextmanager
async def compose(outside: Outside) -> AsyncIterator[Reconcile]:
    """The loop, with its adapters to the outside."""
    settings, client = outside.settings, outside.client
    async with reader.session() as session, pods.reading(outside.clock) as scraped:
        own, half = str(settings.prometheus_url or "") or None, max(settings.workers // 2, 1)
        prometheus = reader.Prometheus(session, own, settings.prometheus_files, Pace(half), settings.prometheus_guards)
        ports = Ports(
            clock=outside.clock,
            cluster=KubernetesCluster(client, outside.departures, outside.nodes),
            router=routers(client, lambda: outside.elector.epoch),
            metrics=Sources(prometheus, scraped),
            notifier=Recorder(client, outside.identity),
        )
        yield partial(reconcile, ports=standing.observed(ports, outside.telemetry, outside.standings))


def main() -> int:
    """Run the operator that this process's environment describes; gives the exit code."""
    try:
        settings = from_environment()
        telemetry.configure_logs(settings.log_level, settings.log_format)
        return asyncio.run(run(settings, compose))
    except Failure as failure:
        log.error("The operator ends.", why=failure.sentence)
        return 1


async def run(settings: Settings, compose: Compose) -> int:
    """Run until SIGTERM or SIGINT (0), or until leading ends for any other reason (1)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with outside_of(settings) as outside:
        queue: WorkQueue[Key] = WorkQueue(
            clock=time.monotonic, workers=settings.workers, observe=outside.telemetry.looked
        )
        show(outside, queue)
        async with (
            telemetry.serving(outside.telemetry, health(outside, queue, stop), settings.port),
            background(webhook=spared(partial(admit, outside))),
        ):
            return await campaign(outside, queue, compose, stop)


@asynccontextmanager
async def outside_of(settings: Settings) -> AsyncIterator[Outside]:
    """Connections to the API server, the candidate for the lease, and the client its lease fences."""
    door, figures, clock = access.find(time.monotonic), Telemetry(), TimeOfDay()
    identity = Identity(settings.pod_name, settings.pod_uid)
    async with (
        door.session(connections=LEASE_CONNECTIONS, timeout=settings.api_timeout) as lease_session,
        door.session(connections=2 * settings.workers, timeout=settings.api_timeout) as session,
    ):
        leases = Client(lease_session, door.server, observe=figures.called)
        elector = Elector(
            leases,
            Ref(LEASE, settings.pod_namespace, settings.lease_name),
            str(identity),
            settings.terms,
            now=time.monotonic,
            wall=clock.now,
            observe=figures.campaigned,
            ended=Predecessors(leases, settings.pod_namespace, identity).ended,
        )
        client = Client(
            session,
            door.server,
            fence=lambda: elector.valid_for() > settings.api_timeout,
            observe=figures.called,
        )
        yield Outside(settings, door, client, elector, figures, clock, str(identity), Nodes(client))


class TimeOfDay:
    """The port `Clock`. The time of day is read here, and given to whoever needs it."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()  # noqa: TID251 - the one place


def show(outside: Outside, queue: WorkQueue[Key]) -> None:
    """Numbers that are read when somebody asks for the metrics."""
    leads, each = lambda: outside.elector.valid_for() > 0, outside.settings.metrics_per_service
    standing.show(outside.telemetry, queue, outside.standings, leads, outside.clock, each=each)


def health(outside: Outside, queue: WorkQueue[Key], stop: asyncio.Event) -> Health:
    """What the probes are told. A standby is as ready as the leader."""

    def ills() -> list[str]:
        age = queue.longest_look
        return [f"A look has run for {age:.0f} s."] if age > STUCK else []

    def obstacles() -> list[str]:
        answered = outside.elector.answered.is_set()
        mute = bool(outside.settings.webhook_configuration) and not outside.answering.is_set()
        checks = (
            (stop.is_set(), "The operator was asked to stop."),
            (not answered, "The API server has not shown the lease yet."),
            (mute, "The webhook does not answer yet."),
        )
        return [sentence for holds, sentence in checks if holds]

    return Health(alive=ills, ready=obstacles)


async def admit(outside: Outside) -> None:
    """Answer the API server's questions, where it asks any. Every replica does, so nothing here is fenced."""
    settings, namespace = outside.settings, outside.settings.pod_namespace
    if not settings.webhook_configuration:
        return
    places = Places(
        Ref(SECRET, namespace, settings.webhook_service),
        Ref(WEBHOOK, "", settings.webhook_configuration),
        f"{settings.webhook_service}.{namespace}.svc",
    )
    door = outside.access
    async with door.session(connections=WEBHOOK_CONNECTIONS, timeout=settings.api_timeout) as session:
        client = Client(session, door.server, observe=outside.telemetry.called)
        keeper = Keeper(client, places, outside.clock.now)
        meaning = "For how long the webhook's certificate is still valid."
        outside.telemetry.watch("webhook_certificate_left_seconds", meaning, keeper.left)
        webhook = Webhook(client, outside.telemetry.answered)
        await admission.run(keeper, webhook, settings.webhook_port, outside.answering)


async def spared(part: Callable[[], Coroutine[Any, Any, None]], pause: float = REPAIR) -> None:
    """A part without which all the others go on: where it breaks it says why, and begins anew after a pause."""
    while True:
        async with background(webhook=part()) as (task,):
            await first(task)
            if not task.cancelled() and task.exception() is None:
                return
        await asyncio.sleep(pause)


async def campaign(outside: Outside, queue: WorkQueue[Key], compose: Compose, stop: asyncio.Event) -> int:
    """Wait for the lease and lead with it; gives the exit code."""
    elector = outside.elector
    async with background(lease=elector.run(), stop=stop.wait()) as (lease, stopping):
        async with background(election=elector.elected.wait()) as (elected,):
            await first(elected, lease, stopping)
        if lease.done() or stopping.done():
            return 0 if stopping.done() else 1
        try:
            return await lead(outside, queue, compose, lease, stopping)
        finally:
            await give_back(elector, lease)


async def lead(
    outside: Outside,
    queue: WorkQueue[Key],
    compose: Compose,
    lease: asyncio.Task[Any],
    stopping: asyncio.Task[Any],
) -> int:
    """Watch and look until asked to stop (0) or until anything ends that should not (1)."""
    settings, register = outside.settings, Register(queue)
    kinds = await kinds_to_watch(outside.client, everywhere=not settings.namespaces)
    heard = (outside.departures.heard, outside.nodes.heard)
    watch = handlers.watch(register, outside.access, kinds, settings.namespaces, *heard)
    async with background(watch=watch) as (watching,):
        async with compose(outside) as one_look:
            look = audited(one_look, queue, register, settings.audit_period)
            async with background(looks=queue.run(look)) as (looking,):
                await first(lease, stopping, looking, watching)
                queue.close()
                await until_ended(looking, unless=lease, within=settings.stop_within)
        await give_back(outside.elector, lease)  # now, because kopf may take seconds to end
    return 0 if stopping.done() else 1


async def until_ended(looks: asyncio.Task[Any], *, unless: asyncio.Task[Any], within: float) -> None:
    """Let the looks end well, for so many seconds; not at all when the lease is lost."""
    if not unless.done():
        await asyncio.wait({looks, unless}, timeout=within, return_when=FIRST_COMPLETED)


async def give_back(elector: Elector, lease: asyncio.Task[Any]) -> None:
    """Stop renewing the lease, and let others have it at once. Does nothing the second time."""
    lease.cancel()
    await asyncio.wait({lease})
    await elector.release()


async def kinds_to_watch(client: Client, *, everywhere: bool) -> list[Kind]:
    """What concerns a GracefulService and is served here. Raises `Refused` where GracefulService itself is not."""
    if not await client.serves(GRACEFUL_SERVICE):
        raise Refused("The CustomResourceDefinition of GracefulService is not installed.")
    served = [kind for kind in (*handlers.CHILDREN, HTTP_ROUTE) if await client.serves(kind)]
    return [*served, NODE] if everywhere and await may_list_nodes(client) else served


async def may_list_nodes(client: Client) -> bool:
    """Whether nodes can be watched; without that right everything else still goes on."""
    try:
        await client.list_all(NODE, None, NAME_LABEL)  # no node bears this label: the answer is short
    except Refused:
        return False
    return True


async def first(*tasks: asyncio.Task[Any]) -> None:
    """Wait until one of them has ended, and say why where it broke."""
    done, _ = await asyncio.wait(tasks, return_when=FIRST_COMPLETED)
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            log.error("A part of the operator broke.", part=task.get_name(), exc_info=error)


@asynccontextmanager
async def background(**parts: Coroutine[Any, Any, Any]) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run them beside the block; what still runs at its end is cancelled and waited for."""
    tasks = [asyncio.create_task(part, name=name) for name, part in parts.items()]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
