"""What changed between two revisions of what the user wrote. Pure."""

from collections.abc import Iterator
from difflib import unified_diff

import yaml
from rich.console import Group, RenderableType
from rich.text import Text

from gracefulservice.cli.kept import Kept, Shelf
from gracefulservice.errors import Invalid

AROUND = 3
"""Lines shown around each change."""
COLOURS = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
"""By how a line begins; the first that fits counts."""

LONGEST_LINE = 1_000_000
"""Characters after which YAML would break a line."""


class _Dumper(yaml.SafeDumper):
    """A script of several lines is shown as such, so that a change in it is a line."""


def _as_written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _as_written)


def pair(shelf: Shelf, before: str | None, after: str | None) -> tuple[Kept, Kept]:
    """The two that a person means: by themselves stable and target, at rest the one before and stable."""
    later = shelf.find(shelf.target) if after is None else shelf.chosen(after)
    sooner = shelf.previous() if before is None else shelf.chosen(before)
    if sooner is None or later is None:
        raise Invalid(f"{shelf.called} keeps no revision that was stable before: name the two to compare.")
    return sooner, later


def page(sooner: Kept, later: Kept) -> RenderableType:
    """A unified diff of both as YAML."""
    if text(sooner) == text(later):
        return Text(f"Revisions {sooner.called} and {later.called} ask for the same pods.")
    return Group(*map(drawn, lines(sooner, later)))


def lines(sooner: Kept, later: Kept) -> Iterator[str]:
    """The lines of the diff, without their ends."""
    both = (text(sooner).splitlines(), text(later).splitlines())
    yield from unified_diff(*both, sooner.called, later.called, n=AROUND, lineterm="")


def text(one: Kept) -> str:
    """What the user wrote, in an order of keys that is always the same. Raises `Invalid` where nobody can tell.

    Control characters are escaped: YAML has none.
    """
    if one.written is None:
        raise Invalid(f"The record of revision {one.called} cannot be read, so nobody can tell what it asked for.")
    return str(yaml.dump(dict(one.written), Dumper=_Dumper, allow_unicode=True, width=LONGEST_LINE))


def drawn(line: str) -> Text:
    """One line in its colour."""
    colour = next((COLOURS[start] for start in COLOURS if line.startswith(start)), "")
    return Text(line, style=colour)
