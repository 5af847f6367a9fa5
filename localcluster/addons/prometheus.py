"""Prometheus with a scrape interval of 5 s, which finds annotated pods by itself."""

import json
import time
from collections.abc import Mapping
from urllib.parse import quote

from localcluster.addons.rendering import manifest
from localcluster.cluster import Cluster
from localcluster.errors import Failure

SERVICE = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"
"""Prometheus as the API server reaches it."""

GATEWAY_UP = quote('up{namespace="envoy-gateway-system"} == 1')
"""Has a result once Prometheus finds pods and reads their metrics."""

PATIENCE = 120
"""Seconds until the first samples must be there."""


def install(cluster: Cluster, images: Mapping[str, str]) -> None:
    """Bring Prometheus to what is wanted; ``address`` waits until it is."""
    cluster.kubectl_output("apply", "--filename", "-", stdin=manifest("prometheus", images))


def address(cluster: Cluster) -> str:
    """The URL of Prometheus, once it has read metrics of the gateway's pods."""
    deployment = ("--namespace", "monitoring", "deployment/prometheus")
    cluster.kubectl_output("rollout", "status", *deployment, "--timeout=300s")
    _require_samples(cluster)
    service = ("--namespace", "monitoring", "service/prometheus")
    ip = cluster.kubectl_output("get", *service, "--output=jsonpath={.spec.clusterIP}")
    return f"http://{ip}:9090"


def _require_samples(cluster: Cluster) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _scraped(cluster):
        if time.monotonic() > deadline:
            raise Failure(
                f"Prometheus is Ready and has no sample of the gateway's pods after {PATIENCE} s; see "
                "`kubectl --namespace monitoring logs deployment/prometheus`."
            )
        time.sleep(0.5)


def _scraped(cluster: Cluster) -> bool:
    try:
        answer = cluster.kubectl_output("get", "--raw", f"{SERVICE}/api/v1/query?query={GATEWAY_UP}")
    except Failure:
        # The pod is Ready a moment before the Service knows it.
        return False
    return bool(json.loads(answer)["data"]["result"])
