"""Requests that are lost at the gateway: what counts as one, what never does, and what a rollout does about it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judging import obstructed
from gracefulservice.rollout.losses import held, watched
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.seen import RouteSeen
from gracefulservice.rollout.uncounted import FEWEST, MINUTE, Mark, Totals, Uncounted, begin, learn
from gracefulservice.rollout.verdict import Cause, Problem

from .builders import ERRORS, NEW, NOW, command, evidence, memory, plan, seen, written
from .counters import ALL, Rollout, three

AT = NOW - 5
"""The instant of the newest look that `evidence` has learned."""
JUDGED = plan(objectives=ERRORS)
LATE = 10.0
CUSTOM: dict[str, Any] = {"metrics": {"source": "custom", "custom": {"total": "orders_total", "bad": "bad_total"}}}
TICK = 5.0

Times = Sequence[float]
PROXY = (0, "a")


def known(lost: float, **fields: Any) -> Uncounted:
    """So many were lost half a minute ago, none before."""
    found: dict[str, Any] = {"begun": NOW - 60, "since": NOW - 60, "base": 0.0, "newest": {"a/0": lost}, "failed": lost}
    return Uncounted(**(found | {"recent": (Mark(NOW - 50, 0.0), Mark(NOW - 30, lost))} | fields))


def climbs(**fields: Any) -> Memory:
    """A canary at an observed 25 %, of which nothing bad is counted."""
    state = Climbing(canary=NEW, weight=25, observed_at=NOW - 60)
    return memory(state, **({"evidence": evidence(10, 0, stable=10)} | fields))


def counted(failed: float, *, rules: tuple[int, ...] = (0,), sooner: float = LATE, **fields: Any) -> Any:
    """A look by which the gateway had counted so many 5xx in the first rule of the route."""
    totals = Totals(AT - sooner, {(0, "a"): failed, (7, "a"): 1000.0})
    look = Look(AT, TICK, gateway=totals)
    return seen(4, 2, metrics=replace(look, **fields), route=RouteSeen(25.0, acknowledged=True, rules=rules))


def followed(pods: Times, gateway: Times, until: int) -> Uncounted:
    """Everybody is scraped every 5 s: what is known after looks up to then; the gateway counts at its own times."""
    found = begin(0.0, TICK, 0.0)
    for look in range(2, until):
        at = look * TICK
        errors = sum(TICK < one <= at - 1 for one in pods)
        totals = Totals(at - LATE, {PROXY: sum(one <= at - LATE for one in gateway)})
        found = learn(found, totals, (0,), at, errors, weightless=False)
    return found


@given(st.lists(st.floats(10, 200), max_size=80))
def test_what_pods_answered_themselves_is_never_lost(times: Times) -> None:
    """However many errors there are, and whenever: the gateway is asked about an earlier time than the pods."""
    assert followed(times, times, 60).lost == 0


@given(st.lists(st.floats(10, 200), max_size=40), st.lists(st.floats(10, 200), max_size=40))
def test_what_only_the_gateway_counted_is_lost(times: Times, lost: Times) -> None:
    """Exactly that, once everything is scraped."""
    assert followed(times, [*times, *lost], 60).lost == len(lost)


@given(st.lists(st.floats(10, 200), max_size=40), st.lists(st.floats(10, 200), max_size=40))
def test_errors_of_callers_inside_make_no_loss_up(times: Times, inside: Times) -> None:
    """They can only hide some."""
    assert followed([*times, *inside], times, 60).lost == 0


def test_errors_from_before_counting_began_hide_no_loss() -> None:
    """Forty are known by then, and none comes after them."""
    found = begin(0.0, 0.0, 40.0)
    for place, value in enumerate((100.0, 103.0)):
        found = learn(found, Totals(10.0 * place, {PROXY: value}), (0,), 10.0 * place + 10, 40.0, weightless=False)
    assert found.lost == 3


def test_a_gateway_that_starts_anew_is_believed_less_and_not_more() -> None:
    """Its counter falls to 0 and counts on."""
    found = begin(0.0, 0.0, 0.0)
    for place, value in enumerate((100.0, 130.0, 0.0, 5.0)):
        found = learn(found, Totals(10.0 * place, {PROXY: value}), (0,), 10.0 * place + 10, 0.0, weightless=False)
    assert found.lost == 35


def losses(*looks: dict[tuple[int, str], float]) -> float:
    """What is lost after looks of 10 s at proxies that had counted so much, while no pod counts any error."""
    found = begin(0.0, 0.0, 0.0)
    for place, failed in enumerate(looks):
        found = learn(found, Totals(10.0 * place, failed), (0,), 10.0 * place + 10, 0.0, weightless=False)
    return found.lost


@pytest.mark.parametrize(
    ("story", "looks", "lost"),
    [
        ("a proxy that was not scraped once", [{PROXY: 500}, {}, {PROXY: 502}], 2),
        ("nobody was scraped at first", [{}, {PROXY: 500}, {PROXY: 501}], 1),
        ("one more proxy", [{PROXY: 5}, {PROXY: 5, (0, "b"): 70}, {PROXY: 6, (0, "b"): 71}], 2),
        ("one proxy less", [{PROXY: 5, (0, "b"): 70}, {PROXY: 6}], 1),
        ("a rule of others", [{(1, "a"): 5}, {(1, "a"): 50}], 0),
    ],
)
def test_proxies_come_and_go(story: str, looks: Any, lost: float) -> None:
    """What a proxy had counted when it is met, or met again, is no loss of this moment."""
    assert losses(*looks) == lost, story


def test_what_is_older_than_a_minute_holds_nothing_up() -> None:
    """12 at once, then none."""
    found = begin(0.0, 0.0, 0.0)
    seen_lately = []
    for place in range(16):
        at = 10.0 + TICK * place
        found = learn(found, Totals(at - LATE, {PROXY: 0.0 if place == 0 else 12.0}), (0,), at, 0.0, weightless=False)
        seen_lately.append(found.lately)
    assert seen_lately == [0.0] + 12 * [12.0] + 3 * [0.0]
    assert found.lost == 12


def test_a_look_that_was_learned_teaches_nothing_twice() -> None:
    """Nor does one from before counting began."""
    found = learn(begin(0.0, 20.0, 0.0), Totals(20.0, {PROXY: 3.0}), (0,), 30.0, 0.0, weightless=False)
    assert learn(found, Totals(20.0, {PROXY: 90.0}), (0,), 30.0, 0.0, weightless=False) is found
    early = begin(0.0, 20.0, 0.0)
    assert learn(early, Totals(19.0, {PROXY: 90.0}), (0,), 29.0, 0.0, weightless=False) is early


@pytest.mark.parametrize(
    ("due", "share", "usual", "limit"),
    [(0.0, 0.01, 0.0, FEWEST), (5000.0, 0.01, 0.0, 50.0), (100.0, 0.01, 0.5, 60.0)],
    ids=["so few that nobody needs to know", "as many as the objective allows", "no more than twice the usual"],
)
def test_how_many_are_too_many(due: float, share: float, usual: float, limit: float) -> None:
    assert known(0, usual=usual).too_many(due, share) == limit


def test_the_usual_losses_are_those_before_the_first_weight() -> None:
    """A gateway that loses some of stable's requests all the time says nothing about the canary."""
    found = begin(0.0, 0.0, 0.0)
    for place, weightless in enumerate((True, True, True, False)):
        found = learn(
            found, Totals(10.0 * place, {PROXY: 5.0 * place}), (0,), 10.0 * place + 10, 0.0, weightless=weightless
        )
    assert found.lost == 15
    assert found.usual == pytest.approx(10 / 30)
    assert found.too_many(0.0, 0.01) == pytest.approx(2 * 10 / 30 * MINUTE)


