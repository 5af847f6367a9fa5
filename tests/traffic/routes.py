"""HTTPRoutes to test with."""

from typing import Any

from gracefulservice.api.names import API_VERSION, KIND
from gracefulservice.cluster.kinds import Object
from gracefulservice.ports import Owner

GATEWAY = {"name": "web", "namespace": "gateways"}


def owner(name: str = "shop") -> Owner:
    """A GracefulService in the namespace `default`."""
    metadata = {"name": name, "namespace": "default", "uid": "uid-of-shop", "resourceVersion": "7", "generation": 1}
    return Owner({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {}})


def backend(name: str, weight: int | None, **more: Any) -> dict[str, Any]:
    """One backendRef; without a weight the API means 1."""
    return {"name": name, "port": 80, **more} | ({} if weight is None else {"weight": weight})


def rule(*backends: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One rule."""
    return {**more, "backendRefs": list(backends)}


def route(*rules: dict[str, Any], **metadata: Any) -> Object:
    """A user's route with much in it that is none of our business."""
    return {
        "metadata": {"name": "front", "namespace": "default", "labels": {"team": "checkout"}, **metadata},
        "spec": {"parentRefs": [dict(GATEWAY)], "hostnames": ["shop.example"], "rules": list(rules)},
    }


def ours(stable: int | None, canary: int | None) -> dict[str, Any]:
    """A rule that names our two and nobody else."""
    return rule(backend("shop", stable), backend("shop-canary", canary))
