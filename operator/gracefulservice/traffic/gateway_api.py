"""HTTPRoutes of the Gateway API: reading the canary's share, and the smallest patch that changes it.

In every rule that names both of our Services only their two weights are ours:

    alone in the rule          rescaled to a sum of 1000: a tenth of a percent
    beside foreign backends    their sum is kept: one part of it is the granularity

Rules that name one of the two, or neither, are somebody else's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gracefulservice.api.names import EPOCH_ANNOTATION, FIELD_MANAGER, of_canary
from gracefulservice.errors import Stale
from gracefulservice.ports import Key, Object
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.rollout.seen import RouteSeen

TAKEN = ("Accepted", "ResolvedRefs")
"""The conditions by which a Gateway says that it has taken a route."""
OWN_SUM = 1000
"""Parts of a rule that is ours alone."""
LEAST_SUM = 100
"""Parts below which weights beside foreign backends are too coarse to begin with."""
ALL = 100.0

Operation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Split:
    """One rule that names both Services: where our two stand in it, and their weights."""

    rule: int
    stable: int
    canary: int
    weights: tuple[int, int]
    foreign: bool

    @property
    def found(self) -> int:
        """The sum of our two weights as it is."""
        return sum(self.weights)

    @property
    def share(self) -> float:
        """The canary's part of our two, in percent."""
        return self.weights[1] * ALL / self.found

    @property
    def sum(self) -> int:
        """The sum our two weights have once we write them."""
        return self.found if self.foreign else OWN_SUM

    def parts(self, weight: float) -> tuple[int, int]:
        """The two weights for `weight` percent; what is above 0 % or below 100 % stays so.

        >>> Split(0, 0, 1, (1, 0), foreign=False).parts(33.3)
        (667, 333)
        >>> Split(0, 0, 1, (90, 0), foreign=True).parts(0.2)
        (89, 1)
        """
        canary = round(weight * self.sum / ALL)
        if 0 < weight < ALL:
            canary = min(max(canary, 1), self.sum - 1)
        return self.sum - canary, canary

    def carries(self, weight: float) -> bool:
        """Whether the rule splits like that already, in whatever numbers."""
        return self.weights[1] * self.sum == self.parts(weight)[1] * self.found


def seen(route: Object | None, wanted: RouteRef, key: Key) -> RouteSeen:
    """What `route` (None: there is none) says about the traffic of the service `key`."""
    if route is None:
        return RouteSeen(weight=None, trouble="" if wanted.ours else _absent(wanted, key), absent=True)
    if trouble := _unusable(route, key):
        return RouteSeen(weight=None, trouble=trouble)
    found = splits(route, key)
    shares = [split.share for split in found]
    finest = granularity(found)
    return RouteSeen(
        weight=max(shares),
        acknowledged=max(shares) - min(shares) < finest and acknowledged(route),
        granularity=finest,
        trouble=refusal(route),
        set_by=set_by(route),
        rules=tuple(split.rule for split in found if not split.foreign),
    )


def set_by(route: Object) -> str:
    """Who besides us owns the rules, and since when they do; our own write takes them from everybody else.

    >>> entry = {"manager": "kubectl-edit", "time": "2026-01-02T03:04:05Z", "fieldsV1": {"f:spec": {"f:rules": {}}}}
    >>> set_by({"metadata": {"managedFields": [entry]}})
    'kubectl-edit at 2026-01-02T03:04:05Z'
    """
    owners = [
        (entry.get("time", ""), entry.get("manager", ""))
        for entry in route["metadata"].get("managedFields") or ()
        if "f:rules" in (entry.get("fieldsV1") or {}).get("f:spec", {}) and entry.get("manager") != FIELD_MANAGER
    ]
    return " at ".join(reversed(max(owners))) if owners else ""


def granularity(found: Sequence[Split]) -> float:
    """The smallest difference in percent that every rule can carry."""
    return max(ALL / split.sum for split in found)


def splits(route: Object, key: Key) -> list[Split]:
    """Every rule that splits traffic between our two Services."""
    names = (key.name, of_canary(key.name))
    found = []
    for index, rule in enumerate(_rules(route)):
        backends = rule.get("backendRefs") or []
        places = [_places(backends, name, key.namespace) for name in names]
        if all(places):
            found.append(_split(index, backends, places[0][0], places[1][0]))
    return [split for split in found if split.found]


def _split(rule: int, backends: Sequence[Object], stable: int, canary: int) -> Split:
    weights = (_weight(backends[stable]), _weight(backends[canary]))
    return Split(rule, stable, canary, weights, foreign=len(backends) > len(weights))


def _places(backends: Sequence[Object], name: str, namespace: str) -> list[int]:
    """Where among the backends the Service `name` stands."""
    return [
        place
        for place, backend in enumerate(backends)
        if backend["name"] == name
        and backend.get("kind", "Service") == "Service"
        and backend.get("group", "") == ""
        and backend.get("namespace", namespace) == namespace
    ]


def _weight(backend: Object) -> int:
    """A backend's weight; one that is not written means 1."""
    weight = backend.get("weight")
    return 1 if weight is None else int(weight)


def _rules(route: Object) -> Sequence[Object]:
    return route["spec"].get("rules") or ()


def _absent(wanted: RouteRef, key: Key) -> str:
    return (
        f"HTTPRoute {key.namespace}/{wanted.name} does not exist: create it, or correct the name in "
        "spec.traffic.routes, which during a rollout acts once you abort it."
    )


