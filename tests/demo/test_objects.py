"""What the demonstration applies is valid, and its versions differ in what they should differ in."""

from typing import Any

import yaml

from examples.demo import objects
from examples.demo.objects import BAD, FIRST, GOOD, NAME
from gracefulservice.rollout import plan
from gracefulservice.rollout.plan import Plan


def shop(version: objects.Version) -> dict[str, Any]:
    """The object as it reaches the API server."""
    return dict(yaml.safe_load(objects.shop("registry.example/shop:1", version)))


def planned(version: objects.Version) -> Plan:
    """What the operator makes of it."""
    found = plan.build(NAME, shop(version)["spec"])
    assert isinstance(found, Plan), found
    return found


def environment(version: objects.Version) -> dict[str, str]:
    """The switches of the sample service."""
    found = shop(version)["spec"]["template"]["spec"]["containers"][0]["env"]
    return {one["name"]: one["value"] for one in found}


def test_the_object_has_the_times_and_limits_that_are_promised() -> None:
    found = planned(FIRST)
    assert (found.warmup, found.bake, found.contract.delay, found.budget) == (3.0, 15.0, 5.0, 20)
    assert not found.steps
    assert [(one.name, one.max_share, one.edge) for one in found.objectives] == [
        ("errorRate", 0.01, None),
        ("p99", 0.01, 1.0),
    ]


def test_each_version_is_a_revision_of_its_own() -> None:
    assert len({planned(version).revision.id for version in (FIRST, GOOD, BAD)}) == 3


def test_the_bad_version_fails_a_fifth_of_its_answers() -> None:
    bad, good = environment(BAD), environment(GOOD)
    assert (bad["VERSION"], bad["ERROR_RATE"]) == ("v3", "0.2")
    assert (good["VERSION"], good["ERROR_RATE"]) == ("v2", "0")
    assert {name for name in bad if bad[name] != good.get(name)} == {"VERSION", "ERROR_RATE"}


def test_the_route_is_the_one_that_the_object_names() -> None:
    route = yaml.safe_load(objects.route("demo-1.test"))
    named = shop(FIRST)["spec"]["traffic"]["routes"][0]["gatewayAPI"]["name"]
    backends = route["spec"]["rules"][0]["backendRefs"]
    assert route["metadata"]["name"] == named
    assert route["spec"]["hostnames"] == ["demo-1.test"]
    assert [(one["name"], one["weight"]) for one in backends] == [(NAME, 100), (f"{NAME}-canary", 0)]
