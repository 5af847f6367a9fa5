"""The budgeted ramp: worked examples, its limits, and what a bad version costs on the way up."""

import doctest
import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout import ramp
from gracefulservice.rollout.bound import upper_bound
from gracefulservice.rollout.evidence import Bets, odds, update
from gracefulservice.rollout.ramp import Ramp, due, first_weight, next_weight

shares = st.floats(0, 1)
rates = st.floats(0.01, 1e6)


def test_examples() -> None:
    assert doctest.testmod(ramp) == (0, 6)


@pytest.mark.parametrize(
    ("sentence", "limits", "rate", "expected"),
    [
        ("20 requests in 10 s are 20 % of 10/s", Ramp(), 10, 20),
        ("20 requests in 10 s are 2 % of 100/s", Ramp(), 100, 2),
        ("20 requests in 20 s are 1 % of 100/s", Ramp(tau=20), 100, 1),
        ("5 requests in 10 s are 0.5 % of 100/s", Ramp(budget=5), 100, 0.5),
        ("a large service begins at the smallest weight", Ramp(), 1e6, 0.2),
        ("a small service begins at the cap", Ramp(), 0.1, 50),
        ("no weight without capacity", Ramp(capacity=25), 0.1, 25),
        ("not even the smallest", Ramp(capacity=0), 1e6, 0),
        ("without traffic nothing begins", Ramp(), 0, 0),
    ],
)
def test_first_weight(sentence: str, limits: Ramp, rate: float, expected: float) -> None:
    assert first_weight(limits, rate) == pytest.approx(expected), sentence


@pytest.mark.parametrize(
    ("sentence", "limits", "weight", "rate", "excess", "extra", "expected"),
    [
        ("room / (R·τ·U)", Ramp(), 10, 100, 0.1, 0, 20),
        ("what is spent is not there any more", Ramp(), 10, 100, 0.1, 15, 5),
        ("an overspent budget counts as one request", Ramp(), 10, 100, 0.1, 99, 1),
        ("fewer errors than stable are more room", Ramp(), 10, 100, 0.1, -10, 30),
        ("never more than five times", Ramp(), 2, 100, 0.01, 0, 10),
        ("a bound below stable's share is limited by five times alone", Ramp(), 2, 100, -0.01, 0, 10),
        ("never above the cap", Ramp(), 30, 100, 0.01, 0, 50),
        ("never above what ready pods carry", Ramp(capacity=35), 30, 100, 0.01, 0, 35),
        ("never below the smallest", Ramp(), 10, 1e6, 1, 19, 0.2),
        ("without traffic it stays", Ramp(), 10, 0, 0.01, 0, 10),
    ],
)
def test_next_weight(
    sentence: str,
    limits: Ramp,
    weight: float,
    rate: float,
    excess: float,
    extra: float,
    expected: float,
) -> None:
    assert next_weight(limits, weight, rate, excess, extra) == pytest.approx(expected), sentence


@settings(deadline=None)
@given(weight=st.floats(0.2, 50), rate=rates, excess=st.floats(-1, 1), extra=st.floats(-1e5, 1e5))
def test_it_stays_between_the_floor_and_every_limit(weight: float, rate: float, excess: float, extra: float) -> None:
    found = next_weight(Ramp(capacity=40), weight, rate, excess, extra)
    assert 0.2 <= found <= min(5 * weight, 40) * (1 + 1e-12)


@settings(deadline=None)
@given(rate=rates, bound=shares, extra=st.floats(0, 50), more=st.floats(0, 50))
def test_more_errors_never_raise_the_weight(rate: float, bound: float, extra: float, more: float) -> None:
    first = next_weight(Ramp(), 10, rate, bound, extra)
    assert next_weight(Ramp(), 10, rate, bound, extra + more) <= first


@pytest.mark.parametrize(
    ("sentence", "observed", "newest", "now", "expected"),
    [
        ("the reaction time has passed and a newer sample is there", 100, 105, 110, True),
        ("the reaction time has not passed", 100, 105, 109.9, False),
        ("no sample is newer than the observation", 100, 100, 130, False),
        ("there is no sample at all", 100, None, 130, False),
    ],
)
def test_due(sentence: str, observed: float, newest: float | None, now: float, expected: bool) -> None:
    assert due(Ramp(), observed, newest, now) is expected, sentence


def poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    count, product, least = 0, chance.random(), math.exp(-mean)
    while product > least:
        count, product = count + 1, product * chance.random()
    return count


def climb(chance: random.Random, rate: float, share: float, allowed: float = 0.01) -> tuple[int, bool]:
    """One rollout in rounds of τ = 10 s: (bad requests shown to users, whether it was condemned)."""
    limits, state, requests, bad = Ramp(), Bets(), 0, 0
    weight = first_weight(limits, rate)
    for round_ in range(60):
        sent = poisson(chance, rate * weight / 100 * limits.tau)
        failed = sum(chance.random() < share for _ in range(sent))
        state = update(state, sent, failed, allowed, 2.0, 10.0 * round_, weight_changed=True)
        requests, bad = requests + sent, bad + failed
        bound = upper_bound(bad, requests)
        if odds(state) >= 100:
            return bad, True
        if weight >= limits.cap and bound <= 2 * allowed:
            return bad, False
        weight = next_weight(limits, weight, rate, bound, bad)
    return bad, False


@pytest.mark.parametrize("rate", [10, 100, 1000])
@pytest.mark.parametrize(("share", "most"), [(0.05, 30), (0.2, 25), (1.0, 25)])
def test_a_bad_version_is_seen_by_about_twenty_requests_whatever_the_traffic(
    rate: float, share: float, most: float
) -> None:
    chance = random.Random(11)
    runs = [climb(chance, rate, share) for _ in range(60)]
    assert all(condemned for _, condemned in runs)
    assert statistics.mean(bad for bad, _ in runs) <= most


@pytest.mark.parametrize("rate", [10, 100, 1000])
def test_a_good_version_reaches_the_gate(rate: float) -> None:
    chance = random.Random(12)
    assert not any(condemned for _, condemned in (climb(chance, rate, 0.001) for _ in range(30)))
