"""Questions as an API server asks them."""

import json
from typing import Any

from tests.support.admission import SMALLEST, Json, merged, route

UID = "705ab4f5-6393-11e8-b7cc-42010a800002"


def body(name: str = "shop", change: Json | None = None, **metadata: Any) -> Json:
    """A GracefulService as it is stored: the smallest one with a change."""
    named = {"metadata": {"name": name, "namespace": "default", **metadata}}
    return merged(merged(SMALLEST, named), change or {})


def asked(new: Json | None, old: Json | None = None, **more: Any) -> Json:
    """The AdmissionReview for an object, in the place of another one where there is one."""
    resource = {"group": "gracefulservice.dev", "version": "v1alpha1", "resource": "gracefulservices"}
    request = {
        "uid": UID,
        "kind": {"group": "gracefulservice.dev", "version": "v1alpha1", "kind": "GracefulService"},
        "resource": resource,
        "operation": "CREATE" if old is None else "UPDATE",
        "name": "shop",
        "namespace": "default",
        "userInfo": {"username": "jane"},
        "object": new,
        "oldObject": old,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**request, **more}}


def wire(review: Json) -> bytes:
    """As it is sent."""
    return json.dumps(review).encode()


SHORT_GRACE: Json = {
    "spec": {
        "shutdown": {"delay": "20s"},
        "template": {"spec": {"terminationGracePeriodSeconds": 15}},
    }
}
"""What cannot work: asleep for longer than the pod has."""


def named(host_route: str) -> Json:
    """A service behind the user's own route."""
    return route(name=host_route)


def made(*hostnames: str, gateway: str = "web", **listener: Any) -> Json:
    """A service whose route is made."""
    hosts = {"hostnames": list(hostnames)} if hostnames else {}
    return route(parentRefs=[{"name": gateway, **listener}], **hosts)
