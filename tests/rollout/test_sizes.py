"""What was measured, and what `auto` comes to by it."""

import math

import pytest

from gracefulservice.rollout.recall import dumped, remembered
from gracefulservice.rollout.sizes import NOTHING, Measured, Sizes, floor

from .builders import memory, seen, written


@pytest.mark.parametrize(
    ("before", "last", "after"),
    [
        (None, None, None),
        (None, 0.0, 0.0),
        (None, 4.2, 7.0),
        (7.0, None, 7.0),
        (7.0, 2.0, 7.0),
        (7.0, 12.0, 18.0),
        (18.0, 39.9, 60.0),
        (60.0, 500.0, 60.0),
    ],
)
def test_a_delay_follows_the_latest_request_up_and_never_down(
    before: float | None, last: float | None, after: float | None
) -> None:
    """Half as much again, to a limit: clients that keep connections would let it grow for ever."""
    assert Sizes(delay=before).with_(Measured(last=last)).delay == after


def test_a_latency_is_that_of_the_last_answer() -> None:
    """It goes up and down with the service."""
    sizes = NOTHING.with_(Measured(p99=4.0)).with_(Measured(p99=2.0)).with_(Measured())
    assert (sizes.p99, sizes.drain) == (2.0, 5.0)


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf])
def test_what_is_no_time_is_no_measurement(wild: float) -> None:
    """Whichever source says so."""
    before = Sizes(p99=2.0, delay=7.0)
    assert before.with_(Measured(p99=wild, last=wild)) == before


def test_the_largest_times_have_their_limits() -> None:
    """Where half as much again is more than any number."""
    sizes = NOTHING.with_(Measured(p99=1.7e308, last=1.7e308))
    assert (sizes.drain, sizes.delay) == (300.0, 60.0)


def test_a_gateway_has_a_higher_floor_than_a_service() -> None:
    """It hears of endpoints one hop later."""
    assert (floor(weighted=False), floor(weighted=True)) == (5.0, 10.0)


def test_it_is_remembered() -> None:
    """And takes no room where nobody asked."""
    before = memory(sizes=Sizes(p99=0.25, delay=12.0))
    assert remembered(written(before, seen())).sizes == before.sizes
    assert "sizes" not in dumped(memory())
