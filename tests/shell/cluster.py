"""What the tests on a real API server share: the way to it, a namespace of one's own, and patience."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from kubernetes import client as official
from kubernetes import config

from gracefulservice.cluster import access
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.client import Client
from gracefulservice.cluster.kinds import Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Stale
from localcluster import environment

PATIENCE = 120.0
"""Seconds to wait for something on a starved machine before giving up."""


def kubeconfig() -> Path:
    """The local cluster's."""
    return environment.recall().kubeconfig


def door() -> Access:
    """The way to its API server, with full rights."""
    return access.find(time.monotonic, {"KUBECONFIG": str(kubeconfig())})


def configuration() -> official.Configuration:
    """The same way, as the official client knows it."""
    found = official.Configuration()
    load: Callable[..., None] = config.load_kube_config  # the official client has no annotations here
    load(str(kubeconfig()), client_configuration=found)
    return found


@contextmanager
def own_namespace() -> Iterator[str]:
    """A namespace that goes with the block."""
    api, name = official.CoreV1Api(official.ApiClient(configuration())), f"shell-{uuid.uuid4().hex[:8]}"
    api.create_namespace(official.V1Namespace(metadata=official.V1ObjectMeta(name=name)))
    try:
        yield name
    finally:
        api.delete_namespace(name)


@asynccontextmanager
async def client_of(way: Access) -> AsyncIterator[Client]:
    """Our client."""
    async with way.session(connections=8, timeout=30) as session:
        yield Client(session, way.server)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - the cluster sets no event of ours
            await asyncio.sleep(0.05)


def deployment(namespace: str, **labels: str) -> Object:
    """A Deployment without pods."""
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "none"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": "web", "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": pod},
    }


async def update(client: Client, ref: Ref, change: Callable[[Object], Request]) -> Object:
    """Change an object that others may be writing as well: looked at again for as long as somebody is faster."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await client.get(ref)
            assert found
            with suppress(Stale):
                return await client.send(change(found))


def version(body: Object) -> str:
    """The resource version of an object."""
    return str(body["metadata"]["resourceVersion"])
