"""Guards in the decisions of a rollout: when they are asked about, what they hold, and what editing them does."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.frozen import freeze, in_force
from gracefulservice.rollout.guards import Gauge, Gauges
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Idle, Memory, Warming
from gracefulservice.rollout.plan import Plan, Step
from gracefulservice.rollout.questions import asked, due, next_due
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.recall import dumped, remembered
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.verdict import Cause, Problem

from .builders import ERRORS, NEW, NOW, OLD, RAMP, evidence, memory, plan, ratio, seen, spec, written

LAG = {"name": "lag", "promql": "max(lag)", "max": 500, "for": "30s"}
POOL = {"name": "pool", "promql": 'min(free{pod=~"$canary"})', "min": 2}
ALONE = {"guards": [LAG]}
BESIDE = ERRORS | ALONE
ABSENT = Problem(cause=Cause.UNREADABLE, sentence="The query of the guard lag gives NaN.")
AT_25 = Climbing(canary=NEW, weight=25, observed_at=NOW - 60, held=Stopwatch(spent=99))
GOOD = evidence(2000, 0)
ONLY = plan(objectives=ALONE)


def gauges(value: float | None = 12.0, beyond: float = 0.0, problem: Problem | None = None, **fields: Any) -> Gauges:
    """What is known of the guard `lag` since a look a moment ago."""
    state: Any = "Absent" if problem else "Read"
    one = Gauge(state=state, value=value, at=NOW - 2, beyond=beyond, problem=problem)
    return Gauges(begun=NOW - 62, at=NOW - 2, known={"lag": one}, **fields)


def after(before: Memory, wish: Plan, look: Seen | None = None, now: float = NOW) -> Memory:
    """What is remembered after one pass."""
    return decide(wish, look or seen(4, 1, weight=25), before, now).memory


@pytest.mark.parametrize(
    ("story", "fields", "judged", "steps"),
    [
        (
            "guards alone climb by the ladder, whatever the budget",
            {"canary": RAMP, "objectives": ALONE},
            False,
            (20, 50),
        ),
        ("or by the user's own steps", {"objectives": ALONE}, False, (25, 50)),
        ("beside a share they change nothing", {"canary": RAMP, "objectives": BESIDE}, True, ()),
        ("objectives without any are none", {"canary": RAMP, "objectives": {}}, False, (20, 50)),
    ],
)
def test_guards_are_no_share(story: str, fields: dict[str, Any], judged: bool, steps: tuple[float, ...]) -> None:
    """They enter no evidence and steer no ramp."""
    wish = plan(**fields)
    assert (wish.judged, tuple(step.weight for step in wish.steps)) == (judged, steps), story
    assert all(isinstance(step, Step) for step in wish.steps)


def test_a_plan_has_the_guards_as_written() -> None:
    """With 30 s where no time is given."""
    lag, pool = plan(objectives={"guards": [LAG, POOL]}).guards
    assert (lag.name, lag.max, lag.min, lag.lasting) == ("lag", 500, None, 30)
    assert (pool.promql, pool.max, pool.min, pool.lasting) == (POOL["promql"], None, 2, 30)


@pytest.mark.parametrize(
    ("story", "state", "known", "moves"),
    [
        ("a good value", AT_25, gauges(), True),
        ("a bad value", AT_25, gauges(501.0), False),
        ("no value", AT_25, gauges(problem=ABSENT), False),
        ("never read", AT_25, Gauges(begun=NOW - 1), False),
        ("nothing known at all", AT_25, None, False),
        ("warm with a good value", Warming(canary=NEW, warm=Stopwatch(spent=9)), gauges(), True),
        ("warm with a bad value", Warming(canary=NEW, warm=Stopwatch(spent=9)), gauges(501.0), False),
        ("warm without a value", Warming(canary=NEW, warm=Stopwatch(spent=9)), gauges(problem=ABSENT), False),
        ("baked with a good value", Baking(canary=NEW, baked=Stopwatch(spent=10)), gauges(), True),
        ("baked with a bad value", Baking(canary=NEW, baked=Stopwatch(spent=10)), gauges(501.0), False),
        ("baked without a value", Baking(canary=NEW, baked=Stopwatch(spent=10)), gauges(problem=ABSENT), False),
    ],
)
@pytest.mark.parametrize("objectives", [ALONE, BESIDE])
def test_no_weight_rises_but_by_a_good_value(
    story: str, state: Any, known: Gauges | None, moves: bool, objectives: Any
) -> None:
    """And nothing is promoted: the bake does not end."""
    wish = plan(objectives=objectives)
    weight = {"Warming": 0, "Climbing": 25, "Baking": 100}[state.kind]
    found = evidence(2000, 0, weight=weight or 25) if wish.judged else None
    before = memory(state, frozen=freeze(wish), evidence=found, gauges=known)
    moved = after(before, wish, seen(4, 4, weight=weight))
    place = (moved.state.kind, getattr(moved.state, "weight", 0)) != (state.kind, getattr(state, "weight", 0))
    assert place is moves, story


@pytest.mark.parametrize(
    ("policy", "kind", "paused"), [("Rollback", "TurningBack", ""), ("Pause", "Climbing", "lag is ")]
)
def test_what_fails_acts_as_every_violation_does(policy: str, kind: str, paused: str) -> None:
    """Also while a person has paused the rollout, and without one further look."""
    wish = plan(objectives=ALONE, onViolation=policy)
    failing = gauges(1240.0, beyond=45.0)
    found = after(memory(AT_25, frozen=freeze(wish), gauges=failing), wish)
    assert (found.state.kind, found.paused[:7]) == (kind, paused)
    assert [
        one.sentence for one in found.happenings if "lag is 1,240, for 45 s above its maximum of 500." in one.sentence
    ]
    held = after(memory(AT_25, frozen=freeze(wish), gauges=failing, paused="A person said so."), wish)
    assert held.state.kind == kind


@pytest.mark.parametrize(("promql", "kind"), [("max(lag)", "Warming"), ('max(lag{pod=~"$canary"})', "Draining")])
def test_before_its_first_weight_a_canary_answers_only_for_itself(promql: str, kind: str) -> None:
    """What was too long without it holds it at 0 %, and does no more."""
    wish = plan(objectives={"guards": [LAG | {"promql": promql}]})
    failing = gauges(1240.0, beyond=45.0)
    before = memory(Warming(canary=NEW, warm=Stopwatch(spent=9)), frozen=freeze(wish), gauges=failing)
    found = after(before, wish, seen(4, 4))
    assert (found.state.kind, bool(found.condemned)) == (kind, kind == "Draining")


def test_a_person_who_promotes_in_full_is_not_asked_by_guards() -> None:
    """As by no objective."""
    failing = gauges(1240.0, beyond=45.0)
    found = after(memory(AT_25, frozen=freeze(ONLY), gauges=failing, hurry="unjudged"), ONLY)
    assert getattr(found.state, "weight", 0) == 100


def test_by_replica_ratio_guards_come_before_the_first_pod() -> None:
    """Which would take requests at once."""
    wish = plan(weighted=False, objectives=ALONE)
    look = ratio(4, 0, records=seen().records)
    assert after(memory(frozen=freeze(wish)), wish, look).state.kind == "Warming"
    assert after(memory(frozen={}), plan(weighted=False), look).state.kind == "Climbing"


EARLIER = gauges().model_copy(update={"at": NOW - 7})


@pytest.mark.parametrize(
    ("story", "wish", "before", "at", "wait"),
    [
        ("guards alone", ONLY, memory(AT_25, gauges=Gauges(begun=NOW - 62)), NOW - 2, 4.0),
        ("that look is known", ONLY, memory(AT_25, gauges=gauges()), None, 4.0),
        ("the next one is there", ONLY, memory(AT_25, gauges=EARLIER), NOW - 2, 4.0),
        ("nothing was begun", ONLY, memory(AT_25), None, None),
        ("it is decided who serves", ONLY, memory(Draining(leaving=NEW), gauges=gauges()), None, None),
        ("at rest", ONLY, memory(Idle(), gauges=gauges()), None, None),
        (
            "the judge's looks are theirs",
            plan(objectives=BESIDE),
            memory(AT_25, gauges=gauges(), evidence=begin(plan(objectives=ERRORS).objectives, NOW - 20)),
            NOW - 5,
            1.0,
        ),
    ],
)
def test_when_guards_are_asked_about(
    story: str, wish: Plan, before: Memory, at: float | None, wait: float | None
) -> None:
    """At the same chosen, delayed instants as everything else."""
    assert (due(wish, before, NOW), next_due(wish, before, NOW)) == (at, wait), story


def test_what_is_asked_has_no_words_left_and_leaves_out_what_has_no_answer() -> None:
    """While a revision leaves, nothing is asked about guards: they can turn nobody back."""
    wish = plan(objectives=ERRORS | {"guards": [LAG, POOL]})
    pods = [PodFacts(f"shop-{one}-x", one, NOW, NOW, 0, NOW) for one in (OLD, NEW)]
    climbing, leaving = memory(AT_25), memory(Draining(leaving=NEW))
    assert [one.promql for one in asked(wish, climbing, pods, "shop").guards] == [
        "max(lag)",
        f'min(free{{pod=~"(shop-{NEW}-x)"}})',
    ]
    assert [one.name for one in asked(wish, climbing, pods[:1], "shop").guards] == ["lag"]
    assert asked(wish, leaving, pods, "shop").guards == ()
    assert asked(wish, leaving, pods, "shop").objectives == wish.objectives


def test_gauges_live_as_long_as_a_rollout_can_go_back() -> None:
    """From its first look on; afterwards nothing of them is left in the status."""
    begun = after(memory(AT_25, frozen=freeze(ONLY)), ONLY).gauges
    assert begun == Gauges(begun=NOW)
    assert after(memory(Draining(leaving=NEW), frozen=freeze(ONLY), gauges=gauges()), ONLY).gauges is None
    assert after(memory(AT_25, frozen=freeze(plan()), gauges=gauges()), plan()).gauges is None


@pytest.mark.parametrize(("back", "anew"), [(0.0, False), (3.0, False), (60.0, True)])
def test_a_clock_that_goes_back_begins_anew(back: float, anew: bool) -> None:
    """Else no look of now would be newer, and the last value would hold, or pass, for ever."""
    found = after(memory(AT_25, frozen=freeze(ONLY), gauges=gauges(501.0, beyond=20)), ONLY, now=NOW - back)
    assert (found.gauges == Gauges(begun=NOW - back)) is anew


def test_a_look_moves_the_clock_by_one_tick_at_most() -> None:
    """5 s from a Prometheus, until its scrape interval is known to be longer."""
    known = {"lag": Gauge(state="Read", value=501.0, at=NOW - 500, beyond=5)}
    before = memory(AT_25, frozen=freeze(ONLY), gauges=Gauges(begun=NOW - 600, at=NOW - 500, known=known))
    look = seen(4, 1, weight=25, metrics=Look(at=NOW - 1, interval=15.0, gauges={"lag": 501.0}))
    found = after(before, ONLY, look).gauges
    assert found is not None
    assert (found.at, found.known["lag"].beyond) == (NOW - 1, 10)


def edited(before: Memory, objectives: Any) -> Memory:
    """What is remembered after the user edited the objectives."""
    wish = in_force("shop", spec(objectives=objectives), before)
    assert isinstance(wish, Plan)
    return after(before, wish)


def test_edited_guards_leave_the_judge_alone_and_the_other_way_round() -> None:
    """Each begins anew only where it changed, and that is told."""
    before = memory(AT_25, frozen=freeze(plan(objectives=BESIDE)), evidence=GOOD, gauges=gauges(501.0, beyond=20))
    other = edited(before, ERRORS | {"guards": [LAG | {"max": 600}]})
    assert (other.evidence, other.gauges and other.gauges.known) == (GOOD, {})
    told = "The objectives were edited at 25 %: guards that changed begin anew."
    assert [one.sentence for one in other.happenings] == [told]
    lax = edited(before, {"errorRate": {"max": "30%"}, "guards": [LAG]})
    assert lax.evidence is not None
    assert (lax.evidence.begun, lax.gauges) == (NOW, before.gauges)
    same = edited(before, ERRORS | {"guards": [LAG | {"max": 500.0, "for": "0m30s"}]})
    assert (same.evidence, same.gauges, same.happenings) == (GOOD, before.gauges, ())
    alone = edited(before, ALONE)
    assert (alone.evidence, alone.gauges) == (None, before.gauges)
    assert [one.sentence for one in alone.happenings] == ["The objectives were edited at 25 %: only guards are left."]
    gone = edited(before, ERRORS)
    assert (gone.evidence, gone.gauges) == (GOOD, None)


def test_a_status_from_before_there_were_guards_is_read() -> None:
    """And one without guards looks as it did then."""
    wish = plan(objectives=ERRORS)
    before = memory(AT_25, frozen=freeze(wish), evidence=GOOD)
    assert "gauges" not in dumped(before)
    assert remembered(written(before, seen(4, 1, weight=25), wish)).gauges is None


def test_a_status_keeps_gauges_to_the_bit() -> None:
    before = memory(AT_25, frozen=freeze(ONLY), gauges=gauges(1 / 3, beyond=0.1 + 0.2))
    assert remembered(written(before, seen(4, 1, weight=25), ONLY)).gauges == before.gauges
    assert len(str(dumped(before)["gauges"])) < 200


@pytest.mark.parametrize(
    ("known", "readable", "reason", "said"),
    [
        (gauges(), "True", "Readable", "lag is 12, and at most 500 is good."),
        (
            gauges(501.0),
            "True",
            "Readable",
            "lag is 501, above its maximum of 500; 30 s of that are too long.",
        ),
        (gauges(problem=ABSENT), "False", "Unreadable", ABSENT.sentence),
        (None, "False", "NotReadYet", "The guard lag has not been read yet."),
    ],
)
@pytest.mark.parametrize("objectives", [ALONE, BESIDE])
def test_the_condition_covers_guards(
    known: Gauges | None, readable: str, reason: str, said: str, objectives: Any
) -> None:
    """And the status shows each of them."""
    wish = plan(objectives=objectives)
    found = evidence(2000, 0) if wish.judged else None
    status = written(memory(AT_25, frozen=freeze(wish), evidence=found, gauges=known), seen(4, 1, weight=25), wish)
    (condition,) = [one for one in status.conditions if one.type == "MetricsReadable"]
    assert (condition.status, condition.reason) == (readable, reason)
    if objectives is ALONE or readable == "False":
        assert condition.message == said
    assert [(one.name, one.sentence) for one in status.guards] == [("lag", said)]


@pytest.mark.parametrize(
    ("state", "weight", "place"),
    [
        (Warming(canary=NEW, warm=Stopwatch(spent=9)), 0, "Holding 0 %: "),
        (AT_25, 25, "Holding 25 %: "),
        (Baking(canary=NEW, baked=Stopwatch(spent=10)), 100, "Holding 100 %: "),
    ],
)
@pytest.mark.parametrize("objectives", [ALONE, BESIDE])
def test_what_holds_is_said(state: Any, weight: int, place: str, objectives: Any) -> None:
    """In the sentence of the state, with the numbers."""
    wish = plan(objectives=objectives)
    found = evidence(2000, 0, weight=weight or 25) if wish.judged else None
    for known, said in (
        (gauges(501.0), "lag is 501, above its maximum of 500; "),
        (gauges(problem=ABSENT), ABSENT.sentence),
    ):
        before = memory(state, frozen=freeze(wish), evidence=found, gauges=known)
        waiting = written(before, seen(4, 4, weight=weight), wish).waiting
        assert waiting is not None
        assert waiting.sentence.startswith(place + said)
