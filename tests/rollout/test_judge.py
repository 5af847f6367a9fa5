"""From looks to verdicts: what is Pass, what is Fail, what is neither and why."""

from collections.abc import Callable

import pytest

from gracefulservice.rollout.judge import LIMIT, assess, begin, learn, rate
from gracefulservice.rollout.objective import latency
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import Sample
from gracefulservice.rollout.verdict import Cause, Problem, Verdict
from tests.rollout.counters import ALL, BEGUN, DURATIONS, ERRORS, ORDERS, P99, App, Rollout, said, stable, three


def test_a_bad_canary_fails_with_its_numbers_in_a_sentence() -> None:
    rollout = Rollout()
    rollout.run(3, stable=(1000, 0), canary=(0, 0))
    rollout.run(1, stable=(1036, 1), canary=(14, 2))
    rollout.run(2, stable=(1036, 1), canary=(15, 3))
    rollout.run(1, stable=(1036, 1), canary=(0, 0))
    found = said(rollout)
    assert (found.verdict, found.cause, found.gate_open) == (Verdict.FAIL, None, False)
    assert found.odds >= LIMIT == found.limit == 100
    assert found.sentence == (
        "15,223 : 1 against, limit 100 : 1: 8 of 52 canary requests failed, stable 3 of 6,147; "
        "largest part: error rate vs stable, 15.4 % where stable has 0.0488 %."
    )


def test_without_stable_the_objective_alone_condemns_at_once() -> None:
    rollout = Rollout(weight=100.0)
    rollout.run(2, stable=(0, 0), canary=(40, 8))
    assert said(rollout).verdict is Verdict.FAIL
    assert said(rollout).sentence == (
        "93,603 : 1 against, limit 100 : 1: 16 of 96 canary requests failed, stable 0 of 0; "
        "largest part: error rate, 16.7 % where 1 % is allowed."
    )


def test_a_good_canary_passes_once_enough_was_seen() -> None:
    rollout = Rollout()
    rollout.run(26)
    early = said(rollout)
    assert (early.verdict, early.cause) == (Verdict.INCONCLUSIVE, Cause.LEARNING)
    assert early.sentence == (
        "Too early to tell: 0 of 260 canary requests failed, stable 0 of 2,250; "
        "the share is at most 2.01 %, and up to 2 % is good enough."
    )
    rollout.run(1)
    found = said(rollout)
    assert (found.verdict, found.cause, found.gate_open) == (Verdict.PASS, None, True)
    assert found.sentence.startswith("Good enough: 0 of 270 canary requests failed, stable 0 of 2,340;")


@pytest.mark.parametrize("canary", [(0, 10), (8, 2), (9, 1)])
def test_bad_versions_are_never_passed_on_the_way(canary: tuple[int, int]) -> None:
    rollout = Rollout()
    for _ in range(40):
        rollout.run(1, canary=canary)
        if said(rollout).verdict is Verdict.FAIL:
            return
        assert said(rollout).verdict is Verdict.INCONCLUSIVE
    pytest.fail("never condemned")


def silent(rollout: Rollout) -> None:
    rollout.run(4, canary=(0, 0))


def no_series(rollout: Rollout) -> None:
    rollout.run(4, stable=(0, 0), canary=(0, 0))


def traffic_ended(rollout: Rollout) -> None:
    rollout.run(30)
    rollout.run(13, stable=(0, 0), canary=(0, 0))


def scrapes_ended(rollout: Rollout) -> None:
    rollout.run(30)
    for _ in range(4):
        rollout.tick(scraped=[])


def prometheus_down(rollout: Rollout) -> None:
    rollout.run(30)
    down = Look(rollout.now + 5, 5.0, outage="Prometheus answers 503.")
    rollout.evidence = learn(rollout.evidence, rollout.objectives, down, "canary", rollout.weight)


def no_code(rollout: Rollout) -> None:
    rollout.canary.count("http_requests_total", 'method="GET"', 1)
    rollout.run(30)


def found_by_the_source(rollout: Rollout) -> None:
    rollout.run(30)
    two = Problem(cause=Cause.UNREADABLE, sentence="Two series of one pod differ only in the label job.")
    rollout.tick(problems=(two,))


@pytest.mark.parametrize(
    ("sentence", "story", "cause", "words"),
    [
        (
            "no canary request",
            silent,
            Cause.NO_TRAFFIC,
            "No canary request has been counted for error rate yet (stable 270)",
        ),
        ("a metric that does not exist", no_series, Cause.SERIES_MISSING, "no series of http_requests_total"),
        ("traffic that ended", traffic_ended, Cause.NO_TRAFFIC, "No request has been counted in the last minute."),
        ("scrapes that ended", scrapes_ended, Cause.STALE, "20 s old, more than three scrape intervals of 5 s."),
        ("Prometheus down", prometheus_down, Cause.OUTAGE, "Prometheus answers 503."),
        ("errors that cannot be told", no_code, Cause.LABEL_MISSING, 'without the label "code"'),
        ("what the source says", found_by_the_source, Cause.UNREADABLE, "Two series of one pod"),
    ],
)
def test_no_data_is_neither_good_nor_bad(
    sentence: str, story: Callable[[Rollout], None], cause: Cause, words: str
) -> None:
    rollout = Rollout()
    story(rollout)
    found = said(rollout)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, cause), sentence
    assert words in found.sentence


