"""Requests to the Kubernetes API as values: pure functions from what is wanted to what is sent.

Every write that changes an existing object carries the resource version of the look that decided it; the API
server then answers with a conflict instead of overwriting what it was decided without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gracefulservice.api.names import FIELD_MANAGER
from gracefulservice.cluster.kinds import Kind, Object, Ref

PAGE = 500
"""Objects per answer of a list, so that no single answer grows with the cluster."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, {JSON}"
JSON_PATCH = "application/json-patch+json"

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `verb` and `kind` name it in metrics, `about` in sentences."""

    verb: str
    method: str
    kind: Kind
    path: str
    about: str
    query: Query = ()
    content_type: str = JSON
    body: bytes = field(default=b"", repr=False)
    """Not shown: it may be the data of a Secret."""
    accept: str = JSON

    @property
    def writes(self) -> bool:
        """Whether the request may change the cluster."""
        return self.method != "GET"


def discover(kind: Kind) -> Request:
    """Ask which kinds are served beside this one."""
    return Request("discover", "GET", kind, kind.root, f"the kinds of {kind.api_version}")


def read(ref: Ref) -> Request:
    """Read one object."""
    return Request("read", "GET", ref.kind, ref.path, str(ref))


def page(
    kind: Kind, namespace: str | None, labels: str = "", after: str = "", *, metadata_only: bool = False
) -> Request:
    """One page of a list. `labels` is a selector, `after` the token at which the page before ended.

    The metadata alone is a fraction of the bytes, and holds no data that is nobody's business.
    """
    wanted = (("limit", str(PAGE)), ("labelSelector", labels), ("continue", after))
    query = tuple((key, value) for key, value in wanted if value)
    place = "all namespaces" if namespace is None else f"namespace {namespace}"
    about, accept = f"every {kind.name} in {place}", METADATA_LIST if metadata_only else JSON
    return Request("list", "GET", kind, kind.collection(namespace), about, query, accept=accept)


def create(kind: Kind, manifest: Object, *, dry_run: bool = False) -> Request:
    """Create an object; misspelt fields are refused rather than dropped."""
    ref, query = kind.of(manifest), _writing(dry_run, ("fieldValidation", "Strict"))
    path = kind.collection(ref.namespace)
    return Request("create", "POST", kind, path, str(ref), query, JSON, orjson.dumps(manifest))


def apply(kind: Kind, manifest: Object, *, resource_version: str = "", dry_run: bool = False) -> Request:
    """Make what the manifest says true and ours (server-side apply, taking fields others hold).

    Without `resource_version` an object that does not exist is created.
    """
    ref, query = kind.of(manifest), _writing(dry_run, ("force", "true"))
    body = orjson.dumps(_pinned(manifest, resource_version))
    return Request("apply", "PATCH", kind, ref.path, str(ref), query, APPLY, body)


def merge_patch(ref: Ref, patch: Object, *, resource_version: str) -> Request:
    """Change the named fields of the object as it was seen."""
    body = orjson.dumps(_pinned(patch, resource_version))
    return Request("patch", "PATCH", ref.kind, ref.path, str(ref), _writing(), MERGE_PATCH, body)


def patch_status(ref: Ref, status: Object, *, resource_version: str) -> Request:
    """Change the named fields of the status of the object as it was seen."""
    body = orjson.dumps(_pinned({"status": status}, resource_version))
    path, about = f"{ref.path}/status", f"the status of {ref}"
    return Request("patch", "PATCH", ref.kind, path, about, _writing(), MERGE_PATCH, body)


def patch_scale(ref: Ref, replicas: int, *, resource_version: str) -> Request:
    """Change the replicas of the object as it was seen, and nothing else."""
    body = orjson.dumps(_pinned({"spec": {"replicas": replicas}}, resource_version))
    return Request("scale", "PATCH", ref.kind, f"{ref.path}/scale", str(ref), _writing(), MERGE_PATCH, body)


def json_patch(ref: Ref, operations: Sequence[Mapping[str, Any]], *, resource_version: str) -> Request:
    """Apply RFC 6902 operations to the object as it was seen."""
    pin = {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version}
    body = orjson.dumps([pin, *operations])
    return Request("patch", "PATCH", ref.kind, ref.path, str(ref), _writing(), JSON_PATCH, body)


def replace(kind: Kind, manifest: Object) -> Request:
    """Replace a whole object; the manifest carries the resource version it was read at."""
    ref = kind.of(manifest)
    return Request("replace", "PUT", kind, ref.path, str(ref), _writing(), JSON, orjson.dumps(manifest))


def delete(ref: Ref, *, uid: str, resource_version: str = "") -> Request:
    """Delete the very object that was seen, and with a resource version only if it has not changed since."""
    pin = {"resourceVersion": resource_version} if resource_version else {}
    options = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": uid, **pin},
    }
    return Request("delete", "DELETE", ref.kind, ref.path, str(ref), body=orjson.dumps(options))


def _pinned(manifest: Object, resource_version: str) -> Object:
    """The manifest with the resource version as its precondition, if there is one."""
    if not resource_version:
        return manifest
    return {**manifest, "metadata": {**manifest.get("metadata", {}), "resourceVersion": resource_version}}


def _writing(dry_run: bool = False, *more: tuple[str, str]) -> Query:
    """The query of a write: who writes, and whether it is only tried."""
    trial = (("dryRun", "All"),) if dry_run else ()
    return (("fieldManager", FIELD_MANAGER), *more, *trial)
