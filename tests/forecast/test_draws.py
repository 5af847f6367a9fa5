"""Random counts: their mean and their spread are what they claim."""

from random import Random
from statistics import mean, pvariance

import pytest

from gracefulservice.forecast.draws import among, clustered, poisson


@pytest.mark.parametrize("expected", [0.3, 7.0, 39.0, 400.0])
def test_counts_have_the_mean_and_the_spread_of_a_poisson_process(expected: float) -> None:
    chance = Random(1)
    drawn = [poisson(chance, expected) for _ in range(4000)]
    assert mean(drawn) == pytest.approx(expected, rel=0.05)
    assert pvariance(drawn) == pytest.approx(expected, rel=0.1)


def test_clusters_have_the_same_mean_and_a_larger_spread() -> None:
    chance = Random(2)
    drawn = [clustered(chance, 16.0, 8) for _ in range(4000)]
    assert mean(drawn) == pytest.approx(16, rel=0.05)
    assert pvariance(drawn) == pytest.approx(8 * 16, rel=0.15)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4, 0.9, 1.0])
def test_a_part_of_the_requests_is_never_more_than_all_of_them(share: float) -> None:
    chance = Random(3)
    drawn = [among(chance, 50, share) for _ in range(2000)]
    assert all(0 <= one <= 50 for one in drawn)
    assert mean(drawn) == pytest.approx(50 * share, rel=0.05)
