"""kopf's part, and only that: watching. Everything it hears becomes a wake in the queue.

kopf runs in a thread and an event loop of its own, as its documentation has it for embedding: it counts every
task of its loop as its own, handles signals itself, and parses whole lists at once; here none of that can
stop a probe from being answered or the lease from being renewed.

It writes nothing: only `on.event` handlers, no stored progress, no stored "last handled" state, no events.
"""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Collection
from typing import Any

import aiohttp
import kopf
import orjson

from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    GRACEFUL_SERVICE,
    HTTP_ROUTE,
    NODE,
    POD,
    SERVICE,
    Kind,
)
from gracefulservice.ports import Key, Object
from gracefulservice.wakes import Register, backends, wish
from gracefulservice.watching import REQUEST_TIMEOUT, selector, settings_for

CHILDREN = (DEPLOYMENT, SERVICE, ENDPOINT_SLICE, POD)
METADATA_ENOUGH = {kind.plural for kind in (GRACEFUL_SERVICE, NODE, *CHILDREN)}
CONNECTIONS = 16
"""One per kind and namespace that is watched stays open."""
STOP_WITHIN = 5.0
"""Seconds kopf gets to end. It holds nothing that would be lost."""
ROOTS = ("resource observer", "namespace observer", "multidimensional multitasker")
"""The tasks of kopf's that hear anything; it means to end when one of them does."""
CHECK = 0.25
"""Seconds between two looks at whether they run."""
GOODBYE = 0.1
"""Seconds for the API server's half of closing a TLS connection, before the event loop goes."""

IDENTITY: Any = "gracefulservice"
"""Unused without peering, but kopf would else ask the system for a user name, and a container's user has none."""

Hear = Callable[..., object]
"""Calls the function given with the arguments given, on the event loop that owns the queue."""


async def watch(
    register: Register,
    access: Access,
    kinds: Collection[Kind],
    namespaces: Collection[str],
    departed: Callable[[Key, Object], None] = lambda _key, _pod: None,
    cordoned: Callable[[str], Collection[Key]] = lambda _node: (),
) -> None:
    """Hear of the GracefulServices, and of other `kinds` that concern them, until cancelled.

    `departed` is given the last states of pods that are being deleted, as events show them; `cordoned` the names of
    nodes that are cordoned, or no longer, and says whom that concerns.

    Raises what kopf gives up with, and `DeafError` where it does not come to its end: some answers to a watch are too
    much for it (of a kind that is served no longer, for one), and a new process is the cure for all of them.
    """
    loop = asyncio.get_running_loop()
    ears = _Ears(register, access, loop.call_soon_threadsafe, departed, cordoned)
    ended: asyncio.Future[None] = loop.create_future()
    stop: concurrent.futures.Future[None] = concurrent.futures.Future()

    leaving = threading.Event()

    def over(error: BaseException | None = None) -> None:
        if not leaving.is_set():  # then nobody waits for the reason any more, only for the end
            loop.call_soon_threadsafe(_settle, ended, error)
        elif not isinstance(error, DeafError):
            loop.call_soon_threadsafe(_settle, ended, None)

    def body() -> None:
        try:
            asyncio.run(_operate(ears.registry(kinds), settings_for(kinds), namespaces, stop, over))
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread ends the wait for it
            over(error)
        else:
            over()

    logging.getLogger("kopf._core.reactor.running").addFilter(_unwarned)
    threading.Thread(target=body, name="kopf", daemon=True).start()
    try:
        await asyncio.shield(ended)
    finally:
        leaving.set()
        if not stop.done():
            stop.set_result(None)
        await asyncio.wait({ended}, timeout=STOP_WITHIN)


class DeafError(RuntimeError):
    """kopf hears nothing any more, and hangs where it should end."""


def _settle(ended: "asyncio.Future[None]", error: BaseException | None) -> None:
    """The first word on how it ended counts."""
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error)


def _unwarned(record: logging.LogRecord) -> bool:
    """All lines but the warning that signals are not kopf's here, which is as it should be."""
    return not str(record.msg).startswith("OS signals are ignored")


async def _operate(
    registry: kopf.OperatorRegistry,
    settings: kopf.OperatorSettings,
    namespaces: Collection[str],
    stop: concurrent.futures.Future[None],
    over: Callable[[BaseException | None], None],
) -> None:
    """kopf, from its start to its end; `over` is told where it hangs in between."""
    operating = kopf.operator(
        registry=registry,
        settings=settings,
        clusterwide=not namespaces,
        namespaces=tuple(namespaces),
        standalone=True,
        identity=IDENTITY,
        stop_flag=asyncio.wrap_future(stop),
    )
    watching = asyncio.create_task(_overseen(over))  # before kopf starts, or it would end this with its own tasks
    try:
        await operating
    finally:
        watching.cancel()
    await asyncio.sleep(GOODBYE)


