"""Weights that others write: written once more, then left alone and said so, until they agree or a person decides."""

from typing import Any

import pytest

from gracefulservice.rollout.commands import obey
from gracefulservice.rollout.contest import aspect, held, met
from gracefulservice.rollout.decide import Decision, decide
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Memory, TurningBack, Warming, Widening
from gracefulservice.rollout.narrate import narrate
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.seen import RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, RAMP, command, evidence, memory, plan, seen, written

ARGO, AGAIN = "argocd-controller at 12:00", "argocd-controller at 12:03"
ANSWERED = Rewrites(by=ARGO, times=1, asserting=True, sentence="It was set.")
HELD = Rewrites(by=AGAIN, times=2, holds=True, sentence="It was set again.")
WHOLE = Baking(canary=NEW)
GONE = RouteSeen(None, trouble="HTTPRoute shop does not exist.")


def climbs(weight: float = 50, observed: bool = True, **fields: Any) -> Memory:
    """A canary at, or on its way to, a weight."""
    at = NOW - 60 if observed else None
    state = Climbing(canary=NEW, weight=weight, step=1 if weight == 50 else 0, observed_at=at, held=Stopwatch(spent=9))
    return memory(state, **fields)


def at(weight: float | None, by: str = "", **fields: Any) -> Seen:
    """A look at a route that carries `weight`, written by somebody."""
    route = GONE if weight is None else RouteSeen(weight, acknowledged=True, set_by=by)
    return seen(4, 4, route=route, **fields)


def passed(before: Memory, look: Seen, wish: Any = None) -> Decision:
    """One pass."""
    return decide(wish or plan(), look, before, NOW)


def reasons(after: Memory) -> list[str]:
    """What was told."""
    return [one.reason for one in after.happenings]


@pytest.mark.parametrize(
    ("story", "before", "weight", "ours"),
    [
        ("lowered", climbs(), 0, 50),
        ("raised", climbs(25), 80, 25),
        ("in the bake", memory(WHOLE), 40, 100),
        ("while stable is widened", memory(Widening(canary=NEW)), 40, 100),
        ("on its way, by somebody who was not there before", climbs(observed=False), 0, 50),
    ],
)
def test_a_foreign_weight_is_overwritten_once(story: str, before: Memory, weight: float, ours: float) -> None:
    """And told with who, when and both weights; the rollout stays where it is."""
    decision = passed(before, at(weight, ARGO))
    after = decision.memory
    assert (after.state.kind, decision.desired.weight) == (before.state.kind, ours), story
    assert (after.rewrites.times, after.rewrites.asserting, after.rewrites.holds) == (1, True, False)
    assert after.happenings[-1].sentence == (
        f"The weight of revision {NEW} was set from {ours:g} % to {weight:g} % by {ARGO}; "
        f"{ours:g} % is written once more."
    )
    again = passed(after, at(weight, ARGO))
    assert (again.memory.rewrites, again.desired.weight) == (after.rewrites, ours), "not written yet is no new contest"


def test_a_weight_is_not_written_again_without_the_pods_for_it() -> None:
    """Somebody asked for more replicas in the same moment."""
    decision = passed(memory(WHOLE), at(0, ARGO), plan(replicas=8))
    assert (decision.memory.rewrites.asserting, decision.desired.weight) == (True, 0)


def test_who_wrote_before_the_weight_was_wanted_contests_nothing() -> None:
    """A weight on its way is not there yet, whoever wrote the route last."""
    warm = passed(memory(Warming(canary=NEW)), at(0, ARGO)).memory
    assert warm.rewrites.by == ARGO
    decision = passed(climbs(25, observed=False, rewrites=warm.rewrites), at(0, ARGO))
    assert (decision.memory.rewrites, decision.desired.weight) == (warm.rewrites, 25)


@pytest.mark.parametrize("weight", [0, 30, 100])
def test_a_second_foreign_weight_is_left_and_holds_the_rollout(weight: float) -> None:
    """Told once, however often it comes; the sentence says what ends it."""
    first = passed(climbs(rewrites=ANSWERED), at(weight, AGAIN))
    assert (first.memory.state.kind, first.desired.weight) == ("Climbing", weight)
    said = first.memory.rewrites.sentence
    assert said.startswith(f"The weight of revision {NEW} was set from 50 % to {weight} % by {AGAIN}, again: ")
    assert "holds until the route carries 50 % or somebody resumes it" in said
    assert narrate(plan(), at(weight, AGAIN), first.memory, NOW).sentence == said == held(first.memory)
    later = passed(first.memory, at(weight, "argocd-controller at 12:06"))
    assert (reasons(later.memory), later.desired.weight) == (["WeightContested"], weight)


@pytest.mark.parametrize("before", [climbs(rewrites=HELD), climbs(rewrites=ANSWERED)], ids=["held", "answered"])
def test_it_is_over_once_the_route_carries_our_weight(before: Memory) -> None:
    """Whoever wrote it. A third time holds at once."""
    over = passed(before, at(50, "somebody at 12:05")).memory
    assert not over.rewrites.open
    third = passed(over.but(state=before.state), at(0, "somebody at 12:09"))
    assert third.memory.rewrites.holds
    assert third.desired.weight == 0


