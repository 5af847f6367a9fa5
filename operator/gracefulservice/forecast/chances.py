"""Figures from many rehearsals, and how sure so many make them."""

from collections.abc import Sequence
from math import comb

CONFIDENCE = 0.95
PRECISION = 1e-9


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` (0..1) of them do not exceed."""
    ordered = sorted(values)
    place = -int(-part * len(ordered) // 1) - 1
    return ordered[max(place, 0)]


def at_most(found: int, runs: int) -> float:
    """The largest share (0..1) that `found` of `runs` leave possible with 95 % confidence (Clopper and Pearson).

    None of 40 still leaves room for 7 %:

    >>> round(at_most(0, 40), 3), round(at_most(2, 40), 3), at_most(40, 40)
    (0.072, 0.149, 1.0)
    """
    if found >= runs:
        return 1.0
    least, most = found / runs, 1.0
    while most - least > PRECISION:
        middle = (least + most) / 2
        least, most = (middle, most) if as_few(found, runs, middle) > 1 - CONFIDENCE else (least, middle)
    return round(most, 6)


def as_few(found: int, runs: int, share: float) -> float:
    """The probability of at most `found` in `runs`, each with a probability of `share`."""
    return sum(comb(runs, count) * share**count * (1 - share) ** (runs - count) for count in range(found + 1))
