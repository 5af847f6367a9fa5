"""The revisions that are kept, as a table and for programs. Pure: the time of day is an argument."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from gracefulservice.api.quantities import format_instant
from gracefulservice.cli.kept import Kept, Shelf
from gracefulservice.cli.page import age, words

HEADINGS = ("NUMBER", "REVISION", "IMAGE", "AGE")
OUTCOMES = {
    "Promoted": "promoted",
    "RolledBack": "rolled back",
    "Superseded": "superseded",
    "TurnedBack": "turned back",
}
COLOURS = {"stable": "green", "canary": "cyan", "condemned": "red", "unreadable": "yellow"}
"""Of what a revision is now; the first one that it is counts."""


def page(shelf: Shelf, now: float) -> RenderableType:
    """A line for each, the newest first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "IMAGE", overflow="fold")
    for heading in ("IS", "LAST ROLLOUT"):
        table.add_column(heading, overflow="fold")
    for one in shelf.revisions:
        colour = next((COLOURS[role] for role in COLOURS if role in roles(shelf, one)), "")
        cells = (str(one.number or ""), one.id, ", ".join(one.images), age(now - one.created))
        table.add_row(*map(words, cells), words(state(shelf, one), colour), words(last(one, now)))
    return Group(table, *(words(one) for one in remarks(shelf)))


def remarks(shelf: Shelf) -> Iterator[str]:
    """What no line of the table can say."""
    if not any(one.id == shelf.target for one in shelf.revisions):
        yield f"The spec asks for revision {shelf.target}, which has no record yet."


def roles(shelf: Shelf, one: Kept) -> tuple[str, ...]:
    """What a revision is now, each in one word; `former` was stable once."""
    serves = one.id == shelf.stable
    found = {
        "stable": serves,
        "canary": one.id == shelf.status.canary,
        "target": one.id == shelf.target and not serves,
        "former": one.id in shelf.former and not serves,
        "unreadable": one.written is None,
        "condemned": bool(one.condemned),
    }
    return tuple(role for role, holds in found.items() if holds)


def state(shelf: Shelf, one: Kept) -> str:
    """The same in words, with the reasons."""
    said = {
        "former": "was stable",
        "unreadable": "its record cannot be read",
        "condemned": f"condemned: {one.condemned}",
    }
    return "; ".join(said.get(role, role) for role in roles(shelf, one))


def last(one: Kept, now: float) -> str:
    """`promoted 3 h ago by somebody after 2,469 requests, 0 of them bad`."""
    entry = one.last
    if entry is None:
        return ""
    by = f" by {entry.by}" if entry.by else ""
    said = f"{OUTCOMES[entry.outcome]} {age(now - entry.ended)} ago{by}"
    counted = entry.sentence.removeprefix(f"Revision {one.id} is stable now").rstrip(".")
    return said + (counted if entry.outcome == "Promoted" and counted.startswith(" after") else "")


def document(shelf: Shelf) -> dict[str, Any]:
    """The same for programs."""
    return {
        "namespace": shelf.namespace,
        "name": shelf.name,
        "target": shelf.target,
        "revisions": [described(shelf, one) for one in shelf.revisions],
    }


def described(shelf: Shelf, one: Kept) -> dict[str, Any]:
    """One revision; what it is not is left out."""
    found = {
        "number": one.number,
        "revision": one.id,
        "is": list(roles(shelf, one)),
        "condemned": one.condemned,
        "images": list(one.images),
        "created": format_instant(one.created),
        "lastRollout": one.last.model_dump(mode="json", by_alias=True, exclude_defaults=True) if one.last else None,
    }
    return {key: value for key, value in found.items() if value or key == "is"}
