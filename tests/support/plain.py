"""The sample service without the operator: a plain Deployment, its Service, and a route to it."""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
GATEWAY = {"name": "gateway", "namespace": "gateway"}


def container(image: str, environment: Mapping[str, str]) -> Object:
    """The sample service's container, with small requests so that many fit on a small machine."""
    return {
        "name": "app",
        "image": image,
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "ports": [{"containerPort": 8080}],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
    }


def pod(image: str, environment: Mapping[str, str]) -> Object:
    """The pod template that every story uses, scraped by Prometheus."""
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    return {"metadata": {"annotations": scraped}, "spec": {"containers": [container(image, environment)]}}


def deployment(name: str, image: str, environment: Mapping[str, str], replicas: int = 3) -> Object:
    """A Deployment as people write it: a readiness probe, no preStop."""
    template = pod(image, environment)
    template["metadata"]["labels"] = {"app": name}
    template["spec"]["containers"][0]["readinessProbe"] = {
        "httpGet": {"path": "/readyz", "port": 8080},
        "periodSeconds": 1,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def service(name: str) -> Object:
    """A Service on port 80."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def route(name: str, host: str, backends: Mapping[str, int]) -> Object:
    """A user's HTTPRoute: backend Services and their weights."""
    references = [{"name": backend, "port": 80, "weight": weight} for backend, weight in backends.items()]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"parentRefs": [GATEWAY], "hostnames": [host], "rules": [{"backendRefs": references}]},
    }
