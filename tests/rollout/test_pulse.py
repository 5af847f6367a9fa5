"""When a leaving revision's counters stand still: pod by pod, whatever the phases of their scrapes are."""

import math
from bisect import bisect_right
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout.judge import Evidence, begin, learn, quiet
from gracefulservice.rollout.questions import LEAVING_TICK
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.settle import STILL, UNEVEN

from .counters import BEGUN, ERRORS, INTERVAL, App, Rollout, stable

ENOUGH = STILL - UNEVEN
SINCE = BEGUN + 60


@dataclass(frozen=True)
class Leaving:
    """A pod that answered at `requests`, is scraped at its own phase, and may not be scraped after `until`."""

    name: str
    phase: float
    requests: tuple[float, ...]
    until: float = math.inf

    def facts(self) -> PodFacts:
        return PodFacts(self.name, "canary", BEGUN + 1, BEGUN + 9, 0, BEGUN + 3)

    def scrapes(self, now: float) -> list[float]:
        """The times of the scrapes of the last half minute."""
        newest = math.floor((now - self.phase - BEGUN) / INTERVAL)
        times = (BEGUN + self.phase + number * INTERVAL for number in range(newest - 6, newest + 1))
        return [time for time in times if now - 30 < time <= now and time <= self.until]

    def samples(self, now: float) -> list[Sample]:
        return [Sample(self.name, 'code="200"', time, bisect_right(self.requests, time)) for time in self.scrapes(now)]


def looked(pods: list[Leaving], at: float, lag: float = 0.0) -> Look:
    """What Prometheus answers at the instant `at`, where a sample takes `lag` seconds until it can be asked for."""
    samples = tuple(sample for pod in pods for sample in pod.samples(at - lag))
    return Look(at, INTERVAL, tuple(pod.facts() for pod in pods), {ERRORS.total: samples})


def drained(pods: list[Leaving], lag: float = 0.0, late: float = 0.0) -> tuple[float, Evidence] | None:
    """The moment at which all of them stand still for long enough, looked at as while a revision leaves."""
    evidence = learn(begin([ERRORS], BEGUN), [ERRORS], looked(pods, SINCE - 8), "canary", 0.0)
    now = SINCE + late
    while now < SINCE + 60:
        evidence = learn(evidence, [ERRORS], looked(pods, now, lag), "canary", 0.0)
        if quiet(evidence, "canary", SINCE) >= ENOUGH:
            return now, evidence
        now += LEAVING_TICK
    return None


@st.composite
def leaving(draw: st.DrawFn) -> list[Leaving]:
    """Up to five pods; their last requests end at any moment, before or after the traffic went."""
    return [
        Leaving(
            name=f"pod-{number}",
            phase=draw(st.floats(0, INTERVAL, exclude_max=True)),
            requests=tuple(sorted(draw(st.lists(st.floats(BEGUN + 10, SINCE + 25), min_size=1, max_size=12)))),
        )
        for number in range(draw(st.integers(1, 5)))
    ]


@given(pods=leaving(), lag=st.floats(0, 2), late=st.floats(0, LEAVING_TICK))
def test_no_pod_is_quiet_before_its_counter_stood_still_and_then_soon(
    pods: list[Leaving], lag: float, late: float
) -> None:
    """Standing still means: no request in the five seconds up to a sample, all of them after the traffic went."""
    found = drained(pods, lag, late)
    assert found is not None
    now, _ = found
    for pod in pods:
        newest = pod.scrapes(now - lag)[-1]
        assert newest >= SINCE + ENOUGH
        assert not [one for one in pod.requests if newest - ENOUGH < one <= newest]
    last = max(SINCE, *(one for pod in pods for one in pod.requests))
    assert now <= last + 2 * INTERVAL + LEAVING_TICK + lag + 0.01


@settings(max_examples=40)
@given(phase=st.floats(0, INTERVAL, exclude_max=True), every=st.floats(0.5, 4.8), others=leaving())
def test_a_pod_that_still_gets_requests_is_never_quiet(phase: float, every: float, others: list[Leaving]) -> None:
    """Also when each of them comes just after a scrape."""
    times = tuple(BEGUN + 10 + every * number for number in range(int(160 / every)))
    assert drained([*others, Leaving("busy", phase, times)]) is None


@pytest.mark.parametrize("phase", [0.0, 0.01, 2.0, 4.99])
def test_a_drain_takes_about_ten_seconds(phase: float) -> None:
    """Users come until the traffic goes, fifty requests per second."""
    times = tuple(BEGUN + 10 + number / 50 for number in range(50 * 50))
    found = drained([Leaving(f"pod-{place}", (phase + place) % 5, times) for place in range(4)], lag=0.3)
    assert found is not None
    assert 8 <= found[0] - SINCE <= 12.5


def test_a_pod_that_is_not_scraped_any_more_does_not_hold_the_others_up() -> None:
    """After three scrape intervals: it has ended, or nobody can see it."""
    pods = [Leaving("here", 1.0, (SINCE - 9,)), Leaving("gone", 2.0, (SINCE - 9,), until=SINCE)]
    found = drained(pods)
    assert found is not None
    now, evidence = found
    assert SINCE - 3 + 3 * INTERVAL < now <= SINCE + 3 * INTERVAL
    assert evidence.fleets["canary"].keys() == {"here"}


def test_where_no_pod_is_scraped_any_more_nothing_stands_still() -> None:
    assert drained([Leaving("gone", 2.0, (SINCE - 9,), until=SINCE - 4)]) is None


def test_a_series_that_is_new_on_an_older_pod_is_a_request() -> None:
    """How many came before it was there is not known, but one did."""
    rollout = Rollout(apps=[stable(), App("canary-1", "canary")])
    rollout.run(2)
    left = rollout.now
    rollout.run(2, stable=(0, 0))
    assert quiet(rollout.evidence, "stable", since=left) == 10
    rollout.run(1, stable=(0, 1))
    assert quiet(rollout.evidence, "stable", since=left) == 0


def test_a_pod_whose_counters_cannot_be_counted_for_a_while_is_waited_for() -> None:
    """Its value fell without a restart: perhaps the answer of a replica that lags, perhaps a new beginning."""
    rollout = Rollout()
    rollout.run(2)
    left = rollout.now
    rollout.canary.counters["http_requests_total"]['code="200"'] -= 5
    for _ in range(3):
        rollout.run(1, canary=(1, 0))
        assert quiet(rollout.evidence, "canary", since=left) == 0
