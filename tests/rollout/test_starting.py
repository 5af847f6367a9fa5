"""The request rate of the first look: where counting begins, what is in doubt, and that it is never too low."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gracefulservice.rollout.judge import Evidence, begin, learn, rate
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.ramp import Ramp, first_weight
from gracefulservice.rollout.reading import Look, read
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.starting import Pace, pace, scrapes

from .counters import BEGUN, ERRORS, ORDERS, P99, App, Rollout, stable

AT = BEGUN
OLD = PodFacts("old", "stable", created=AT - 900, ready_since=AT - 890, restarts=0, started=AT - 895)
GOOD, BAD, OTHER = 'code="200"', 'code="500"', 'code="404"'
Values = dict[float, float]
EVEN: Values = {-22: 100, -17: 150, -12: 200, -7: 250, -2: 300}
"""Seconds before the look → value: ten requests per second."""


def looked(series: Mapping[str, Values], pod: PodFacts = OLD, at: float = AT) -> Look:
    """One look at one pod, whose series are called `good`, `bad` and `other`."""
    names = {"good": GOOD, "bad": BAD, "other": OTHER}
    samples = tuple(
        Sample(pod.name, names[name], AT + when, value)
        for name, values in series.items()
        for when, value in values.items()
    )
    return Look(at, 5.0, (pod,), {ERRORS.total: samples})


def learned(*looks: Look, objectives: Sequence[Objective] = (ERRORS,), weight: float = 0.0) -> Evidence:
    """What is known after these looks."""
    evidence = begin(objectives, BEGUN)
    for look in looks:
        evidence = learn(evidence, objectives, look, "canary", weight)
    return evidence


@pytest.mark.parametrize(
    ("story", "pod", "series", "expected"),
    [
        ("from the oldest scrape to the newest", OLD, {"good": EVEN}, [-22, -17, -12, -7, -2]),
        ("a series that appeared later: from there", OLD, {"good": EVEN, "bad": {-12: 1, -7: 1, -2: 3}}, [-12, -7, -2]),
        ("a series that appeared only now", OLD, {"good": EVEN, "bad": {-2: 3}}, [-2]),
        ("a series that ended", OLD, {"good": EVEN, "bad": {-22: 3, -17: 3}}, []),
        ("a missing scrape", OLD, {"good": {-22: 100, -12: 200, -2: 300}}, [-22, -12, -2]),
        ("one scrape", OLD, {"good": {-2: 300}}, [-2]),
        ("the counter began anew", OLD, {"good": EVEN | {-12: 3, -7: 50, -2: 100}}, []),
        ("one of several began anew", OLD, {"good": EVEN, "other": EVEN | {-2: 249}}, []),
        ("it is not scraped any more", OLD, {"good": {-27: 10, -22: 20, -17: 30}}, []),
        ("it was Ready in between", replace(OLD, ready_since=AT - 19), {"good": EVEN}, [-12, -7, -2]),
        ("it is Ready only now", replace(OLD, ready_since=AT - 4), {"good": EVEN}, []),
        ("it is not Ready", replace(OLD, ready_since=None), {"good": EVEN}, []),
        ("its container restarted in between", replace(OLD, started=AT - 14), {"good": EVEN}, [-12, -7, -2]),
        ("its container does not run", replace(OLD, started=None), {"good": EVEN}, []),
        ("nothing was counted", OLD, {}, []),
    ],
)
def test_a_pod_is_counted_from_the_oldest_scrape_that_can_be_relied_on(
    story: str, pod: PodFacts, series: dict[str, Values], expected: list[float]
) -> None:
    look = looked(series, pod)
    assert [at - AT for at in scrapes(pod, read(ERRORS, look, "canary"), look)] == expected, story


def test_samples_after_the_instant_do_not_count() -> None:
    look = looked({"good": EVEN}, at=AT - 8)
    assert [at - AT for at in scrapes(OLD, read(ERRORS, look, "canary"), look)] == [-22, -17, -12]


def test_the_first_look_knows_the_rate_and_how_stable_does() -> None:
    """Numerator and denominator begin at the same scrape."""
    evidence = learned(looked({"good": EVEN, "bad": {-12: 0, -7: 5, -2: 10}}))
    tally = evidence.tallies["errorRate"]
    assert (tally.stable_requests, tally.stable_bad) == (110, 10), "of ten seconds"
    assert rate(evidence) == 11.0
    assert evidence.calls == {}, "no other pod's calls reach back so far"
    assert tally.requests == 0, "nothing of it is the canary's"


def test_a_custom_counter_and_its_total_begin_at_the_same_scrape() -> None:
    total = tuple(Sample("old", "", AT + when, value) for when, value in EVEN.items())
    good = tuple(Sample("old", 'result="ok"', AT + when, value) for when, value in EVEN.items() if when > -20)
    evidence = learned(Look(AT, 5.0, (OLD,), {ORDERS.total: total, ORDERS.part: good}), objectives=(ORDERS,))
    assert (evidence.tallies["orders"].stable_requests, evidence.tallies["orders"].stable_bad) == (150, 0)


@pytest.mark.parametrize(
    ("story", "series"),
    [
        ("one scrape only", {"good": {-2: 300}}),
        ("it began anew in between", {"good": EVEN | {-12: 3, -7: 50, -2: 100}}),
        ("a series was born only now, nobody knows with how many", {"good": EVEN, "other": {-2: 900}}),
    ],
)
def test_in_doubt_nothing_is_counted_and_the_next_look_knows_the_rate(story: str, series: dict[str, Values]) -> None:
    first = looked(series)
    evidence = learned(first)
    assert (rate(evidence), evidence.tallies["errorRate"].stable_requests) == (0.0, 0.0), story
    later = {name: values | {3: values[-2] + 50} for name, values in series.items()}
    second = looked(later, at=AT + 5)
    assert rate(learned(first, second)) >= 10.0, story


def test_an_older_canary_pod_is_not_counted_from_before_the_evidence_began() -> None:
    """The objectives were edited: what it answered before was judged by the others."""
    tally = learned(looked({"good": EVEN}, replace(OLD, revision="canary"))).tallies["errorRate"]
    assert tally.requests == 0


def test_a_pod_of_stable_that_was_born_in_this_rollout_counts_from_zero() -> None:
    """An autoscaler made it."""
    pod = replace(OLD, created=AT + 1, started=AT + 2, ready_since=AT + 3)
    values: Values = {12: 7, 17: 50, 22: 100}
    tally = learned(looked({"good": values}, pod, at=AT + 25)).tallies["errorRate"]
    assert tally.stable_requests == 100


def test_a_pod_without_the_bucket_that_is_asked_for_is_not_met() -> None:
    """How many of its requests were fast is never known."""
    fine = replace(OLD, name="fine", revision="canary")
    samples = [Sample(name, 'le="+Inf"', AT + when, value) for name in ("old", "fine") for when, value in EVEN.items()]
    samples += [Sample("fine", 'le="0.3"', AT + when, value) for when, value in EVEN.items()]
    look = Look(AT, 5.0, (OLD, fine), {P99.total: tuple(samples)})
    assert learned(look, objectives=(P99,)).tallies["p99"].total.keys() == {"fine"}


def test_a_pod_that_is_met_later_does_not_inflate_the_rate() -> None:
    """Its growth of twenty seconds and the others' of five are not one flow."""
    late = replace(OLD, name="late")
    first, second = looked({"good": EVEN}), looked({"good": EVEN | {3.0: 350.0}}, at=AT + 5)
    met = looked({"good": EVEN}, late).samples[ERRORS.total]
    both = replace(second, pods=(OLD, late), samples={ERRORS.total: (*second.samples[ERRORS.total], *met)})
    evidence = learned(first, both)
    assert rate(evidence) == 20.0
    assert evidence.calls == {}


