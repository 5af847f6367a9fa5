"""Gauges with a threshold: what runs a guard's clock, what sets it back, and that absence does neither."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.api import Guard
from gracefulservice.rollout import guards
from gracefulservice.rollout.figures import quantity
from gracefulservice.rollout.guards import Gauges, failed, learn, posed, shown, unread
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.recall import unknown
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.verdict import Cause, Problem

from .builders import NEW, NOW, OLD

TICK = 5.0
GONE = Problem(cause=Cause.SERIES_MISSING, sentence="The query of the guard lag finds no series.", objective="lag")
Answer = float | Problem | None
"""A value, none, or a look that did not come to be."""


def guard(promql: str = "lag", **fields: Any) -> Guard:
    """A queue that must not be longer than 500 for 15 s."""
    return Guard.model_validate({"name": "lag", "promql": promql, "for": "15s"} | (fields or {"max": 500}))


LAG = guard()
MINIMUM = guard(min=2)
PODS = tuple(PodFacts(f"shop-{one}-x.y", one, NOW, NOW, 0, NOW) for one in (OLD, NEW))


def look(answer: Answer, at: float, pods: Sequence[PodFacts] = PODS, outage: str | None = None) -> Look:
    """A look that gave this for the guard."""
    found = {} if answer is None else {"lag": answer}
    return Look(at=at, interval=TICK, pods=tuple(pods), gauges=found, outage=outage)


def after(answers: Sequence[Answer], of: Guard = LAG, known: Gauges | None = None) -> Gauges:
    """The gauges after one look per tick; none at all where the answer is None."""
    known = known or Gauges(begun=NOW)
    for place, answer in enumerate(answers, start=1):
        if answer is not None:
            known = learn(known, [of], look(answer, NOW + place * TICK), NEW, OLD, TICK)
    return known


def rewritten(known: Gauges) -> Gauges:
    """As after a restart of the operator: through the JSON of a status, whose whole numbers have no `.0`."""
    wire = json.loads(
        known.model_dump_json(by_alias=True, exclude_defaults=True).replace(".0,", ",").replace(".0}", "}")
    )
    read = Gauges.model_validate(wire)
    assert not unknown(wire, read.model_dump(mode="json", by_alias=True))
    return read


@pytest.mark.parametrize(
    ("story", "answers", "beyond", "fails"),
    [
        ("never read", [], 0, False),
        ("within", [500.0] * 9, 0, False),
        ("beyond for the first time", [501.0], 0, False),
        ("beyond, and not for long enough", [501.0, 502.0, 503.0], 10, False),
        ("beyond for long enough", [501.0] * 4, 15, True),
        ("within again: from the start", [501.0] * 3 + [499.0] + [501.0] * 3, 10, False),
        ("a look without a value stops the clock", [501.0] * 3 + [GONE] + [501.0], 10, False),
        ("and takes nothing back", [501.0] * 3 + [GONE] + [501.0] * 2, 15, True),
        ("absent for ever", [GONE] * 99, 0, False),
        ("beyond once, then absent for ever", [501.0] + [GONE] * 99, 0, False),
        ("what failed before it was absent stays so", [501.0] * 4 + [GONE] * 9, 15, True),
        ("a time in which nobody looked counts as one tick", [501.0] + [None] * 99 + [501.0], 5, False),
    ],
)
def test_the_clock_of_a_guard(story: str, answers: Sequence[Answer], beyond: float, fails: bool) -> None:
    """Only time that was looked at counts, and only a value within the threshold sets it back."""
    found = after(answers)
    assert found.known["lag"].beyond == beyond if answers else not found.known, story
    assert bool(failed(found, [LAG])) is fails, story


@pytest.mark.parametrize(("value", "fails"), [(1.99, True), (2.0, False), (2.01, False), (0.0, True), (-1.0, True)])
def test_a_minimum_is_the_smallest_good_value(value: float, fails: bool) -> None:
    assert bool(failed(after([value] * 4, MINIMUM), [MINIMUM])) is fails


@pytest.mark.parametrize(
    ("limit", "value", "fails"), [(0, 0.0, False), (0, 0.1, True), (-5, -6.0, False), (-5, 0.0, True)]
)
def test_a_threshold_may_be_zero_or_less(limit: float, value: float, fails: bool) -> None:
    of = guard(max=limit)
    assert bool(failed(after([value] * 4, of), [of])) is fails


def test_for_0s_the_first_value_is_enough() -> None:
    at_once = guard(max=500, **{"for": "0s"})
    assert failed(after([501.0], at_once), [at_once]) == "lag is 501, above its maximum of 500."
    assert failed(after([500.0], at_once), [at_once]) == ""
    assert failed(after([GONE], at_once), [at_once]) == ""


@pytest.mark.parametrize(
    ("answers", "of", "sentence"),
    [
        ([12.0], LAG, "lag is 12, and at most 500 is good."),
        ([12.5], MINIMUM, "lag is 12.5, and at least 2 is good."),
        ([1240.0], LAG, "lag is 1,240, above its maximum of 500; 15 s of that are too long."),
        ([1240.0] * 3, LAG, "lag is 1,240, for 10 s above its maximum of 500; 15 s of that are too long."),
        ([1240.0] * 10, LAG, "lag is 1,240, for 45 s above its maximum of 500."),
        ([0.5] * 4, MINIMUM, "lag is 0.5, for 15 s below its minimum of 2."),
        ([1240.0, GONE], LAG, "The query of the guard lag finds no series."),
        ([], LAG, "The guard lag has not been read yet."),
    ],
)
def test_what_is_said_of_a_guard(answers: Sequence[Answer], of: Guard, sentence: str) -> None:
    """The value, the threshold, for how long, and what comes of it."""
    (found,) = shown(after(answers, of), [of])
    assert (found.name, found.sentence) == ("lag", sentence)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (500.04, "500.04"),
        (1240.0, "1,240"),
        (99999.5, "99,999.5"),
        (2**30, "1,073,741,824"),
        (1e300, "1e+300"),
    ],
)
def test_values_of_any_unit_are_readable(value: float, text: str) -> None:
    assert quantity(value) == text


def test_why_there_is_no_value() -> None:
    """Never read, absent with a reason, an outage of everything, and a source that does not know of the guard."""
    never = unread(None, [LAG])
    assert never is not None
    assert (never.cause, unread(after([GONE]), [LAG])) == (Cause.NOT_READ_YET, GONE)
    assert unread(after([GONE, 7.0]), [LAG]) is None
    out = learn(Gauges(begun=NOW), [LAG], look(None, NOW, outage="Prometheus is away."), NEW, OLD, TICK)
    assert [one.sentence for one in shown(out, [LAG])] == ["Prometheus is away."]
    ignored = unread(learn(Gauges(begun=NOW), [LAG], look(None, NOW), NEW, OLD, TICK), [LAG])
    assert ignored is not None
    assert ignored.sentence == "The query of the guard lag was not answered."


def test_words_become_the_pods_of_a_revision() -> None:
    """Whatever quotes they stand in: a dot is the only thing in a name that a regular expression takes for more."""
    of = guard('max(q{pod=~"$canary",namespace="$namespace"}) - max(q{pod=~`old-$stable`,x="$1"})')
    (found,) = posed([of], (*PODS, PodFacts(f"shop-{NEW}-a", NEW, NOW, NOW, 0, NOW)), NEW, OLD, "front-end")
    assert found.promql == (
        f'max(q{{pod=~"(shop-{NEW}-a|shop-{NEW}-x[.]y)",namespace="front-end"}}) - '
        f'max(q{{pod=~`old-(shop-{OLD}-x[.]y)`,x="$1"}})'
    )
    assert (found.name, found.max) == ("lag", 500)


def test_a_name_that_is_no_name_of_a_pod_is_in_no_query() -> None:
    """It could end the text that it stands in."""
    strange = [PodFacts(name, NEW, NOW, NOW, 0, NOW) for name in ('a"} or up', "A", "", "a|b", "a\n")]
    assert posed([guard("$canary")], strange, NEW, OLD, "n") == ()


@pytest.mark.parametrize(
    ("promql", "pods", "asked"),
    [
        ("lag", (), True),
        ("$canary", (), False),
        ("$canary", PODS[:1], False),
        ("$canary", PODS, True),
        ("$stable", PODS[1:], False),
    ],
)
def test_a_revision_without_pods_is_not_asked_about(promql: str, pods: Sequence[PodFacts], asked: bool) -> None:
    """Nothing waits for that answer: by a replica ratio the canary gets its first pod after it."""
    of = guard(promql)
    assert bool(posed([of], pods, NEW, OLD, "n")) is asked
    known = learn(Gauges(begun=NOW), [of], look(501.0, NOW, pods), NEW, OLD, TICK)
    assert known.known["lag"].state == ("Read" if asked else "Unasked")
    assert unread(known, [of]) is None


def test_a_revision_that_loses_its_pods_holds_nothing_any_more() -> None:
    """The clock stands still, and what is not asked about is not beyond anything now."""
    of = guard("$canary")
    known = learn(after([501.0] * 2, of), [of], look(None, NOW + 50, PODS[:1]), NEW, OLD, TICK)
    assert (guards.exceeded(known, [of]), unread(known, [of])) == ("", None)
    assert known.known["lag"].beyond == 5
    assert [one.sentence for one in shown(known, [of])] == [
        "lag is not asked about while a revision that its query names has no pods."
    ]


def test_edited_guards_begin_anew_and_the_others_go_on() -> None:
    """A guard is another one as soon as anything of it is; the same in other words is none."""
    known = after([501.0] * 2)
    other = guard("other")
    assert guards.kept(known, [LAG], [LAG, other.model_copy(update={"name": "b"})]).known == known.known
    assert guards.kept(known, [LAG], [guard(max=500.0, **{"for": "15000ms"})]).known == known.known
    for changed in (other, guard(max=501), guard(max=500, **{"for": "16s"}), guard(min=500)):
        assert guards.kept(known, [LAG], [changed]).known == {}
    assert guards.kept(known, [LAG], []).known == {}


VALUES = st.one_of(st.just(GONE), st.none(), st.floats(min_value=-1e12, max_value=1e12))
LOOKS = st.lists(VALUES, max_size=40)


@settings(max_examples=200)
@given(LOOKS, st.sampled_from([LAG, MINIMUM, guard(max=500, **{"for": "0s"})]))
def test_a_restart_at_any_look_changes_nothing(answers: list[Answer], of: Guard) -> None:
    """To the bit, and learned twice is learned once."""
    whole = Gauges(begun=NOW)
    split = Gauges(begun=NOW)
    for place, answer in enumerate(answers, start=1):
        one = look(answer, NOW + place * TICK)
        whole = learn(whole, [of], one, NEW, OLD, TICK)
        split = learn(learn(rewritten(split), [of], one, NEW, OLD, TICK), [of], one, NEW, OLD, TICK)
        assert split == whole
        assert failed(split, [of]) == failed(whole, [of])


@settings(max_examples=200)
@given(st.lists(st.one_of(st.just(GONE), st.none(), st.floats(min_value=-1e12, max_value=500)), max_size=40))
def test_a_value_always_within_never_fails(answers: list[Answer]) -> None:
    """However often it is absent in between."""
    for end in range(len(answers) + 1):
        assert failed(after(answers[:end]), [LAG]) == ""


@settings(max_examples=200)
@given(LOOKS, st.lists(st.just(GONE), min_size=1, max_size=5))
def test_absence_never_changes_a_verdict(answers: list[Answer], gone: list[Answer]) -> None:
    """Neither to a Fail nor away from one; and with absent looks in between nothing fails sooner."""
    before = after(answers)
    later = learn(before, [LAG], look(gone[0], NOW + 10_000), NEW, OLD, TICK)
    assert bool(failed(later, [LAG])) is bool(failed(before, [LAG]))
    sparse = [one for answer in answers for one in (answer, *gone)]
    assert not failed(after(sparse), [LAG]) or bool(failed(after([one for one in answers if one is not None]), [LAG]))


@settings(max_examples=200)
@given(LOOKS)
def test_who_fails_was_seen_beyond_for_that_long(answers: list[Answer]) -> None:
    """An oracle of its own: the looks, each next to the one before it, in an unbroken run beyond the threshold."""
    run, last = 0.0, None
    for answer in (one for one in answers if one is not None):
        if isinstance(answer, float) and answer <= 500:
            run = 0.0
        elif isinstance(answer, float):
            run += TICK if isinstance(last, float) and last > 500 else 0.0
        last = answer
    known = after(answers)
    assert (known.known["lag"].beyond if known.known else 0.0) == run


def test_an_older_look_teaches_nothing() -> None:
    known = after([501.0] * 3)
    assert learn(known, [LAG], look(1.0, NOW), NEW, OLD, TICK) == known
    assert learn(known, [LAG], look(GONE, NOW), NEW, OLD, TICK) == known