def _unusable(route: Object, key: Key) -> str:
    """Why weights cannot be put into this route, with the fix; empty when they can."""
    name = f"HTTPRoute {key.namespace}/{route['metadata']['name']}"
    canary = of_canary(key.name)
    if rule := _named_twice(route, key):
        return f"{name} names {key.name} or {canary} more than once in rule {rule}: leave each of them there once."
    found = splits(route, key)
    if not found:
        return (
            f"{name} splits no traffic between {key.name} and {canary}: name both as backendRefs of one "
            f"rule, {key.name} with weight 1 and {canary} with weight 0."
        )
    coarse = next((split for split in found if split.foreign and split.found < LEAST_SUM), None)
    if coarse:
        return (
            f"{name} gives {key.name} and {canary} together only {coarse.found} parts in rule "
            f"{coarse.rule + 1}, beside other backends, which is too coarse to split: multiply all weights "
            f"of that rule so that the two have at least {LEAST_SUM}."
        )
    return ""


def _named_twice(route: Object, key: Key) -> int:
    """The number of the first rule (from 1) that names one of ours twice beside the other; 0 if none does."""
    for number, rule in enumerate(_rules(route), start=1):
        backends = rule.get("backendRefs") or []
        counts = [len(_places(backends, name, key.namespace)) for name in (key.name, of_canary(key.name))]
        if min(counts) and max(counts) > 1:
            return number
    return 0


def acknowledged(route: Object) -> bool:
    """Whether every Gateway the route names has accepted this very generation, backends included."""
    wanted = [_parent(ref, route) for ref in route["spec"].get("parentRefs") or ()]
    answers = {_parent(parent["parentRef"], route): parent for parent in _parents(route)}
    return bool(wanted) and all(
        parent in answers and all(_holds(answers[parent], kind, route) for kind in TAKEN) for parent in wanted
    )


def refusal(route: Object) -> str:
    """What a Gateway has against this very generation of the route, in its own words; empty if nothing."""
    for parent in _parents(route):
        for condition in parent.get("conditions") or ():
            if condition["type"] in TAKEN and condition["status"] == "False" and _current(condition, route):
                return (
                    f"Gateway {parent['parentRef']['name']} does not take HTTPRoute "
                    f"{route['metadata']['namespace']}/{route['metadata']['name']} as it is "
                    f"({condition['type']} is False): {condition.get('message') or condition['reason']}"
                )
    return ""


def _parents(route: Object) -> Iterator[Object]:
    yield from (route.get("status") or {}).get("parents") or ()


def _parent(ref: Object, route: Object) -> tuple[Any, ...]:
    """A parent reference with its defaults, to compare by."""
    return (
        ref.get("group", "gateway.networking.k8s.io"),
        ref.get("kind", "Gateway"),
        ref.get("namespace", route["metadata"]["namespace"]),
        ref["name"],
        ref.get("sectionName"),
        ref.get("port"),
    )


def _holds(parent: Object, kind: str, route: Object) -> bool:
    return any(
        condition["type"] == kind and condition["status"] == "True" and _current(condition, route)
        for condition in parent.get("conditions") or ()
    )


def _current(condition: Object, route: Object) -> bool:
    return bool(condition.get("observedGeneration") == route["metadata"]["generation"])


def reweighed(route: Object, key: Key, weight: float) -> list[Operation]:
    """JSON Patch operations that give the canary `weight` percent; none where it has that already."""
    return [
        operation
        for split in splits(route, key)
        if not split.carries(weight)
        for place, name, parts in zip(
            (split.stable, split.canary), (key.name, of_canary(key.name)), split.parts(weight), strict=True
        )
        for operation in _backend(split.rule, place, name, parts)
    ]


def _backend(rule: int, place: int, name: str, parts: int) -> list[Operation]:
    """Change one weight, if the backend at that place is still the one that was meant."""
    path = f"/spec/rules/{rule}/backendRefs/{place}"
    return [
        {"op": "test", "path": f"{path}/name", "value": name},
        {"op": "add", "path": f"{path}/weight", "value": parts},
    ]


def signed(route: Object, epoch: str) -> list[Operation]:
    """Operations that put this leader's epoch on the route; none where it stands there already.

    An epoch is `number@lease`. A leader that was frozen and does not know that another one took over finds a
    higher number of the same lease, or a resource version that has moved: it is `Stale` and writes nothing.
    """
    annotations = route["metadata"].get("annotations")
    found = (annotations or {}).get(EPOCH_ANNOTATION, "")
    if _overtaken(found, epoch):
        raise Stale(f"A newer leader ({found}) carries on with HTTPRoute {route['metadata']['name']}.")
    if found == epoch:
        return []
    room = [] if annotations is not None else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
    path = "/metadata/annotations/" + EPOCH_ANNOTATION.replace("~", "~0").replace("/", "~1")
    return [*room, {"op": "add", "path": path, "value": epoch}]


def _overtaken(found: str, epoch: str) -> bool:
    """Whether `found` is a later epoch of the same lease; a new lease begins to count anew."""
    (their_number, _, their_lease), (number, _, lease) = found.partition("@"), epoch.partition("@")
    numbered = their_number.isdecimal() and number.isdecimal()
    return their_lease == lease and numbered and int(their_number) > int(number)
