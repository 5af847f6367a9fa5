"""The ring of a pod: half a minute of raw samples, however pages change, clocks jump and series come and go."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.metrics import ring as module
from gracefulservice.metrics.exposition import MOST_CHARACTERS
from gracefulservice.metrics.ring import KEPT, MOST_PAGES, NEW_CHARACTERS, Ring
from gracefulservice.rollout.matching import Matching, matching

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
    assert set(ring._heads) == {GOOD}


def test_a_clock_that_is_set_back_leaves_one_time_line() -> None:
    """What was shown later than now never was."""
    ring = filled((10.0, {GOOD: 1}), (11.0, {GOOD: 2}), (10.5, {GOOD: 3}))
    assert ring.series(ALL, 99.0) == [({"code": "200"}, [(10.0, 1.0), (10.5, 3.0)])]


def test_heads_go_with_the_last_page_that_has_them() -> None:
    """Whichever page that is, after a clock was set back too."""
    ring = filled((8.0, {GOOD: 1}), (10.0, {GOOD: 1, BAD: 1}), (9.0, {GOOD: 2}))
    assert set(ring._heads) == {GOOD}
    ring.add(10.0 + KEPT, {BAD: 1})
    assert set(ring._heads) == {BAD}
    assert ring.series(ALL, 99.0) == [({"code": "500"}, [(10.0 + KEPT, 1.0)])]


def new_heads(scrape: int, characters: int) -> dict[str, float]:
    """A page of heads that no other scrape has, so many characters in all."""
    return {f'calls_total{{id="{scrape:05}{number:05}{"x" * 996}"}}': 1.0 for number in range(characters >> 10)}


def test_labels_that_change_at_every_scrape_are_rationed() -> None:
    """However long that goes on: what they cost everybody grows with the ration alone."""
    ring, kept, refused = Ring(), 0, 0
    for scrape in range(40):
        try:
            ring.add(float(scrape), new_heads(scrape, 128 * 2**10))
            kept += 128 * 2**10
        except ValueError as error:
            assert "its labels change at every scrape: 131,072 characters" in str(error)  # noqa: PT017
            refused += 1
    assert refused
    assert kept <= MOST_CHARACTERS + 40 * NEW_CHARACTERS


def test_a_page_that_changes_as_a_whole_once_is_read_soon() -> None:
    """Further counters are asked for, or all routes get their first requests at once."""
    ring, page = filled((0.0, new_heads(0, 250 * 2**10))), new_heads(1, 250 * 2**10)
    for at in (1.0, 2.0, 3.0):
        with pytest.raises(ValueError, match="change at every scrape"):
            ring.add(at, page)
    for at in (4.0, 5.0):
        ring.add(at, page)
    assert ring.newest == 5.0


def test_a_selector_is_tried_on_a_head_once() -> None:
    """Though it is asked about at every look."""
    tried: list[str] = []

    def test(value: str) -> bool:
        tried.append(value)
        return True

    wanted = Matching("any", "calls_total", (("code", test),))
    ring = filled((1.0, {GOOD: 1, "other_total": 1}))
    first = ring.series(wanted, 9.0)
    ring.add(2.0, {GOOD: 1, "other_total": 1})
    assert (len(first), len(ring.series(wanted, 9.0)), tried) == (1, 1, ["200"])
    ring.add(3.0, {GOOD: 1, BAD: 1})
    assert (len(ring.series(wanted, 9.0)), tried) == (2, ["200", "500"])


def test_answers_are_bounded() -> None:
    """Of whatever is asked over time."""
    ring = filled((1.0, {GOOD: 1}))
    for number in range(3 * module.MOST_ANSWERS):
        assert ring.series(matching(f'calls_total{{code!="{number}"}}'), 9.0)
        assert len(ring._heads[GOOD].answers) <= module.MOST_ANSWERS


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


def test_pages_in_quick_succession_are_bounded() -> None:
    """A clock that hardly moves lets none of them grow old."""
    ring = filled(*((number / 100, {GOOD: float(number)}) for number in range(2 * MOST_PAGES)))
    ((_, samples),) = ring.series(ALL, 99.0)
    assert [value for _, value in samples] == [float(number) for number in range(MOST_PAGES, 2 * MOST_PAGES)]


def test_pages_of_the_same_heads_share_them() -> None:
    """A number costs eight bytes."""
    heads = [f'calls_total{{path="/{number}"}}' for number in range(1000)]
    ring = filled(*((float(at), {str(head): float(at) for head in heads}) for at in range(30)))
    assert len({id(page.heads) for page in ring._pages}) == 1
    assert sum(sys.getsizeof(page.values) for page in ring._pages) < 30 * 1000 * 10
    assert module.named(heads[0]) == "calls_total"
