"""Which objects are ours: those whose controller reference names this very GracefulService, and no others."""

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
    controller = _controller(body)
    return controller is not None and controller["uid"] == owner.uid


def disowned(body: Object, owner: Owner) -> list[dict[str, Any]]:
    """JSON Patch operations that take `owner` off the owners of an object of its own: it then outlives it."""
    others = [one for one in body["metadata"]["ownerReferences"] if one["uid"] != owner.uid]
    path = "/metadata/ownerReferences"
    return [{"op": "replace", "path": path, "value": others} if others else {"op": "remove", "path": path}]


def name_taken(body: Object) -> str:
    """The sentence about an object that bears a name of ours and is not ours."""
    metadata, controller = body["metadata"], _controller(body)
    whose = f"belongs to {controller['kind']} {controller['name']}" if controller else "belongs to nobody"
    return (
        f"{body['kind']} {metadata['namespace']}/{metadata['name']} already exists and {whose}: delete it, or give the "
        "GracefulService another name."
    )


def _controller(body: Object) -> Object | None:
    """The reference to the object's controller, if it has one."""
    references = body["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)
