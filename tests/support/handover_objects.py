"""What an adoption begins with: a plain Deployment, its Service, its autoscaler, and the object that adopts them."""

from typing import Any

from gracefulservice.api.names import API_VERSION, KIND
from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    GRACEFUL_SERVICE,
    HORIZONTAL_POD_AUTOSCALER,
    SERVICE,
    Object,
    Ref,
)

PLACE = "default"
MAIN = Ref(GRACEFUL_SERVICE, PLACE, "shop")
OLD = Ref(DEPLOYMENT, PLACE, "old-shop")
FRONT = Ref(SERVICE, PLACE, "shop")
SCALER = Ref(HORIZONTAL_POD_AUTOSCALER, PLACE, "shop")
COST = "controller.kubernetes.io/pod-deletion-cost"
DELAY, DRAIN = 5.0, 5.0
"""Seconds of the service's contract."""


def container(image: str) -> Object:
    """The one container."""
    return {"name": "app", "image": image, "ports": [{"containerPort": 8080}]}


def plain_deployment(replicas: int = 4, image: str = "shop:1") -> Object:
    """What runs before."""
    template = {"metadata": {"labels": {"app": "shop", "tier": "web"}}, "spec": {"containers": [container(image)]}}
    return {
        "metadata": {"name": OLD.name, "namespace": PLACE},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "shop"}}, "template": template},
        "status": {},
    }


def plain_service() -> Object:
    """What its users call: one port without a name, as most Services have."""
    spec = {"selector": {"app": "shop", "tier": "web"}, "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]}
    return {"metadata": {"name": "shop", "namespace": PLACE}, "spec": spec}


def autoscaler() -> Object:
    """What scales it."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": OLD.name}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10}
    return {"metadata": {"name": "shop", "namespace": PLACE}, "spec": spec}


def graceful(replicas: int = 4, image: str = "shop:1", **fields: Any) -> Object:
    """The object that adopts it."""
    spec = {
        "replicas": replicas,
        "template": {"spec": {"containers": [container(image)]}},
        "shutdown": {"delay": "5s", "drain": "5s"},
        "rollout": {"warmup": "0s", "bake": "0s", "canary": {"steps": [{"weight": 50, "hold": "1s"}]}},
        "adopt": {"name": OLD.name},
    }
    metadata = {"name": "shop", "namespace": PLACE}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec | fields}
