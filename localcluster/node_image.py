"""The node image of kind, built from Go modules and Debian packages where no registry can be reached.

It differs from the published one in four ways: no kindnet (``pod_network`` lays the routes), no storage
provisioner, no crictl (kind needs it only to compare images), and catatonit, which Debian has, as pause.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcluster import golang, images, node_components, node_programs, paths
from localcluster.artefact import ensure
from localcluster.command import Log
from localcluster.debian import tree
from localcluster.engine import Engine
from localcluster.errors import Failure
from localcluster.images import Image
from localcluster.node_components import components

PUBLISHED = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
"""The node image that kind 0.33.0 itself names as its default."""

NODE_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus"),  # runs the services
    *("runc", "libseccomp2", "pigz"),  # for containerd
    *("conntrack", "ethtool", "iproute2", "iptables", "nftables", "socat"),  # for the kubelet and its plugins
    *("e2fsprogs", "kmod", "mount", "util-linux"),
    *("bash", "ca-certificates", "curl", "jq", "procps"),  # called by kind
)

PLACES = {
    "usr/bin": ("kubeadm", "kubelet", "kubectl"),
    "usr/local/bin": tuple(node_programs.CONTAINERD_PROGRAMS),
    "opt/cni/bin": tuple(node_programs.CNI_PROGRAMS),
}
"""Where the node expects its programs."""

ENTRYPOINT = '["/usr/local/bin/entrypoint", "/sbin/init"]'
STARTED = "until ctr version >/dev/null 2>&1; do sleep 0.2; done"
STOPPED = "pkill -x containerd; while pgrep -x containerd; do sleep 0.2; done"
IMPORT = "ctr --namespace=k8s.io images import --label=io.cri-containerd.pinned=pinned --no-unpack --digests -"

debian_node = images.from_tree("debian-node", tree("debian-node", NODE_PACKAGES, seconds=50))


def _fill_base(context: Path) -> None:
    shutil.copy(paths.SOURCE / "node" / "Dockerfile", context)
    files = golang.module_folder("kind", "sigs.k8s.io/kind") / "images" / "base" / "files"
    root = context / "tree"
    shutil.copytree(files, root)
    for file in root.rglob("*"):
        executable = file.is_dir() or file.parent.name == "bin"
        file.chmod(0o755 if executable else 0o644)
    root.chmod(0o755)
    for place, names in PLACES.items():
        (root / place).mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(_program(name), root / place)
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    (root / "kind/version").write_text(node_programs.KUBERNETES)


def _program(name: str) -> Path:
    for artefact in (node_programs.kubernetes, node_programs.containerd):
        if (found := ensure(artefact) / name).exists():
            return found
    raise Failure(f"No lock builds the program {name}.")


base = images.from_context(
    "node-base",
    (
        Path(__file__),
        paths.SOURCE / "node",
        node_programs.kind.key,
        node_programs.kubernetes.key,
        node_programs.containerd.key,
    ),
    _fill_base,
    base=debian_node,
)


def _recipe(engine: Engine, folder: Path, log: Log) -> None:
    archive = folder / "components.tar"
    engine.save(list(components(engine, folder, log)), archive)
    with _running(engine, images.provide(engine, base)) as container:
        engine.docker("exec", "--detach", container, "containerd")
        engine.docker("exec", container, "sh", "-c", STARTED, timeout=60)
        engine.run(log, "exec", "--interactive", container, *IMPORT.split(), stdin=archive)
        engine.docker("exec", container, "sh", "-c", STOPPED, timeout=60)
        engine.docker("commit", "--change", f"ENTRYPOINT {ENTRYPOINT}", container, node.tag)


@contextmanager
def _running(engine: Engine, image: str) -> Iterator[str]:
    options = ["--network", "none", "--security-opt", "seccomp=unconfined", "--entrypoint", "sleep"]
    container = engine.docker("run", "--detach", *options, image, "infinity")
    try:
        yield container
    finally:
        engine.docker("rm", "--force", "--volumes", container)


node = Image(
    "node",
    (
        base.key,
        node_components.debian_tools.key,
        node_components.debian_pause.key,
        node_programs.coredns.key,
        Path(node_components.__file__),
    ),
    _recipe,
    PUBLISHED,
    seconds=60,
)
"""What every node of the cluster runs."""
