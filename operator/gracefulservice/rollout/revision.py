"""What a revision is: the user's input as written, and the identity computed from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gracefulservice.api.names import REVISION_ALPHABET
from gracefulservice.api.pods import Pods

HASH_VERSION = 1
"""Raised when `identify` changes. Records keep their own, and equality is that of inputs, never of versions."""

LENGTH = 10
FIELDS = tuple(field.alias or name for name, field in Pods.model_fields.items())
"""The fields of the spec that make a revision: a change in any other field starts no rollout."""
CONFIG = "config"
"""The field of the spec that names what else does, by its data."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What the user asked pods to be. `input` holds the fields `FIELDS` as written; what is absent stays absent.

    Where a service has `config`, its entries with the digests of their data are part of it, ordered by name.
    """

    id: str
    input: Mapping[str, Any]
    hash_version: int = HASH_VERSION

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Revision":
        """The revision that a spec, as read from the API server, asks for."""
        written = {field: spec[field] for field in FIELDS if field in spec}
        if entries := spec.get(CONFIG):
            written[CONFIG] = sorted(entries, key=lambda entry: str(entry["name"]))
        return cls(id=identify(canonical(written)), input=written)

    def same_as(self, other: "Revision") -> bool:
        """Whether both ask for the same pods, however their identities were computed."""
        return canonical(self.input) == canonical(other.input)


def canonical(written: Mapping[str, Any]) -> str:
    """The one JSON text of an input, whatever the order of its keys."""
    return json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def identify(text: str) -> str:
    """Ten characters that stand for a text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    base = len(REVISION_ALPHABET)
    return "".join(REVISION_ALPHABET[number // base**place % base] for place in range(LENGTH))
