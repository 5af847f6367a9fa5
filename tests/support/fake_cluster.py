"""An API server in memory that keeps resource versions, generations, owners and finalizers.

It speaks the very requests the operator sends and gives the very answers a real one gives, so that everything
above the wire is the real thing. What it leaves out: admission, defaulting beyond what is read again, watches.
"""

from collections.abc import Callable
from typing import Any

import jsonpatch
import orjson

from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster import requests
from gracefulservice.cluster.answers import Answer, Missing, read
from gracefulservice.cluster.kinds import NAMESPACE, NODE, Kind, Object, Ref
from gracefulservice.cluster.requests import Request

Reason = tuple[int, dict[str, Any]]


class FakeApiServer:
    """Objects by kind, namespace and name. `interfere` is called with every write before it is done.

    Whatever `interfere` raises reaches the caller, and the write is not done; `happened` is called after it.
    """

    def __init__(self) -> None:
        self.objects: dict[Ref, Object] = {}
        self.writes: list[Request] = []
        self.reads = 0
        self.interfere: Callable[[Request], None] = lambda _request: None
        self.happened: Callable[[Request], None] = lambda _request: None
        self.now = 1_700_000_000.0
        self._version = 100

    async def get(self, ref: Ref) -> Object | None:
        """One object."""
        self.reads += 1
        try:
            return await self.send(requests.read(ref))
        except Missing:
            return None

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Every object with these labels."""
        self.reads += 1
        wanted = dict(pair.split("=") for pair in labels.split(",")) if labels else {}
        return [
            copied(body)
            for ref, body in sorted(self.objects.items(), key=lambda item: item[0].name)
            if ref.kind == kind and ref.namespace == namespace and wanted.items() <= labels_of(body).items()
        ]

    async def list_metadata(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """The same objects without anything but kind and metadata."""
        found = await self.list_all(kind, namespace, labels)
        return [{part: body[part] for part in ("apiVersion", "kind", "metadata")} for body in found]

    async def send(self, request: Request) -> Object:
        """Answer one request as an API server does."""
        if request.writes:
            self.interfere(request)
        status, body = self._answer(request)
        answer = read(request, Answer(status, orjson.dumps(body)))
        if request.writes:
            self.writes.append(request)
            self.happened(request)
        return answer

    def put(self, kind: Kind, body: Object) -> Object:
        """Create an object from outside, as a user or a controller does."""
        ref = kind.of(body)
        metadata = body["metadata"] | {"uid": f"uid-{self._next()}", "generation": 1}
        metadata |= {"creationTimestamp": format_instant(self.now)}
        self.objects[ref] = {"apiVersion": kind.api_version, "kind": kind.name} | body | {"metadata": metadata}
        return self._stamp(ref)

    def edit(self, ref: Ref, change: Callable[[Object], None]) -> Object:
        """Change an object from outside."""
        before = copied(self.objects[ref])
        change(self.objects[ref])
        return self._changed(ref, before)

    def of(self, kind: Kind) -> list[Object]:
        """The objects of a kind, by name."""
        found = [(ref.name, body) for ref, body in self.objects.items() if ref.kind is kind or ref.kind == kind]
        return [body for _, body in sorted(found, key=lambda item: item[0])]

    def remove(self, ref: Ref) -> None:
        """Take an object away, and everything it owns."""
        gone = self.objects.pop(ref)
        for other, body in list(self.objects.items()):
            owners = {owner["uid"] for owner in body["metadata"].get("ownerReferences", ())}
            if gone["metadata"]["uid"] in owners:
                self.remove(other)

    def _answer(self, request: Request) -> Reason:
        match request.method:
            case "GET":
                return self._read(request)
            case "POST":
                return self._create(request)
            case "DELETE":
                return self._delete(request)
            case _:
                return self._patch(request)

    def _read(self, request: Request) -> Reason:
        ref, _ = _address(request)
        return (200, self.objects[ref]) if ref in self.objects else _not_found(ref)

    def _create(self, request: Request) -> Reason:
        body = orjson.loads(request.body)
        ref = request.kind.of(body)
        if ref in self.objects:
            return 409, {"message": f"{ref} already exists", "details": {"name": ref.name}}
        return 201, self.put(request.kind, body)

    def _delete(self, request: Request) -> Reason:
        ref, _ = _address(request)
        if ref not in self.objects:
            return _not_found(ref)
        found = self.objects[ref]["metadata"]
        wanted = orjson.loads(request.body)["preconditions"]
        if any(found[key] != value for key, value in wanted.items()):
            return 409, {"message": "the precondition does not hold", "details": {"name": ref.name}}
        self.remove(ref)
        return 200, {"kind": "Status", "status": "Success"}

    def _patch(self, request: Request) -> Reason:
        ref, subresource = _address(request)
        if ref not in self.objects:
            return _not_found(ref)
        before = copied(self.objects[ref])
        patch = orjson.loads(request.body)
        if request.content_type == requests.JSON_PATCH:
            try:
                self.objects[ref] = jsonpatch.apply_patch(self.objects[ref], patch)
            except jsonpatch.JsonPatchTestFailed as failed:
                return 422, {"message": str(failed), "details": {"name": ref.name}}
        else:
            version = patch.get("metadata", {}).pop("resourceVersion", before["metadata"]["resourceVersion"])
            if version != before["metadata"]["resourceVersion"]:
                return 409, {"message": "the object has been modified", "details": {"name": ref.name}}
            part = {key: value for key, value in patch.items() if (key == "status") == (subresource == "status")}
            self.objects[ref] = merged(self.objects[ref], part)
        return 200, self._changed(ref, before)

    def _changed(self, ref: Ref, before: Object) -> Object:
        """Count the change, if it is one; finish a deletion whose last finalizer is gone."""
        body = self.objects[ref]
        if body == before:
            return body
        if body.get("spec") != before.get("spec"):
            body["metadata"]["generation"] += 1
        self._stamp(ref)
        if "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers"):
            self.remove(ref)
        return body

    def _stamp(self, ref: Ref) -> Object:
        self.objects[ref]["metadata"]["resourceVersion"] = str(self._next())
        return self.objects[ref]

    def _next(self) -> int:
        self._version += 1
        return self._version


def copied(body: Object) -> Object:
    """The object as it comes over the wire, sharing nothing with the original."""
    copy = orjson.loads(orjson.dumps(body))
    assert isinstance(copy, dict)
    return copy


def merged(found: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(found) if isinstance(found, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def labels_of(body: Object) -> dict[str, str]:
    """The labels of an object."""
    return body["metadata"].get("labels") or {}


def _address(request: Request) -> tuple[Ref, str]:
    """Which object a path names, and which part of it."""
    parts = request.path.split("/")
    if request.kind == NODE:
        return Ref(NODE, "", parts[-1]), ""
    place = parts.index("namespaces")
    if request.kind == NAMESPACE:
        return Ref(NAMESPACE, "", parts[place + 1]), ""
    namespace, _, name, *subresource = parts[place + 1 :]
    return Ref(request.kind, namespace, name), "".join(subresource)


def _not_found(ref: Ref) -> Reason:
    return 404, {"message": f"{ref} not found", "details": {"name": ref.name}}
