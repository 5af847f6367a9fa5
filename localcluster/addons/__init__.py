"""What every story finds in the local cluster: a gateway that splits traffic by weight, Prometheus, metrics-server."""

from dataclasses import dataclass

from localcluster import images, progress
from localcluster.addons import addon_images, envoy_gateway, metrics_server, prometheus
from localcluster.cluster import Cluster

IMAGES = {
    "envoy": addon_images.envoy,
    "envoy_gateway": addon_images.envoy_gateway,
    "prometheus": addon_images.prometheus,
    "metrics_server": addon_images.metrics_server,
}
"""By the names that the manifests use."""


@dataclass(frozen=True, slots=True)
class Addons:
    """Where the add-ons answer, reachable through ``run``.

    ``gateway`` is ``ip:port`` of the proxy's Service, ``prometheus`` a URL.
    """

    gateway: str
    prometheus: str


def install(cluster: Cluster) -> Addons:
    """Install what is missing or differs, and wait until all of it answers; does nothing twice."""
    references = {name: images.provide(cluster.engine, image) for name, image in IMAGES.items()}
    cluster.load(list(references.values()))
    metrics_server.install(cluster, references)  # first: it needs a while until it has looked twice
    envoy_gateway.install(cluster, references)
    prometheus.install(cluster, references)
    with progress.step("Waiting for the gateway, Prometheus and metrics-server to answer", 20):
        metrics_server.await_answer(cluster)
        return Addons(envoy_gateway.address(cluster), prometheus.address(cluster))