def test_a_rollout_holds_and_says_how_many_and_why() -> None:
    """The condition, the line and the event; no weight rises, and none falls."""
    after = decide(JUDGED, counted(12), climbs(uncounted=known(0)), NOW)
    said = held(JUDGED, after.memory)
    assert said.startswith("Lost at the gateway: 12 of the ")
    assert "10 are too many" in said
    assert (obstructed(JUDGED, after.memory, NOW), after.desired.weight) == (said, 25)
    assert [(one.reason, one.sentence, one.warning) for one in after.memory.happenings] == [
        ("LostAtGateway", said, True)
    ]
    status = written(after.memory, counted(12), JUDGED)
    assert [(one.status, one.message) for one in status.conditions if one.type == "LostAtGateway"] == [("True", said)]
    assert said in (status.waiting.sentence if status.waiting else "")


def test_the_bake_stands_still_meanwhile() -> None:
    """Nobody is promoted over lost requests."""
    look = replace(counted(12), route=RouteSeen(100.0, acknowledged=True, rules=(0,)))
    wish, state = plan(objectives=ERRORS, replicas=2), Baking(canary=NEW)
    quiet, lossy = (
        decide(wish, look, climbs().but(state=state, uncounted=lost), NOW).memory
        for lost in (known(12, recent=(Mark(NOW - 99, 12.0),)), known(0))
    )
    assert isinstance(quiet.state, Baking)
    assert isinstance(lossy.state, Baking)
    assert (held(wish, quiet), bool(held(wish, lossy))) == ("", True)
    assert (quiet.state.baked == state.baked, lossy.state.baked) == (False, state.baked)


