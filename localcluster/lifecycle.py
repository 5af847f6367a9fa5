"""``up`` and ``down``: what does not answer is made anew, what answers is left alone."""

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from localcluster import (
    api_access,
    engine_choice,
    images,
    kind_config,
    lock,
    machine,
    node_image,
    paths,
    pod_network,
    private_engine,
    progress,
)
from localcluster.cluster import Cluster
from localcluster.engine import Engine
from localcluster.errors import Failure
from localcluster.kind import Kind

NODES = 2
"""A control plane and one worker."""

CONFIG = paths.REPOSITORY / "kind-config.yaml"


def locked(purpose: str) -> AbstractContextManager[None]:
    """One ``up`` or ``down`` at a time, over all checkouts on the machine."""
    return lock.held(paths.state_folder() / "lock", purpose)


def name() -> str:
    """The cluster's name, which kind-config.yaml gives."""
    return kind_config.cluster_name(CONFIG.read_text())


def up(engine: Engine, nodes: int | None = None) -> Cluster:
    """A running cluster on ``engine`` whose nodes are Ready; call it under ``locked``.

    ``nodes`` is how many it has to have; ``None`` keeps it as large as it is, and a new one has ``NODES``.
    """
    paths.run_folder().mkdir(parents=True, exist_ok=True)
    kind = Kind(engine, name())
    image = images.provide(engine, node_image.node)
    wanted = _configuration(image, nodes or _known_nodes() or NODES)
    reason = reason_to_create(_look(kind), wanted)
    if not reason:
        try:
            return _connect(kind, image)
        except Failure as failure:
            reason = f"it does not get ready: {failure}"
    _create(kind, wanted, image, reason)
    return _connect(kind, image)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a cluster.

    ``there`` are the names of its nodes, ``running`` those that run; ``made_from`` is the configuration with the
    start of each node as they were written down when it was made, ``starts`` what they are now.
    """

    there: Sequence[str]
    running: Sequence[str]
    made_from: str
    starts: str


def reason_to_create(found: Found, configuration: str) -> str:
    """Why the cluster must be made (anew), as the end of a sentence; empty where it is as wanted."""
    if not found.there:
        return "there is none"
    if missing := len(found.there) - len(found.running):
        return f"{missing} of its {len(found.there)} nodes do not run"
    if not found.made_from:
        return "it was not finished, or its engine was started anew"
    if not found.made_from.startswith(configuration):
        return "its configuration has changed"
    if found.made_from != configuration + found.starts:
        return "its nodes were restarted or removed"  # with pods whose addresses nobody knows any more
    return ""


def _look(kind: Kind) -> Found:
    there = kind.nodes(running=False)
    made_from = _made_from().read_text() if _made_from().exists() else ""
    return Found(there, kind.nodes(running=True), made_from, kind.starts() if there else "")


def _await_api(engine: Engine, control_plane: str) -> None:
    """Ask the API server in its own node, for a while: it may just be starting."""
    ask = "kubectl --kubeconfig=/etc/kubernetes/admin.conf get --raw /readyz --request-timeout=2s"
    script = f"timeout 30 sh -c 'until {ask} >/dev/null 2>&1; do sleep 0.5; done'"
    if not engine.answers("exec", control_plane, "sh", "-c", script, timeout=60):
        raise Failure(f"The API server on {control_plane} does not answer.")


def _made_from() -> Path:
    """The file with what the running cluster was made from: its configuration and when its nodes started."""
    return paths.run_folder() / "kind-config.yaml"


def _known_nodes() -> int:
    """How many nodes the running cluster was made with; 0 where there is none."""
    return _made_from().read_text().count("- role:") if _made_from().exists() else 0


def _configuration(image: str, nodes: int) -> str:
    own = image == node_image.node.tag
    text = kind_config.render(CONFIG.read_text(), nodes, machine.inspect(), own_pod_network=own)
    return f"# {image}\n{text}"


def _create(kind: Kind, configuration: str, image: str, reason: str) -> None:
    """Create the cluster; a private engine that cannot do it is started anew, once."""
    try:
        _create_once(kind, configuration, image, reason)
    except Failure as failure:
        if not kind.engine.private:
            raise
        private_engine.stop()
        private_engine.start()
        _create_once(kind, configuration, image, f"the engine has failed: {failure}")


def _create_once(kind: Kind, configuration: str, image: str, reason: str) -> None:
    progress.say(f"The cluster is created, because {reason}.")
    with progress.step("Creating the cluster", 35):
        _made_from().unlink(missing_ok=True)
        kind.delete()
        pending = _made_from().with_suffix(".pending")
        paths.write(pending, configuration)
        kind.create(pending, image)
        paths.write(_made_from(), configuration + kind.starts())


def _connect(kind: Kind, image: str) -> Cluster:
    """The running cluster with kubeconfigs, kubectl and pod network, its nodes Ready."""
    cluster = Cluster(kind.engine, kind.name, tuple(kind.nodes(running=True)))
    if not cluster.answers():
        _await_api(cluster.engine, cluster.nodes[0])
        cluster.take_kubectl()
        address = _address(cluster.engine, cluster.nodes[0])
        api_access.write_kubeconfigs(
            cluster.engine, kind.kubeconfig(), address, cluster.kubeconfig, cluster.inside_kubeconfig
        )
    if image == node_image.node.tag:
        cluster.kubectl_output("wait", "node", "--all", "--for=jsonpath={.spec.podCIDR}", "--timeout=60s")
        pod_network.lay(cluster.engine, pod_network.parse_nodes(cluster.kubectl_output("get", "nodes", "-o", "json")))
    with progress.step("Waiting for the nodes to be Ready", 15):
        cluster.kubectl_output("wait", "node", "--all", "--for=condition=Ready", "--timeout=90s")
    return cluster


def _address(engine: Engine, node: str) -> str:
    return engine.docker("inspect", "--format", "{{.NetworkSettings.Networks.kind.IPAddress}}", node)


def down() -> None:
    """Remove the cluster and end the private engine; the caches stay. Call it under ``locked``."""
    with progress.step("Taking the cluster down", 10):
        if engine := engine_choice.current():
            Kind(engine, name()).delete()
        private_engine.stop()


def distclean() -> None:
    """``down``, and then nothing of it is left on the machine but Debian packages and what Go keeps of modules."""
    engine = engine_choice.current()
    down()
    if engine and not engine.private:
        _remove_images(engine)
    for folder in (paths.cache_folder(), paths.state_folder()):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_images(engine: Engine) -> None:
    names = engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    if ours := [tag for tag in names if tag.startswith(images.PREFIX)]:
        engine.docker("image", "rm", "--force", *ours)
