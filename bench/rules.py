"""The usual threshold rules on the same kind of traffic: error rate over a window above the limit, so many times.

Modelled as the common tools are documented, and in their favour: they see every request at once, without scrapes
and without losing a first increment. The canary's weight rises by 5 % a minute from 5 % to 50 %.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from gracefulservice.forecast.draws import clustered, poisson
from gracefulservice.forecast.rehearsal import Outcome
from gracefulservice.forecast.service import Scenario

TICK = 5.0
LADDER = 5.0
"""Percent of each step, a minute long."""
HIGHEST = 50.0
REACTION = 1.0


@dataclass(frozen=True)
class Rule:
    """Every `every` s the errors of the last `window` s are compared with the limit; `failures` in all, or in a row."""

    name: str
    every: float
    window: float
    failures: int
    in_a_row: bool = False
    silence_fails: bool = False


RULES = (
    Rule("1 min window, 5 failures in all (as Flagger)", 60, 60, 5, silence_fails=True),
    Rule("5 min window, 4 failures in all (as Argo Rollouts)", 300, 300, 4),
    Rule("1 min window every 10 s, 3 in a row", 10, 60, 3, in_a_row=True),
)


def judged(rule: Rule, scenario: Scenario, seed: int, longest: float, limit: float = 0.01) -> Outcome:
    """How a release of `longest` s at most ends under a rule."""
    chance, windows, total, failures = Random(seed), [], 0, 0
    for tick in range(int(longest / TICK)):
        at = tick * TICK
        calls = scenario.rate * TICK * min(LADDER * (1 + at // 60), HIGHEST) / 100
        share = share_at(scenario, at)
        bad = clustered(chance, calls * share, scenario.cluster)
        windows.append((poisson(chance, calls * (1 - share)) + bad, bad))
        total += bad
        if (at + TICK) % rule.every:
            continue
        requests, errors = (sum(one) for one in zip(*windows[-int(rule.window / TICK) :], strict=True))
        failed = errors > limit * requests if requests else rule.silence_fails
        failures = failures + 1 if failed else 0 if rule.in_a_row else failures
        if failures >= rule.failures:
            late = poisson(chance, calls * share * REACTION / TICK)
            return Outcome(at + TICK, None, None, total + late)
    return Outcome(None, None, longest, total)


def share_at(scenario: Scenario, at: float) -> float:
    """The canary's share of failed requests."""
    outage = scenario.outage
    usual = max(outage[2], scenario.stable) if outage and outage[0] <= at < outage[1] else scenario.stable
    return max(scenario.canary, usual) if at >= scenario.onset else usual


def worst(measure: Callable[[Rule], float]) -> dict[str, float]:
    """A measure of every rule, by its name."""
    return {rule.name: measure(rule) for rule in RULES}
