"""The absolute test: exact expectations, seeded simulations of its error rates, and its arithmetic."""

import math
import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout.evidence import RATIOS, Bets, odds, update

ALLOWED = 0.01


def after(*ticks: tuple[float, float], phi: float = 2.0, p0: float = ALLOWED, every: float = 5.0) -> Bets:
    """The state after ticks of (requests, bad)."""
    state = Bets()
    for index, (n, x) in enumerate(ticks):
        state = update(state, n, x, p0, phi, now=every * index, weight_changed=False)
    return state


def binomial(n: int, x: int, p: float) -> float:
    return math.comb(n, x) * p**x * (1 - p) ** (n - x)


def expected_odds(state: Bets, n: int, p: float, p0: float, phi: float, *, reweighted: bool) -> float:
    """The expectation of the odds after a tick of n independent requests that are bad with chance p."""
    return math.fsum(
        binomial(n, x, p) * odds(update(state, n, x, p0, phi, 65.0, weight_changed=reweighted)) for x in range(n + 1)
    )


histories = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=4).map(
    lambda ticks: [(n, min(x, n)) for n, x in ticks]
)
allowed = st.sampled_from([0.0001, 0.001, 0.01, 0.1, 0.5])


@settings(deadline=None)
@given(history=histories, n=st.integers(0, 25), p0=allowed, reweighted=st.booleans())
def test_at_the_allowed_share_the_bet_is_exactly_fair(
    history: list[tuple[int, int]], n: int, p0: float, reweighted: bool
) -> None:
    """The heart of Ville's inequality: without tempering the odds are a martingale, whatever came before."""
    state = after(*history, phi=1.0, p0=p0)
    assert expected_odds(state, n, p0, p0, 1.0, reweighted=reweighted) == pytest.approx(odds(state), rel=1e-9)


@settings(deadline=None)
@given(history=histories, n=st.integers(0, 25), p0=allowed, part=st.floats(0, 1), phi=st.floats(1, 5))
def test_below_the_allowed_share_or_tempered_the_bet_loses(
    history: list[tuple[int, int]], n: int, p0: float, part: float, phi: float
) -> None:
    state = after(*history, phi=phi, p0=p0)
    found = expected_odds(state, n, p0 * part, p0, phi, reweighted=False)
    assert found <= odds(state) * (1 + 1e-9)


def false_alarms(share: float, phi: float, runs: int) -> int:
    """How many of `runs` canaries with this bad share are ever condemned in 40 looks at 30 requests each."""
    chance, alarms = random.Random(2024), 0
    cumulative = [sum(binomial(30, x, share) for x in range(top + 1)) for top in range(30)]
    for _ in range(runs):
        state = Bets()
        for tick in range(40):
            drawn = chance.random()
            bad = sum(drawn > bound for bound in cumulative)
            state = update(state, 30, bad, ALLOWED, phi, 5.0 * tick, weight_changed=False)
            if odds(state) >= 100:
                alarms += 1
                break
    return alarms


@pytest.mark.parametrize(("share", "phi", "most"), [(0.01, 1.0, 3), (0.01, 2.0, 0), (0.009, 2.0, 0)])
def test_a_version_that_keeps_its_objective_is_hardly_ever_condemned(share: float, phi: float, most: int) -> None:
    """300 canaries right at the limit or just below it; α = 0.01 allows 3 however often one looks."""
    assert false_alarms(share, phi, runs=300) <= most


def bad_until_condemned(chance: random.Random, share: float, healthy: int = 0) -> int:
    """Bad requests seen by a test of single requests before odds of 100, after `healthy` good ones."""
    state, bad = after((healthy, 0)) if healthy else Bets(), 0
    for tick in range(20_000):
        failed = chance.random() < share
        bad += failed
        state = update(state, 1, failed, ALLOWED, 2.0, 0.1 * tick, weight_changed=False)
        if odds(state) >= 100:
            return bad
    raise AssertionError("never condemned")


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 4, 4), (0.2, 5, 9), (0.05, 14, 24)])
def test_a_bad_version_is_condemned_after_the_expected_number_of_bad_requests(
    share: float, least: float, most: float
) -> None:
    chance = random.Random(5)
    seen = statistics.mean(bad_until_condemned(chance, share) for _ in range(60))
    assert least <= seen <= most


