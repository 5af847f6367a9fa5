"""Evidence is a value: it can be written down, read again and learned twice, and nothing changes."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout.judge import Evidence, assess, begin, learn, quiet
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.recall import unknown
from gracefulservice.rollout.verdict import Verdict
from tests.rollout.counters import ALL, BEGUN, ERRORS, App, Rollout, stable, three
from tests.rollout.natives import NativeApp, NativePrometheus, native
from tests.support.native_histogram import Native


def random_history(seed: int, ticks: int) -> Rollout:
    """A rollout with errors, restarts, missed scrapes and unsteady weights."""
    chance = random.Random(seed)
    rollout = Rollout(objectives=ALL)
    for _ in range(ticks):
        if chance.random() < 0.1:
            rollout.canary.restart(rollout.now + 1)
        rollout.weight = chance.choice([rollout.weight, 20.0, 50.0])
        if chance.random() < 0.2:
            rollout.tick(scraped=[])
        three(rollout, errors=chance.randrange(3), slow=chance.randrange(3), failed_orders=chance.randrange(2))
    return rollout


def native_history(seed: int, ticks: int) -> Rollout:
    """The same with native histograms that become coarser, in the end too coarse for the limit."""
    chance = random.Random(seed)
    apps: list[App] = [native("stable-1", "stable", Native(8), 9000.0), native("canary-1", "canary", Native(5))]
    rollout = Rollout(objectives=ALL, apps=apps, prometheus=NativePrometheus())
    for _ in range(ticks):
        app = chance.choice(rollout.apps)
        assert isinstance(app, NativeApp)
        if chance.random() < 0.4:
            app.native.coarsen()
        if chance.random() < 0.1:
            rollout.canary.restart(rollout.now + 1)
        rollout.canary.serve(chance.randrange(9), seconds=chance.choice((0.05, 0.31, 0.33)))
        three(rollout, errors=chance.randrange(3), slow=chance.randrange(3), failed_orders=chance.randrange(2))
    return rollout


HISTORIES = [random_history, native_history]


def rewritten(evidence: Evidence) -> Evidence:
    """As after a restart of the operator: through the JSON of a status, whose numbers have no `.0`."""
    wire = json.loads(evidence.model_dump_json(by_alias=True))
    return Evidence.model_validate_json(json.dumps(shortest(wire)))


def shortest(value: object) -> object:
    """Numbers as Kubernetes stores them: a whole one is an integer."""
    if isinstance(value, dict):
        return {key: shortest(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shortest(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("history", HISTORIES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), crashes=st.sets(st.integers(0, 30)), repeats=st.sets(st.integers(0, 30)))
def test_crashes_and_repeated_looks_change_nothing(
    history: Callable[[int, int], Rollout], seed: int, crashes: set[int], repeats: set[int]
) -> None:
    rollout = history(seed, 12)
    plain = broken = begin(ALL, BEGUN)
    for index, look in enumerate(rollout.looks):
        plain = learn(plain, ALL, look, "canary", 10.0)
        broken = learn(rewritten(broken) if index in crashes else broken, ALL, look, "canary", 10.0)
        if index in repeats:
            assert learn(broken, ALL, look, "canary", 10.0) == broken
    assert rewritten(broken) == broken == plain
    assert rewritten(broken).model_dump_json() == plain.model_dump_json()
    assert assess(broken, ALL, rollout.now) == assess(plain, ALL, rollout.now)


@pytest.mark.parametrize("history", HISTORIES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_samples_and_pods_does_not_matter(history: Callable[[int, int], Rollout], seed: int) -> None:
    """Prometheus answers in any order."""
    rollout, chance = history(seed, 8), random.Random(seed)
    plain = mixed = begin(ALL, BEGUN)
    for look in rollout.looks:
        plain = learn(plain, ALL, look, "canary", 10.0)
        shuffled = {name: tuple(chance.sample(several, len(several))) for name, several in look.samples.items()}
        pods = tuple(chance.sample(look.pods, len(look.pods)))
        mixed = learn(mixed, ALL, replace(look, samples=shuffled, pods=pods), "canary", 10.0)
    assert mixed == plain


def test_evidence_from_before_stable_was_compared_is_understood() -> None:
    """What it knows goes on to count; the comparison begins now."""
    rollout = Rollout()
    rollout.run(5)
    written = json.loads(rollout.evidence.model_dump_json(by_alias=True))
    for tally in written["tallies"].values():
        del tally["case"]
        tally["stable"] = [minute[:3] for minute in tally["stable"]]
    again = Evidence.model_validate_json(json.dumps(written))
    tally, before = again.tallies["errorRate"], rollout.evidence.tallies["errorRate"]
    assert (tally.bets, tally.requests, tally.stable_requests) == (before.bets, before.requests, before.stable_requests)
    assert unknown({"evidence": written}, {"evidence": again.model_dump(mode="json", by_alias=True)}) == ""
    rollout.evidence = again
    rollout.run(3, canary=(0, 10))
    assert assess(rollout.evidence, (ERRORS,), rollout.now).verdict is Verdict.FAIL


def test_an_older_look_teaches_nothing() -> None:
    rollout = Rollout()
    before = rollout.run(5)
    assert learn(before, rollout.objectives, rollout.looks[2], "canary", 10.0) == before


def test_an_outage_ends_with_the_next_answer_even_an_old_one() -> None:
    rollout = Rollout()
    before = rollout.run(5)
    down = learn(before, (ERRORS,), Look(rollout.now + 5, 5.0, outage="Prometheus answers 503."), "canary", 10.0)
    assert down.outage == "Prometheus answers 503."
    assert learn(down, (ERRORS,), rollout.looks[-1], "canary", 10.0) == before


def test_it_fits_into_a_status() -> None:
    """Twenty pods with sixteen series each and long numbers, with all windows full."""
    apps = [stable(f"shop-7f9c6d5b8c-{index:05d}") for index in range(16)]
    apps += [App(f"shop-5d4e3f2a1b-{index:05d}", "canary") for index in range(4)]
    rollout = Rollout(objectives=ALL, apps=apps)
    for _ in range(60):
        for app in apps:
            for code in ("200", "201", "204", "301", "304", "400", "401", "404", "500", "503"):
                app.serve(123_456_789, code=code)
        three(rollout)
    series = sum(len(of_pod) for one in rollout.evidence.tallies.values() for of_pod in one.total.values())
    written = rollout.evidence.model_dump_json(by_alias=True)
    assert series >= 20 * 11
    assert len(written) < 40_000


def test_evidence_from_before_pods_were_told_apart_is_understood() -> None:
    """Nothing of it is lost, and a drain that it was in the middle of ends no sooner."""
    rollout = Rollout()
    rollout.run(5)
    left = rollout.now
    rollout.run(2, canary=(0, 0))
    written = json.loads(rollout.evidence.model_dump_json(by_alias=True))
    for revision, pods in written["fleets"].items():
        (pulse,) = pods.values()
        written["fleets"][revision] = pulse
    written["fleets"]["unheard-of"] = [None, None]
    again = Evidence.model_validate_json(json.dumps(written))
    assert again.model_copy(update={"fleets": {}}) == rollout.evidence.model_copy(update={"fleets": {}})
    assert quiet(again, "canary", left) == quiet(rollout.evidence, "canary", left) == 10
    assert again.fleets["unheard-of"] == {}
    assert unknown({"evidence": written}, {"evidence": again.model_dump(mode="json", by_alias=True)}) == ""
    rollout.evidence = again
    rollout.run(1, canary=(0, 0))
    assert quiet(rollout.evidence, "canary", left) == 0, "who of them stood still is not known"


@pytest.mark.parametrize("goal", ALL)
def test_objectives_survive_being_written_down(goal: Objective) -> None:
    assert Objective.model_validate_json(goal.model_dump_json(by_alias=True)) == goal
