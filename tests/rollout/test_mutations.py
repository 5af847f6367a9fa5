"""Deliberate faults in the heart: each is caught by the attack, so each guard is really guarded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout import (
    capacity,
    climb,
    contest,
    cordon,
    decide,
    demand,
    desire,
    rejudge,
    rest,
    safety,
    settle,
    share,
    suspension,
)
from gracefulservice.rollout.memory import Clearing, Memory

from .attack import Attack, BrokenError

SEEDS = 80
Mutate = Callable[[pytest.MonkeyPatch], None]


def always(answer: Any) -> Callable[..., Any]:
    """A function that says the same whatever it is asked."""
    return lambda *_args, **_kwargs: answer


def weight_without_capacity(patch: pytest.MonkeyPatch) -> None:
    """Weight goes to pods that are not ready."""
    patch.setattr(desire, "visible", always(99))
    patch.setattr(climb, "visible", always(99))


def stable_gives_way_early(patch: pytest.MonkeyPatch) -> None:
    """Stable pods go before the canary's are ready."""
    patch.setattr(desire, "visible", lambda plan, *_: plan.replicas)


def intent_instead_of_observation(patch: pytest.MonkeyPatch) -> None:
    """A weight counts as soon as it is wanted."""
    patch.setattr(climb, "reached", always(True))


def drain_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A leaving revision is cleared while traffic still reaches it."""
    patch.setattr(settle, "away", always(True))
    patch.setattr(settle, "QUIET", 0.0)
    patch.setattr(settle, "STILL", 0.0)


def condemnation_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A condemned revision is tried again and again."""
    original = settle.turned_back

    def uncondemned(*args: Any, **kwargs: Any) -> Memory:
        return original(*args, **{**kwargs, "condemn": None})

    patch.setattr(safety, "turned_back", uncondemned)


def superseded_goes_on(patch: pytest.MonkeyPatch) -> None:
    """A superseded revision is promoted all the same."""
    patch.setattr(safety, "RULES", tuple(rule for rule in safety.RULES if rule.__name__ != "superseded"))
    patch.setattr(rest, "strays", always([]))


def narrowed_before_regrown(patch: pytest.MonkeyPatch) -> None:
    """A replica ratio turns back onto a stable that has no pods."""
    original = desire.stable_selector
    patch.setattr(desire, "stable_selector", lambda plan, seen, memory: memory.stable or original(plan, seen, memory))


def stable_not_kept_warm(patch: pytest.MonkeyPatch) -> None:
    """Stable loses its pods at 100 %, before the bake ends."""
    patch.setattr(desire, "stable_fleet", lambda plan, _, memory: 0 if memory.state.kind == "Baking" else plan.replicas)


def deadline_ignored(patch: pytest.MonkeyPatch) -> None:
    """A revision that never becomes ready is waited for without end."""
    patch.setattr(safety, "RULES", tuple(rule for rule in safety.RULES if rule.__name__ != "overdue"))


def widening_skipped(patch: pytest.MonkeyPatch) -> None:
    """The old revision goes in the moment the pointer moves."""
    original = decide.advance

    def hasty(*args: Any) -> Memory:
        after = original(*args)
        leaving = after.leaving
        return after.but(state=Clearing(leaving=leaving)) if leaving and after.state.kind == "TurningBack" else after

    patch.setattr(decide, "advance", hasty)
    patch.setattr(desire, "behind_canary", always(False))


def lost_status_promotes(patch: pytest.MonkeyPatch) -> None:
    """After a lost status the target is taken for stable."""
    original = rest.recovered

    def hopeful(seen: Any, memory: Memory, now: float) -> Memory:
        known = original(seen, memory, now)
        newest = max(seen.records, key=lambda one: seen.records[one].number, default=None)
        return known if memory.stable or not newest else known.but(stable=newest)

    patch.setattr(rest, "recovered", hopeful)


def emptied_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A rollout goes on although nobody wants a pod any more."""
    patch.setattr(safety, "RULES", tuple(rule for rule in safety.RULES if rule.__name__ != "emptied"))


def nobody_is_somebody_else(patch: pytest.MonkeyPatch) -> None:
    """Without replicas the way out waits for endpoints that never come."""
    patch.setattr(settle, "alone", lambda _, seen, memory: seen.stable_service.only(memory.stable or ""))


def ratio_bound_by_its_pods(patch: pytest.MonkeyPatch) -> None:
    """A ramp by replica ratio goes no higher than the pods that it has made so far."""
    original = climb.limits
    patch.setattr(climb, "limits", lambda *looked: replace(original(*looked), capacity=25.0))


def weight_kept_on_deletion(patch: pytest.MonkeyPatch) -> None:
    """The object goes and leaves the user's route as it is."""
    original = desire.wished_weight
    patch.setattr(
        desire, "wished_weight", lambda plan, seen, *rest: original(plan, replace(seen, deleting=False), *rest)
    )
    patch.setattr(desire, "holds_route", always(False))