@pytest.mark.parametrize("story", [traffic_ended, scrapes_ended, prometheus_down, found_by_the_source])
def test_when_the_data_come_back_so_does_the_verdict(story: Callable[[Rollout], None]) -> None:
    rollout = Rollout()
    story(rollout)
    rollout.run(1)
    assert said(rollout).verdict is Verdict.PASS


@pytest.mark.parametrize("story", [scrapes_ended, prometheus_down, found_by_the_source])
def test_what_was_seen_stays_seen_when_the_data_end(story: Callable[[Rollout], None]) -> None:
    rollout = Rollout()
    rollout.run(5, canary=(0, 10))
    story(rollout)
    assert said(rollout).verdict is Verdict.FAIL


def test_before_any_weight_nothing_is_expected_of_the_canary() -> None:
    rollout = Rollout(weight=0.0)
    silent(rollout)
    assert said(rollout).cause is Cause.LEARNING


def test_nothing_is_known_at_the_beginning() -> None:
    found = assess(begin(ALL, BEGUN), ALL, BEGUN)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, Cause.NO_TRAFFIC)
    assert (found.odds, found.bound, found.rate, found.newest) == (1.0, 1.0, 0.0, None)


def test_an_operator_that_did_not_look_for_a_while_has_stale_evidence() -> None:
    rollout = Rollout()
    rollout.run(30)
    assert said(rollout, later=5 * 5.0).verdict is Verdict.PASS, "late, but within what one look more may take"
    assert said(rollout, later=5 * 5.0 + 1).cause is Cause.STALE


def test_an_objective_that_everything_meets_needs_data_all_the_same() -> None:
    """Twice the allowed share of a median is all requests, which is what is known before the first."""
    median = latency("p50", 0.3, DURATIONS, warmup=0.0)
    rollout = Rollout(objectives=(ERRORS, median), weight=0.0)
    rollout.canary.ready_since = None
    rollout.run(30)
    assert said(rollout).bounds["errorRate"] <= 0.02 < said(rollout).bounds["p50"] == 1.0
    assert said(rollout).cause is Cause.LEARNING


@pytest.mark.parametrize(
    ("worst", "bad", "words"),
    [
        ("errorRate", {"errors": 3}, "canary requests failed"),
        ("p99", {"slow": 3}, "canary requests took longer than 300 ms"),
        ("orders", {"failed_orders": 3}, "canary requests were bad for orders"),
    ],
)
def test_one_broken_objective_of_three_is_found_and_named(worst: str, bad: dict[str, int], words: str) -> None:
    rollout = Rollout(objectives=ALL)
    rollout.canary.ready_since = BEGUN - 60
    ticks = 0
    while said(rollout).verdict is not Verdict.FAIL:
        three(rollout, **bad)
        ticks += 1
        assert ticks < 12
    assert said(rollout).worst == worst
    assert words in said(rollout).sentence


def test_evidence_is_the_average_over_the_objectives() -> None:
    one, all_three = Rollout(), Rollout(objectives=ALL)
    for rollout in (one, all_three):
        three(rollout, errors=2)
    p99, orders = (assess(all_three.evidence, (goal,), BEGUN).odds for goal in (P99, ORDERS))
    assert said(all_three).odds == pytest.approx((said(one).odds + p99 + orders) / 3)


def test_all_objectives_must_be_shown_to_be_met() -> None:
    rollout = Rollout(objectives=(ERRORS, P99))
    rollout.canary.ready_since = BEGUN + 10 + 5 * 20 - 30
    rollout.run(35)
    assert said(rollout).bounds["errorRate"] <= 0.02 < said(rollout).bounds["p99"]
    assert said(rollout).cause is Cause.LEARNING
    rollout.run(20)
    assert said(rollout).verdict is Verdict.PASS


def test_a_late_canary_pod_does_not_hide_behind_good_ones() -> None:
    """One of four canary pods is bad: the canary as a whole is."""
    apps = [stable(), *(App(f"canary-{index}", "canary") for index in range(4))]
    rollout = Rollout(apps=apps)
    ticks = 0
    while said(rollout).verdict is not Verdict.FAIL:
        for app in apps[1:4]:
            app.serve(10)
        rollout.run(1, canary=(0, 10))
        ticks += 1
        assert ticks < 20
    assert said(rollout).errors / said(rollout).requests == pytest.approx(0.25)


def young_fleet(scraped: int, at: float) -> Look:
    """Four stable pods that serve 25 requests/s each since 3 s before the rollout; the first `scraped` were seen."""
    pods = tuple(App(f"s{number}", "stable", created=BEGUN - 6, ready_since=BEGUN - 3).facts for number in range(4))
    counts = tuple(Sample(pod.name, 'code="200"', at, 25 * (at - BEGUN + 3)) for pod in pods[:scraped])
    return Look(at=at, interval=5.0, pods=pods, samples={ERRORS.total: counts})


def test_the_rate_of_requests_is_never_taken_from_a_part_of_the_fleet() -> None:
    """Too low a rate would make the first weight, and the damage of a bad version, too large."""
    evidence = begin([ERRORS], BEGUN)
    for scraped, at in ((1, BEGUN), (1, BEGUN + 5), (4, BEGUN + 10)):
        evidence = learn(evidence, [ERRORS], young_fleet(scraped, at), "canary", 0.0)
        assert rate(evidence) == 0.0, "some pods' requests are not known yet"
    evidence = learn(evidence, [ERRORS], young_fleet(4, BEGUN + 15), "canary", 0.0)
    assert rate(evidence) == 100.0
