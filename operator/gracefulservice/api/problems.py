"""What is wrong with an object, as values: all of it at once, each with its field and the fix."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gracefulservice.api.value import Value


class Problem(Value):
    """One thing wrong. `field` is a path like `spec.shutdown.delay`; `sentence` names the value and the fix."""

    field: str
    sentence: str


Problems = tuple[Problem, ...]


def problems_of(error: ValidationError, root: str) -> Problems:
    """What pydantic refused about the value at `root`, one problem per field."""
    details = error.errors()
    return tuple(
        Problem(field=_path(root, detail["loc"]), sentence=_sentence(detail))
        for detail in details
        if not _follows(detail, details)
    )


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Whether a list is called too short only because items of it were refused."""
    place = detail["loc"]
    inner = (other["loc"] for other in details if len(other["loc"]) > len(place))
    return detail["type"] == "too_short" and any(loc[: len(place)] == place for loc in inner)


def _path(root: str, steps: tuple[int | str, ...]) -> str:
    """The path as Kubernetes writes it: `spec.ports[0].name`."""
    return root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


_LENGTHS = {
    "too_short": "It has {actual_length} items and must have at least {min_length} item.",
    "too_long": "It has {actual_length} items and must have at most {max_length} item.",
}


def _sentence(detail: ErrorDetails) -> str:
    """What was found and what is expected instead."""
    if detail["type"] == "missing":
        return "The field is missing: add it."
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] in _LENGTHS:
        return _LENGTHS[detail["type"]].format(**detail["ctx"])
    found = detail["input"]
    shown = f"{found!r}" if isinstance(found, str | int | float) else f"a {type(found).__name__}"
    return f"The value is {shown}. {detail['msg']}."
