"""The images that kubeadm starts on a node (API server, etcd, CoreDNS, ...), under the names it asks for."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from localcluster import golang, images, node_programs
from localcluster.artefact import ensure
from localcluster.command import Log, output
from localcluster.debian import tree
from localcluster.engine import Engine
from localcluster.errors import Failure

TOOL_PACKAGES = ("ca-certificates", "conntrack", "iptables", "kmod", "libc6", "nftables")
"""What kube-proxy calls."""

debian_tools = images.from_tree("debian-tools", tree("debian-tools", TOOL_PACKAGES, variant="extract", seconds=15))

debian_pause = tree("debian-pause", ("catatonit",), variant="extract", seconds=10)
"""catatonit is Debian's init for containers; with -P it is what a pod's pause container is."""


def components(engine: Engine, folder: Path, log: Log) -> Iterator[str]:
    """Build every image that kubeadm will ask for and the pods' sandbox; yields their names."""
    kubeadm = ensure(node_programs.kubernetes) / "kubeadm"
    asked = output([kubeadm, "config", "images", "list", "--kubernetes-version", node_programs.KUBERNETES])
    for reference in wanted(asked, sandbox_image()):
        context = folder / program_of(reference)
        context.mkdir()
        _fill(context, program_of(reference))
        base = images.provide(engine, debian_tools)
        engine.build(context, reference, {"BASE": base}, log)
        yield reference


def wanted(asked: str, sandbox: str) -> list[str]:
    """The names to build: kubeadm's list with the pause image that containerd's configuration names."""
    return [name for name in asked.split() if program_of(name) != "pause"] + [sandbox]


def program_of(reference: str) -> str:
    """``registry.k8s.io/coredns/coredns:v1.13.1`` is the program coredns."""
    return reference.rpartition("/")[2].partition(":")[0]


def sandbox_image() -> str:
    """The pause image in kind's containerd configuration."""
    folder = golang.module_folder("kind", "sigs.k8s.io/kind")
    text = (folder / "images/base/files/etc/containerd/config.toml").read_text()
    if found := re.search(r'^\s*sandbox_image = "(.+)"$', text, re.MULTILINE):
        return found[1]
    raise Failure("kind's containerd configuration names no sandbox image.")


def dockerfile(program: str) -> str:
    """The image of one static program; kube-proxy needs iptables and its libraries around it."""
    base = "$BASE" if program == "kube-proxy" else "scratch"
    arguments = ', "-P"' if program == "pause" else ""
    return (
        f"ARG BASE\nFROM {base}\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        f'COPY files/ /usr/local/bin/\nENTRYPOINT ["/usr/local/bin/{program}"{arguments}]\n'
    )


def _fill(context: Path, program: str) -> None:
    files = context / "files"
    files.mkdir()
    (context / "Dockerfile").write_text(dockerfile(program))
    (files / program).write_bytes(_content(program))
    (files / program).chmod(0o755)
    if program == "kube-proxy":  # the links that the packages' installation scripts would make
        for name in (f"ip{six}tables{suffix}" for six in ("", "6") for suffix in ("", "-save", "-restore")):
            (files / name).symlink_to("/usr/sbin/xtables-nft-multi")


def _content(program: str) -> bytes:
    if program == "pause":
        return _from_tree("./usr/bin/catatonit")
    artefact = node_programs.coredns if program == "coredns" else node_programs.kubernetes
    return (ensure(artefact) / program).read_bytes()


def _from_tree(name: str) -> bytes:
    with tarfile.open(ensure(debian_pause) / "tree.tar") as archive:
        file = archive.extractfile(name)
        if file is None:
            raise Failure(f"The Debian package catatonit has no {name}.")
        return file.read()
