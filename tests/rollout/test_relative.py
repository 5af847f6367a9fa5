"""The relative test: exact expectations, what cancels, and when a batch is weighed."""

import math
from itertools import product

import pytest

from gracefulservice.rollout.dispersion import MOST, Noise
from gracefulservice.rollout.excuse import breaks, lately, remembered
from gracefulservice.rollout.relative import RHO, SLACK_OF_ERRORS, Batch, gains


def binomial(n: int, x: int, p: float) -> float:
    return math.comb(n, x) * p**x * (1 - p) ** (n - x)


def expected(n_c: int, n_s: int, p_c: float, p_s: float, delta: float, phi: float) -> list[float]:
    """The expectation of each component's factor over all outcomes of independent requests."""
    total = [0.0] * 7
    for x_c, x_s in product(range(n_c + 1), range(n_s + 1)):
        chance = binomial(n_c, x_c, p_c) * binomial(n_s, x_s, p_s)
        factors = map(math.exp, gains(Batch(0.0, n_c, x_c, n_s, x_s), delta, phi))
        total = [before + chance * factor for before, factor in zip(total, factors, strict=True)]
    return total


@pytest.mark.parametrize("delta", [0.0005, 0.0025])
@pytest.mark.parametrize("p_s", [0.0, 0.001, 0.01, 0.1, 0.3, 0.7])
@pytest.mark.parametrize(("n_c", "n_s"), [(1, 1), (1, 40), (10, 30), (12, 3)])
def test_at_the_edge_of_the_claim_no_bet_wins(n_c: int, n_s: int, p_s: float, delta: float) -> None:
    """Whatever stable's share is; so no looking, however often, makes a false alarm likelier than α."""
    p_c = min(RHO * p_s + delta, 1.0)
    for phi in (1.0, 2.0):
        assert max(expected(n_c, n_s, p_c, p_s, delta, phi)) <= 1 + 1e-9


def test_beyond_the_claim_bets_win() -> None:
    """The control of the test above."""
    assert max(expected(12, 30, 0.3, 0.01, SLACK_OF_ERRORS, 1.0)) > 10


def test_what_hits_both_alike_cancels() -> None:
    """However bad it is."""
    for share in (0.01, 0.1, 0.5, 1.0):
        assert max(gains(Batch(0.0, 100, 100 * share, 900, 900 * share), SLACK_OF_ERRORS, 1.0)) <= 0


@pytest.mark.parametrize("batch", [Batch(0.0, 0, 0, 100, 5), Batch(0.0, 100, 100, 0, 0), Batch()])
def test_with_one_revision_alone_nothing_is_compared(batch: Batch) -> None:
    """The objective itself judges then."""
    assert set(gains(batch, SLACK_OF_ERRORS, 1.0)) == {0.0}


def test_a_batch_is_weighed_by_its_requests_or_its_age() -> None:
    """Never by how requests ended."""
    batch = Batch().plus(5.0, 4, 4, 90, 0).plus(10.0, 5, 5, 90, 1)
    assert (batch.since, batch.requests, batch.bad, batch.stable_requests, batch.stable_bad) == (5.0, 9, 9, 180, 1)
    assert [batch.full(at) for at in (10.0, 64.9, 65.0)] == [False, False, True]
    assert batch.plus(15.0, 1, 0, 90, 0).full(15.0)


def noise(ticks: int, size: int) -> Noise:
    """Stable with one cluster of `size` errors in every tenth tick of 1000 requests."""
    found = Noise()
    for tick in range(ticks):
        found = found.plus(1000, size if tick % 10 == 0 else 0)
    return found


@pytest.mark.parametrize(
    ("sentence", "ticks", "size", "least", "most"),
    [
        ("nothing is known yet", 0, 8, 2.0, 2.0),
        ("no error was ever seen", 500, 0, 2.0, 2.0),
        ("single errors vary as independent ones do", 1000, 1, 1.0, 1.3),
        ("clusters of eight vary about eight times more", 1000, 8, 7.0, 10.0),
        ("they show before everything is known", 30, 8, 7.0, 10.0),
        ("a canary that fails everything stays findable", 1000, 900, MOST, MOST),
    ],
)
def test_dispersion_is_learned_from_stable(sentence: str, ticks: int, size: int, least: float, most: float) -> None:
    assert least <= noise(ticks, size).phi <= most, sentence


def test_dispersion_is_never_taken_for_small_too_early() -> None:
    """119 ticks with twenty errors that look independent are not enough to go below 2."""
    found = Noise()
    for tick in range(119):
        found = found.plus(1000, tick % 2)
    assert found.phi == 2.0
    assert found.plus(1000, 1).phi < 2.0


def test_stable_breaks_an_objective_only_beyond_chance() -> None:
    """Nothing is broken where nobody called."""
    assert [breaks(100, bad, 0.01) for bad in (0, 4, 5)] == [False, False, True]
    assert not breaks(0, 0, 0.01)


def test_the_last_minute_is_remembered_and_no_more() -> None:
    """However often one looks; a short fault that no tick of few requests shows is seen in it."""
    recent = remembered((), 1000.0, 100, 60)
    for tick in range(1, 60):
        recent = remembered(recent, 1000.0 + 2 * tick, 100, 0)
    assert len(recent) <= 13
    assert not lately(recent, 0.01)
    assert lately(remembered(recent, 1119.0, 100, 50), 0.01)
