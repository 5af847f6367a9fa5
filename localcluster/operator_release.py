"""Our own operator on the local cluster: its image built from this checkout, installed by its Helm chart only."""

from localcluster import paths
from localcluster.addons import application_images
from localcluster.artefact import content_hash
from localcluster.cluster import Cluster
from localcluster.release import Release

NAMESPACE = "gracefulservice-system"
RELEASE = "gracefulservice"
CHART = paths.REPOSITORY / "charts" / "gracefulservice"
LEASE = {"durationSeconds": 30, "renewWithinSeconds": 20, "retrySeconds": 4}
"""Longer than in production: a starved machine must not cost the leader its lease."""

CONFIG = ("config.configMaps", "config.secrets")
"""Rights that are off by default, and that a story needs."""


def install(cluster: Cluster, prometheus: str) -> None:
    """Build the operator's image, bring it to the nodes and install or upgrade the release; waits until it is ready."""
    image = application_images.build_operator(cluster.engine)
    cluster.load([image])
    words = values(image, prometheus)
    content = content_hash((CHART, *words))
    release = Release(cluster, RELEASE, NAMESPACE)
    release.bring(CHART, words, content=content, title="Installing the operator by its Helm chart", seconds=30)


def values(image: str, prometheus: str) -> list[str]:
    """Helm's words for one image (`repository:tag`) and the Prometheus to ask."""
    repository, _, tag = image.rpartition(":")
    texts = {"image.repository": repository, "image.tag": tag, "prometheus.url": prometheus}
    numbers = {f"leaderElection.{name}": seconds for name, seconds in LEASE.items()}
    switches = dict.fromkeys(CONFIG, "true")
    # A tag may consist of digits only, which Helm would take for a number.
    pairs = [
        *(("--set-string", *pair) for pair in texts.items()),
        *(("--set", *pair) for pair in (*numbers.items(), *switches.items())),
    ]
    return [word for flag, name, value in pairs for word in (flag, f"{name}={value}")]
