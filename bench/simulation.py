"""What is measured: false alarms, errors exposed, time to the gate, late regressions, one bad pod of many."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from statistics import mean
from typing import Any

from bench.figures import Figure
from bench.rules import RULES, judged
from gracefulservice.forecast.chances import percentile
from gracefulservice.forecast.rehearsal import Outcome, Rehearsal
from gracefulservice.forecast.service import Scenario
from gracefulservice.rollout.plan import Plan, build

RUNS = 100
REPLICAS = 10
RATES = (10.0, 100.0, 1000.0)
BADNESS = (0.02, 0.05, 0.2, 1.0)
HEALTHY = 0.001
FALSE_ALARMS = 0.1
"""Percent of releases of an identical version that may be rolled back."""
MEAN_ERRORS, MOST_ERRORS = 24.0, 40.0
GATE = 90.0
"""Seconds from the first weight to 100 %, for 95 of 100 healthy releases from 100 requests/s on."""
LONG_STEP = [{"weight": 5, "hold": "1h"}]
ONSET = 600.0
FOUND = 60.0
"""Seconds after which a late regression to 20 % must be found from 100 requests/s on."""

Group = tuple[str, tuple[Scenario, ...]]


def identical() -> Iterator[Group]:
    """Versions that are no worse than stable, in good and in bad times."""
    rates = (1.0, *RATES)
    yield "independent errors", tuple(Scenario(rate, p, p) for rate, p in product(rates, (0.001, 0.005, 0.01)))
    for size in (4, 8):
        yield f"errors in clusters of {size}", tuple(Scenario(rate, 0.005, 0.005, cluster=size) for rate in RATES)
    for share, seconds, pods in ((0.05, 180, 1), (0.5, 60, 1), (0.5, 60, 3), (1.0, 20, 3)):
        outage = (20.0, 20.0 + seconds, share)
        several = tuple(Scenario(rate, HEALTHY, HEALTHY, outage=outage, pods=pods) for rate in RATES)
        pods_of = f"{pods} pod" if pods == 1 else f"{pods} pods"
        yield f"shared outage of {seconds} s, {share:.0%} fail, {pods_of} each", several


def released(scenario: Scenario, runs: int, steps: bool = False) -> list[Outcome]:
    """So many releases, each with a seed of its own."""
    plan = plan_of(steps=LONG_STEP) if steps else plan_of()
    return [Rehearsal(plan, scenario, seed).run() for seed in range(runs)]


def plan_of(limit: str = "1%", steps: list[dict[str, Any]] | None = None) -> Plan:
    """The plan of a service with an error rate and a route, by steps or by the budgeted ramp."""
    container = {"name": "app", "image": "shop:2", "ports": [{"containerPort": 8080}]}
    built = build(
        "shop",
        {
            "replicas": REPLICAS,
            "template": {"spec": {"containers": [container]}},
            "traffic": {"routes": [{"name": "web", "gatewayAPI": {"name": "shop"}}]},
            "objectives": {"errorRate": {"max": limit}},
            "rollout": {"canary": {"steps": steps} if steps else {"errorBudget": 20}},
        },
    )
    if not isinstance(built, Plan):
        raise TypeError(f"The simulated service has a wrong spec: {built}")
    return built


def false_alarms(runs: int) -> Iterator[Figure]:
    """The share of good versions that are rolled back; before 100 % was reached, where stable cannot tell any more."""
    for name, scenarios in identical():
        found = [one for scenario in scenarios for one in released(scenario, runs)]
        alarms = sum(one.rolled_back is not None and one.gate is None for one in found)
        yield Figure(f"false rollbacks, {name} ({len(found)} releases)", 100 * alarms / len(found), "%", FALSE_ALARMS)
        late = sum(one.rolled_back is not None and one.gate is not None for one in found)
        yield Figure(f"… of them in the bake, {name}", 100 * late / len(found), "%")
        for rule in RULES:
            wrong = [judged(rule, one, seed, 1800) for one in scenarios for seed in range(runs)]
            share = 100 * mean(one.rolled_back is not None for one in wrong)
            yield Figure(f"… by the rule {rule.name}", share, "%")


def errors_exposed(runs: int) -> Iterator[Figure]:
    """How many requests fail on a bad version until it has no weight any more."""
    for badness, rate in product(BADNESS, RATES):
        name = f"{badness:.0%} bad at {rate:g} req/s"
        scenario = Scenario(rate, HEALTHY, badness)
        found = released(scenario, runs)
        errors = [one.errors for one in found]
        yield Figure(f"errors exposed, {name}, mean", mean(errors), "requests", MEAN_ERRORS)
        yield Figure(f"errors exposed, {name}, 99th percentile", percentile(errors, 0.99), "requests", MOST_ERRORS)
        missed = 100 * mean(one.rolled_back is None for one in found)
        yield Figure(f"not rolled back, {name}", missed, "%", 0.0)
        for rule in RULES:
            usual = [judged(rule, scenario, seed, 1800).errors for seed in range(runs)]
            yield Figure(f"… errors by the rule {rule.name}", mean(usual), "requests")


def time_to_gate(runs: int) -> Iterator[Figure]:
    """How long a healthy release takes from its first weight to 100 %."""
    for rate in RATES:
        times = [one.gate or 1800.0 for one in released(Scenario(rate, HEALTHY, HEALTHY), runs)]
        target = GATE if rate >= 100 else None
        name = f"healthy release to the gate, {rate:g} req/s"
        yield Figure(f"{name}, median", percentile(times, 0.5), "s")
        yield Figure(f"{name}, 95th percentile", percentile(times, 0.95), "s", target)


def late_onset(runs: int) -> Iterator[Figure]:
    """How long after it begins a regression is found that begins 600 s after the first weight, at a step of 5 %."""
    for badness, rate in product((0.05, 0.2), RATES):
        found = released(Scenario(rate, HEALTHY, badness, onset=ONSET), max(runs // 5, 20), steps=True)
        times = [(one.rolled_back or 1800.0) - ONSET for one in found]
        target = FOUND if rate >= 100 and badness >= 0.2 else None
        yield Figure(f"late regression to {badness:.0%} found, {rate:g} req/s, mean", mean(times), "s", target)


def one_bad_pod(runs: int) -> Iterator[Figure]:
    """The share of releases rolled back in which one of twenty pods fails 10 % of its requests."""
    for rate in RATES[1:]:
        scenario = replace(Scenario(rate, HEALTHY, 0.1), pods=20, broken=1)
        found = released(scenario, max(runs // 10, 20))
        caught = 100 * mean(one.rolled_back is not None for one in found)
        yield Figure(f"one of 20 pods 10% bad, {rate:g} req/s, rolled back", caught, "%")


PARTS: tuple[Callable[[int], Iterator[Figure]], ...] = (
    false_alarms,
    errors_exposed,
    time_to_gate,
    late_onset,
    one_bad_pod,
)


def measured(runs: int = RUNS) -> Iterator[Figure]:
    """All figures, as they come."""
    for part in PARTS:
        yield from part(runs)
