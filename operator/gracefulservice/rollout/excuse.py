"""Whether stable itself breaks an objective: what hits both revisions is not the canary's fault."""

import math
from typing import NamedTuple

WINDOW = 60.0
"""Seconds that are looked back on."""
STRETCH = 5.0
"""Ticks closer than this (s) are remembered as one."""


class Stretch(NamedTuple):
    """What stable answered in the ticks that ended in the 5 s from `start` on."""

    start: float
    requests: float
    bad: float


Recent = tuple[Stretch, ...]


def breaks(requests: float, bad: float, allowed: float) -> bool:
    """Whether so many are bad that it is hardly chance where at most `allowed` (0..1) are.

    >>> breaks(1000, 17, allowed=0.01), breaks(1000, 18, allowed=0.01)
    (False, True)
    """
    expected = allowed * requests
    return bad > expected + 2 * math.sqrt(expected) + 1


def remembered(recent: Recent, at: float, requests: float, bad: float) -> Recent:
    """The last minute with one tick more."""
    start = at // STRETCH * STRETCH
    kept = tuple(one for one in recent if one.start > at - WINDOW)
    if kept and kept[-1].start == start:
        last = kept[-1]
        return (*kept[:-1], Stretch(start, last.requests + requests, last.bad + bad))
    return (*kept, Stretch(start, requests, bad)) if requests else kept


def lately(recent: Recent, allowed: float) -> bool:
    """Whether stable broke the objective over the last minute."""
    return breaks(sum(one.requests for one in recent), sum(one.bad for one in recent), allowed)