def test_traffic_that_has_only_just_begun_is_not_averaged_away() -> None:
    """A counter that is there from the start, users who came five seconds ago: 100 requests/s, not 25."""
    evidence = learned(looked({"good": {-22: 0, -17: 0, -12: 0, -7: 0, -2: 500}}))
    assert rate(evidence) == 100.0
    assert first_weight(Ramp(), rate(evidence)) == 2.0


def test_a_moment_without_users_is_averaged() -> None:
    """They come back."""
    assert rate(learned(looked({"good": {-22: 0, -17: 100, -12: 200, -7: 300, -2: 300}}))) == 15.0


def test_a_pod_that_serves_and_was_not_scraped_yet_is_waited_for() -> None:
    """It has a part of the requests, whatever the others show."""
    young = replace(OLD, name="young", created=AT - 20, started=AT - 18, ready_since=AT - 8)
    look = looked({"good": EVEN})
    assert rate(learned(replace(look, pods=(OLD, young)))) == 0.0
    assert rate(learned(replace(look, pods=(OLD, replace(young, revision="canary"))))) == 10.0


def test_a_canary_without_weight_need_not_be_known() -> None:
    """With weight it must be: it has a part of the requests."""
    rollout = Rollout(apps=[stable(), App("canary-1", "canary", ready_since=BEGUN + 12)])
    rollout.run(2)
    look = rollout.looks[-1]
    assert pace(ERRORS, look, "canary", 0.0) == Pace(18.0, 5.0)
    assert pace(ERRORS, look, "canary", 10.0) is None


