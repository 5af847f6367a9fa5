"""The numbers behind a verdict: rates, references, ages, and how long counters stood still."""

import pytest

from gracefulservice.rollout.judge import assess, begin, learn, newest, quiet, rate
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import Sample
from tests.rollout.counters import BEGUN, ERRORS, ORDERS, P99, App, Rollout, said, stable, three


def test_the_numbers_of_the_ramp() -> None:
    rollout = Rollout()
    rollout.run(11, stable=(80, 10), canary=(7, 3))
    found = said(rollout)
    assert found.rate == pytest.approx(100 / 5)
    assert found.reference == pytest.approx(100 / 900)
    assert (found.requests, found.errors) == (110, 33)
    assert found.extra == pytest.approx(33 - 110 * 100 / 900)
    assert found.newest == rollout.now
    assert found.bound == found.bounds["errorRate"] > 0.3


def test_the_ramp_is_held_back_by_what_is_least_known_and_not_by_what_stable_does_as_well() -> None:
    """The largest distance between an objective's bound and stable's own share in it."""
    rollout = Rollout()
    rollout.run(11, stable=(80, 10), canary=(7, 3))
    found = said(rollout)
    assert found.excess == pytest.approx(found.bounds["errorRate"] - 100 / 900)
    assert found.excess < found.bound


def test_without_requests_on_stable_the_reference_is_zero() -> None:
    rollout = Rollout()
    rollout.run(4, stable=(0, 0), canary=(9, 1))
    assert (said(rollout).reference, said(rollout).extra) == (0.0, 4.0)


def test_the_rate_is_that_of_the_last_minute() -> None:
    rollout = Rollout()
    assert rate(rollout.run(1)) == 0.0, "one look shows no rate"
    assert rate(rollout.run(1)) == pytest.approx(20)
    rollout.run(30, stable=(190, 0))
    assert rate(rollout.evidence) == pytest.approx(40)
    rollout.run(6, stable=(0, 0), canary=(0, 0))
    assert rate(rollout.evidence) == pytest.approx(20)
    assert len(rollout.evidence.flow) == 13


def test_the_rate_over_a_gap_is_an_average() -> None:
    rollout = Rollout()
    rollout.run(3)
    rollout.now += 95
    assert rate(rollout.run(1, stable=(1990, 0))) == pytest.approx(20)


def test_a_look_that_cannot_be_read_does_not_change_the_rate() -> None:
    rollout = Rollout()
    rollout.run(3)
    unlabelled = App("canary-2", "canary")
    unlabelled.count("http_requests_total", "", 1)
    rollout.apps.append(unlabelled)
    assert rate(rollout.run(2)) == pytest.approx(20)
    rollout.apps.remove(unlabelled)
    assert rate(rollout.run(1)) == pytest.approx(20)


def test_a_change_of_weight_is_told_to_the_test() -> None:
    steady, changing = Rollout(), Rollout()
    for rollout in (steady, changing):
        rollout.run(2)
    changing.weight = 20.0
    assert steady.run(2).tallies["errorRate"].bets.marks == 0
    assert changing.run(2).tallies["errorRate"].bets.marks == 1


def test_the_newest_sample_is_that_of_the_objective_that_is_furthest_behind() -> None:
    rollout = Rollout(objectives=(ERRORS, ORDERS))
    three(rollout)
    for app in rollout.apps:
        del app.counters["orders_total"], app.counters['orders_total{result="ok"}']
    rollout.run(2)
    assert newest(rollout.evidence) == rollout.now - 10


def test_evidence_given_up_for_other_objectives_is_not_forgotten() -> None:
    rollout = Rollout()
    rollout.run(2, canary=(10, 0))
    lost = said(rollout).odds
    assert lost < 1
    assert assess(begin((P99,), BEGUN, 10.0, carried=lost), (P99,), BEGUN).odds == lost
    assert assess(begin((P99,), BEGUN, 10.0, carried=50.0), (P99,), BEGUN).odds == 1.0


def test_of_the_first_look_at_a_fleet_that_serves_the_rate_is_known() -> None:
    """It holds several scrapes; a look with one scrape only does not show it."""
    rollout = Rollout(apps=[stable()], now=BEGUN - 30)
    for _ in range(5):
        rollout.stable.serve(100)
        rollout.now += 5
        rollout.prometheus.scrape(rollout.now, rollout.apps)
    rollout.stable.serve(100)
    rollout.tick()
    assert rollout.now == BEGUN
    assert rate(rollout.evidence) == pytest.approx(20)
    assert rollout.evidence.tallies["errorRate"].stable_requests == 500
    rollout.stable.serve(100)
    assert rate(rollout.tick()) == pytest.approx(20)
    assert rollout.evidence.calls == {"stable": 100}


def test_a_rate_is_that_of_whole_scrape_intervals() -> None:
    """Of 15 s scrapes every third look has samples; the rate must not be taken from a part of the pods."""
    apps = [stable(f"stable-{number}") for number in range(3)]
    evidence = begin([ERRORS], BEGUN)
    found = []
    for place in range(7):
        at = BEGUN + 5 * place
        apps[place % 3].serve(150)
        samples = (
            Sample(app.name, name, at, value)
            for app in [apps[place % 3]]
            for name, value in app.counters[ERRORS.total].items()
        )
        look = Look(at, 15.0, tuple(app.facts for app in apps), {ERRORS.total: tuple(samples)})
        evidence = learn(evidence, [ERRORS], look, "canary", 0.0)
        found.append(rate(evidence))
    assert found == [0, 0, 0, 0, 0, 30, 30]


def test_counters_stand_still_only_as_far_as_they_were_seen_to() -> None:
    rollout = Rollout()
    left = rollout.run(2).at or 0.0
    assert quiet(rollout.evidence, "canary", since=left) == 0
    rollout.run(1, canary=(1, 0))
    assert quiet(rollout.evidence, "canary", since=left) == 0, "a request after it left"
    rollout.run(2, canary=(0, 0))
    assert quiet(rollout.evidence, "canary", since=left) == 10
    assert quiet(rollout.evidence, "canary", since=left + 12) == 3
    assert quiet(rollout.evidence, "stable", since=left) == 0
    rollout.tick(scraped=[rollout.stable])
    assert quiet(rollout.evidence, "canary", since=left) == 10, "what was not scraped does not stand still"
    rollout.run(1, canary=(1, 0))
    assert quiet(rollout.evidence, "canary", since=left) == 0


def test_pods_without_a_counter_are_quiet_while_there_are_looks() -> None:
    rollout = Rollout()
    assert quiet(rollout.evidence, "canary", since=BEGUN) == 0
    rollout.run(2, canary=(0, 0))
    assert quiet(rollout.evidence, "canary", since=BEGUN) == 15, "the newest look is at 20, its scrape may be at 15"
    assert quiet(rollout.evidence, "unheard-of", since=BEGUN) == 0
