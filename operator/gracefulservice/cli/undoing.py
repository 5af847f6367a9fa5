"""Undo: the fields of the spec that make a revision, written as an older one's record has them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from gracefulservice.api import Command
from gracefulservice.api.names import COMMAND_ANNOTATION
from gracefulservice.cli import orders
from gracefulservice.cli.kept import Kept, Object, Shelf, undigested
from gracefulservice.cli.words import plain
from gracefulservice.cluster.copies import copies
from gracefulservice.errors import Invalid, Refused
from gracefulservice.rollout.revision import CONFIG, FIELDS, canonical

Operation = dict[str, Any]

GIT = ("argocd", "argo-cd", "flux", "kustomize-controller", "helm-controller")
"""How the field managers of tools begin that write what Git says again and again."""


def wanted(shelf: Shelf, revision: str | None) -> Kept:
    """The revision to go back to. Raises `Invalid` or `Refused` where there is none, or where nothing would move."""
    found = shelf.previous() if revision is None else shelf.chosen(revision)
    if found is None:
        raise Invalid(f"{shelf.called} keeps no revision that was stable before, so there is nothing to go back to.")
    if found.id == shelf.target:
        raise Refused(f"The spec of {shelf.called} asks for revision {found.called} already.{again(shelf, found)}")
    if found.written is None:
        raise Invalid(
            f"The record of revision {found.called} cannot be read by this version of kubectl-graceful, so nobody can "
            "tell what it asked for: apply that version from your own files."
        )
    if why := configured(shelf, found):
        raise Refused(why)
    if found.condemned:
        raise Refused(f"Undo moves nobody to revision {found.called}.{again(shelf, found)}")
    return found


def configured(shelf: Shelf, found: Kept) -> str:
    """Why the data that its configuration had then is the person's to put back; or empty where it is as it was."""
    present, then = shelf.find(shelf.target), found.written or {}
    if same_data((present.written if present else None) or {}, then, recorded=bool(present and present.number)):
        return ""
    held = [f"{one.entry.kind} {one.name} holds what {one.entry.object} had" for one in copies(shelf.name, then)]
    where = f" ({', '.join(held)})" if held else ", and spec.config as it was"
    return (
        f"Revision {found.called} had other configuration than there is now, and undo writes no data: put the old data "
        f"back{where}, together with the old template if that was another one."
    )


def same_data(present: Mapping[str, Any], then: Mapping[str, Any], *, recorded: bool) -> bool:
    """Whether both have the same configuration, as far as anybody knows: what has no record yet was not read yet."""
    if recorded:
        return bool(present.get(CONFIG) == then.get(CONFIG))
    return undigested(part(present, CONFIG)) == undigested(part(then, CONFIG))


def again(shelf: Shelf, found: Kept) -> str:
    """How a condemned revision is tried again, as one more sentence; or empty."""
    if not found.condemned:
        return ""
    first = "" if found.id == shelf.target else "Apply that version yourself, then "
    ways = (
        f"`kubectl graceful retry {shelf.name}` tries it from its first step, and "
        f"`kubectl graceful promote {shelf.name} --full` takes it unjudged"
    )
    return f" It is condemned: {found.condemned.rstrip('.')}. {first}{ways}."


def operations(body: Object, found: Kept, command: Command) -> list[Operation]:
    """The JSON Patch for the object as it was seen: what pods should be, and who wants that, in one write."""
    pin = {"op": "replace", "path": "/metadata/resourceVersion", "value": body["metadata"]["resourceVersion"]}
    return [pin, *respelt(body["spec"], found.written or {}), *noted(body, command)]


def respelt(spec: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[Operation]:
    """The fields that make a revision, each as it was written then; every other field of the spec stays."""
    for field in FIELDS:
        path = f"/spec/{field}"
        if field not in written and field in spec:
            yield {"op": "remove", "path": path}
        elif field in written and canonical(part(spec, field)) != canonical(part(written, field)):
            yield {"op": "add", "path": path, "value": written[field]}


def part(whole: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """One field as it is written, nothing where it is not. To Python 1 and true are the same, to Kubernetes not."""
    return {field: whole[field]} if field in whole else {}


def noted(body: Object, command: Command) -> Iterator[Operation]:
    """The command, by which the operator learns who asked: it takes the place of the one before."""
    if body["metadata"].get("annotations") is None:
        yield {"op": "add", "path": "/metadata/annotations", "value": {}}
    path = COMMAND_ANNOTATION.replace("~", "~0").replace("/", "~1")
    yield {"op": "add", "path": f"/metadata/annotations/{path}", "value": orders.written(command)}


def sentence(shelf: Shelf, found: Kept) -> str:
    """What happens now."""
    asked, canary = f"Revision {found.called} is asked for again", shelf.status.canary
    if shelf.spec.get("suspend") and found.id != shelf.stable:
        return f"{asked}; it waits until spec.suspend is false."
    if found.id == shelf.stable:
        return f"{asked}: it serves users already{f', and revision {canary} turns back' if canary else ''}."
    first = f"revision {canary} turns back first, and then it" if canary else "it"
    window = shelf.spec.get("rollbackWindow") or 0
    if found.id in (shelf.stable, *shelf.former)[:window]:
        return f"{asked}; {first} goes in one step, unjudged: it is one of the last {window} that were stable."
    return f"{asked}; {first} goes the same careful way as any other."


def put_back(body: Object) -> str:
    """A warning where a tool writes the spec from Git, or empty."""
    entries = body["metadata"].get("managedFields") or ()
    names = [str(one.get("manager") or "") for one in entries if one.get("subresource") != "status"]
    found = next((name for name in names if name.lower().startswith(GIT)), "")
    if not found:
        return ""
    return f"{plain(found)} writes this object from Git and will put the newer version back: go back there as well."
