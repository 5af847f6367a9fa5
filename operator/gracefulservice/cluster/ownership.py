"""Which objects are ours: those whose controller reference names this very GracefulService, and no others."""

from collections.abc import Mapping
from typing import Any

from gracefulservice.api.names import API_VERSION, KIND
from gracefulservice.ports import Object, Owner


def owned_by(owner: Owner) -> dict[str, Any]:
    """The controller reference that every child carries."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": owner.key.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_ours(body: Object, owner: Owner) -> bool:
    """Whether `owner` controls the object: an owner of the same name that was here before does not count."""
    controller = controller_of(body)
    return controller is not None and controller["uid"] == owner.uid


def disowned(body: Object, owner: Owner) -> list[dict[str, Any]]:
    """JSON Patch operations that take `owner` off the owners of an object of its own: it then outlives it."""
    others = [one for one in body["metadata"]["ownerReferences"] if one["uid"] != owner.uid]
    path = "/metadata/ownerReferences"
    return [{"op": "replace", "path": path, "value": others} if others else {"op": "remove", "path": path}]


def name_taken(body: Object) -> str:
    """The sentence about an object that bears a name of ours and is not ours."""
    metadata, controller = body["metadata"], controller_of(body)
    whose = f"belongs to {controller['kind']} {controller['name']}" if controller else "belongs to nobody"
    return (
        f"{body['kind']} {metadata['namespace']}/{metadata['name']} already exists and {whose}: delete it, or give the "
        "GracefulService another name."
    )


def mislabelled(body: Object, labels: Mapping[str, str]) -> str:
    """The sentence about an object of ours that was not found by its labels, since it lacks some; else empty."""
    metadata = body["metadata"]
    found = metadata.get("labels") or {}
    missing = " ".join(f"{key}={value}" for key, value in labels.items() if found.get(key) != value)
    if not missing:
        return ""
    where = f"-n {metadata['namespace']} {body['kind'].lower()}/{metadata['name']}"
    return (
        f"{body['kind']} {metadata['namespace']}/{metadata['name']} is ours, but somebody has changed its labels: "
        f"kubectl label --overwrite {where} {missing}"
    )


def controller_of(body: Object) -> Object | None:
    """The reference to the object's controller, if it has one."""
    references = body["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)
