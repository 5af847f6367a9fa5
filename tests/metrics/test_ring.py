"""The ring of a pod: half a minute of raw samples, however pages change, clocks jump and series come and go."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.metrics import ring as module
from gracefulservice.metrics.ring import KEPT, MOST_PAGES, Ring
from gracefulservice.rollout.matching import matching

GOOD, BAD = 'calls_total{code="200"}', 'calls_total{code="500"}'
ALL = matching("calls_total")


def filled(*pages: tuple[float, dict[str, float]]) -> Ring:
    """A ring after these pages."""
    ring = Ring()
    for at, found in pages:
        ring.add(at, found)
    return ring


def test_samples_keep_their_own_times() -> None:
    """A series that comes later, or goes, has samples only where it was shown."""
    ring = filled((1.0, {GOOD: 1}), (2.0, {GOOD: 2, BAD: 1}), (3.0, {BAD: 2}))
    assert ring.series(ALL, 9.0) == [
        ({"code": "200"}, [(1.0, 1.0), (2.0, 2.0)]),
        ({"code": "500"}, [(2.0, 1.0), (3.0, 2.0)]),
    ]
    assert ring.series(matching('calls_total{code="500"}'), 2.0) == [({"code": "500"}, [(2.0, 1.0)])]
    assert ring.series(matching("calls"), 9.0) == []
    assert (ring.oldest, ring.newest) == (1.0, 3.0)


def test_what_is_old_goes() -> None:
    """Pages, and what is known of heads that no page has any more."""
    ring = filled((0.0, {BAD: 1}), (1.0, {GOOD: 1}), (KEPT + 0.5, {GOOD: 2}))
    assert ring.series(ALL, 99.0) == [({"code": "200"}, [(1.0, 1.0), (KEPT + 0.5, 2.0)])]
    assert set(ring._labels) == {GOOD}


def test_a_clock_that_is_set_back_leaves_one_time_line() -> None:
    """What was shown later than now never was."""
    ring = filled((10.0, {GOOD: 1}), (11.0, {GOOD: 2}), (10.5, {GOOD: 3}))
    assert ring.series(ALL, 99.0) == [({"code": "200"}, [(10.0, 1.0), (10.5, 3.0)])]


def test_a_page_that_cannot_be_read_changes_nothing() -> None:
    """Not even a part of it is kept."""
    ring = filled((1.0, {GOOD: 1}))
    with pytest.raises(ValueError, match="cannot be read"):
        ring.add(2.0, {GOOD: 2, 'calls_total{code="}': 1})
    assert ring.newest == 1.0


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=200))
def test_the_ring_is_bounded_and_in_order(times: list[float]) -> None:
    """Whatever the clock does."""
    ring = filled(*((at, {GOOD: 1.0}) for at in times))
    ((_, samples),) = ring.series(ALL, 1000.0)
    assert len(samples) <= MOST_PAGES
    assert [at for at, _ in samples] == sorted({at for at, _ in samples})
    assert samples[-1][0] == times[-1]
    assert samples[0][0] >= times[-1] - KEPT


def test_pages_of_the_same_heads_share_them() -> None:
    """A number costs eight bytes."""
    heads = [f'calls_total{{path="/{number}"}}' for number in range(1000)]
    ring = filled(*((float(at), {str(head): float(at) for head in heads}) for at in range(30)))
    assert len({id(page.heads) for page in ring._pages}) == 1
    assert sum(sys.getsizeof(page.values) for page in ring._pages) < 30 * 1000 * 10
    assert module.named(heads[0]) == "calls_total"
