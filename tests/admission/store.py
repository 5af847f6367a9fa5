"""An API server that holds the Secret and the webhook's configuration: versions are honoured, as on a real one."""

import asyncio
import base64
import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import jsonpatch
import orjson

from gracefulservice.admission.keeper import Places
from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import SECRET, WEBHOOK, Kind, Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Stale

HOST = "gracefulservice-webhook.operators.svc"
PLACES = Places(
    Ref(SECRET, "operators", "gracefulservice-webhook"), Ref(WEBHOOK, "", "gracefulservice-operators"), HOST
)


def secret() -> Object:
    """As the chart makes it: empty."""
    metadata = {"namespace": "operators", "name": "gracefulservice-webhook", "labels": {"a": "b"}}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}


def configuration() -> Object:
    """As the chart makes it: nobody is trusted."""
    service = {"namespace": "operators", "name": "gracefulservice-webhook", "path": "/validate"}
    webhook = {"name": "validate.gracefulservice.dev", "clientConfig": {"service": service}}
    metadata = {"name": "gracefulservice-operators"}
    return {"apiVersion": WEBHOOK.api_version, "kind": WEBHOOK.name, "metadata": metadata, "webhooks": [webhook]}


@dataclass
class Store:
    """Objects by where they are. `before` runs before each request, so that others may come in between."""

    objects: dict[Ref, Object] = field(default_factory=dict)
    writes: list[Request] = field(default_factory=list)
    before: Callable[[Request], Awaitable[None]] = lambda _request: asyncio.sleep(0)
    services: list[Object] = field(default_factory=list)
    version: int = 0

    def put(self, ref: Ref, body: Object) -> None:
        """Write it as the next version."""
        self.version += 1
        self.objects[ref] = copy.deepcopy(body)
        self.objects[ref]["metadata"]["resourceVersion"] = str(self.version)

    async def get(self, ref: Ref) -> Object | None:
        """One object."""
        await self.before(requests.read(ref))
        return copy.deepcopy(self.objects.get(ref))

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """The services of the namespace."""
        await self.before(requests.page(kind, namespace, labels))
        return self.services

    async def list_metadata(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Nobody asks for copies of configuration here."""
        raise AssertionError(kind, namespace, labels)

    async def send(self, request: Request) -> Object:
        """Replace or patch what nobody has changed since it was read."""
        await self.before(request)
        (ref,) = (ref for ref in self.objects if ref.path == request.path)
        found, content = self.objects[ref], orjson.loads(request.body)
        if request.method == "PUT":
            if content["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                raise Stale("Somebody was faster.")
            self.put(ref, content)
        else:
            try:
                self.put(ref, jsonpatch.apply_patch(found, content))
            except jsonpatch.JsonPatchTestFailed as failed:
                raise Stale("Somebody was faster.") from failed
        self.writes.append(request)
        return copy.deepcopy(self.objects[ref])

    @property
    def data(self) -> dict[str, bytes]:
        """What the Secret holds."""
        found = self.objects[PLACES.secret].get("data") or {}
        return {name: base64.b64decode(value) for name, value in found.items()}

    @property
    def trusted(self) -> bytes:
        """Whom the API server trusts."""
        (webhook,) = self.objects[PLACES.configuration]["webhooks"]
        return base64.b64decode(webhook["clientConfig"].get("caBundle", ""))


def installed() -> Store:
    """What a new release of the chart leaves."""
    store = Store()
    store.put(PLACES.secret, secret())
    store.put(PLACES.configuration, configuration())
    return store


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look until it holds."""
    async with asyncio.timeout(120):
        while not await holds():  # noqa: ASYNC110 - what is waited for is seen through a socket only
            await asyncio.sleep(0.01)
