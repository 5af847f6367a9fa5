"""Guards under random schedules, and deliberate faults in them: each is caught."""

from collections.abc import Callable
from typing import Any

import pytest

from gracefulservice.rollout import guards, rejudge
from gracefulservice.rollout.guards import Gauge

from .attack import BrokenError
from .guard_attack import GuardAttack

SCHEDULES = 40
SOME = 2
"""Schedules of each kind that every inner loop runs; the others belong to the proofs."""
SEEDS = [*range(SOME), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(SOME, SCHEDULES))]
KINDS = [(False, False), (True, False), (True, True)]
Mutate = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("weighted", "ramp"), KINDS)
def test_every_schedule_keeps_to_its_guards_and_ends(seed: int, weighted: bool, ramp: bool) -> None:
    """No weight rises against a guard, who fails goes back at once, and nobody is blamed without cause."""
    GuardAttack(seed=seed, weighted=weighted, ramp=ramp).run()


def failure_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A gauge may stay beyond its threshold for ever."""
    patch.setattr(guards, "failed", lambda _gauges, _guards: "")


def beyond_is_no_hindrance(patch: pytest.MonkeyPatch) -> None:
    """A weight rises while a gauge is beyond its threshold."""
    patch.setattr(guards, "exceeded", lambda _gauges, _guards: "")


def absence_is_good(patch: pytest.MonkeyPatch) -> None:
    """A weight rises while a gauge cannot be read."""
    patch.setattr(guards, "unread", lambda _gauges, _guards: None)


def absence_is_bad(patch: pytest.MonkeyPatch) -> None:
    """The clock runs on while there is no value."""
    original = guards._after

    def running(gauge: Gauge, guard: Any, answer: Any, at: float, tick: float) -> Gauge:
        return original(gauge, guard, answer if isinstance(answer, float) else 700.0, at, tick)

    patch.setattr(guards, "_after", running)


def one_value_is_enough(patch: pytest.MonkeyPatch) -> None:
    """The time that a guard gives is not waited for."""
    patch.setattr(guards, "_fails", guards._is_beyond)


def clock_of_the_rollout_before(patch: pytest.MonkeyPatch) -> None:
    """What a gauge showed in another rollout counts in this one."""
    original = rejudge.guarded

    def keeping(plan: Any, memory: Any, now: float) -> Any:
        after = original(plan, memory, now)
        return memory if memory.gauges is not None and after.gauges is None else after

    patch.setattr(rejudge, "guarded", keeping)


MUTATIONS: tuple[Mutate, ...] = (
    failure_forgotten,
    beyond_is_no_hindrance,
    absence_is_good,
    absence_is_bad,
    one_value_is_enough,
    clock_of_the_rollout_before,
)


@pytest.mark.proof
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_the_attack_catches_the_fault(mutate: Mutate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedules that pass on the real guards break on faulty ones."""
    mutate(monkeypatch)
    with pytest.raises(BrokenError):
        attack_all()


def attack_all() -> None:
    """Every schedule, until one breaks."""
    for seed in range(SCHEDULES):
        GuardAttack(seed=seed, weighted=True).run()
