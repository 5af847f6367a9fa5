"""Quantities as the API writes them and as the code counts with them.

Duration   "1m30s"                  ↔ 90.0      seconds
Percent    "0.1%"                   ↔ 0.001     a share, 0 to 1
Instant    "2026-03-01T12:00:00Z"   ↔ 1772366400.0   unix seconds
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

DURATION_PATTERN = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
"""GEP-2257, the Gateway API's format."""
AUTO: Literal["auto"] = "auto"
"""In the place of a duration: it is measured, once for each rollout."""
PERCENT_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,6})?%$"

_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


class Written(float):
    """A number that remembers how it was written, so that what is read is what is written back."""

    text: str

    def __new__(cls, number: float, text: str) -> "Written":
        self = super().__new__(cls, number)
        self.text = text
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Written, (float(self), self.text)


def parse_duration(text: str) -> float:
    """Seconds of a GEP-2257 duration. Raises ValueError with a sentence."""
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration: write it like 300ms, 30s, 5m or 1h30m.")
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|h|m|s)", text)) / 1000


def format_duration(seconds: float) -> str:
    """The shortest GEP-2257 duration of so many seconds, to the millisecond."""
    left, parts = round(seconds * 1000), []
    for unit, size in _UNITS.items():
        number, left = divmod(left, size)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0s"


def duration_text(seconds: float) -> str:
    """A duration as it was written, else in its shortest form."""
    return seconds.text if isinstance(seconds, Written) else format_duration(seconds)


def parse_percent(text: str) -> float:
    """The share (0 to 1) of a percentage. Raises ValueError with a sentence."""
    if not re.fullmatch(PERCENT_PATTERN, text):
        raise ValueError(f"{text!r} is not a percentage: write it like 1% or 0.1%.")
    return float(text[:-1]) / 100


def format_percent(share: float) -> str:
    """The percentage of a share, to a millionth of a percent."""
    return f"{share * 100:.6f}".rstrip("0").rstrip(".") + "%"


def parse_instant(text: str) -> float:
    """Unix seconds of an RFC 3339 time. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def format_instant(seconds: float) -> str:
    """The RFC 3339 time in UTC, to the millisecond, and without a fraction where there is none."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    fraction = f".{milliseconds:03}" if milliseconds else ""
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _reading(parse: Callable[[str], float]) -> WrapValidator:
    """Texts are parsed and kept; numbers are in the code's own unit already."""

    def read(value: Any, validated: ValidatorFunctionWrapHandler) -> float:
        return Written(validated(parse(value)), value) if isinstance(value, str) else validated(value)

    return WrapValidator(read)


def _writing(form: Callable[[float], str]) -> PlainSerializer:
    """As it was written, else in the usual form."""
    return PlainSerializer(lambda value: value.text if isinstance(value, Written) else form(value), return_type=str)


Duration = Annotated[
    float,
    _reading(parse_duration),
    _writing(format_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": 32}),
]


def _read_or_auto(value: Any, validated: ValidatorFunctionWrapHandler) -> float | Literal["auto"]:
    """`auto`, or what `_reading` makes of a duration."""
    if isinstance(value, str):
        return AUTO if value == AUTO else Written(parse_duration(value), value)
    number: float = validated(value)
    return number


def _write_or_auto(value: float | Literal["auto"]) -> str:
    """What `_read_or_auto` read, as it was written."""
    return value if isinstance(value, str) else duration_text(value)


DurationOrAuto = Annotated[
    float | Literal["auto"],
    WrapValidator(_read_or_auto),
    PlainSerializer(_write_or_auto, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^auto$|{DURATION_PATTERN}", "maxLength": 32}),
]
"""A duration, or the word for one that is measured."""
Percent = Annotated[
    float,
    _reading(parse_percent),
    _writing(format_percent),
    WithJsonSchema({"type": "string", "pattern": PERCENT_PATTERN, "maxLength": 12}),
]
Instant = Annotated[
    float,
    _reading(parse_instant),
    _writing(format_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
