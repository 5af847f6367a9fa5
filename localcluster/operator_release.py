"""Our own operator on the local cluster: its image built from this checkout, installed by its Helm chart only."""

from pathlib import Path

from localcluster import paths, progress
from localcluster.addons import application_images, programs
from localcluster.artefact import ensure
from localcluster.cluster import Cluster
from localcluster.command import output

NAMESPACE = "gracefulservice-system"
RELEASE = "gracefulservice"
CHART = paths.REPOSITORY / "charts" / "gracefulservice"
LEASE = {"durationSeconds": 30, "renewWithinSeconds": 20, "retrySeconds": 4}
"""Longer than in production: a starved machine must not cost the leader its lease."""


def install(cluster: Cluster, prometheus: str) -> None:
    """Build the operator's image, bring it to the nodes and install or upgrade the release; waits until it is ready."""
    image = application_images.build_operator(cluster.engine)
    cluster.load([image])
    with progress.step("Installing the operator by its Helm chart", 30):
        output(_upgrade(cluster, image, prometheus))


def _upgrade(cluster: Cluster, image: str, prometheus: str) -> list[str | Path]:
    repository, _, tag = image.rpartition(":")
    values = {
        "image.repository": repository,
        "image.tag": tag,
        "prometheus.url": prometheus,
        **{f"leaderElection.{name}": str(seconds) for name, seconds in LEASE.items()},
    }
    return [
        ensure(programs.helm) / "helm",
        *("upgrade", "--install", RELEASE, CHART, "--create-namespace", "--namespace", NAMESPACE),
        *("--kubeconfig", cluster.kubeconfig, "--wait", "--timeout", "120s"),
        *(word for name, value in values.items() for word in ("--set", f"{name}={value}")),
    ]
