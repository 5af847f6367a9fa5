"""kopf's part, and only that: watching. Everything it hears becomes a wake in the queue.

kopf runs in a thread and an event loop of its own, as its documentation has it for embedding: it counts every
task of its loop as its own, handles signals itself, and parses whole lists at once; here none of that can
stop a probe from being answered or the lease from being renewed.

It writes nothing: only `on.event` handlers, no stored progress, no stored "last handled" state, no events.
"""

import asyncio
import concurrent.futures
import logging
import random
import threading
from collections.abc import Callable, Collection, Iterator
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

CHILDREN = (DEPLOYMENT, SERVICE, ENDPOINT_SLICE, POD)
METADATA_ENOUGH = {kind.plural for kind in (GRACEFUL_SERVICE, NODE, *CHILDREN)}
CORDONED = "spec.unschedulable=true"
"""Of nodes only these are sent: one that is cordoned is `ADDED`, one that is so no longer `DELETED`."""
CONNECTIONS = 16
"""One per kind and namespace that is watched stays open."""
REQUEST_TIMEOUT, CONNECT_TIMEOUT = 30.0, 5.0
LONGEST_PAUSE = 30.0
"""Seconds. Times of what kopf sends, apart from the watches themselves."""
STOP_WITHIN = 5.0
"""Seconds kopf gets to end. It holds nothing that would be lost."""
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

    Raises what kopf gives up with: some answers to a watch end it, and a new process is the cure for all of them.
    """
    loop = asyncio.get_running_loop()
    ears = _Ears(register, access, loop.call_soon_threadsafe, departed, cordoned)
    ended: asyncio.Future[None] = loop.create_future()
    stop: concurrent.futures.Future[None] = concurrent.futures.Future()

    def body() -> None:
        try:
            asyncio.run(_operate(ears.registry(kinds), _settings(kinds), namespaces, stop))
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread ends the wait for it
            loop.call_soon_threadsafe(ended.set_exception, error)
        else:
            loop.call_soon_threadsafe(ended.set_result, None)

    logging.getLogger("kopf._core.reactor.running").addFilter(_unwarned)
    threading.Thread(target=body, name="kopf", daemon=True).start()
    try:
        await asyncio.shield(ended)
    finally:
        if not stop.done():
            stop.set_result(None)
        await asyncio.wait({ended}, timeout=STOP_WITHIN)


def _unwarned(record: logging.LogRecord) -> bool:
    """All lines but the warning that signals are not kopf's here, which is as it should be."""
    return not str(record.msg).startswith("OS signals are ignored")


async def _operate(
    registry: kopf.OperatorRegistry,
    settings: kopf.OperatorSettings,
    namespaces: Collection[str],
    stop: concurrent.futures.Future[None],
) -> None:
    """kopf, from its start to its end."""
    await kopf.operator(
        registry=registry,
        settings=settings,
        clusterwide=not namespaces,
        namespaces=tuple(namespaces),
        standalone=True,
        identity=IDENTITY,
        stop_flag=asyncio.wrap_future(stop),
    )
    await asyncio.sleep(GOODBYE)


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
        kopf.on.event(*_selector(GRACEFUL_SERVICE), registry=registry)(self.service)
        for kind in kinds:
            heard = {HTTP_ROUTE: self.route, POD: self.pod, NODE: self.node}.get(kind, self.child)
            kopf.on.event(*_selector(kind), registry=registry)(heard)
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


def _selector(kind: Kind) -> tuple[str, str, str]:
    """How kopf names a kind."""
    return kind.group, kind.version, kind.plural


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


def _settings(kinds: Collection[Kind]) -> kopf.OperatorSettings:
    """A kopf that watches and nothing else, and never tires of an API server that is away."""
    settings = kopf.OperatorSettings()
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.queueing.worker_limit = None
    settings.queueing.idle_timeout = 1.0
    settings.networking.connect_timeout = CONNECT_TIMEOUT
    settings.networking.request_timeout = REQUEST_TIMEOUT
    settings.networking.error_backoffs = EndlessPauses()
    settings.watching.server_timeout = 290
    settings.watching.chunk_size = 500
    settings.process.ultimate_exiting_timeout = None
    settings.watching.field_selectors[_selector(NODE)] = CORDONED
    for kind in kinds:
        if kind not in (HTTP_ROUTE, NODE):
            settings.watching.label_selectors[_selector(kind)] = NAME_LABEL
    return settings


class EndlessPauses:
    """Seconds between kopf's tries of one request: doubling, jittered, and never at an end."""

    def __iter__(self) -> Iterator[float]:
        longest = 1.0
        while True:
            yield random.uniform(longest / 2, longest)
            longest = min(2 * longest, LONGEST_PAUSE)


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing about what was handled last: a watch that only wakes does not compare."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing, instead of a deep copy of the object."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing was stored."""
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no progress of handlers: ours have none."""

    def fetch(self, **_: Any) -> kopf.ProgressRecord | None:
        """Nothing was stored."""
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""

    def purge(self, **_: Any) -> None:
        """Write nothing."""

    def touch(self, **_: Any) -> None:
        """Write nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Nothing to take out."""
        return essence