def test_a_person_resumes_and_our_weight_is_written_once_more() -> None:
    """As if nothing had happened; the next foreign one holds again."""
    order = command("resume")
    decision = passed(climbs(rewrites=HELD), at(0, AGAIN, command=order))
    assert decision.memory.receipts[-1].result == "Done"
    assert (decision.desired.weight, decision.memory.rewrites) == (50, Rewrites(by=AGAIN, asserting=True))
    second = passed(decision.memory, at(0, "argocd-controller at 12:09"))
    assert second.memory.rewrites.asserting
    third = passed(second.memory, at(0, "argocd-controller at 12:12"))
    assert third.memory.rewrites.holds


def test_a_rollout_that_nobody_contests_cannot_be_resumed() -> None:
    """The receipt says so."""
    after = obey(plan(), at(50, command=command("resume")), climbs(), NOW)
    assert after.receipts[-1].result == "Refused"


def test_a_person_who_promotes_insists() -> None:
    """100 % is written over whatever stands there, once per look."""
    before = climbs(rewrites=HELD)
    decision = passed(before, at(0, AGAIN, command=command("promote", full=True)))
    assert passed(decision.memory, at(0, AGAIN)).desired.weight == 100


@pytest.mark.parametrize("state", [TurningBack(leaving=NEW), Draining(leaving=NEW)], ids=lambda one: one.kind)
def test_a_rollback_always_writes_0(state: Any) -> None:
    """Users go first, whoever wrote last."""
    before = memory(state, rewrites=HELD)
    assert passed(before, at(80, "argocd-controller at 12:09")).desired.weight == 0
    assert aspect(before) is None


def test_safety_acts_while_the_rollout_holds() -> None:
    """A bad version goes back from the weight that others gave it."""
    judged = plan(objectives=ERRORS)
    decision = passed(climbs(rewrites=HELD, evidence=evidence(60, 40)), at(30, AGAIN), judged)
    assert (decision.memory.state.kind, decision.desired.weight) == ("TurningBack", 0)


@pytest.mark.parametrize(
    ("story", "look", "weight"),
    [
        ("nobody answers there", at(50, ARGO, canary_service=ServiceSeen(NEW)), 0),
        ("stable serves nobody", at(10, ARGO, stable_service=ServiceSeen()), 100),
    ],
)
def test_pods_that_are_gone_come_before_any_contest(story: str, look: Seen, weight: float) -> None:
    """The weight we write then is no foreign one when they are back."""
    decision = passed(memory(Widening(canary=NEW)) if weight == 0 else climbs(), look)
    assert (decision.desired.weight, decision.memory.rewrites.times) == (weight, 0), story
    back = passed(decision.memory, at(weight))
    assert back.memory.rewrites.times == 0, story


@pytest.mark.parametrize(
    ("story", "before", "weight", "goes_on", "told"),
    [
        ("with less", climbs(), 30, ("Climbing", 25, 0), ["RouteReturned"]),
        ("with nothing", memory(WHOLE), 0, ("Climbing", 25, 0), ["RouteReturned"]),
        ("with more, which is taken back", climbs(25), 80, ("Climbing", 25, 0), []),
        ("before its weight was observed", climbs(observed=False), 0, ("Climbing", 50, 1), []),
        ("while stable is widened", memory(Widening(canary=NEW)), 0, ("Widening", None, None), []),
    ],
)
def test_a_route_that_was_gone_is_no_contest(
    story: str, before: Memory, weight: float, goes_on: Any, told: Any
) -> None:
    """The rollout goes on from the weight that it brings."""
    away = passed(before, at(None))
    assert away.memory.rewrites.gone
    assert away.desired.weight is None
    after = passed(away.memory, at(weight, ARGO)).memory
    assert (after.state.kind, getattr(after.state, "weight", None), getattr(after.state, "step", None)) == goes_on, (
        story
    )
    assert reasons(after) == told, story
    assert passed(after, at(weight, ARGO)).memory.rewrites.times == 0, story


def test_a_ramp_goes_on_from_the_weight_it_finds() -> None:
    """Never below the least one."""
    ramp = plan(canary=RAMP, objectives=ERRORS)
    before = climbs(40, rewrites=Rewrites(gone=True), evidence=evidence(2000, 0))
    weights = [getattr(passed(before, at(weight), ramp).memory.state, "weight", None) for weight in (7, 0)]
    assert weights == [7, 0.1]


def test_without_a_route_nobody_contests_anything() -> None:
    """By a replica ratio, and at rest."""
    before = climbs()
    assert met(plan(), seen(4, 1, route=None), before, NOW) is before
    assert met(plan(), at(30, ARGO), memory(), NOW) == memory()


@pytest.mark.parametrize(
    ("rewrites", "status", "reason"),
    [
        (Rewrites(), None, None),
        (ANSWERED, "True", "WrittenAgain"),
        (HELD, "True", "Held"),
        (HELD.model_copy(update={"holds": False}), "False", "InForce"),
    ],
)
def test_the_condition_names_the_others_once_there_were_any(rewrites: Rewrites, status: Any, reason: Any) -> None:
    """And stays for the rest of the rollout."""
    conditions = written(climbs(rewrites=rewrites), at(50)).conditions
    said = next((one for one in conditions if one.type == "WeightContested"), None)
    assert (said and said.status, said and said.reason) == (status, reason)
    assert said is None or rewrites.sentence in said.message


def test_a_new_rollout_forgets_the_others() -> None:
    """What they did to the last one is over."""
    after = passed(memory(rewrites=HELD), seen(4, 0)).memory
    assert (after.state.kind, after.rewrites) == ("Warming", Rewrites())
