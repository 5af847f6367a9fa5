"""Reading what Gateways say of a route."""

import copy
from typing import Any

import jsonpatch
import pytest

from gracefulservice.cluster.kinds import Object
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.traffic.gateway_api import Split, reweighed, seen
from tests.support.fake_controllers import acknowledgements
from tests.traffic.routes import GATEWAY, backend, ours, owner, route, rule

USERS = RouteRef(name="front", ours=False)


def taken(*rules: dict[str, Any], parents: list[dict[str, Any]] | None = None) -> Object:
    """A route that every Gateway has taken."""
    body = route(*rules, generation=5)
    body["spec"]["parentRefs"] = parents or [dict(GATEWAY)]
    return body | {"status": {"parents": list(acknowledgements(body))}}


def set_condition(body: Object, parent: int, condition: int, **changes: Any) -> Object:
    """The same route, where one Gateway says something else."""
    changed = copy.deepcopy(body)
    changed["status"]["parents"][parent]["conditions"][condition] |= changes
    return changed


def test_a_taken_route_is_acknowledged() -> None:
    """Every parent says Accepted and ResolvedRefs of this very generation."""
    assert seen(taken(ours(1, 0)), USERS, owner().key).acknowledged


@pytest.mark.parametrize("condition", [0, 1])
@pytest.mark.parametrize("parent", [0, 1])
@pytest.mark.parametrize("changes", [{"observedGeneration": 4}, {"status": "Unknown"}, {"status": "False"}])
def test_one_gateway_that_has_not_taken_it_is_enough_to_wait(
    parent: int, condition: int, changes: dict[str, Any]
) -> None:
    """Each condition of each parent counts, and only for the generation that is there."""
    body = taken(ours(1, 0), parents=[dict(GATEWAY), {"name": "inner", "sectionName": "http"}])
    assert seen(body, USERS, owner().key).acknowledged
    assert not seen(set_condition(body, parent, condition, **changes), USERS, owner().key).acknowledged


def test_a_gateway_that_has_said_nothing_yet_is_waited_for() -> None:
    """A parent in the spec without an answer in the status."""
    body = taken(ours(1, 0))
    body["spec"]["parentRefs"].append({"name": "second"})
    assert not seen(body, USERS, owner().key).acknowledged


def test_a_gateway_that_the_route_has_left_counts_no_more() -> None:
    """Its old answer stays in the status until its controller has cleaned up."""
    body = taken(ours(1, 0), parents=[dict(GATEWAY), {"name": "second"}])
    body = set_condition(body, 1, 0, observedGeneration=4)
    body["spec"]["parentRefs"].pop()
    assert seen(body, USERS, owner().key).acknowledged


def test_a_route_without_gateways_is_acknowledged_by_nobody() -> None:
    """Nobody carries its traffic."""
    body = taken(ours(1, 0))
    body["spec"]["parentRefs"] = []
    assert not seen(body, USERS, owner().key).acknowledged


def test_the_gateways_own_words_are_passed_on() -> None:
    """Who refuses, what, and why."""
    body = set_condition(taken(ours(1, 0)), 0, 1, status="False", message="Service default/shop not found")
    assert seen(body, USERS, owner().key).trouble == (
        "Gateway web does not take HTTPRoute default/front as it is (ResolvedRefs is False): "
        "Service default/shop not found"
    )


def test_a_refusal_of_an_older_generation_is_no_trouble() -> None:
    """It speaks of a route that is no more; only the acknowledgement is missing."""
    found = seen(set_condition(taken(ours(1, 0)), 0, 1, status="False", observedGeneration=4), USERS, owner().key)
    assert (found.trouble, found.acknowledged) == ("", False)


def test_rules_that_disagree_show_the_largest_share_and_are_not_acknowledged() -> None:
    """Nothing may be scaled below it, and no step counts on it."""
    found = seen(taken(ours(90, 10), ours(700, 300)), USERS, owner().key)
    assert (found.weight, found.acknowledged) == (30.0, False)


def test_rules_of_different_granularity_agree_as_far_as_they_can() -> None:
    """33 of 100 is as near to 33.3 % as a hundred parts come."""
    foreign = backend("cdn", 1)
    found = seen(
        taken(ours(667, 333), rule(backend("shop", 67), backend("shop-canary", 33), foreign)), USERS, owner().key
    )
    assert (found.weight, found.acknowledged, found.granularity) == (33.3, True, 1.0)


def test_a_weight_is_only_put_on_the_backend_that_was_meant() -> None:
    """Each change is tested by the backend's name: where they have changed places, nothing is changed at all."""
    patch = reweighed(route(ours(1, 0)), owner().key, 20.0)
    moved = route(rule(backend("shop-canary", 0), backend("shop", 1)))
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.apply_patch(moved, patch)
    for place in (0, 1):
        one = [operation for operation in patch if f"/backendRefs/{place}/" in operation["path"]]
        with pytest.raises(jsonpatch.JsonPatchTestFailed):
            jsonpatch.apply_patch(moved, one)


@pytest.mark.parametrize(("weight", "canary"), [(0, 0), (0.04, 1), (0.1, 1), (12.34, 123), (99.96, 999), (100, 1000)])
def test_weights_are_rounded_to_parts_but_never_to_nothing_or_to_all(weight: float, canary: int) -> None:
    """A little traffic stays a little, and almost all never becomes all."""
    assert Split(0, 0, 1, (1, 0), foreign=False).parts(weight) == (1000 - canary, canary)


def entry(manager: str, time: str, *fields: str, **more: str) -> dict[str, object]:
    """Who owns which fields of the spec since when."""
    return {"manager": manager, "time": time, "fieldsV1": {"f:spec": {f"f:{field}": {} for field in fields}}, **more}


@pytest.mark.parametrize(
    ("entries", "who"),
    [
        (None, ""),
        ([], ""),
        ([entry("gracefulservice", "2026-01-03T00:00:00Z", "rules")], ""),
        ([entry("helm", "2026-01-01T00:00:00Z", "rules", "hostnames")], "helm at 2026-01-01T00:00:00Z"),
        ([entry("helm", "2026-01-01T00:00:00Z", "hostnames")], ""),
        (
            [entry("argo", "2026-01-02T00:00:00Z", "rules"), entry("helm", "2026-01-01T00:00:00Z", "rules")],
            "argo at 2026-01-02T00:00:00Z",
        ),
        ([{"manager": "envoy-gateway", "subresource": "status", "fieldsV1": {"f:status": {"f:parents": {}}}}], ""),
        ([{"manager": "old"}], ""),
    ],
)
def test_who_wrote_the_rules_last_besides_us(entries: list[dict[str, object]] | None, who: str) -> None:
    """By name and time, so that a second write of the same is another one."""
    body = route(ours(1, 0)) if entries is None else route(ours(1, 0), managedFields=entries)
    assert seen(body, USERS, owner().key).set_by == who


def test_only_rules_of_our_two_alone_say_what_our_users_got() -> None:
    """What backends of others answer behind the same rule is not told apart."""
    shared = rule(backend("shop", 67), backend("shop-canary", 33), backend("cdn", 1))
    body = taken(rule(backend("cdn", 1)), shared, ours(667, 333))
    assert seen(body, USERS, owner().key).rules == (2,)
