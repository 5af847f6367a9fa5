"""A service takes the place of a live Deployment, and gives it back, and nobody notices."""

from collections.abc import Callable
from typing import Any

from tests.e2e.test_control import HASTY
from tests.e2e.test_deletion import delete, gone
from tests.support import plain
from tests.support.autoscaling import NAME, autoscaler, sampled
from tests.support.place import Object, Place
from tests.support.services import V1, V2, Shop, leaving, ready, shop, version_of
from tests.support.site import flowing, inside, tailed

OLD = "shop-before"
PODS, SURGE = 4, 1
PLAIN = {"apiVersion": "apps/v1", "kind": "Deployment", "name": OLD}
PATIENCE = 480.0
"""Seconds for four times a pod's start, delay and drain, on a starved machine."""


def running(place: Place) -> Object:
    """The Deployment as people write it, whose program ends the moment it is told to, with Service and autoscaler."""
    front = plain.service("shop")
    front["spec"]["selector"] = {"app": OLD}
    image = place.stage.shop_image
    scaler = autoscaler(PLAIN, PODS, PODS + 2, "200m")
    place.apply(plain.deployment(OLD, image, HASTY | V1, PODS), front, scaler)
    place.wait("The Deployment's pods", lambda: ready(place.all("Pod", f"app={OLD}")) == PODS)
    return front


def standing(place: Place) -> int:
    """Pods that are not on their way out, whosever they are."""
    return sum(not leaving(pod) for pod in place.all("Pod"))


def adopted(service: Shop) -> str:
    """What the condition says once the Deployment's place is taken."""

    def seen() -> str:
        found = [one for one in service.status.get("conditions", ()) if one["type"] == "Adopted"]
        return str(found[0]["message"]) if found and found[0]["status"] == "True" else ""

    return str(service.place.wait("Condition Adopted=True", seen, PATIENCE))


def trace_free(place: Place) -> bool:
    """Whether nothing of ours is left on what was there before."""
    kinds = (("Deployment", OLD), ("Service", "shop"), ("HorizontalPodAutoscaler", NAME))
    found: list[Any] = [place.get(*one) for one in kinds] + place.all("Pod", f"app={OLD}")
    return "gracefulservice.dev" not in str([{**one, "metadata": unmanaged(one)} for one in found])


def unmanaged(body: Object) -> Object:
    """Metadata without the list of who wrote what."""
    return {key: value for key, value in body["metadata"].items() if key != "managedFields"}


def test_a45_a_live_deployment_is_adopted_and_given_back(service: Shop, record: Callable[..., None]) -> None:
    """Pod by pod, never more than one too many; then a new version; then the Deployment serves that one. 0 lost."""
    place, image = service.place, service.place.stage.shop_image
    front = running(place)
    url = inside(service)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        with sampled(lambda: standing(place)) as counts:
            place.apply(shop(image, HASTY | V1, replicas=2, adopt={"name": OLD}))
            said = adopted(service)
        summary = tailed(users)
    record("A45", summary)
    assert summary.lost == 0, summary.first_loss
    assert f"{PODS} pods" in said
    assert max(counts) <= PODS + SURGE, f"{max(counts)} pods stood at once"
    assert ready(service.pods("v1")) == PODS
    assert (place.get("Deployment", OLD) or {})["spec"]["replicas"] == 0
    assert (place.get("HorizontalPodAutoscaler", NAME) or {})["spec"]["scaleTargetRef"]["kind"] == "GracefulService"

    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(HASTY | V2)
        service.wait_for("Healthy")
        place.wait("Only pods of v2", lambda: not service.pods("v1") and ready(service.pods("v2")) == PODS)
        with sampled(lambda: standing(place)) as counts:
            delete(place)
            gone(place, PATIENCE)
        users.wait_for(lambda seconds: all(set(one.versions) == {"v2"} for one in seconds[-10:]), 120)
        summary = tailed(users)
    record("A45-return", summary)
    assert summary.lost == 0, summary.first_loss
    assert max(counts) <= PODS + SURGE, f"{max(counts)} pods stood at once"
    pods = [pod for pod in place.all("Pod") if not leaving(pod)]
    assert [version_of(pod) for pod in pods if pod["metadata"]["labels"].get("app") == OLD] == ["v2"] * PODS
    service_now = place.get("Service", "shop") or {}
    assert service_now["spec"]["selector"] == front["spec"]["selector"]
    assert not service_now["metadata"].get("ownerReferences")
    target = (place.get("HorizontalPodAutoscaler", NAME) or {})["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", OLD)
    assert trace_free(place)