def floor_forgotten(patch: pytest.MonkeyPatch) -> None:
    """An autoscaler that finds stable idle may shrink it while users can still come back."""
    patch.setattr(demand, "kept", lambda plan, _: plan)


def floor_ends_with_the_rollout(patch: pytest.MonkeyPatch) -> None:
    """The pods go in the moment the pointer has moved, before an autoscaler has seen the load on the others."""
    original = demand.standing

    def ending(asked: Any, seen: Any, before: Any, after: Any, now: float) -> Any:
        return None if after.canary is None else original(asked, seen, before, after, now)

    patch.setattr(demand, "standing", ending)


def others_fought(patch: pytest.MonkeyPatch) -> None:
    """A weight that others write is overwritten again and again."""
    patch.setattr(contest, "held", always(""))


def alarmed_without_cause(patch: pytest.MonkeyPatch) -> None:
    """More is demanded of a weight than it can do."""
    patch.setattr(share, "LEAST", 1.5)


def unsound_begins(patch: pytest.MonkeyPatch) -> None:
    """A rollout begins by an old spec because the present one is not sound."""
    original = rest.idle
    patch.setattr(rest, "idle", lambda plan, *given: original(replace(plan, problems=()), *given))


def dropped_port_begins(patch: pytest.MonkeyPatch) -> None:
    """A target is rolled out although callers of one of stable's ports would find nobody."""
    patch.setattr(rest, "dropped", always(""))


def services_follow_the_target(patch: pytest.MonkeyPatch) -> None:
    """The Services get the ports of a target before any of its pods is there."""
    patch.setattr(desire, "offered", lambda plan, *_: plan.contract.ports)


def edited_objectives_ignored(patch: pytest.MonkeyPatch) -> None:
    """What was counted for the objectives of before goes on to count."""
    original = rejudge.rejudged
    patch.setattr(decide, "rejudged", lambda plan, memory, now: memory if plan.judged else original(plan, memory, now))


def ratio_shows_the_unmeasured(patch: pytest.MonkeyPatch) -> None:
    """A first pod takes requests while nobody can read how they end."""
    patch.setattr(climb, "obstructed", always(""))


def evicted_without_successor(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at cordoned nodes, and a drain takes pods that nothing has replaced."""
    patch.setattr(cordon, "watched", lambda _plan, _seen, memory, _now: memory)


def suspension_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A rollout goes on although the service is suspended."""
    patch.setattr(suspension, "watched", lambda _plan, memory, _now: memory)


MUTATIONS: tuple[tuple[Mutate, bool, bool], ...] = (
    (weight_without_capacity, True, False),
    (stable_gives_way_early, False, False),
    (intent_instead_of_observation, True, False),
    (drain_forgotten, True, False),
    (condemnation_forgotten, True, False),
    (superseded_goes_on, True, False),
    (narrowed_before_regrown, False, False),
    (stable_not_kept_warm, True, False),
    (deadline_ignored, False, False),
    (widening_skipped, True, True),
    (lost_status_promotes, True, False),
    (emptied_forgotten, False, False),
    (nobody_is_somebody_else, True, False),
    (ratio_bound_by_its_pods, False, True),
    (weight_kept_on_deletion, True, True),
    (unsound_begins, True, False),
    (dropped_port_begins, True, False),
    (services_follow_the_target, False, False),
    (edited_objectives_ignored, True, True),
    (ratio_shows_the_unmeasured, False, False),
    (others_fought, True, False),
    (alarmed_without_cause, True, False),
    (floor_forgotten, True, False),
    (floor_ends_with_the_rollout, True, True),
    (suspension_forgotten, True, False),
    (evicted_without_successor, True, False),
    (evicted_without_successor, False, True),
)


@pytest.mark.parametrize(("mutate", "weighted", "ramp"), MUTATIONS, ids=[one[0].__name__ for one in MUTATIONS])
def test_the_attack_catches_the_fault(
    mutate: Mutate, weighted: bool, ramp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same schedules that pass on the real heart break on a faulty one."""
    mutate(monkeypatch)
    with pytest.raises(BrokenError):
        attack_all(weighted, ramp)


def attack_all(weighted: bool, ramp: bool) -> None:
    """Every schedule, until one breaks."""
    for seed in range(SEEDS):
        Attack(seed=seed, weighted=weighted, ramp=ramp).run()


def test_every_guard_of_the_heart_has_a_fault() -> None:
    """The list covers both routers, so that neither goes untested."""
    assert {weighted for _, weighted, _ in MUTATIONS} == {True, False}
    assert capacity.ALL == 100.0