def test_a_regression_after_a_long_good_time_is_found_about_as_fast() -> None:
    good = [(50.0, 0.0)] * 120
    state, bad = after(*good), 0
    while odds(state) < 100:
        bad += 10
        state = update(state, 50, 10, ALLOWED, 2.0, 600.0 + bad, weight_changed=False)
    assert bad <= 30


def test_without_later_starts_it_would_be_found_late() -> None:
    """The control of the test above: all of the later mass is spent before the good time begins."""
    spent = after((1.0, 0.0)).model_copy(update={"marks": 30})
    for tick in range(120):
        spent = update(spent, 50, 0, ALLOWED, 2.0, 5.0 * tick, weight_changed=False)
    bad = 0
    while odds(spent) < 100:
        bad += 10
        spent = update(spent, 50, 10, ALLOWED, 2.0, 600.0 + bad, weight_changed=False)
    assert bad > 30


def test_one_tick_by_hand() -> None:
    """Seven of 52 bad at p₀ = 1 %, φ = 2: half of the mass bets, the other half waits."""
    wealth = [
        math.exp((7 * math.log(q / 0.01) + 45 * math.log((1 - q) / 0.99)) / 2)
        for q in (0.015, 0.02, 0.03, 0.05, 0.1, 0.3, 0.95)
    ]
    assert odds(after((52, 7))) == pytest.approx(0.5 * sum(wealth) / 7 + 0.5)


def test_no_request_is_no_evidence() -> None:
    assert after((0, 0), (0, 0)) == Bets()
    assert odds(Bets()) == 1.0
    known = after((100, 0))
    assert update(known, 0, 0, ALLOWED, 2.0, 1000.0, weight_changed=False) == known


@pytest.mark.parametrize(
    ("sentence", "now", "weight_changed", "marks"),
    [
        ("the first request starts half of the mass and no mark", 0.0, None, 0),
        ("within a minute nothing more starts", 59.9, False, 0),
        ("a minute is a mark", 60.0, False, 1),
        ("a change of weight is a mark at once", 5.0, True, 1),
        ("both at once are one", 60.0, True, 1),
    ],
)
def test_marks(sentence: str, now: float, weight_changed: bool | None, marks: int) -> None:
    state = after((10, 0))
    if weight_changed is not None:
        state = update(state, 10, 0, ALLOWED, 2.0, now, weight_changed=weight_changed)
    assert state.marks == marks, sentence


def test_a_change_of_weight_without_requests_is_a_mark_only_after_the_first_request() -> None:
    assert update(Bets(), 0, 0, ALLOWED, 2.0, 5.0, weight_changed=True) == Bets()
    assert update(after((10, 0)), 0, 0, ALLOWED, 2.0, 5.0, weight_changed=True).marks == 1


def test_there_are_thirty_marks_and_their_mass_is_all_that_was_left() -> None:
    state = after(*[(0.0, 0.0), (1e-9, 0.0)] * 40, every=60.0)
    assert state.marks == 30
    assert odds(state) == pytest.approx(1.0, abs=1e-6), "½ + 30 · 1/60, without any evidence"


@pytest.mark.parametrize(
    ("sentence", "n", "x"),
    [("a million bad ones", 1e6, 1e6), ("a billion good ones", 1e9, 0), ("a billion bad ones", 1e9, 1e9)],
)
def test_no_count_is_too_large(sentence: str, n: float, x: float) -> None:
    state = after((n, x), (n, x))
    assert all(math.isfinite(log) for log in state.logs), sentence
    assert math.isfinite(odds(state))
    assert (odds(state) >= 100) is (x > 0)


def test_more_bad_requests_are_more_evidence() -> None:
    found = [odds(after((100, x))) for x in range(2, 101)]
    assert all(less < more for less, more in pairwise(found))


def test_clustered_errors_weigh_less_the_larger_the_dispersion() -> None:
    assert odds(after((100, 20), phi=1.0)) > odds(after((100, 20), phi=2.0)) > odds(after((100, 20), phi=4.0))


def test_it_survives_being_written_down() -> None:
    state = after((52, 7), (31, 2), (0, 0), (12, 0), every=61.0)
    assert len(state.logs) == len(RATIOS)
    again = Bets.model_validate_json(state.model_dump_json(by_alias=True))
    assert again == state
    assert update(again, 3, 1, ALLOWED, 2.0, 300.0, weight_changed=True) == update(
        state, 3, 1, ALLOWED, 2.0, 300.0, weight_changed=True
    )
