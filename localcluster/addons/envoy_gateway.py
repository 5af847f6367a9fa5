"""Envoy Gateway by its Helm chart, and the one Gateway that all routes of the local cluster attach to."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from localcluster.addons import programs
from localcluster.addons.rendering import manifest
from localcluster.artefact import content_hash, ensure
from localcluster.cluster import Cluster
from localcluster.release import PATIENCE, Release

NAMESPACE = "envoy-gateway-system"
RELEASE = "envoy-gateway"
PORT = 80


def install(cluster: Cluster, images: Mapping[str, str]) -> None:
    """Bring Envoy Gateway and the Gateway to what is wanted; ``address`` waits until they are."""
    _install_release(cluster, images["envoy_gateway"])
    cluster.kubectl_output("apply", "--filename", "-", stdin=manifest("gateway", images))


def _install_release(cluster: Cluster, image: str) -> None:
    values = programs.FOLDER / "envoy-gateway-values.yaml"
    chart = ensure(programs.chart) / "chart"
    words: Sequence[str | Path] = ("--skip-crds", "--values", values, *_image_values(image))
    content = content_hash((values, programs.chart.key, image))
    release = Release(cluster, RELEASE, NAMESPACE)
    define = partial(_define, cluster, chart)
    release.bring(chart, words, content=content, title="Installing Envoy Gateway", seconds=40, first=define)


def _define(cluster: Cluster, chart: Path) -> None:
    """Helm installs definitions once and never upgrades them."""
    definitions = chart / "charts" / "crds" / "crds"
    server_side = ("--server-side", "--force-conflicts", "--recursive")
    cluster.kubectl_output("apply", *server_side, "--filename", str(definitions))


def _image_values(image: str) -> Sequence[str]:
    repository, _, tag = image.rpartition(":")
    prefix = "deployment.envoyGateway.image"
    return ("--set-string", f"{prefix}.repository={repository},{prefix}.tag={tag}")


def address(cluster: Cluster) -> str:
    """``ip:port`` of the proxy's Service, once the Gateway says that the proxy serves its routes."""
    gateway = ("--namespace", "gateway", "gateway/gateway")
    cluster.kubectl_output("wait", *gateway, "--for=condition=Programmed", f"--timeout={PATIENCE}")
    ip = cluster.kubectl_output("get", *gateway, "--output=jsonpath={.status.addresses[0].value}")
    return f"{ip}:{PORT}"
