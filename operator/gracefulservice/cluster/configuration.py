"""The data of `spec.config`: read, digested, and copied to immutable objects that belong to revisions. Pure.

    the user's object ─► digest ─► the revision's input ─► Deployment that names the copy
                     └─► copy <service>-<entry>-<…>, made before all else of its revision

A copy is named by the digest of its data, so it can hold no other, and equal data is copied once for all revisions.
It goes with the last revision that needs it. Sentences tell names, keys and sizes, never data.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gracefulservice.api.names import KIND, of_revision
from gracefulservice.api.problems import Problem
from gracefulservice.cluster import requests
from gracefulservice.cluster.answers import Forbidden
from gracefulservice.cluster.copies import Copy, copies, digest_of
from gracefulservice.cluster.kinds import CONFIG_MAP, CONTROLLER_REVISION, DEPLOYMENT, SECRET, Ref
from gracefulservice.cluster.objects import identity, manifest
from gracefulservice.cluster.ownership import controller_of, disowned
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused
from gracefulservice.ports import Configured, Object, Owner, World
from gracefulservice.rollout.config import Entry, Target, digested, entries, lacking, mentions

KINDS = {kind.name: kind for kind in (CONFIG_MAP, SECRET)}
VALUES = {CONFIG_MAP.name: "config.configMaps", SECRET.name: "config.secrets"}
"""The value of the chart that gives the rights to a kind."""
DATA = ("data", "binaryData", "type")
"""What a copy takes over; the type is that of a Secret."""
LARGEST = 2**20
"""Bytes of all entries together, which is what Kubernetes allows one object: each revision may keep as many."""
BOUND_TYPE = "kubernetes.io/service-account-token"

Found = Object | Refused | None
"""An object as it was read; None where there is none."""


def ref(owner: Owner, entry: Entry) -> Ref:
    """The user's object."""
    return Ref(KINDS[entry.kind], owner.key.namespace, entry.object)


def configured(owner: Owner, wanted: Sequence[Entry], found: Sequence[Found]) -> Configured:
    """The spec with the digest of each object, the data by digest, and a sentence for each that cannot be used."""
    problems: list[Problem] = []
    digests: dict[Target, str] = {}
    contents: dict[str, Object] = {}
    size = 0
    for entry, body in zip(wanted, found, strict=True):
        size += _size(body) if isinstance(body, Mapping) else 0
        why = _unusable(owner, entry, body, size)
        if why or not isinstance(body, Mapping):
            problems.append(Problem(field=entry.place, sentence=why))
            continue
        data = {part: body[part] for part in DATA if body.get(part)}
        digests[entry.target] = digest = digest_of(entry.kind, data)
        contents[digest] = data
    return Configured(digested(owner.spec, digests), tuple(problems), contents)


def _unusable(owner: Owner, entry: Entry, body: Found, size: int) -> str:
    """Why an object cannot be copied, or why pods could not start with it; empty where they can."""
    named = f"{entry.kind} {entry.object}"
    if isinstance(body, Forbidden):
        return f"The operator may not read {named}: set {VALUES[entry.kind]}=true in the values of its Helm chart."
    if isinstance(body, Refused):
        return body.sentence
    if body is None:
        return f"{named} does not exist: create it, or remove the entry."
    if size > LARGEST:
        return (
            f"With {named} the data of spec.config has {size:,} bytes, and {LARGEST:,} is the most, because each "
            "revision keeps a copy: mount what is larger from elsewhere."
        )
    if body.get("type") == BOUND_TYPE:
        return f"{named} is a token of the type {BOUND_TYPE}, which cannot be copied: remove the entry."
    if (controller_of(body) or {}).get("kind") == KIND:
        return f"{named} is a copy that a {KIND} made for a revision, and goes with it: name an object of your own."
    keys = {key for part in ("data", "binaryData") for key in body.get(part) or {}}
    if key := lacking(owner.spec.get("template") or {}, entry.target, keys):
        return f"{named} has no key {key}, which the template asks for: add the key, or mark the reference as optional."
    return ""