async def _overseen(over: Callable[[BaseException | None], None]) -> None:
    """Wait until a task of kopf's that hears has ended by itself, and give it time to end as a whole."""
    roots: set[asyncio.Task[Any]] = set()
    while not any(task.done() for task in roots):
        await asyncio.sleep(CHECK)
        roots |= {task for task in asyncio.all_tasks() if task.get_name() in ROOTS}
    await asyncio.sleep(STOP_WITHIN)
    over(DeafError("kopf has lost its watches and does not come to its end."))


class _Ears:
    """kopf's handlers. They run in kopf's thread; all they do is to hand over what they heard."""

    def __init__(
        self,
        register: Register,
        access: Access,
        hear: Hear,
        departed: Callable[[Key, Object], None],
        cordoned: Callable[[str], Collection[Key]],
    ) -> None:
        self._register, self._access, self._hear = register, access, hear
        self._departed, self._cordoned = departed, cordoned

    def registry(self, kinds: Collection[Kind]) -> kopf.OperatorRegistry:
        """What kopf calls, and for which kinds."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self.login)
        kopf.on.event(*selector(GRACEFUL_SERVICE), registry=registry)(self.service)
        for kind in kinds:
            heard = {HTTP_ROUTE: self.route, POD: self.pod, NODE: self.node}.get(kind, self.child)
            kopf.on.event(*selector(kind), registry=registry)(heard)
        return registry

    async def login(self, **_: Any) -> kopf.AiohttpSession:
        """A session of kopf's own, which it closes itself."""
        more = (_only_metadata,)
        session = self._access.session(connections=CONNECTIONS, timeout=REQUEST_TIMEOUT, more=more)
        return kopf.AiohttpSession(server=self._access.server, aiohttp_session=session)

    async def service(self, event: kopf.RawEvent, **_: Any) -> None:
        """A GracefulService was listed, made, changed or deleted."""
        metadata = event["object"]["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        match event["type"]:
            case None:
                self._hear(self._register.found, key, wish(metadata))
            case "DELETED":
                self._hear(self._register.gone, key)
            case _:
                self._hear(self._register.changed, key, wish(metadata))

    async def child(self, event: kopf.RawEvent, **_: Any) -> None:
        """Something that bears our label."""
        metadata = event["object"]["metadata"]
        key = Key(metadata["namespace"], metadata["labels"][NAME_LABEL])
        self._hear(self._register.stirred, [key], event["type"] is None)

    async def pod(self, event: kopf.RawEvent, **_: Any) -> None:
        """A pod: the last events about it alone tell how it left, because it is gone before anybody can look."""
        metadata = event["object"]["metadata"]
        if metadata.get("deletionTimestamp"):
            self._hear(self._departed, Key(metadata["namespace"], metadata["labels"][NAME_LABEL]), event["object"])
        await self.child(event)

    async def node(self, event: kopf.RawEvent, **_: Any) -> None:
        """A node was cordoned, or is so no longer; whatever else happens to a cordoned one concerns nobody."""
        if event["type"] != "MODIFIED":
            self._hear(self._stir, event["object"]["metadata"]["name"], event["type"] is None)

    def _stir(self, node: str, listed: bool) -> None:
        self._register.stirred(self._cordoned(node), listed)

    async def route(self, event: kopf.RawEvent, **_: Any) -> None:
        """Any route; those that lead to none of our services are of no interest."""
        self._hear(self._register.stirred, list(backends(event["object"])), event["type"] is None)


async def _only_metadata(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Ask for the metadata alone, where that is all we read: a fraction of the bytes to send, parse and hold.

    Pods are listed so, but watched whole: how one ended is in its status.

    An empty list of metadata has `items: null`, which ends kopf: that one is asked for again in full.
    """
    watch = "watch" in request.url.query
    if request.url.name not in METADATA_ENOUGH or (watch and request.url.name == POD.plural):
        return await handler(request)
    part = "PartialObjectMetadata" + ("" if watch else "List")
    request.headers["Accept"] = f"application/json;as={part};g=meta.k8s.io;v=v1, application/json"
    response = await handler(request)
    if watch or response.status != 200 or orjson.loads(await response.read())["items"] is not None:
        return response
    request.headers["Accept"] = "application/json"
    return await handler(request)
