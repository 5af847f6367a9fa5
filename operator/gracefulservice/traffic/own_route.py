"""The HTTPRoute that is made where the user names Gateways instead of a route: ours as a whole."""

from typing import Any

from gracefulservice.api.names import NAME_LABEL, of_canary
from gracefulservice.cluster.kinds import HTTP_ROUTE
from gracefulservice.cluster.ownership import owned_by
from gracefulservice.ports import Object, Owner
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.traffic.gateway_api import OWN_SUM, Operation, splits

Weights = tuple[int, int]
"""Of `<name>` and of `<name>-canary`."""
AT_STABLE: Weights = (OWN_SUM, 0)


def manifest(owner: Owner, wanted: RouteRef, port: int) -> dict[str, Any]:
    """The route as it is created: everything goes to `<name>`, which leads to stable."""
    return {
        "apiVersion": HTTP_ROUTE.api_version,
        "kind": HTTP_ROUTE.name,
        "metadata": {
            "name": wanted.name,
            "namespace": owner.key.namespace,
            "labels": {NAME_LABEL: owner.key.name},
            "ownerReferences": [owned_by(owner)],
        },
        "spec": {
            "parentRefs": list(wanted.parent_refs),
            "hostnames": list(wanted.hostnames),
            "rules": _rules(owner, port),
        },
    }


def restored(route: Object, owner: Owner, wanted: RouteRef, port: int) -> list[Operation]:
    """Operations that give the route back the form it is made in; none where only the weights differ.

    Weights that can still be read stay. A route whose rules were torn apart starts over at weight 0, where nobody
    can be lost: stable carries it.
    """
    spec = route["spec"]
    parts: list[tuple[str, list[Any], bool]] = [
        ("parentRefs", list(wanted.parent_refs), _says(spec.get("parentRefs"), list(wanted.parent_refs))),
        ("hostnames", list(wanted.hostnames), (spec.get("hostnames") or []) == list(wanted.hostnames)),
        (
            "rules",
            _rules(owner, port, kept(route, owner)),
            _says(spec.get("rules"), [{"backendRefs": _backends(owner, port)}]),
        ),
    ]
    return [{"op": "add", "path": f"/spec/{part}", "value": value} for part, value, right in parts if not right]


def kept(route: Object, owner: Owner) -> Weights:
    """The weights of a rule that is still ours alone, else those a route begins with."""
    found = splits(route, owner.key)
    return found[0].weights if len(found) == 1 and not found[0].foreign else AT_STABLE


def _rules(owner: Owner, port: int, weights: Weights = AT_STABLE) -> list[dict[str, Any]]:
    backends = zip(_backends(owner, port), weights, strict=True)
    return [{"backendRefs": [backend | {"weight": weight} for backend, weight in backends]}]


def _backends(owner: Owner, port: int) -> list[dict[str, Any]]:
    return [{"name": name, "port": port} for name in (owner.key.name, of_canary(owner.key.name))]


def _says(found: Any, wanted: Any) -> bool:
    """Whether `found` says all that is wanted; the API server adds defaults of its own."""
    match wanted:
        case dict():
            return isinstance(found, dict) and all(key in found and _says(found[key], wanted[key]) for key in wanted)
        case list():
            return isinstance(found, list) and len(found) == len(wanted) and all(map(_says, found, wanted))
        case _:
            return bool(found == wanted)
