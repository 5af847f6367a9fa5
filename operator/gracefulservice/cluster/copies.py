"""How the copies of a revision's configuration are called: by the service, the entry, and the digest of the data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gracefulservice.ports import Object
from gracefulservice.rollout.config import Entry, Target, entries
from gracefulservice.rollout.revision import canonical

DIGEST_LENGTH, SUFFIX_LENGTH = 32, 20
"""Hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of one entry's data."""

    name: str
    entry: Entry

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands among the children."""
        return self.entry.kind, self.name


def digest_of(kind: str, data: Object) -> str:
    """What stands for the data of an object."""
    return _hash(canonical({"kind": kind, **data}), DIGEST_LENGTH)


def copies(name: str, written: Mapping[str, Any]) -> tuple[Copy, ...]:
    """The copies that a revision of the service `name` needs, by its input."""
    return tuple(Copy(f"{name}-{one.name}-{_suffix(name, one)}", one) for one in entries(written))


def names(name: str, written: Mapping[str, Any]) -> dict[Target, str]:
    """What stands in a revision's Deployment in the place of the user's objects."""
    return {one.entry.target: one.name for one in copies(name, written)}


def _suffix(name: str, entry: Entry) -> str:
    """What tells a copy from those of other data, and from those of services and entries whose names run together."""
    return _hash("/".join((name, entry.name, entry.kind, entry.digest)), SUFFIX_LENGTH)


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
