"""Memory in words: as it is written into a status, and as it is read back from one."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from gracefulservice.api import Status
from gracefulservice.rollout.memory import Memory

FORMAT = 2
"""Raised when a field of memory goes, or when one changes its meaning; a field that is added needs nothing: an
operator that does not know it refuses to go on without it. Memories from before there was a number have 0."""


def dumped(memory: Memory) -> dict[str, Any]:
    """Memory as it stands in `status.memory`; receipts and history stand in fields of their own."""
    brief = memory.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"receipts", "history", "state"}
    )
    return brief | {"format": FORMAT, "state": memory.state.model_dump(mode="json", by_alias=True, exclude_none=True)}


def previous(written: Mapping[str, Any]) -> Status:
    """The status as it stands, without those of its fields that only another version of the operator understands:
    they follow from memory and are written anew.
    """
    try:
        return Status.model_validate(written)
    except ValidationError as error:
        strange = {one["loc"][0] for one in error.errors() if one["loc"]}
        return Status.model_validate({field: value for field, value in written.items() if field not in strange})


def remembered(status: Status) -> Memory:
    """Memory as it was written into a status; an empty one where nothing was.

    Raises ValueError where it cannot be understood as a whole: nothing of it may get lost by being written again.
    """
    written = dict(status.memory or {})
    number = written.pop("format", 0)
    if not isinstance(number, int) or number > FORMAT:
        raise ValueError(f"its format is {number}, and {FORMAT} is the newest one known here")
    memory = Memory.model_validate(renewed(written, number))
    if number == FORMAT and (field := unknown(written, memory.model_dump(mode="json", by_alias=True))):
        raise ValueError(f"its field {field} is not known here")
    return memory.but(receipts=status.commands, history=status.history)


def renewed(written: dict[str, Any], number: int) -> dict[str, Any]:
    """Memory that was written in an older format, as it is written now.

    Format 1 called `trusted` known, and had one number for all proxies in `uncounted.newest`: each is met anew.
    """
    if number >= FORMAT:
        return written
    now = {("trusted" if field == "known" else field): value for field, value in written.items()}
    uncounted = now.get("uncounted")
    if isinstance(uncounted, Mapping) and not isinstance(uncounted.get("newest"), Mapping):
        now["uncounted"] = {field: value for field, value in uncounted.items() if field != "newest"}
    return now


def unknown(written: Any, known: Any, place: str = "") -> str:
    """The first field of `written` that is not in `known`, as a path; empty when all of them are."""
    if isinstance(written, Mapping) and isinstance(known, Mapping):
        strange = (f"{place}{key}" for key in written if key not in known)
        inner = (unknown(value, known[key], f"{place}{key}.") for key, value in written.items() if key in known)
        return next(strange, "") or next(filter(None, inner), "")
    if isinstance(written, list) and isinstance(known, list):
        return next(filter(None, (unknown(*pair, place) for pair in zip(written, known, strict=False))), "")
    return ""
