"""What one objective counts over the looks of a rollout."""

import pytest

from gracefulservice.rollout.objective import Counts, custom
from gracefulservice.rollout.tally import Minute, Tally, count
from gracefulservice.rollout.verdict import Cause
from tests.rollout.counters import BEGUN, ERRORS, ORDERS, P99, App, Rollout, stable


def tally(rollout: Rollout) -> Tally:
    return rollout.evidence.tallies[rollout.objectives[0].name]


def counted(rollout: Rollout) -> tuple[float, float, float, float]:
    """Canary's requests and bad ones, stable's requests and bad ones."""
    found = tally(rollout)
    return found.requests, found.bad, found.stable_requests, found.stable_bad


def test_both_arms_are_counted_and_stable_begins_with_a_baseline() -> None:
    rollout = Rollout()
    rollout.run(4, stable=(90, 1), canary=(8, 2))
    assert counted(rollout) == (40, 8, 273, 3)


def test_a_canary_that_only_fails_is_seen_at_once() -> None:
    """The series of good answers does not exist: that is not "no data"."""
    rollout = Rollout()
    rollout.run(1, canary=(0, 10))
    assert counted(rollout)[:2] == (10, 10)


def test_the_first_error_of_a_series_is_not_lost() -> None:
    rollout = Rollout()
    rollout.run(3)
    rollout.run(1, canary=(10, 3))
    assert counted(rollout)[:2] == (43, 3)


def test_errors_are_counted_over_restarts() -> None:
    rollout = Rollout()
    for _ in range(3):
        rollout.run(1, canary=(2, 5))
        rollout.canary.restart(rollout.now + 1)
        rollout.run(1, canary=(0, 1))
    found = counted(rollout)
    assert found[1] >= 15
    assert found[0] >= found[1]


def test_no_pod_waits_for_a_series_that_its_last_life_took_along() -> None:
    rollout = Rollout()
    rollout.run(2, canary=(10, 1))
    rollout.canary.restart(rollout.now + 1)
    rollout.run(1, canary=(7, 0))
    assert counted(rollout)[:2] == (29, 2)


def test_what_was_counted_of_a_dead_pod_stays_and_only_its_last_scrape_is_missing() -> None:
    """Prometheus never saw the three errors after it; what was counted before is not taken back (H-24)."""
    dying = App("canary-0", "canary")
    rollout = Rollout(apps=[stable(), dying, App("canary-1", "canary")])
    dying.serve(5, code="500")
    rollout.run(2)
    dying.serve(3, code="500")
    rollout.apps.remove(dying)
    rollout.run(2)
    assert counted(rollout)[:2] == (45, 5)


def test_custom_bad_is_total_minus_good() -> None:
    rollout = Rollout(objectives=(ORDERS,))
    for app in rollout.apps:
        app.count("orders_total", "", 100)
        app.count('orders_total{result="ok"}', 'result="ok"', 90)
    rollout.tick()
    assert counted(rollout) == (100, 10, 0, 0)


def test_custom_without_any_good_one_is_all_bad() -> None:
    rollout = Rollout(objectives=(ORDERS,))
    rollout.stable.count("orders_total", "", 100)
    rollout.stable.count('orders_total{result="ok"}', 'result="ok"', 100)
    rollout.canary.count("orders_total", "", 20)
    rollout.tick()
    assert counted(rollout)[:2] == (20, 20)


def test_a_counter_of_the_bad_ones_needs_no_series_before_the_first() -> None:
    goal = custom("orders", 0.02, "orders_total", "orders_failed_total", Counts.BAD)
    rollout = Rollout(objectives=(goal,))
    rollout.canary.count("orders_total", "", 20)
    rollout.tick()
    rollout.canary.count("orders_total", "", 20)
    rollout.canary.count("orders_failed_total", "", 4)
    rollout.tick()
    assert counted(rollout)[:2] == (40, 4)


def test_an_older_pod_whose_good_ones_appear_only_now_is_not_all_bad() -> None:
    rollout = Rollout(objectives=(ORDERS,), apps=[stable(), stable("stable-2"), App("canary-1", "canary")])
    known, late = rollout.apps[:2]
    known.count('orders_total{result="ok"}', 'result="ok"', 9)
    known.count("orders_total", "", 9)
    late.count("orders_total", "", 50)
    rollout.tick()
    late.count("orders_total", "", 50)
    late.count('orders_total{result="ok"}', 'result="ok"', 100)
    rollout.tick()
    late.count("orders_total", "", 10)
    late.count('orders_total{result="ok"}', 'result="ok"', 8)
    rollout.tick()
    assert counted(rollout) == (0, 0, 10, 2)


def test_more_bad_than_all_is_all() -> None:
    goal = custom("orders", 0.02, "orders_total", "orders_failed_total", Counts.BAD)
    rollout = Rollout(objectives=(goal,))
    rollout.canary.count("orders_total", "", 20)
    rollout.canary.count("orders_failed_total", "", 30)
    rollout.tick()
    assert counted(rollout)[:2] == (20, 20)