def test_the_first_look_of_a_young_fleet_waits_until_users_can_have_found_it() -> None:
    """Four pods with 25 requests/s each since 3 s ago, whose counters are there from the start."""
    pods = tuple(PodFacts(f"s{n}", "stable", AT - 20, AT - 5, 0, AT - 18) for n in range(4))
    evidence = begin([ERRORS], BEGUN)
    for at in (AT, AT + 5, AT + 10):
        times = [at - 1 - 5 * place for place in range(4)]
        samples = tuple(Sample(pod.name, GOOD, one, max(0.0, 25 * (one - AT + 3))) for pod in pods for one in times)
        evidence = learn(evidence, [ERRORS], Look(at, 5.0, pods, {ERRORS.total: samples}), "canary", 0.0)
        assert rate(evidence) in (0.0, 100.0)
    assert rate(evidence) == 100.0


@dataclass(frozen=True)
class Scraped:
    """A pod that answers `rate` requests per second and is scraped every `interval` seconds, at its own phase."""

    name: str
    rate: float
    phase: float
    interval: float
    ready: float
    missing: frozenset[int] = frozenset()

    def facts(self) -> PodFacts:
        return PodFacts(self.name, "stable", self.ready - 9, self.ready, 0, self.ready - 6)

    def samples(self, at: float, span: float) -> list[Sample]:
        """The raw samples of the range, without the scrapes that failed."""
        newest = math.floor((at - self.phase - BEGUN) / self.interval)
        numbers = range(newest - math.ceil(span / self.interval), newest + 1)
        times = {number: BEGUN + self.phase + number * self.interval for number in numbers}
        return [
            Sample(self.name, GOOD, time, math.floor(self.rate * (time - self.ready)))
            for number, time in times.items()
            if max(at - span, self.ready - 3) < time <= at and number not in self.missing
        ]


@st.composite
def fleets(draw: st.DrawFn) -> list[Scraped]:
    """Up to five pods of any age, each scraped at its own phase, each with its own load; some scrapes fail."""
    interval = draw(st.sampled_from([5.0, 10.0, 15.0]))
    return [
        Scraped(
            name=f"pod-{number}",
            rate=draw(st.floats(1, 200)),
            phase=draw(st.floats(0, interval, exclude_max=True)),
            interval=interval,
            ready=BEGUN - draw(st.floats(1, 120)),
            missing=frozenset(draw(st.sets(st.integers(-6, 2), max_size=2))),
        )
        for number in range(draw(st.integers(1, 5)))
    ]


def rates(pods: Sequence[Scraped], ticks: int) -> list[float]:
    """R after each look, as the operator would look: 5 s apart, then one scrape interval."""
    interval = pods[0].interval
    evidence, found = begin([ERRORS], BEGUN), []
    for at in [0.0, 5.0, 10.0, *(max(interval, 5.0) * place for place in range(2, 2 + ticks))]:
        samples = tuple(sample for pod in pods for sample in pod.samples(BEGUN + at, 3 * max(interval, 10.0)))
        look = Look(BEGUN + at, interval, tuple(pod.facts() for pod in pods), {ERRORS.total: samples})
        evidence = learn(evidence, [ERRORS], look, "canary", 0.0)
        found.append(rate(evidence))
    return found


@given(pods=fleets())
def test_the_first_rate_that_is_known_is_not_too_low(pods: list[Scraped]) -> None:
    """However the scrapes are spread, however many fail, and however young the pods are."""
    true = sum(pod.rate for pod in pods)
    rounding = len(pods) / min(pod.interval for pod in pods)
    first = next((found for found in rates(pods, ticks=6) if found), 0.0)
    assert first >= 0.74 * true - rounding


@given(pods=fleets())
def test_with_all_scrapes_the_first_look_at_a_fleet_that_serves_is_exact_and_later_ones_agree(
    pods: list[Scraped],
) -> None:
    """A later rate may differ by the scrapes that a look does not have yet."""
    pods = [replace(pod, missing=frozenset(), ready=pod.ready - 60) for pod in pods]
    assume(sum(pod.rate for pod in pods) > 5)
    true = sum(pod.rate for pod in pods)
    rounding = len(pods) / pods[0].interval
    found = rates(pods, ticks=6)
    assert found[0] == pytest.approx(true, abs=rounding)
    assert all(0.74 * true - rounding <= one <= 1.55 * true + rounding for one in found)
    if pods[0].interval == 5.0:
        assert found == [pytest.approx(true, abs=rounding)] * len(found)
