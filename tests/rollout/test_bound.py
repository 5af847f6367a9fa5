"""The upper bound on the bad share: known values, and what must hold for any counts."""

import doctest
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout import bound
from gracefulservice.rollout.bound import proven_good, upper_bound

requests = st.integers(1, 1_000_000)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(requests)
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [(0, 265, 0.0197), (0, 530, 0.0099), (3, 300, 0.0538), (20, 100, 0.3836)],
)
def test_known_values(bad: int, total: int, expected: float) -> None:
    assert round(upper_bound(bad, total), 4) == expected


@pytest.mark.parametrize(("bad", "total"), [(0, 0), (5, 5), (1, 1), (0, 0.5)])
def test_nothing_good_was_seen_so_everything_can_be_bad(bad: float, total: float) -> None:
    assert upper_bound(bad, total) == 1.0


@settings(deadline=None)
@given(counts())
def test_it_lies_between_the_observed_share_and_one(seen: tuple[int, int]) -> None:
    bad, total = seen
    assert bad / total <= upper_bound(bad, total) <= 1


@settings(deadline=None)
@given(counts())
def test_one_more_bad_request_never_lowers_it(seen: tuple[int, int]) -> None:
    bad, total = seen
    assert upper_bound(bad, total) <= upper_bound(min(bad + 1, total), total)


@settings(deadline=None)
@given(counts(), st.integers(1, 1000))
def test_more_good_requests_lower_it(seen: tuple[int, int], more: int) -> None:
    bad, total = seen
    assert upper_bound(bad, total + more) < upper_bound(bad, total) or bad == total


@settings(deadline=None)
@given(counts())
def test_more_certainty_costs_width(seen: tuple[int, int]) -> None:
    bad, total = seen
    assert upper_bound(bad, total, beta=0.05) <= upper_bound(bad, total, beta=0.01)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.02, 0.2])
def test_the_truth_is_rarely_ever_above_it(share: float) -> None:
    """200 canaries, each looked at 10 times; the bound is broken by at most 1 % of them at any look."""
    chance, broken = random.Random(7), 0
    for _ in range(200):
        bad = total = 0
        for _ in range(10):
            total += 50
            bad += sum(chance.random() < share for _ in range(50))
            if upper_bound(bad, total) < share:
                broken += 1
                break
    assert broken <= 2


def test_the_gate_needs_the_bound_within_twice_the_allowed_share() -> None:
    assert proven_good(0.02, 0.01)
    assert not proven_good(0.0201, 0.01)


def test_examples() -> None:
    assert doctest.testmod(bound) == (0, 1)