@pytest.mark.parametrize(
    ("sentence", "ready_since", "slow"),
    [
        ("a pod that was ready for its warm-up before its first request counts from then", BEGUN - 20, 30.0),
        ("the first 30 s after Ready are left out", BEGUN + 14, 15.0),
        ("an increment that begins within the warm-up is left out whole", BEGUN + 16, 10.0),
        ("a pod that is not ready is left out", None, 0.0),
    ],
)
def test_latency_leaves_the_warm_up_out(sentence: str, ready_since: float | None, slow: float) -> None:
    """Five slow requests per tick, in ticks at BEGUN + 15, 20 … 60."""
    rollout = Rollout(objectives=(P99,))
    rollout.canary.ready_since = ready_since
    for _ in range(4):
        rollout.tick()
    for _ in range(6):
        rollout.canary.serve(5, seconds=0.4)
        rollout.tick()
    assert counted(rollout)[:2] == (slow, slow), sentence


def test_errors_count_from_birth_warm_or_not() -> None:
    rollout = Rollout(objectives=(ERRORS,))
    rollout.canary.ready_since = None
    rollout.run(1, canary=(0, 5))
    assert counted(rollout)[:2] == (5, 5)


def test_slow_are_those_beyond_the_edge() -> None:
    rollout = Rollout(objectives=(P99,))
    rollout.canary.ready_since = BEGUN - 100
    for seconds in (0.05, 0.3, 0.31, 2.0):
        rollout.canary.serve(1, seconds=seconds)
    rollout.tick()
    assert counted(rollout)[:2] == (4, 2)


def test_stable_is_compared_over_its_last_ten_minutes() -> None:
    rollout = Rollout()
    rollout.run(24, stable=(0, 10))
    assert counted(rollout)[2:] == (230, 230)
    rollout.run(144, stable=(10, 0))
    requests, bad = counted(rollout)[2:]
    assert bad == 0
    assert 1080 <= requests <= 1200, "between nine and ten minutes of 10 requests per tick"
    assert len(tally(rollout).stable) <= 10


def test_minutes_begin_on_the_minute() -> None:
    rollout = Rollout(now=BEGUN + 5)
    rollout.run(3)
    assert tally(rollout).stable == (Minute(9960.0, 90.0, 0.0), Minute(10020.0, 90.0, 0.0))


def test_an_unreadable_look_is_counted_later_and_not_lost() -> None:
    rollout = Rollout()
    rollout.run(2, canary=(10, 1))
    before = tally(rollout)
    unlabelled = App("canary-2", "canary")
    unlabelled.count("http_requests_total", "", 1)
    rollout.apps.append(unlabelled)
    rollout.run(2, canary=(10, 1))
    assert tally(rollout) == before
    rollout.apps.remove(unlabelled)
    rollout.run(1, canary=(10, 1))
    assert counted(rollout)[:2] == (55, 5)


def test_a_ready_canary_pod_that_is_not_scraped_any_more_is_stale() -> None:
    rollout = Rollout(apps=[stable(), App("canary-2", "canary"), App("canary-1", "canary")])
    rollout.apps[1].serve(1)
    rollout.run(2)
    for tick in range(4):
        rollout.stable.serve(9)
        rollout.tick(scraped=[rollout.stable, rollout.canary])
        causes = [problem.cause for problem in rollout.evidence.problems]
        assert causes == ([Cause.STALE] if tick == 3 else [])
    assert "pod canary-2" in rollout.evidence.problems[0].sentence
    assert "20 s old" in rollout.evidence.problems[0].sentence


@pytest.mark.parametrize("which", ["stable", "unready"])
def test_other_pods_that_are_not_scraped_are_not(which: str) -> None:
    rollout = Rollout(apps=[stable(), stable("stable-2"), App("canary-2", "canary"), App("canary-1", "canary")])
    rollout.run(2)
    quiet = rollout.apps[1 if which == "stable" else 2]
    quiet.serve(1)
    rollout.tick()
    if which == "unready":
        quiet.ready_since = None
    for _ in range(6):
        rollout.tick(scraped=[app for app in rollout.apps if app is not quiet])
    assert rollout.evidence.problems == ()


def test_a_canary_pod_that_can_never_be_counted_is_stale() -> None:
    rollout = Rollout(objectives=(ORDERS,))
    rollout.canary.count("orders_total", "", 9)
    rollout.prometheus.scrape(BEGUN + 12, [rollout.canary])
    del rollout.canary.counters["orders_total"]
    for tick in range(4):
        rollout.canary.count('orders_total{result="ok"}', 'result="ok"', 1)
        rollout.tick()
        problems = rollout.evidence.problems
        assert [problem.cause for problem in problems] == ([Cause.STALE] if tick >= 1 else [])


def test_requests_are_counted_per_revision() -> None:
    rollout = Rollout()
    rollout.run(2)
    rollout.stable.serve(4)
    rollout.prometheus.scrape(rollout.now + 5, rollout.apps)
    look = rollout.prometheus.look(rollout.now + 5, rollout.apps)
    found = count(tally(rollout), ERRORS, look, "canary", begun=BEGUN, reweighted=False)
    assert found.calls == {"stable": 4, "canary": 0}
