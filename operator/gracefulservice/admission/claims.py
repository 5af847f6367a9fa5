"""What two services of one namespace cannot both have: a route of one name, a host name of one Gateway, a Deployment.

both name the user's own route       fine: each changes only the rules that name its own Services
one makes a route the other names    refused: who made it leads all of its traffic to its own Services
both make routes for one host name   refused: of two such routes a Gateway heeds the older alone
both adopt one Deployment            refused: its pods and its Service can follow one of them alone
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from gracefulservice.api import Problem, Spec
from gracefulservice.rollout.plan import RouteRef, route_of

FIELD = "spec.traffic.routes[0].gatewayAPI"
ADOPTS = "spec.adopt.name"
Parent = Mapping[str, Any]


class Claim(NamedTuple):
    """What a service wants for itself: a route, and the name of a Deployment."""

    route: RouteRef | None = None
    adopts: str | None = None

    def beyond(self, before: "Claim") -> "Claim":
        """What is wanted that was not wanted before."""
        route = self.route if self.route != before.route else None
        return Claim(route, self.adopts if self.adopts != before.adopts else None)


def claim(name: str, spec: Mapping[str, Any]) -> Claim:
    """What a service claims; nothing where its spec cannot be read."""
    if not spec.get("traffic") and not spec.get("adopt"):
        return Claim()
    try:
        read = Spec.model_validate(spec)
    except ValidationError:
        return Claim()
    return Claim(route_of(name, read), read.adopt.name if read.adopt else None)


def conflicts(mine: Claim, namespace: str, others: Mapping[str, Claim]) -> Iterator[Problem]:
    """Why this service cannot have what it claims beside `others`, by the names of their services."""
    for name, theirs in others.items():
        if mine.adopts and mine.adopts == theirs.adopts:
            yield _adopted(mine.adopts, name)
    if mine.route:
        routes = {name: theirs.route for name, theirs in others.items() if theirs.route}
        yield from _one_route(mine.route, namespace, routes)


def _one_route(mine: RouteRef, namespace: str, others: Mapping[str, RouteRef]) -> Iterator[Problem]:
    for name, theirs in others.items():
        if mine.name == theirs.name and mine.ours != theirs.ours:
            yield _made_and_named(mine, name)
        elif mine.ours and theirs.ours and (place := _in_common(mine, theirs, namespace)):
            yield _two_for_one(name, *place)


def neighbours(mine: Claim, others: Mapping[str, Claim]) -> Iterator[Problem]:
    """What is worth knowing about the user's own route where others name it, too."""
    route = mine.route
    names = sorted(
        name for name, theirs in others.items() if route and theirs.route and theirs.route.name == route.name
    )
    if route and names:
        yield Problem(
            field=f"{FIELD}.name",
            sentence=f"HTTPRoute {route.name} is named by GracefulService {', '.join(names)} as well: each service "
            "moves only the weights of its own two Services, so the route needs a rule for each.",
        )


def _made_and_named(mine: RouteRef, other: str) -> Problem:
    """One of the two makes the route; the other takes it for the user's."""
    if mine.ours:
        return Problem(
            field=f"{FIELD}.parentRefs",
            sentence=f"The HTTPRoute {mine.name} that is made for these Gateways has the name of the route that "
            f"GracefulService {other} names as the user's own: rename that route, or name it here, too, and give it a "
            "rule for each service.",
        )
    return Problem(
        field=f"{FIELD}.name",
        sentence=f"HTTPRoute {mine.name} is made for GracefulService {other}, which leads all of its traffic to its "
        "own Services: name a route of your own that has a rule for each service.",
    )


def _adopted(deployment: str, other: str) -> Problem:
    return Problem(
        field=ADOPTS,
        sentence=f"Deployment {deployment} is adopted by GracefulService {other} already, and its pods can follow one "
        "service alone: leave spec.adopt out here, or delete that service first, which gives the Deployment back.",
    )


def _two_for_one(other: str, gateway: str, hosts: str) -> Problem:
    return Problem(
        field=f"{FIELD}.hostnames",
        sentence=f"GracefulService {other} has {hosts} on Gateway {gateway} already, and of two routes made for the "
        "same a Gateway heeds the older alone: choose another host name, or let both services name one HTTPRoute of "
        "your own that has a rule for each.",
    )


def _in_common(mine: RouteRef, theirs: RouteRef, namespace: str) -> tuple[str, str] | None:
    """The Gateway and the host names that both would have."""
    hosts = sorted({*map(str.lower, mine.hostnames)} & {*map(str.lower, theirs.hostnames)})
    if not hosts and (mine.hostnames or theirs.hostnames):
        return None
    gateways = (
        one["name"] for one in mine.parent_refs if any(_meet(one, other, namespace) for other in theirs.parent_refs)
    )
    gateway = next(gateways, None)
    return gateway and (gateway, f"the host name {', '.join(hosts)}" if hosts else "every host name")


def _meet(one: Parent, other: Parent, namespace: str) -> bool:
    """Whether two references lead to the same listener; one that names none leads to all of them."""
    gateways = [(ref.get("namespace", namespace), ref["name"]) for ref in (one, other)]
    return gateways[0] == gateways[1] and all(_agree((one.get(part), other.get(part))) for part in LISTENER)


LISTENER = ("sectionName", "port")


def _agree(given: Iterable[object]) -> bool:
    """Whether those that are given are the same."""
    return len({one for one in given if one is not None}) <= 1
