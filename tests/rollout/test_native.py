"""A revision judged by native histograms: the same counts as by classic buckets, and never wrong ones."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.api import Samples
from gracefulservice.metrics.native import boundary
from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.objective import Objective, latency
from gracefulservice.rollout.sampling import learn
from gracefulservice.rollout.tally import Tally
from gracefulservice.rollout.verdict import Cause, Verdict
from tests.rollout.counters import DURATIONS, EDGES, ERRORS, P99, App, Rollout, said, stable
from tests.rollout.natives import NativeApp, NativePrometheus, custom, native
from tests.support.native_histogram import Native

OLD = 9000.0
TIMES = (0.001, 0.05, 0.2, 0.29, 0.31, 0.33, 0.45, 0.7, 3.0)


def natively(canary: Native, before: Native, goals: Sequence[Objective] = (P99,)) -> Rollout:
    """A rollout whose pods both have native histograms."""
    apps: list[App] = [native("stable-1", "stable", before, OLD), native("canary-1", "canary", canary)]
    return Rollout(objectives=goals, apps=apps, prometheus=NativePrometheus())


def classically(*edges: float, limit: float = 0.3) -> Rollout:
    """The same with classic buckets."""
    shown = [*sorted({*EDGES[:-1], *map(repr, edges)}, key=float), "+Inf"]
    apps = [replace(stable(), edges=shown), App("canary-1", "canary", edges=shown)]
    return Rollout(objectives=(latency("p99", limit, DURATIONS, warmup=30.0),), apps=apps)


def live(seed: int, *rollouts: Rollout, ticks: int = 14) -> None:
    """The same requests, restarts and missed scrapes for all of them."""
    chance = random.Random(seed)
    for _ in range(ticks):
        served = [(chance.choice((0, -1)), chance.choice(TIMES), chance.randrange(1, 40)) for _ in range(6)]
        restarts, missed = chance.random() < 0.1, chance.random() < 0.15
        for rollout in rollouts:
            if restarts:
                rollout.canary.restart(rollout.now + 1)
            for place, seconds, times in served:
                rollout.apps[place].serve(times, seconds=seconds)
            rollout.tick(scraped=[] if missed else None)


def tally(rollout: Rollout) -> Tally:
    return rollout.evidence.tallies["p99"]


def counted(evidence: Evidence) -> tuple[object, ...]:
    """All that a verdict comes from."""
    found = evidence.tallies["p99"]
    return found.requests, found.bad, found.stable, found.bets, found.case, evidence.flow, evidence.problems


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_custom_buckets_count_as_the_classic_ones_they_were_made_of(seed: int) -> None:
    classic, converted = classically(), natively(custom(), custom())
    live(seed, classic, converted)
    assert counted(converted.evidence) == counted(classic.evidence)
    assert tally(classic).bad > 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), schemas=st.tuples(st.integers(3, 8), st.integers(3, 8)))
def test_every_fine_schema_counts_as_a_classic_bucket_at_its_boundary(seed: int, schemas: tuple[int, int]) -> None:
    """Though it becomes coarser on the way, each pod for itself."""
    edge = boundary(0.3)
    classic = classically(edge, limit=edge)
    exponential = natively(Native(schemas[0]), Native(schemas[1]))
    chance = random.Random(seed)
    for step in range(6):
        live(seed + step, classic, exponential, ticks=3)
        for app in exponential.apps:
            assert isinstance(app, NativeApp)
            if app.native.schema > 3 and chance.random() < 0.5:
                app.native.coarsen()
    assert counted(exponential.evidence) == counted(classic.evidence)


def test_the_boundary_that_is_counted_at_is_named() -> None:
    """In what was counted; the limit beside it."""
    rollout = natively(Native(5), Native(3))
    for _ in range(20):
        rollout.stable.serve(90)
        rollout.canary.serve(10, seconds=0.31)
        rollout.tick()
    assert (tally(rollout).bad, tally(rollout).requests > 100) == (0, True)
    for _ in range(10):
        rollout.stable.serve(90)
        rollout.canary.serve(10, seconds=0.4)
        rollout.tick()
    assert said(rollout).verdict is Verdict.FAIL
    assert "canary requests took longer than 324.2 ms (limit 300 ms), stable 0 of" in said(rollout).sentence


def test_a_sample_names_the_boundary_as_well() -> None:
    """Where the user goes by samples."""
    rollout, known = natively(Native(4), Native(4)), None
    for _ in range(16):
        rollout.stable.serve(90)
        rollout.canary.serve(10, seconds=0.4)
        rollout.tick()
        known = learn(known, Samples.model_validate({"interval": "10s"}), rollout.objectives, rollout.evidence)
    assert known is not None
    assert "of the newest 20 canary requests took longer than 324.2 ms (limit 300 ms) (latency p99" in known.last


def test_at_a_boundary_nothing_but_the_limit_is_named() -> None:
    """It is one of every schema."""
    goal = latency("p99", 0.5, DURATIONS, warmup=30.0)
    rollout = natively(Native(3), Native(6), (goal,))
    rollout.prometheus = NativePrometheus(limits=frozenset({0.5}))
    for _ in range(20):
        rollout.stable.serve(90)
        rollout.canary.serve(10, seconds=0.51)
        rollout.tick()
    assert "canary requests took longer than 500 ms, stable 0 of" in said(rollout).sentence


def test_a_schema_that_becomes_too_coarse_holds_and_counts_nothing() -> None:
    """What was counted until then stays, and what comes after is neither good nor bad."""
    rollout = natively(Native(3), Native(3), (ERRORS, P99))
    canary = rollout.canary
    assert isinstance(canary, NativeApp)

    def serve(ticks: int) -> None:
        for _ in range(ticks):
            rollout.stable.serve(90, seconds=0.31)
            canary.serve(10, seconds=0.31)
            rollout.tick()

    serve(12)
    before = tally(rollout)
    assert (before.requests, before.bad) == (70, 0)
    canary.native.coarsen()
    for _ in range(12):
        serve(1)
        assert (tally(rollout).requests, tally(rollout).bad) == (70, 0)
        assert said(rollout).cause is Cause.BUCKET_MISMATCH
    assert said(rollout).sentence == (
        "The limit of latency p99 is 300 ms, but no bucket of http_request_duration_seconds_bucket ends there; the "
        "nearest end at 297 ms and 353 ms: set the limit to one of them, or let the native histogram have a schema of "
        "3 or finer."
    )
    canary.native = Native(3)
    canary.restarts, canary.started = 1, rollout.now + 1
    serve(8)
    assert (said(rollout).cause, tally(rollout).bad) == (Cause.LEARNING, 0)


@pytest.mark.parametrize("schema", [2, 1, 0, -1, -4])
def test_a_schema_that_is_too_coarse_from_the_beginning_is_told(schema: int) -> None:
    rollout = natively(Native(schema), Native(schema))
    for _ in range(10):
        rollout.stable.serve(90, seconds=0.31)
        rollout.canary.serve(10, seconds=0.31)
        rollout.tick()
        assert said(rollout).cause is Cause.BUCKET_MISMATCH
    assert tally(rollout).requests == 0


def test_stable_too_coarse_to_be_compared_is_left_out() -> None:
    """As one whose classic histogram lacks the bucket: the limit alone judges."""
    rollout = natively(Native(4), Native(1))
    for _ in range(12):
        rollout.stable.serve(90, seconds=0.31)
        rollout.canary.serve(10, seconds=0.31)
        rollout.tick()
    assert (tally(rollout).requests, tally(rollout).stable_requests) == (70, 0)
    assert (tally(rollout).bad, said(rollout).verdict) == (0, Verdict.INCONCLUSIVE)


def test_a_converted_histogram_is_compared_with_the_classic_one_that_it_was() -> None:
    """The next version has a native one with the same buckets."""
    apps = [stable(), native("canary-1", "canary", custom())]
    rollout = Rollout(objectives=(P99,), apps=apps, prometheus=NativePrometheus())
    for _ in range(12):
        rollout.stable.serve(90, seconds=0.4)
        rollout.canary.serve(10, seconds=0.4)
        rollout.tick()
    assert (tally(rollout).bad, tally(rollout).stable_bad) == (70, 1080 - 90)


def test_pods_whose_buckets_end_elsewhere_are_not_compared() -> None:
    """Stable at its limit, the canary a little above: it would look better than it is."""
    apps = [stable(), native("canary-1", "canary", Native(3))]
    rollout = Rollout(objectives=(P99,), apps=apps, prometheus=NativePrometheus())
    for _ in range(12):
        rollout.stable.serve(90)
        rollout.canary.serve(10)
        rollout.tick()
    assert said(rollout).cause is Cause.BUCKET_MISMATCH
    assert said(rollout).sentence == (
        "The limit of latency p99 is 300 ms, and buckets of http_request_duration_seconds_bucket end at 300 ms "
        "(pod stable-1) and 324.2 ms (pod canary-1), so the pods cannot be compared: set it to a limit at which all of "
        "them have one, like 250 ms or 500 ms."
    )
    assert tally(rollout).requests == 0


def test_counts_do_not_go_on_from_those_of_another_bucket() -> None:
    """The same pods, and a scrape configuration that was changed."""
    rollout = natively(custom(), custom())
    for _ in range(12):
        rollout.stable.serve(90, seconds=0.31)
        rollout.canary.serve(10, seconds=0.31)
        rollout.tick()
    before = tally(rollout)
    assert (before.requests, before.bad) == (70, 70)
    for app, total in zip(rollout.apps, (1080, 120), strict=True):
        assert isinstance(app, NativeApp)
        app.native = Native(3)
        app.native.observe(0.31, total)
    for _ in range(8):
        rollout.stable.serve(90, seconds=0.31)
        rollout.canary.serve(10, seconds=0.31)
        rollout.tick()
        assert tally(rollout) == before
        assert said(rollout, later=1.0).verdict is not Verdict.PASS
    assert (
        "of pod stable-1 was counted up to 300 ms and has a bucket up to 324.2 ms now, so the counts do not go on"
        in rollout.evidence.problems[0].sentence
    )


def test_pods_without_requests_say_nothing_yet() -> None:
    """A histogram of which every bucket is empty has no series, as a classic one with labels."""
    rollout = natively(Native(3), Native(3))
    for _ in range(8):
        rollout.stable.serve(90)
        rollout.tick()
    assert said(rollout).cause is Cause.NO_TRAFFIC
    rollout.canary.serve(10)
    rollout.tick()
    assert tally(rollout).requests == 10


def test_a_restart_without_requests_yet_counts_nothing_twice() -> None:
    """The new life shows no buckets at all at first."""
    rollout = natively(Native(3), Native(3))
    for step in range(14):
        rollout.stable.serve(90)
        rollout.canary.serve(10 if step not in (10, 11) else 0)
        if step == 10:
            rollout.canary.restart(rollout.now + 1)
        rollout.tick()
    assert (tally(rollout).requests, tally(rollout).bad) == (70, 0)
