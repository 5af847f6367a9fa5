"""The share of the requests that arrives: what is concluded from it, how soon, and what is left open."""

from random import Random

import pytest

from gracefulservice.rollout.share import LIMIT, Share, counted, odds

TICK = 5.0


def watch(weight: float, arrives: float, *, rate: float, ticks: int = 120, seed: int = 0, **fields: object) -> Share:
    """The share after so many looks at `rate` requests/s, of which `arrives` percent reach the canary, in pairs."""
    random = Random(seed)
    share = Share(canary="b", weight=weight, since=0.0).model_copy(update=fields)
    for place in range(1, ticks + 1):
        pairs = int(rate * TICK / 2)
        reached = 2 * sum(100 * random.random() < arrives for _ in range(pairs))
        calls = {"b": float(reached), "a": float(2 * pairs - reached)}
        share = counted(share, calls, place * TICK, TICK)
    return share


@pytest.mark.parametrize("weight", [1, 5, 20, 50, 100])
def test_a_weight_without_effect_is_known_after_three_ticks_at_10_canary_requests_per_second(weight: float) -> None:
    """The first tick may lie half before the weight; one scrape late, that is within 30 s."""
    share = watch(weight, 0, rate=1000 / weight, ticks=4)
    assert (share.effective, share.holds, share.at) == (False, True, 20.0)
    assert watch(weight, 0, rate=1000 / weight, ticks=1).effective is None


@pytest.mark.parametrize("weight", [1, 5, 20, 50, 100])
def test_a_weight_with_an_effect_is_known_as_soon(weight: float) -> None:
    """Without a word of alarm."""
    share = watch(weight, weight, rate=1000 / weight, ticks=4)
    assert (share.effective, share.holds) == (True, False)


@pytest.mark.parametrize("weight", [1, 10, 50, 99.9, 100])
@pytest.mark.parametrize("part", [1.0, 0.5, 0.25, 0.125])
def test_callers_inside_the_cluster_raise_no_alarm(weight: float, part: float) -> None:
    """Up to seven of eight requests may pass the route by; for ten minutes, in twenty services each."""
    for seed in range(20):
        share = watch(weight, weight * part, rate=40, seed=seed)
        assert share.effective is not False, (seed, share)
        assert not share.holds


def test_less_than_a_tenth_is_told_but_holds_nothing() -> None:
    """Twenty callers that pass the route by for each one that does not are possible, if not likely."""
    share = watch(20, 1, rate=500)
    assert (share.effective, share.holds) == (False, False)


@pytest.mark.parametrize(
    ("weight", "arrives", "effective"),
    [
        (1, 3, False),
        (10, 30, False),
        (10, 15, True),
        (50, 60, True),
        (50, 90, False),
        (0.2, 0.6, None),
        (100, 100, True),
    ],
)
def test_more_than_twice_the_weight_as_odds_is_too_much(weight: float, arrives: float, effective: bool | None) -> None:
    """Where rounding over several gateways cannot explain it."""
    share = watch(weight, arrives, rate=200)
    assert share.effective in ((effective,) if effective is not None else (None, True))
    assert share.holds is (effective is False)


def test_what_came_without_any_weight_explains_more_than_the_weight() -> None:
    """A person's own header match, or a smoke test: then nothing is concluded on that side."""
    assert watch(10, 30, rate=200, touched=True).effective is True


def test_after_a_rollback_nothing_may_arrive() -> None:
    """And no share can be too small."""
    assert watch(0, 2, rate=50).effective is False
    assert watch(0, 0, rate=50).effective is None


def test_an_effect_that_ends_late_is_found_and_one_that_returns_is_believed() -> None:
    """However long it was there before."""
    random, share = Random(1), Share(canary="b", weight=20, since=0.0)
    ends: dict[str, float] = {}
    for place in range(1, 401):
        at = place * TICK
        part = 0.0 if 1000 < at <= 1500 else 0.2
        x = float(sum(random.random() < part for _ in range(250)))
        share = counted(share, {"b": x, "a": 250 - x}, at, TICK)
        if share.effective is False:
            ends.setdefault("lost", at)
        if at > 1500 and share.effective:
            ends.setdefault("back", at)
    assert ends["lost"] <= 1040
    assert ends["back"] <= 1520


def test_only_what_was_surely_sent_under_the_weight_counts() -> None:
    """Samples are up to an interval old, so the tick after the one in which the weight came is the first."""
    share = Share(canary="b", weight=50, since=7.0)
    for at in (5.0, 10.0, 15.0):
        share = counted(share, {"b": 10.0, "a": 10.0}, at, TICK)
    assert share.total == 0
    assert counted(share, {"b": 10.0, "a": 10.0}, 20.0, TICK).total == 20


def test_a_look_without_every_pod_begins_anew() -> None:
    """What it missed comes with the next one, which covers a longer time."""
    share = Share(canary="b", weight=50, since=0.0)
    looks = [(5.0, True), (10.0, True), (15.0, False), (20.0, True), (25.0, True)]
    for at, known in looks:
        share = counted(share, {"b": 1.0, "a": 1.0} if known else None, at, TICK)
    assert share.total == 2 * 2
    again = counted(share, {"b": 1.0, "a": 1.0}, 25.0, TICK)
    assert again == share


def test_nothing_is_watched_before_the_weight_is_observed() -> None:
    """Nor is it once it is no longer there."""
    share = Share(canary="b", weight=50)
    assert counted(share, {"b": 0.0, "a": 900.0}, 5.0, TICK) == share


def test_odds_are_one_before_the_first_bet_and_bounded() -> None:
    """So that an alarm of an hour is over soon after its cause."""
    assert odds(()) == 1.0
    assert LIMIT < odds(watch(20, 0, rate=500).starved) <= 100 * LIMIT + 1


def test_it_survives_being_written() -> None:
    """Bit for bit."""
    share = watch(20, 18, rate=50)
    assert Share.model_validate_json(share.model_dump_json()) == share
