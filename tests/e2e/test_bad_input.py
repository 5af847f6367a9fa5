"""What cannot work is said in one clear sentence; the version that serves is left alone, and nothing crashes."""

import json
from typing import Any

from tests.e2e.test_weighted import RAMP
from tests.support import plain, rights
from tests.support.place import Object, Place
from tests.support.services import V1, V2, Shop, condition, shop, steps

ROUTE = {"routes": [{"name": "web", "gatewayAPI": {"name": "shop-web"}}]}
OBJECTIVES = {"errorRate": {"max": "1%"}}


def served(service: Shop, **fields: Any) -> set[str]:
    """Bring version 1 up behind a route of the user's; the uids of its pods."""
    place = service.place
    place.apply(
        plain.route("shop-web", f"{place.namespace}.test", {"shop": 100, "shop-canary": 0}),
        shop(place.stage.shop_image, V1, replicas=2, traffic=ROUTE, **fields),
    )
    service.wait_for("Healthy")
    return uids(service)


def uids(service: Shop) -> set[str]:
    """The pods of version 1."""
    return {pod["metadata"]["uid"] for pod in service.pods("v1")}


def refused(place: Place, wanted: Object) -> str:
    """What `kubectl apply` says of an object that must not be taken."""
    done = place.stage.kubectl("apply", "-n", place.namespace, "-f", "-", input=json.dumps(wanted))
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_an_unknown_field_is_refused(place: Place) -> None:
    """A typo is named, not ignored."""
    wanted = shop(place.stage.shop_image, V1)
    wanted["spec"]["replica"] = 3
    assert 'unknown field "spec.replica"' in refused(place, wanted)


def test_steps_that_fall_are_refused(place: Place) -> None:
    """The sentence names the step and both weights."""
    said = refused(place, shop(place.stage.shop_image, V1, rollout=steps(50, 25)))
    assert "steps" in said
    assert "25" in said


def test_a_metric_that_does_not_exist_holds_the_rollout_at_zero(service: Shop) -> None:
    """The counter is named; the canary gets no request."""
    before = served(service, rollout=RAMP, objectives=OBJECTIVES, metrics={"app": {"requests": "no_such_total"}})
    service.change(V2)
    assert condition(service, "MetricsReadable", "False", "no_such_total")
    assert service.status["weight"]["observed"] == 0
    assert uids(service) == before


def test_a_prometheus_that_answers_errors_holds_the_rollout_at_zero(service: Shop) -> None:
    """An outage is neither good nor bad; the address and the answer are named."""
    place = service.place
    place.apply(
        plain.deployment("ill", place.stage.shop_image, {"VERSION": "ill", "ERROR_RATE": "1"}, replicas=1),
        plain.service("ill"),
    )
    url = place.address("ill").rstrip("/")
    before = served(service, rollout=RAMP, objectives=OBJECTIVES, metrics={"prometheus": {"url": url}})
    service.change(V2)
    assert condition(service, "MetricsReadable", "False", url)
    assert "RolledBack" not in service.reasons()
    assert service.status["weight"]["observed"] == 0
    assert uids(service) == before


def test_a_route_that_is_not_there_is_named(service: Shop) -> None:
    """Without its route a rollout does not start to move; the first version serves all the same."""
    place = service.place
    place.apply(shop(place.stage.shop_image, V1, replicas=2, traffic=ROUTE))
    assert condition(service, "RouteReady", "False", "shop-web")
    place.wait("Both pods of the first version", lambda: len(service.pods("v1")) == 2)


def test_a_right_that_is_missing_is_named_and_its_return_is_noticed(service: Shop) -> None:
    """Without the right to create an HTTPRoute the sentence says so; with it the service goes on by itself."""
    place = service.place
    made = {"parentRefs": [plain.GATEWAY], "hostnames": [f"{place.namespace}.test"]}
    ours = {"routes": [{"name": "web", "gatewayAPI": made}]}
    with rights.without(place.stage, "httproutes", "create"):
        place.apply(shop(place.stage.shop_image, V1, replicas=1, traffic=ours))
        said = condition(service, "Stalled", "True", "httproutes")
        assert "create" in said
        assert place.get("HTTPRoute", "shop") is None
        assert service.status["phase"] != "Healthy"
    service.wait_for("Healthy")
    assert place.get("HTTPRoute", "shop") is not None


def test_what_the_api_server_refuses_stands_in_a_condition(service: Shop) -> None:
    """A quota without room for the canary's Deployment: its own words are shown, and the old version serves on."""
    place = service.place
    before = served(service, rollout=RAMP)
    quota = {"metadata": {"name": "full"}, "spec": {"hard": {"count/deployments.apps": "1"}}}
    place.apply({"apiVersion": "v1", "kind": "ResourceQuota", **quota})
    place.wait("The quota counted", lambda: counted(place))
    service.change(V2)
    assert condition(service, "Stalled", "True", "exceeded quota")
    assert uids(service) == before


def counted(place: Place) -> bool:
    """Whether the quota knows how many Deployments there are."""
    done = place.stage.kubectl("get", "resourcequota", "full", "-n", place.namespace, "-o", "json")
    return bool(json.loads(done.stdout).get("status", {}).get("used"))
