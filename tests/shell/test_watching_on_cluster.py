"""kopf on a real API server: what happens there becomes wakes here, and nothing is ever written."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gracefulservice import handlers
from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster import requests
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.client import Client
from gracefulservice.cluster.kinds import DEPLOYMENT, GRACEFUL_SERVICE, HTTP_ROUTE, Kind, Object
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import Key
from gracefulservice.wakes import Register
from gracefulservice.work_queue import Priority, WorkQueue
from tests.shell import cluster
from tests.shell.cluster import client_of, deployment, until, update, version
from tests.shell.relay import relayed
from tests.support.api_proxy import Fate, Trouble, proxied

pytestmark = pytest.mark.e2e


class Heard(WorkQueue[Key]):
    """A queue that counts who was woken."""

    def __init__(self) -> None:
        super().__init__(clock=time.monotonic, workers=1)
        self.wakes: Counter[Key] = Counter()

    def wake(self, key: Key, *, after: float = 0.0, priority: Priority = Priority.URGENT) -> None:
        """Count it."""
        assert (after, priority in Priority) == (0.0, True)
        self.wakes[key] += 1

    async def more(self, key: Key, than: int) -> None:
        """Wait for another wake."""

        async def woken() -> bool:
            return self.wakes[key] > than

        await until(woken)


class Overheard:
    """An access that notes what is asked over its sessions, and how much comes back."""

    def __init__(self, access: Access) -> None:
        self.server, self._access = access.server, access
        self.asked: list[str] = []
        self.kinds: set[str] = set()

    def session(self, *, more: tuple[aiohttp.ClientMiddlewareType, ...], **limits: Any) -> aiohttp.ClientSession:
        """A session that is listened to."""
        return self._access.session(more=(*more, self._note), **limits)

    async def _note(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        self.asked.append(f"{request.method} {request.url.path_qs}")
        self.kinds.add(request.headers.get("Accept", "").partition(";")[2].partition(";")[0])
        return await handler(request)


@asynccontextmanager
async def watching(
    namespace: str, door: Access | None = None, children: Collection[Kind] = (*handlers.CHILDREN, HTTP_ROUTE)
) -> AsyncIterator[tuple[Heard, Overheard, Client]]:
    """kopf at work in one namespace, and a client to make things happen there."""
    queue, access = Heard(), Overheard(door or cluster.door())
    async with client_of(cluster.door()) as client:
        kinds = [kind for kind in children if await client.serves(kind)]
        watch = handlers.watch(Register(queue), access, kinds, [namespace])  # type: ignore[arg-type]
        task = asyncio.create_task(watch)
        try:
            yield queue, access, client
            assert not task.done(), "kopf goes on"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.to_thread(kopf_ended)


def kopf_ended() -> None:
    """Whoever stops watching leaves no thread behind."""
    for thread in threading.enumerate():
        if thread.name == "kopf":
            thread.join(cluster.PATIENCE)
            assert not thread.is_alive()


def shop(namespace: str, name: str) -> Object:
    """A GracefulService without pods."""
    container = {"name": "app", "image": "none", "ports": [{"containerPort": 8080}]}
    return {
        "apiVersion": GRACEFUL_SERVICE.api_version,
        "kind": GRACEFUL_SERVICE.name,
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"replicas": 0, "template": {"spec": {"containers": [container]}}},
    }


def note(value: str) -> Callable[[Object], Request]:
    """A change that a person makes."""

    def change(found: Object) -> Request:
        patch = {"metadata": {"annotations": {"note": value}}}
        return requests.merge_patch(GRACEFUL_SERVICE.of(found), patch, resource_version=version(found))

    return change


def observed(generation: int) -> Callable[[Object], Request]:
    """A change that an operator makes."""

    def change(found: Object) -> Request:
        status = {"observedGeneration": generation}
        return requests.patch_status(GRACEFUL_SERVICE.of(found), status, resource_version=version(found))

    return change


async def test_what_happens_in_the_cluster_wakes_the_service_it_concerns() -> None:
    """Found at the start, made, changed, its child changed, deleted; a stranger's child wakes nobody."""
    with cluster.own_namespace() as namespace:
        early, late = Key(namespace, "early"), Key(namespace, "late")
        async with client_of(cluster.door()) as client:
            await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "early")))
        async with watching(namespace) as (queue, access, client):
            await queue.more(early, 0)
            made = await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "late")))
            await queue.more(late, 0)
            before = queue.wakes[late]
            await update(client, GRACEFUL_SERVICE.of(made), note("1"))
            await queue.more(late, before)
            before = queue.wakes[late]
            child = deployment(namespace, **{NAME_LABEL: "late"})
            await client.send(requests.create(DEPLOYMENT, child))
            await queue.more(late, before)
            before = queue.wakes[late]
            await client.send(requests.delete(GRACEFUL_SERVICE.of(made), uid=made["metadata"]["uid"]))
            await queue.more(late, before)
        assert {line.split()[0] for line in access.asked} == {"GET"}
        assert {"as=PartialObjectMetadata", "as=PartialObjectMetadataList"} <= access.kinds
        of_pods = [line for line in access.asked if "/pods?" in line]
        assert len(of_pods) > 1, "a list and a watch"
        assert all(f"labelSelector={NAME_LABEL}" in line for line in of_pods)


