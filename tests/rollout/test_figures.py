"""How numbers are written for people."""

import pytest

from gracefulservice.rollout.figures import at_most, chances, duration, number, percent


@pytest.mark.parametrize(
    ("share", "near", "limit"),
    [
        (0.0, "0 %", "0 %"),
        (0.01, "1 %", "1 %"),
        (0.020021, "2 %", "2.01 %"),
        (0.1234, "12.3 %", "12.4 %"),
        (0.0001, "0.01 %", "0.01 %"),
        (1e-9, "0.0001 %", "0.0001 %"),
        (1.0, "100 %", "100 %"),
    ],
)
def test_shares(share: float, near: str, limit: str) -> None:
    assert (percent(share), at_most(share)) == (near, limit)


@pytest.mark.parametrize(
    ("odds", "words"),
    [(0.52, "0.5 : 1"), (9.6, "9.6 : 1"), (240.3, "240 : 1"), (5110, "5,110 : 1"), (1e300, "more than 1,000,000 : 1")],
)
def test_odds(odds: float, words: str) -> None:
    assert chances(odds) == words


def test_counts_and_times() -> None:
    assert number(5110.0) == "5,110"
    assert [duration(seconds) for seconds in (0.3, 0.0005, 1.0, 2.5)] == ["300 ms", "0.5 ms", "1 s", "2.5 s"]
