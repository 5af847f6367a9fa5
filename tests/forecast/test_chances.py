"""What many rehearsals say together, and how sure that is."""

from math import comb

import pytest

from gracefulservice.forecast.chances import at_most, percentile


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([5, 1, 3, 2, 4], part) for part in (0.2, 0.5, 0.99, 1.0)] == [1, 3, 5, 5]


def test_none_of_forty_is_not_never() -> None:
    """The rule of three, exactly: 1 - 0.05^(1/40)."""
    assert at_most(0, 40) == pytest.approx(1 - 0.05 ** (1 / 40), abs=1e-5)


@pytest.mark.parametrize(("found", "runs"), [(1, 40), (3, 40), (5, 10), (0, 1)])
def test_at_the_bound_so_few_are_just_five_in_a_hundred(found: int, runs: int) -> None:
    bound = at_most(found, runs)
    as_few = sum(comb(runs, count) * bound**count * (1 - bound) ** (runs - count) for count in range(found + 1))
    assert as_few == pytest.approx(0.05, abs=1e-4)


def test_all_of_them_leave_room_for_everything() -> None:
    assert at_most(7, 7) == 1.0
