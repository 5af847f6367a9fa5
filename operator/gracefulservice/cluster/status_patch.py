"""The status as a merge patch: only what differs, and what is gone as an explicit null."""

from collections.abc import Mapping
from typing import Any

from gracefulservice.api import Status


def written(status: Status) -> dict[str, Any]:
    """The status as it stands in the API server."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that makes `wanted` of `found`; empty where they agree.

    >>> difference({"a": 1, "b": {"x": 1, "y": 2}}, {"b": {"x": 1, "y": 3}})
    {'b': {'y': 3}, 'a': None}
    """
    patch: dict[str, Any] = {}
    for key, value in wanted.items():
        before = found.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := difference(before, value):
                patch[key] = inner
        elif before != value:
            patch[key] = value
    return patch | {key: None for key in found if key not in wanted}
