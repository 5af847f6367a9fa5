"""What happens in order when the pods of a service change: weights, pods and times, computed and not simulated."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gracefulservice.forecast.rehearsal import as_taken
from gracefulservice.rollout import ramp
from gracefulservice.rollout.capacity import ALL, canary_pods, least_weight, reachable
from gracefulservice.rollout.climb import CAP, NEAR_CAP
from gracefulservice.rollout.plan import Plan


@dataclass(frozen=True)
class Stage:
    """One weight of the way up, in percent as the router can give it, on so many canary pods; `hold` in seconds.

    `numbers` are the steps of the spec, from 1, and `asked` their weights: several where the router cannot tell them
    apart. The last stage is 100 % and belongs to no step, unless the spec lists it.
    """

    weight: float
    pods: int
    hold: float = 0.0
    pause: bool = False
    numbers: tuple[int, ...] = ()
    asked: tuple[float, ...] = ()


@dataclass(frozen=True)
class First:
    """The first weight of the budgeted ramp. `bound` says by what: `Budget`, `Router` (its smallest), or `Cap`.

    `cost` are the requests that fail before it can be taken back, if every request to the canary fails.
    """

    weight: float
    bound: str
    cost: float


@dataclass(frozen=True)
class Course:
    """Everything about the way that is known beforehand. Times in seconds, `reaction` until a weight is taken back."""

    stages: tuple[Stage, ...]
    first: First | None
    """None where steps say the weights, and where a route waits for somebody to call."""
    most_pods: int
    reaction: float


def course(plan: Plan, rate: float) -> Course:
    """The way of the next rollout by this plan, at `rate` user requests/s."""
    taken = as_taken(plan)
    found = tuple(stages(plan, taken)) if plan.replicas else ()
    at_first = rate * found[0].weight / ALL if found else 0.0
    return Course(
        stages=found,
        first=first(taken, rate) if plan.replicas and not plan.steps and (rate > 0 or not plan.weighted) else None,
        most_pods=most_pods(taken, found),
        reaction=plan.rhythm.tau + sampled_for(plan, at_first),
    )


def sampled_for(plan: Plan, rate: float) -> float:
    """Seconds until samples have condemned a version of which nothing is good, at so many canary requests/s."""
    policy = plan.sampling
    if policy is None or not rate:
        return 0.0
    enough = policy.consecutive_failures
    if policy.failure_limit is not None:
        enough = min(enough, policy.failure_limit + 1)
    return enough * max(policy.interval, policy.min_requests / rate)


def stages(plan: Plan, taken: Plan) -> Iterator[Stage]:
    """The steps as they are taken, and 100 %; of the ramp only what is known: its cap, and 100 %."""
    if not plan.steps:
        yield Stage(reachable(plan, CAP), canary_pods(plan, CAP))
        yield Stage(ALL, plan.replicas)
        return
    groups = merged(plan)
    for step, numbers in zip(taken.steps, groups, strict=True):
        pods = canary_pods(plan, step.weight, step.replicas)
        asked = tuple(plan.steps[number - 1].weight for number in numbers)
        yield Stage(reachable(plan, step.weight), pods, step.hold, step.pause, numbers, asked)
    if taken.steps[-1].weight < ALL:
        yield Stage(ALL, plan.replicas)


def merged(plan: Plan) -> list[tuple[int, ...]]:
    """The numbers of the steps, from 1, those together that the router cannot tell apart."""
    groups: list[list[int]] = []
    for number, step in enumerate(plan.steps, start=1):
        same = groups and reachable(plan, plan.steps[groups[-1][0] - 1].weight) == reachable(plan, step.weight)
        if same:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [tuple(group) for group in groups]


def first(plan: Plan, rate: float) -> First:
    """The ramp's first weight: by a ratio of pods one pod; behind a route what the budget allows."""
    least, tau = least_weight(plan), plan.rhythm.tau
    if plan.weighted:
        asked = ramp.first_weight(ramp.Ramp(budget=plan.budget, tau=tau, floor=least, cap=CAP, capacity=ALL), rate)
        weight = reachable(plan, asked)
    else:
        asked = weight = least
    bound = "Router" if asked <= least else "Cap" if asked >= CAP else "Budget"
    return First(weight, bound, rate * weight / 100 * tau)


def most_pods(plan: Plan, found: tuple[Stage, ...]) -> int:
    """The most pods at once, without those that leave.

    Behind a route stable stays whole. By a ratio of pods one of stable goes for each of the canary that is ready.
    """
    if plan.weighted:
        return plan.replicas + max((one.pods for one in found), default=0)
    if not found:
        return plan.replicas
    if plan.steps:
        return plan.replicas + max(after - before for before, after in pairwise([0, *(one.pods for one in found)]))
    half, lowest = canary_pods(plan, CAP), lowest_gate(plan)
    return plan.replicas + max(1, half - 1, plan.replicas - lowest)


def lowest_gate(plan: Plan) -> int:
    """The fewest canary pods from which the ramp may go to 100 %, by a ratio of pods."""
    enough = NEAR_CAP * reachable(plan, CAP)
    counts = range(1, canary_pods(plan, CAP) + 1)
    return next((count for count in counts if 100 * count / plan.replicas >= enough), 1)