def test_nine_are_no_reason() -> None:
    """Nobody needs to know."""
    after = decide(JUDGED, counted(9), climbs(uncounted=known(0)), NOW)
    assert (held(JUDGED, after.memory), after.memory.happenings) == ("", ())


def test_it_is_told_once_and_again_after_a_quiet_time() -> None:
    """Not with every look."""
    first = watched(JUDGED, counted(12), climbs(uncounted=known(0)), NOW)
    again = watched(JUDGED, counted(12), first, NOW)
    calm = watched(
        JUDGED, counted(12), again.but(uncounted=known(12, recent=(Mark(NOW - 99, 12.0),), alarmed=True)), NOW
    )
    assert first.uncounted is not None
    assert calm.uncounted is not None
    assert (len(first.happenings), again, first.uncounted.alarmed, calm.uncounted.alarmed) == (1, first, True, False)
    once_more = watched(JUDGED, counted(30), climbs(uncounted=known(12, recent=(Mark(NOW - 99, 12.0),))), NOW)
    assert len(once_more.happenings) == 1


@pytest.mark.parametrize(
    ("story", "look", "before"),
    [
        ("no route of ours alone", counted(99, rules=()), {}),
        ("no gateway that says", counted(99, gateway=None), {}),
        ("another instant", counted(99, at=AT + 5), {}),
        ("a part unreadable", counted(99), {"problems": (Problem(cause=Cause.STALE, sentence="Old."),)}),
        ("an outage", counted(99), {"outage": "Nobody answers."}),
    ],
)
def test_what_cannot_be_compared_is_not(story: str, look: Any, before: dict[str, Any]) -> None:
    """Else what pods counted meanwhile, and nobody has read yet, would pass for lost."""
    state = climbs(uncounted=known(0), evidence=evidence(10, 0, stable=10).model_copy(update=before))
    assert watched(JUDGED, look, state, NOW) is state, story


def test_counting_begins_with_the_first_look_and_anew_with_new_evidence() -> None:
    """What happened before is nobody's loss."""
    fresh = watched(JUDGED, counted(500), climbs(), NOW)
    other = watched(JUDGED, counted(500), climbs(uncounted=known(0, begun=1.0)), NOW)
    assert fresh.uncounted == other.uncounted
    assert fresh.uncounted is not None
    assert (fresh.uncounted.since, fresh.uncounted.lost) == (AT, 0)


@pytest.mark.parametrize("objectives", [{"latency": {"p99": "300ms"}}, None])
def test_where_pods_count_no_errors_nothing_is_missing(objectives: Any) -> None:
    """All that fails would be."""
    wish = plan(objectives=objectives or ERRORS, **({} if objectives else CUSTOM))
    assert held(wish, climbs(uncounted=known(500))) == ""


def test_before_the_first_weight_nothing_is_held_up() -> None:
    """A canary that nobody is sent to loses nobody."""
    weightless = evidence(0, 0, weight=0.0)
    before = memory(Warming(canary=NEW), uncounted=known(500), evidence=weightless)
    assert held(JUDGED, before) == ""


def test_promoting_in_full_asks_nobody() -> None:
    """A person may know better."""
    look = replace(counted(12), command=command("promote", full=True))
    after = decide(JUDGED, look, climbs(uncounted=known(0)), NOW).memory
    assert isinstance(after.state, Climbing)
    assert after.state.weight == 100


def test_pods_of_both_revisions_count_their_errors() -> None:
    """Also those by which a counter has just appeared on a pod that was there before."""
    rollout = Rollout()
    rollout.run(3)
    rollout.run(2, stable=(90, 4), canary=(10, 1))
    assert rollout.evidence.errors == 2 * (4 + 1)


def test_a_second_objective_counts_no_error_twice() -> None:
    rollout = Rollout(objectives=ALL)
    for _ in range(3):
        three(rollout, errors=1, slow=1, failed_orders=1)
        rollout.tick()
    assert rollout.evidence.errors == 3
