"""Envoy Gateway by its Helm chart, and the one Gateway that all routes of the local cluster attach to."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from localcluster import progress
from localcluster.addons import programs
from localcluster.addons.rendering import manifest
from localcluster.artefact import content_hash, ensure
from localcluster.cluster import Cluster
from localcluster.command import output, succeeds

NAMESPACE = "envoy-gateway-system"
RELEASE = "envoy-gateway"
PORT = 80
PATIENCE = "300s"
"""How long one wait for a condition may take."""


class Action(Enum):
    """What a release needs."""

    KEEP = "it is as wanted"
    INSTALL = "install it, or upgrade it in place"
    START_OVER = "remove what a killed run left half done, then install it"


def action(release: Mapping[str, str], wanted: str) -> Action:
    """Decide from a release's ``status`` and ``description`` (empty: there is none) and the wanted one."""
    if release == {"status": "deployed", "description": wanted}:
        return Action.KEEP
    # Helm refuses to touch a release whose last change was cut off.
    settled = release.get("status", "deployed") in ("deployed", "failed")
    return Action.INSTALL if settled else Action.START_OVER


def install(cluster: Cluster, images: Mapping[str, str]) -> None:
    """Bring Envoy Gateway and the Gateway to what is wanted; ``address`` waits until they are."""
    _install_release(cluster, images["envoy_gateway"])
    cluster.kubectl_output("apply", "--filename", "-", stdin=manifest("gateway", images))


def _install_release(cluster: Cluster, image: str) -> None:
    values = programs.FOLDER / "envoy-gateway-values.yaml"
    wanted = f"content {content_hash((values, programs.chart.key, image))}"
    needed = action(_release(cluster), wanted)
    if needed is Action.KEEP:
        return
    with progress.step("Installing Envoy Gateway", 40):
        if needed is Action.START_OVER:
            _helm(cluster, "uninstall", RELEASE, "--wait")
        _install_chart(cluster, values, image, wanted)


def _install_chart(cluster: Cluster, values: Path, image: str, description: str) -> None:
    chart = ensure(programs.chart) / "chart"
    # Helm installs definitions once and never upgrades them.
    definitions = chart / "charts" / "crds" / "crds"
    server_side = ("--server-side", "--force-conflicts", "--recursive")
    cluster.kubectl_output("apply", *server_side, "--filename", str(definitions))
    _helm(
        cluster,
        *("upgrade", "--install", RELEASE, str(chart), "--create-namespace", "--skip-crds"),
        *("--values", str(values), *_image_values(image), "--description", description),
        *("--wait", "--timeout", PATIENCE),
    )


def _image_values(image: str) -> Sequence[str]:
    repository, _, tag = image.rpartition(":")
    prefix = "deployment.envoyGateway.image"
    return ("--set-string", f"{prefix}.repository={repository},{prefix}.tag={tag}")


def _release(cluster: Cluster) -> dict[str, str]:
    if not succeeds(_helm_words(cluster, "status", RELEASE)):
        return {}
    info = json.loads(_helm(cluster, "status", RELEASE, "--output", "json"))["info"]
    return {"status": info["status"], "description": info["description"]}


def _helm(cluster: Cluster, *args: str) -> str:
    return output(_helm_words(cluster, *args))


def _helm_words(cluster: Cluster, *args: str) -> list[str | Path]:
    return [helm(), *args, "--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig)]


def helm() -> Path:
    """The helm command."""
    return ensure(programs.helm) / "helm"


def address(cluster: Cluster) -> str:
    """``ip:port`` of the proxy's Service, once the Gateway says that the proxy serves its routes."""
    gateway = ("--namespace", "gateway", "gateway/gateway")
    cluster.kubectl_output("wait", *gateway, "--for=condition=Programmed", f"--timeout={PATIENCE}")
    ip = cluster.kubectl_output("get", *gateway, "--output=jsonpath={.status.addresses[0].value}")
    return f"{ip}:{PORT}"
