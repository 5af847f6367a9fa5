"""A Service of somebody else's that becomes ours, and theirs again, without an endpoint being missed.

While pods of both kinds serve, its ports lead to numbers: names of container ports may differ between them. Once only
ours are left they lead to names, as those of every Service of ours. The *names of the Service's own ports* never
change, and ports that we know nothing of stay: who calls one would be lost for as long as the change travels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from gracefulservice.api.names import ADOPTION_ANNOTATION, FINALIZER, NAME_LABEL, of_revision
from gracefulservice.cluster import objects, requests
from gracefulservice.cluster.adoptees import annotation, container_ports
from gracefulservice.cluster.kinds import CONTROLLER_REVISION, DEPLOYMENT, SERVICE
from gracefulservice.cluster.ownership import is_ours, owned_by
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import Object, Owner, World
from gracefulservice.rollout.adoptee import Handover
from gracefulservice.rollout.preflight import targets_of

Port = Mapping[str, Any]


def of_service(owner: Owner, wish: Handover, world: World) -> Iterator[Request]:
    """What changes in a Service that exists, while pods are handed over."""
    found = world.adopted.get((SERVICE.name, owner.key.name))
    if found is None or FINALIZER not in owner.finalizers:
        return
    if not is_ours(found, owner):
        change = taken(owner, wish, found, world) if wish.ours else {}
    elif wish.ours is False:
        change = returned(owner, wish, found, world)
    else:
        change = kept_wide(owner, wish, found, world)
    if change:
        version = str(found["metadata"]["resourceVersion"])
        yield requests.merge_patch(SERVICE.of(dict(found)), change, resource_version=version)


def taken(owner: Owner, wish: Handover, found: Object, world: World) -> dict[str, Any]:
    """Ours, with a note of what it was. By our selector it finds the very same pods."""
    spec, metadata = found["spec"], found["metadata"]
    note = orjson.dumps({"selector": spec.get("selector") or {}, "ports": spec.get("ports") or []}).decode()
    return {
        "metadata": {
            "labels": {NAME_LABEL: owner.key.name},
            "annotations": {ADOPTION_ANNOTATION: note},
            "ownerReferences": [*(metadata.get("ownerReferences") or ()), owned_by(owner)],
        },
        "spec": {
            "selector": swapped(spec.get("selector") or {}, {NAME_LABEL: owner.key.name}),
            "ports": numbered(spec.get("ports") or (), targets(owner, wish, world)),
        },
    }


def kept_wide(owner: Owner, wish: Handover, found: Object, world: World) -> dict[str, Any]:
    """Every pod of the service, by numbers that hold for both kinds of them."""
    spec, wide = found["spec"], {NAME_LABEL: owner.key.name}
    ports = numbered(spec.get("ports") or (), targets(owner, wish, world))
    change: dict[str, Any] = {}
    if spec.get("selector") != wide:
        change["selector"] = swapped(spec.get("selector") or {}, wide)
    if ports != list(spec.get("ports") or ()):
        change["ports"] = ports
    return {"spec": change} if change else {}


def returned(owner: Owner, wish: Handover, found: Object, world: World) -> dict[str, Any]:
    """As it was, without any trace of us."""
    spec, metadata = found["spec"], found["metadata"]
    others = [one for one in metadata.get("ownerReferences") or () if one["uid"] != owner.uid]
    return {
        "metadata": {
            "labels": {NAME_LABEL: None},
            "annotations": {ADOPTION_ANNOTATION: None},
            "ownerReferences": others or None,
        },
        "spec": {
            "selector": swapped(spec.get("selector") or {}, original_selector(wish, found, world)),
            "ports": original_ports(wish, found, world),
        },
    }


def original_selector(wish: Handover, found: Object, world: World) -> dict[str, str]:
    """What it selected by; the Deployment's own selector where that is not known or finds its pods no more."""
    deployment = world.adopted.get((DEPLOYMENT.name, wish.deployment)) or {}
    selector: dict[str, str] = (annotation(found) or {}).get("selector") or {}
    labels = (deployment.get("spec") or {}).get("template", {}).get("metadata", {}).get("labels") or {}
    if selector and selector.items() <= labels.items():
        return selector
    return dict(deployment["spec"]["selector"].get("matchLabels") or labels) if deployment else selector


def original_ports(wish: Handover, found: Object, world: World) -> list[Port]:
    """As they were, where that leads to the same place in the pods as now."""
    deployment = world.adopted.get((DEPLOYMENT.name, wish.deployment))
    names = container_ports(deployment["spec"]["template"]) if deployment else {}
    before = {port["port"]: port for port in (annotation(found) or {}).get("ports") or ()}
    ports = found["spec"].get("ports") or ()
    return [_as_before(port, before.get(port["port"]), names) for port in ports]


def _as_before(port: Port, before: Port | None, names: Mapping[str, int]) -> Port:
    if before is None or _number(before, names) != _number(port, names):
        return port
    return {**port, "targetPort": before.get("targetPort", before["port"])}


def _number(port: Port, names: Mapping[str, int]) -> int | None:
    target = port.get("targetPort", port["port"])
    return names.get(target) if isinstance(target, str) else int(target)


def targets(owner: Owner, wish: Handover, world: World) -> dict[str, int]:
    """Container port numbers by name: of the Deployment's pods, and of the revision that stands beside them."""
    deployment = world.adopted.get((DEPLOYMENT.name, wish.deployment))
    theirs = container_ports(deployment["spec"]["template"]) if deployment else {}
    body = world.objects.get((CONTROLLER_REVISION.name, of_revision(owner.key.name, wish.revision)))
    if body is None:
        return theirs
    record = objects.read_record(body)
    return theirs | targets_of(record.revision, record.contract)


def numbered(ports: Sequence[Port], names: Mapping[str, int]) -> list[Port]:
    """Ports that lead to numbers wherever those are known."""
    return [{**port, "targetPort": _number(port, names) or port["targetPort"]} for port in ports]


def at_rest(found: Object, wanted: Sequence[Port]) -> list[Port]:
    """The ports of a Service that was adopted: its own, by their names, where the service does not say otherwise."""
    ports, ours = found["spec"].get("ports") or (), {port["port"]: port for port in wanted}
    theirs = {port["port"] for port in (annotation(found) or {}).get("ports") or ()}
    kept = [
        {**port, "targetPort": ours[port["port"]]["targetPort"]} if port["port"] in ours else port
        for port in ports
        if port["port"] in ours or port["port"] in theirs
    ]
    added = [ours[number] for number in ours if number not in {port["port"] for port in ports}]
    return [*(named(port) for port in kept), *(fresh(port, kept) for port in added)] if added else kept


def named(port: Port) -> Port:
    """A port with a name, which every one must have where there are two."""
    return {"name": f"p{port['port']}", **port}


def fresh(port: Port, beside: Sequence[Port]) -> Port:
    """A port whose name nobody beside it has."""
    taken_names = {other.get("name") for other in beside}
    return {**port, "name": f"p{port['port']}"} if port["name"] in taken_names else port


def swapped(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """A merge patch from one selector to another."""
    return dict.fromkeys(before, None) | dict(after)
