"""The invariants of a rollout, under random schedules of everything that goes wrong."""

import pytest

from .attack import Attack

SCHEDULES = 60
SOME = 4
"""Schedules of each kind that every inner loop runs; the others belong to the proofs."""
SEEDS = [*range(SOME), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(SOME, SCHEDULES))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("weighted", "ramp"), [(False, False), (False, True), (True, False), (True, True)])
def test_every_schedule_keeps_the_invariants_and_ends(seed: int, weighted: bool, ramp: bool) -> None:
    """No weight without capacity, nothing removed under traffic, nobody unserved, and an end to every rollout."""
    Attack(seed=seed, weighted=weighted, ramp=ramp).run()
