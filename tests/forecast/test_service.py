"""A simulated service: who gets which requests, what pods count of them, what a look shows."""

from random import Random
from typing import Any

import pytest

from gracefulservice.forecast.faults import Faults, blamed, usual_share
from gracefulservice.forecast.service import BEGUN, OWN_SCRAPE, SCRAPE, Scenario, Service
from gracefulservice.rollout.reading import Look, read
from tests.rollout.builders import ERRORS, plan

SEVERAL = {
    "errorRate": {"max": "1%"},
    "latency": {"p50": "50ms", "p99": "300ms"},
    "custom": [{"name": "orders", "total": "orders_total", "good": 'orders_total{result="ok"}', "max": "2%"}],
}


def service(scenario: Scenario, objectives: object = ERRORS, **fields: Any) -> Service:
    """One whose canary pods are there since its beginning, and ready 4 s later."""
    made = Service(plan(objectives=objectives, **fields), scenario, Random(3))
    made.join("canary", BEGUN)
    return made


def test_users_are_spread_by_the_weight_and_a_fault_hits_both() -> None:
    """Of 1000 requests/s at 20 %, with a fault of half of all requests from 10 s to 20 s."""
    made = service(Scenario(1000, 0.0, 0.0, outage=(10, 20, 0.5)))
    made.reweigh(BEGUN + 10, 20.0)
    made.look(BEGUN + 60)
    old, new = made.pods
    assert new.requests == pytest.approx(200 * 47.5, rel=0.08)
    assert new.bad["errorRate"] == pytest.approx(1000, rel=0.15)
    assert old.bad["errorRate"] == pytest.approx(4000, rel=0.1)


def test_what_is_exposed_is_what_the_canary_alone_failed() -> None:
    """100 requests/s, all bad: 80 % for 5 s, nothing for 5 s, 20 % for 10 s; asked about once, at the end."""
    made = service(Scenario(100, 0.5, 1.0))
    for at, weight in ((10, 80.0), (15, 0.0), (20, 20.0), (30, 0.0)):
        made.reweigh(BEGUN + at, weight)
    assert made.exposed(BEGUN + 60) == pytest.approx(600, rel=0.1)


@pytest.mark.parametrize(("source", "scrape"), [("app", SCRAPE), ("pods", OWN_SCRAPE)])
def test_an_answer_holds_what_was_scraped_until_then(source: str, scrape: float) -> None:
    made = service(Scenario(10, 0.0, 0.0), metrics={"source": source})
    look = made.look(BEGUN + 20)
    ends = {sample.at for samples in look.samples.values() for sample in samples}
    assert BEGUN + 20 - scrape < max(ends) <= BEGUN + 20
    assert min(ends) > BEGUN - 10


def test_a_pod_is_known_before_it_is_ready() -> None:
    made = service(Scenario(10, 0.0, 0.0))
    early, late = (made.look(BEGUN + at).pods[1] for at in (2, 5))
    assert (early.ready_since, late.ready_since) == (None, BEGUN + 4)


def counted(look: Look, objectives: object) -> dict[str, tuple[float, float]]:
    """By objective, as the judge reads it: all requests and the counted part of the canary's only pod."""
    found = {}
    for one in plan(objectives=objectives).objectives:
        reading = read(one, look, "canary")
        total, part = (
            sum(sample.value for sample in of.get("canary-0", {}).values()) for of in (reading.total, reading.part)
        )
        found[one.name] = (total, part)
    return found


def test_each_objective_is_read_from_its_own_counters() -> None:
    """20 % bad means 20 % failed; the others are used by a fifth of what they allow, and counted as good ones."""
    made = service(Scenario(1000, 0.0, 0.2), SEVERAL)
    made.reweigh(BEGUN + 5, 50.0)
    found = counted(made.look(BEGUN + 60), SEVERAL)
    total = found["errorRate"][0]
    assert total == pytest.approx(500 * 52.5, rel=0.1)
    assert {pair[0] for pair in found.values()} == {total}
    shares = {name: part / total for name, (_, part) in found.items()}
    assert shares == pytest.approx({"errorRate": 0.2, "p50": 0.9, "p99": 0.998, "orders": 0.996}, rel=0.05)


def test_a_slow_request_breaks_the_shorter_limits_too() -> None:
    """Without an error rate the strictest limit of latency is the one that a bad version breaks."""
    slow = {"latency": {"p50": "50ms", "p99": "300ms", "p90": "400ms"}}
    objectives = plan(objectives=slow).objectives
    first = blamed(objectives)
    assert first is not None
    assert first.name == "p99"
    faults = Faults.of(objectives)
    assert faults.share("p50", 0.8) == 0.8
    assert faults.share("p90", 0.8) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("objectives", "share"),
    [(ERRORS, 0.002), ({"errorRate": {"max": "0.1%"}}, 0.0002), ({"errorRate": {"max": "20%"}}, 0.002), (None, 0.002)],
)
def test_a_sound_service_fails_a_fifth_of_what_is_allowed_and_never_many(objectives: object, share: float) -> None:
    assert usual_share(plan(objectives=objectives).objectives) == pytest.approx(share)


def test_a_guard_is_kept() -> None:
    guards = {"guards": [{"name": "queue", "promql": "q", "max": 5}, {"name": "free", "promql": "f", "min": 2}]}
    made = service(Scenario(10, 0.0, 0.0), ERRORS | guards)
    assert made.look(BEGUN + 5).gauges == {"queue": 5, "free": 2}