async def test_a_write_of_the_status_alone_wakes_nobody() -> None:
    """What comes after it does, so the silence before was not deafness."""
    with cluster.own_namespace() as namespace:
        key, other = Key(namespace, "web"), Key(namespace, "other")
        async with watching(namespace, children=()) as (queue, _, client):
            made = await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "web")))
            await queue.more(key, 0)
            before = queue.wakes[key]
            for generation in range(5):
                await update(client, GRACEFUL_SERVICE.of(made), observed(generation))
            await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "other")))
            await queue.more(other, 0)
            assert queue.wakes[key] == before


async def test_watching_leaves_objects_as_they_are() -> None:
    """No annotation, no finalizer, no event of kopf's; a person's object stays the person's."""
    with cluster.own_namespace() as namespace:
        key = Key(namespace, "web")
        async with watching(namespace) as (queue, access, client):
            made = await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "web")))
            await queue.more(key, 0)
            changed = await update(client, GRACEFUL_SERVICE.of(made), note("1"))
            await queue.more(key, 1)
        assert {line.split()[0] for line in access.asked} == {"GET"}
        assert "kopf" not in str(changed)


async def test_a_watch_outlives_an_api_server_that_is_away() -> None:
    """The way is cut in the middle of a watch and stays cut for several tries; what was missed is heard after."""
    with cluster.own_namespace() as namespace:
        async with relayed(cluster.door()) as (door, relay), watching(namespace, door) as (queue, access, client):
            made = await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "before")))
            await queue.more(Key(namespace, "before"), 0)
            await relay.cut()
            tries = len(access.asked)
            await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "meanwhile")))
            await client.send(requests.delete(GRACEFUL_SERVICE.of(made), uid=made["metadata"]["uid"]))

            async def tried() -> bool:
                return len(access.asked) >= tries + 12

            await until(tried)
            await relay.mend()
            await queue.more(Key(namespace, "meanwhile"), 0)
            await queue.more(Key(namespace, "before"), 1)


@pytest.mark.long
async def test_a_watch_that_is_refused_ends_the_watching_instead_of_leaving_it_deaf() -> None:
    """As of a kind that is served no longer. kopf gives up then, and hangs before its end: that is noticed."""
    trouble = Trouble()
    with cluster.own_namespace() as namespace, proxied(cluster.door(), trouble) as (proxy, port, do):
        queue, door = Heard(), Access(server=f"http://127.0.0.1:{port}")
        kinds = (*handlers.CHILDREN, HTTP_ROUTE)
        watch = asyncio.create_task(handlers.watch(Register(queue), door, kinds, [namespace]))
        async with client_of(cluster.door()) as client:
            await client.send(requests.create(GRACEFUL_SERVICE, shop(namespace, "web")))
        await queue.more(Key(namespace, "web"), 0)
        trouble.fate = lambda _method, watches, path: Fate.MISSING if watches and "/services" in path else Fate.PASSED
        do(proxy.cut_watches)
        async with asyncio.timeout(cluster.PATIENCE):
            await asyncio.wait({watch})
        assert watch.exception() is not None
    for thread in threading.enumerate():
        if thread.name == "kopf":
            thread.name = "kopf, given up"  # in a process of its own it would be gone by now
