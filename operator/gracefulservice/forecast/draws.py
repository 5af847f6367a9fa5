"""Random counts from a seeded generator: how many requests come, and how many of them end badly."""

import math
from random import Random

EXACT = 40.0
"""Expectations above it are drawn from the normal distribution, which is then within half a percent of the count's."""


def poisson(chance: Random, mean: float) -> int:
    """So many events come in a time in which `mean` are expected."""
    if mean <= 0:
        return 0
    if mean > EXACT:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    left, count = chance.random(), 0
    term = math.exp(-mean)
    while left > term:
        left -= term
        count += 1
        term *= mean / count
        if term < 1e-300:
            break
    return count


def clustered(chance: Random, mean: float, size: int) -> int:
    """Events that come `size` at a time: one fault of something behind the service fails several requests."""
    return size * poisson(chance, mean / size)


def among(chance: Random, requests: int, share: float) -> int:
    """How many of so many requests are bad, each with a probability of `share`."""
    if share > 0.5:
        return requests - among(chance, requests, 1 - share)
    return min(poisson(chance, requests * share), requests)
