"""How many pods a weight needs, and whether a weight is really there.

A weighted router splits requests, so the canary needs its share of the capacity beside a whole stable fleet.
A replica ratio splits pods: 25 % of 4 replicas is 1 canary pod and 3 stable ones; 1 replica can only be
halved, by one pod of each.
"""

from math import ceil, floor

from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import RouteSeen, Seen

ALL = 100.0


def canary_pods(plan: Plan, weight: float, replicas: int | None = None) -> int:
    """Canary pods that `weight` percent needs, at least one; a step's own `replicas` wins."""
    if weight >= ALL:
        return plan.replicas
    if plan.weighted:
        return replicas or max(ceil(plan.replicas * weight / ALL - 1e-9), 1)
    return min(max(floor(plan.replicas * weight / ALL + 0.5), 1), max(plan.replicas - 1, 1))


def stable_pods(plan: Plan, weight: float) -> int:
    """Stable pods beside a canary that carries `weight` percent."""
    if plan.weighted:
        return plan.replicas
    return 0 if weight >= ALL else max(plan.replicas - canary_pods(plan, weight), 1)


def reachable(plan: Plan, weight: float) -> float:
    """The weight the router really gives for `weight`: the ratio of pods, or a tenth of a percent."""
    if weight >= ALL or weight <= 0:
        return max(min(weight, ALL), 0.0)
    if plan.weighted:
        return max(round(weight, 1), 0.1)
    canary = canary_pods(plan, weight)
    return round(ALL * canary / (canary + stable_pods(plan, weight)), 1)


def least_weight(plan: Plan) -> float:
    """The smallest weight above zero that the router can give."""
    return reachable(plan, 1e-6)


def visible(plan: Plan, seen: Seen, canary: str) -> int:
    """Ready canary pods that also stand in the endpoints of the Service which brings them traffic."""
    service = seen.canary_service if plan.weighted else seen.stable_service
    if plan.weighted and not service.only(canary):
        return 0
    return min(seen.fleet(canary).ready, service.endpoints.get(canary, 0))


def carried(plan: Plan, seen: Seen, canary: str, stable: str | None) -> float | None:
    """The canary's weight as it really is, in percent; None while nobody can say."""
    if plan.weighted:
        return seen.route.weight if seen.route and seen.route.acknowledged else None
    endpoints = seen.stable_service.endpoints
    theirs, ours = endpoints.get(stable or "", 0), endpoints.get(canary, 0)
    return ALL * ours / (ours + theirs) if ours + theirs else None


def expresses(route: RouteSeen, share: float, weight: float) -> bool:
    """Whether `share` is what the route makes of `weight`: the nearest it can, though neither nothing nor all."""
    least = route.granularity
    nearest = min(max(weight, least), ALL - least) if 0 < weight < ALL else weight
    return abs(share - nearest) <= least / 2 + 1e-6


def reached(plan: Plan, seen: Seen, canary: str, stable: str | None, weight: float) -> bool:
    """Whether `weight` was really observed: acknowledged by every gateway, or there in ready pods."""
    if plan.weighted:
        share = carried(plan, seen, canary, stable)
        return share is not None and seen.route is not None and expresses(seen.route, share, weight)
    endpoints = seen.stable_service.endpoints
    there, needed = endpoints.get(canary, 0), canary_pods(plan, weight)
    exact = there == needed or (weight >= ALL and there > needed)  # more pods of the only revision change no share
    return exact and endpoints.get(stable or "", 0) == stable_pods(plan, weight)
