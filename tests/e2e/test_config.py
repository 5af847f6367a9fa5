"""The story of data that belongs to a revision (A44): changed, it goes the careful way of a new image."""

from collections.abc import Callable
from typing import Any

import pytest

from examples.traffic.client import errors
from tests.e2e.test_weighted import OBJECTIVES
from tests.support.place import Object, Place
from tests.support.services import Shop, leaving, shop, steps
from tests.support.site import flowing, inside, newest, over, whole

OURS = "gracefulservice.dev/name=shop"
SETTINGS, KEYS = "shop-settings", "shop-keys"
CONFIG = [{"name": "settings", "configMap": {"name": SETTINGS}}, {"name": "keys", "secret": {"name": KEYS}}]


def configured(image: str) -> Object:
    """A service whose pods take their version from a ConfigMap and the share of their failures from a Secret."""
    body = shop(image, {}, rollout=steps(25, 50), objectives=OBJECTIVES, config=CONFIG)
    (container,) = body["spec"]["template"]["spec"]["containers"]
    container["envFrom"] = [{"configMapRef": {"name": SETTINGS}}]
    reference = {"name": KEYS, "key": "ERROR_RATE"}
    container["env"] = [{"name": "ERROR_RATE", "valueFrom": {"secretKeyRef": reference}}]
    return body


def settings(version: str) -> Object:
    """The user's ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SETTINGS}, "data": {"VERSION": version}}


def keys(error_rate: str) -> Object:
    """The user's Secret."""
    data = {"ERROR_RATE": error_rate}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": KEYS}, "type": "Opaque", "stringData": data}


def at(service: Shop, phase: str, **fields: Any) -> Callable[[], bool]:
    """Whether the service is in a phase, and its status says this: data is no generation that could be waited for."""

    def seen() -> bool:
        status = service.status
        return status.get("phase") == phase and all(status.get(field) == value for field, value in fields.items())

    return seen


def copied(place: Place) -> list[str]:
    """The versions in the copies that the operator keeps."""
    return sorted(one["data"]["VERSION"] for one in place.all("ConfigMap", OURS))


@pytest.mark.long
def test_a44_changed_data_is_a_new_version_and_bad_data_goes_back(service: Shop, record: Callable[..., None]) -> None:
    """The template stays as it is throughout; a pod that starts after the rollback reads the old data."""
    place = service.place
    place.apply(settings("v1"), keys("0"), configured(place.stage.shop_image))
    first = service.wait_for("Healthy")["stable"]
    with place.traffic(inside(service)) as users:
        users.wait_for(flowing, 60)

        place.apply(settings("v2"))
        place.wait("The rollout of v2", lambda: service.status.get("target") != first, 60)
        second = service.status["target"]
        place.wait("v2 as stable", at(service, "Healthy", stable=second), 300)
        place.wait("The end of v1", lambda: whole(service))
        users.wait_for(lambda seconds: newest(seconds) == {"v2"}, 60)

        place.apply(keys("20%"))
        place.wait("The way back", at(service, "Degraded", stable=second), 300)
        place.wait("The end of the failing pods", lambda: whole(service))
        restarted = next(one for one in place.all("Pod", OURS) if not leaving(one))["metadata"]["name"]
        done = place.stage.kubectl("delete", "pod", restarted, "-n", place.namespace, "--wait=false")
        assert done.returncode == 0, done.stderr
        place.wait("Another pod", lambda: whole(service) and not place.get("Pod", restarted))
        summary = over(service, users)
        assert newest(users.seconds) == {"v2"}
        assert errors(users.seconds[-5:], "v2") == 0
    record("A44", summary)
    assert summary.lost == 0, summary.first_loss
    assert copied(place) == ["v1", "v2"]

    place.apply(keys("0"))
    place.wait("The old data as target", at(service, "Healthy", stable=second, target=second), 60)
    assert service.reasons().count("RolledBack") == 1
