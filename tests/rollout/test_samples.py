"""Raw samples become growth: each row of the tables is one sentence of the rules."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout.samples import (
    Cursor,
    Growth,
    PodFacts,
    Sample,
    advance,
    from_one_scrape,
    instant,
    newest,
    ranges,
)

BEGUN = 1000.0
INTERVAL = 5.0
OLD = PodFacts("old", "stable", created=100.0, ready_since=110.0, restarts=0, started=105.0)
NEW = PodFacts("new", "canary", created=1001.0, ready_since=1010.0, restarts=0, started=1005.0)


@dataclass(frozen=True)
class Seen:
    """One look at one series: the sample (none: missing) and what the pod list says of the container."""

    at: float
    value: float | None
    restarts: int = 0
    started: float = 1005.0


def grown(pod: PodFacts, looks: list[Seen]) -> list[float | None]:
    """What the series grew by in each look; None where nothing was counted."""
    cursors: dict[str, dict[str, Cursor]] = {}
    amounts: list[float | None] = []
    for look in looks:
        facts = replace(pod, restarts=look.restarts, started=look.started)
        samples = {} if look.value is None else {pod.name: {"s": Sample(pod.name, "s", look.at, look.value)}}
        cursors, growth = advance(cursors, samples, [facts], begun=BEGUN, interval=INTERVAL)
        amounts.append(growth.get(pod.name, {}).get("s", Growth(0, None)).amount)
    return amounts


@pytest.mark.parametrize(
    ("sentence", "pod", "looks", "expected"),
    [
        ("a series of a pod born in this rollout counts from zero", NEW, [Seen(1010, 3), Seen(1015, 5)], [3, 2]),
        ("a series of an older pod starts a baseline", OLD, [Seen(1010, 3), Seen(1015, 5)], [None, 2]),
        ("the same sample is not counted twice", NEW, [Seen(1010, 3), Seen(1010, 3)], [3, None]),
        ("an older sample is not counted", NEW, [Seen(1010, 3), Seen(1008, 9)], [3, None]),
        ("a series that stands still grows by nothing", NEW, [Seen(1010, 3), Seen(1015, 3)], [3, 0]),
        (
            "a missing scrape loses nothing",
            NEW,
            [Seen(1010, 3), Seen(1015, None), Seen(1020, 7)],
            [3, None, 4],
        ),
        (
            "a smaller value after a restart counts from zero",
            NEW,
            [Seen(1010, 30), Seen(1020, 4, restarts=1, started=1015)],
            [30, 4],
        ),
        (
            "a new start time is a restart as well, whatever the count says",
            NEW,
            [Seen(1010, 30), Seen(1020, 4, restarts=0, started=1015)],
            [30, 4],
        ),
        (
            "a smaller value without a restart is another Prometheus replica that lags, and is not a reset",
            NEW,
            [Seen(1010, 30), Seen(1015, 28), Seen(1020, 33)],
            [30, 0, 3],
        ),
        (
            "replicas that take turns do not count the difference again and again",
            NEW,
            [Seen(1010, 30), Seen(1015, 28), Seen(1020, 31), Seen(1025, 29), Seen(1030, 32)],
            [30, 0, 1, 0, 1],
        ),
        (
            "a counter that stays low without a restart is counted on from there",
            NEW,
            [Seen(1010, 30), Seen(1015, 1), Seen(1020, 2), Seen(1025, 3), Seen(1030, 4), Seen(1035, 9)],
            [30, 0, 0, 0, 0, 5],
        ),
        (
            "the pod list may know of a restart before a sample does",
            NEW,
            [Seen(1010, 30), Seen(1014, 31, restarts=1, started=1015), Seen(1020, 4, restarts=1, started=1015)],
            [30, 1, 4],
        ),
        (
            "a restart is used up by the first sample of the new life",
            NEW,
            [
                Seen(1010, 30),
                Seen(1020, 4, restarts=1, started=1015),
                Seen(1025, 3, restarts=1, started=1015),
            ],
            [30, 4, 0],
        ),
        (
            "a restart is used up as well when the new life has counted more than the old",
            NEW,
            [
                Seen(1010, 30),
                Seen(1020, 40, restarts=1, started=1015),
                Seen(1025, 39, restarts=1, started=1015),
            ],
            [30, 10, 0],
        ),
        (
            "a pod that crashes every twenty seconds is counted in each of its lives",
            NEW,
            [Seen(1010, 9), Seen(1030, 6, 1, 1025), Seen(1050, 4, 2, 1045), Seen(1070, 2, 3, 1065)],
            [9, 6, 4, 2],
        ),
    ],
)
def test_growth(sentence: str, pod: PodFacts, looks: list[Seen], expected: list[float | None]) -> None:
    assert grown(pod, looks) == expected, sentence


def test_a_pod_created_in_the_second_in_which_the_rollout_began_belongs_to_it() -> None:
    assert grown(replace(NEW, created=1000.0), [Seen(1010, 3)]) == [3]
    cursors, growth = advance(
        {}, {"new": {"s": Sample("new", "s", 1010, 3)}}, [replace(NEW, created=1000.0)], begun=1000.9, interval=5
    )
    assert growth["new"]["s"] == Growth(1005, 3)
    assert cursors["new"]["s"] == Cursor(1010, 3, 0, 1005.0)


def test_growth_knows_since_when() -> None:
    cursors, born = advance({}, {"new": {"s": Sample("new", "s", 1010, 3)}}, [NEW], begun=BEGUN, interval=5)
    _, later = advance(cursors, {"new": {"s": Sample("new", "s", 1030, 4)}}, [NEW], begun=BEGUN, interval=5)
    assert born["new"]["s"].since == 1005, "it was not there one scrape before"
    assert later["new"]["s"].since == 1010


def test_cursors_survive_a_missing_scrape_and_go_with_their_pod() -> None:
    cursors, _ = advance({}, {"new": {"s": Sample("new", "s", 1010, 3)}}, [NEW, OLD], begun=BEGUN, interval=5)
    unscraped, growth = advance(cursors, {}, [NEW, OLD], begun=BEGUN, interval=5)
    assert (unscraped, growth) == (cursors, {})
    assert advance(cursors, {}, [OLD], begun=BEGUN, interval=5) == ({}, {})


def test_samples_of_unknown_pods_are_nobodys() -> None:
    assert advance({}, {"x": {"s": Sample("x", "s", 1010, 3)}}, [NEW], begun=BEGUN, interval=5) == ({}, {})


def test_the_newest_usable_sample_counts() -> None:
    samples = [
        Sample("new", "s", 1010, 3),
        Sample("new", "s", 1015, 4),
        Sample("new", "s", 1012, 9),
        Sample("new", "s", 1020, 5),
        Sample("new", "s", 1014, float("nan")),
        Sample("new", "t", 1010, float("inf")),
    ]
    found = ranges(samples, until=1015)
    assert newest(found) == {"new": {"s": Sample("new", "s", 1015, 4)}}
    assert [one.at for one in found["new"]["s"]] == [1010, 1012, 1015], "the oldest first"


@pytest.mark.parametrize(
    ("sentence", "total", "part", "expected"),
    [
        ("one scrape brought both", 1020, 1020, True),
        ("no part at all means that none was counted, not that nothing is known", 1020, None, True),
        ("without a denominator nothing can be counted", None, 1020, False),
        ("the numerator lags: wait", 1020, 1015, False),
        ("the denominator lags: wait", 1015, 1020, False),
        ("the numerator is three intervals old: wait", 1020, 1005, False),
        ("the numerator is gone for more than three intervals: go on without it", 1020, 1004, True),
    ],
)
def test_one_scrape(sentence: str, total: float | None, part: float | None, expected: bool) -> None:
    roles = [{} if at is None else {"s": Sample("new", "s", at, 1)} for at in (total, part)]
    assert from_one_scrape(roles[0], roles[1], replace(NEW, started=None), INTERVAL) is expected, sentence


def test_a_numerator_from_before_the_restart_does_not_make_its_pod_wait() -> None:
    total, part = {"s": Sample("new", "s", 1020, 1)}, {"s": Sample("new", "s", 1015, 1)}
    assert from_one_scrape(total, part, replace(NEW, started=1017.0), INTERVAL)
    assert from_one_scrape(total, part, replace(NEW, started=1014.0), INTERVAL), "it may be 1015.9 in truth"
    assert not from_one_scrape(total, part, replace(NEW, started=1012.0), INTERVAL)
    assert not from_one_scrape(total, part, replace(NEW, started=1022.0), INTERVAL), "it starts after both"


def test_questions_are_asked_one_scrape_late_at_instants_of_a_fixed_grid() -> None:
    times = [instant(100.0, 15.0, 15.0, now) for now in (100.0, 114.9, 129.9, 130.0, 144.9, 145.0, 1000.0)]
    assert times == [100.0, 100.0, 100.0, 115.0, 115.0, 130.0, 985.0]
    assert instant(100.0, 2.0, 1.0, 106.9) == 104.0, "a scrape may be shorter than a tick"


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(0, 50), min_size=1, max_size=30),
    missing=st.sets(st.integers(0, 29)),
    repeated=st.sets(st.integers(0, 29)),
)
def test_whatever_scrapes_are_missing_or_repeated_nothing_is_lost_or_counted_twice(
    steps: list[int], missing: set[int], repeated: set[int]
) -> None:
    looks, value = [], 0
    for index, step in enumerate(steps):
        value += step
        last = index == len(steps) - 1
        look = Seen(1010 + 5 * index, value if last or index not in missing else None)
        looks += [look, look] if index in repeated else [look]
    assert sum(amount or 0 for amount in grown(NEW, looks)) == value


@settings(deadline=None)
@given(lives=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=1, max_size=6))
def test_over_restarts_no_more_is_counted_than_happened_and_no_less_than_is_certain(
    lives: list[list[int]],
) -> None:
    looks, at, happened, certain = [], 1010.0, 0, 0
    for restarts, life in enumerate(lives):
        started, value = at, 0
        for step in life:
            at, value = at + 5, value + step
            looks.append(Seen(at, value, restarts, started))
        happened, certain = happened + value, max(certain, value)
    assert certain <= sum(amount or 0 for amount in grown(NEW, looks)) <= happened