def _size(body: Object) -> int:
    """The bytes of its data, of which some is written in base64: of Secrets all."""
    secret = body.get("kind") == SECRET.name
    plain = () if secret else (body.get("data") or {}).values()
    coded = (body.get("data" if secret else "binaryData") or {}).values()
    return sum(len(str(value).encode()) for value in plain) + sum(len(str(value)) * 3 // 4 for value in coded)


def whole(owner: Owner, written: Mapping[str, Any], world: World) -> bool:
    """Whether every copy that a revision needs is there or can be made: else no pod of it could start."""
    return all(one.place in world.objects or _at_hand(one, world) for one in copies(owner.key.name, written))


def _at_hand(copy: Copy, world: World) -> bool:
    return not world.unlisted and bool(copy.entry.digest) and copy.entry.digest in world.contents


def missing(owner: Owner, written: Mapping[str, Any], world: World) -> Iterator[Request]:
    """The copies of a revision that are not there and can be made now."""
    for one in copies(owner.key.name, written):
        if one.place not in world.objects and _at_hand(one, world):
            kind = KINDS[one.entry.kind]
            data = {"immutable": True, **world.contents[one.entry.digest]}
            yield requests.create(kind, manifest(owner, kind, one.name, identity(owner)) | data)


def restored(owner: Owner, world: World) -> Iterator[Request]:
    """The copies that somebody has deleted, of revisions that have a Deployment, as far as their data is known."""
    bodies = (world.objects.get(_record(owner, revision)) for revision in sorted(world.fleets))
    lacking = (one for body in bodies if body for one in missing(owner, _input(body), world))
    yield from {one.about: one for one in lacking}.values()


def _record(owner: Owner, revision: str) -> tuple[str, str]:
    """Where a revision's record stands among the children."""
    return CONTROLLER_REVISION.name, of_revision(owner.key.name, revision)


def _input(record: Object) -> Mapping[str, Any]:
    """The input of a revision, by its record; an empty one where that tells of none."""
    return (record.get("data") or {}).get("input") or {}


def unneeded(owner: Owner, target: Mapping[str, Any], pruned: frozenset[str], world: World) -> Iterator[Request]:
    """The copies that neither the target, by its input, nor any revision but those that are `pruned` needs."""
    there = sorted(place for place in world.objects if place[0] in KINDS)
    if not there:
        return
    kept = {one.place for one in copies(owner.key.name, target)}
    for place, body in world.objects.items():
        kept |= _needed(owner, body) if not _of(owner, pruned, place) else set()
    for kind, name in there:
        if (kind, name) not in kept:
            found = world.objects[kind, name]["metadata"]
            copy = Ref(KINDS[kind], owner.key.namespace, name)
            yield requests.delete(copy, uid=found["uid"], resource_version=str(found["resourceVersion"]))


def _of(owner: Owner, revisions: frozenset[str], place: tuple[str, str]) -> bool:
    return place[1] in {of_revision(owner.key.name, revision) for revision in revisions}


def _needed(owner: Owner, body: Object) -> set[tuple[str, str]]:
    """The copies that a record tells of, or that a Deployment names."""
    if body["kind"] == CONTROLLER_REVISION.name:
        return {one.place for one in copies(owner.key.name, _input(body))}
    if body["kind"] == DEPLOYMENT.name:
        return {mention.target for mention in mentions(body["spec"]["template"])}
    return set()


def released(owner: Owner, revision: str, world: World) -> Iterator[Request]:
    """Take our reference off the copies of a revision that outlives the service."""
    name = of_revision(owner.key.name, revision)
    bodies = [body for (_, place), body in world.objects.items() if place == name]
    needed = {place for body in bodies for place in _needed(owner, body)}
    for kind, copy in sorted(needed & world.objects.keys()):
        found = world.objects[kind, copy]
        operations = disowned(found, owner)
        version = str(found["metadata"]["resourceVersion"])
        yield requests.json_patch(Ref(KINDS[kind], owner.key.namespace, copy), operations, resource_version=version)


def kinds(owner: Owner, records: Sequence[Object]) -> list[str]:
    """The kinds of which the service has, or has had, copies."""
    return sorted({entry.kind for entry in entries(owner.spec)} | recorded(records))


def recorded(records: Sequence[Object]) -> set[str]:
    """The kinds of the copies that revisions were made with."""
    return {entry.kind for one in records for entry in entries(_input(one))}


def lost(owner: Owner, world: World) -> Iterator[str]:
    """A sentence for each copy that pods need and that somebody has deleted."""
    for revision in sorted(world.fleets):
        body = world.objects.get(_record(owner, revision))
        for kind, name in sorted((_needed(owner, body) if body else set()) - world.objects.keys()):
            if world.fleets[revision].wanted:
                yield (
                    f"{kind} {owner.key.namespace}/{name} is gone, without which no pod of revision {revision} can "
                    "start again; it is made anew as soon as the object it was copied from has the same data."
                )
