"""Quantities: what the API writes, what the code counts with, and that nothing is lost between them."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.api.quantities import (
    Duration,
    Instant,
    Percent,
    duration_text,
    format_duration,
    format_instant,
    format_percent,
    parse_duration,
    parse_instant,
    parse_percent,
)
from gracefulservice.api.value import Value


class Times(Value):
    """One of each."""

    span: Duration = 0.0
    share: Percent = 0.0
    moment: Instant = 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300ms", 0.3), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h1m1s1ms", 3661.001), ("0s", 0), ("90s", 90)],
)
def test_durations_are_those_of_the_gateway_api(text: str, seconds: float) -> None:
    """Hours, minutes, seconds and milliseconds, in any sum of up to four parts."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "1.5s", "-1s", "1d", "5 m", "PT5M", "123456s", "1h1h1h1h1h", "5m\n"])
def test_other_durations_are_refused_with_the_right_form(text: str) -> None:
    """The sentence quotes the text and shows how to write it."""
    with pytest.raises(ValueError, match="write it like 300ms, 30s, 5m or 1h30m") as refusal:
        parse_duration(text)
    assert repr(text) in str(refusal.value)


@given(st.integers(0, 99_999 * 3_600_000))
def test_a_written_duration_is_read_back_to_the_millisecond(milliseconds: int) -> None:
    """Whatever the number, its text is valid and means the same."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.1%", 0.001), ("0.000001%", 1e-8), ("100%", 1), ("0%", 0)]
)
def test_percentages_are_shares_in_the_code(text: str, share: float) -> None:
    """A hundred percent is 1, and the shortest text of a share is the one people write."""
    assert parse_percent(text) == share
    assert format_percent(share) == text


@pytest.mark.parametrize("text", ["1", "%", "-1%", "1 %", "1,5%", "1e3%", ".5%"])
def test_other_percentages_are_refused(text: str) -> None:
    """The sentence shows how to write it."""
    with pytest.raises(ValueError, match=r"write it like 1% or 0\.1%"):
        parse_percent(text)


@given(st.integers(0, 4_000_000_000_000))
def test_a_moment_is_read_back_to_the_millisecond(milliseconds: int) -> None:
    """A time that was remembered is the same time after a restart."""
    assert parse_instant(format_instant(milliseconds / 1000)) == milliseconds / 1000


def test_moments_look_like_those_of_kubernetes() -> None:
    """Whole seconds have no fraction."""
    assert format_instant(1772366400.0) == "2026-03-01T12:00:00Z"
    assert format_instant(1772366400.25) == "2026-03-01T12:00:00.250Z"
    assert parse_instant("2026-03-01T13:00:00+01:00") == 1772366400.0


@pytest.mark.parametrize("text", ["90s", "1m30s", "0h1m30s", "90000ms"])
def test_what_the_user_wrote_is_written_back(text: str) -> None:
    """Four ways to write the same duration stay four texts: a revision's identity depends on it."""
    times = Times.model_validate({"span": text, "share": "1.0%"})
    assert times.span == 90.0
    assert times.model_dump(exclude_unset=True) == {"span": text, "share": "1.0%"}
    assert duration_text(times.span) == text
    assert duration_text(copy.deepcopy(times).span) == text
    assert duration_text(pickle.loads(pickle.dumps(times.span))) == text  # noqa: S301


def test_numbers_are_in_the_unit_of_the_code_already() -> None:
    """A default or a computed value is seconds or a share, and gets its shortest text."""
    assert Times(span=5400.0, share=0.001).model_dump() == {
        "span": "1h30m",
        "share": "0.1%",
        "moment": "1970-01-01T00:00:00Z",
    }
