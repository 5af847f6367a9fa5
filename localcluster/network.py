"""Commands run where addresses of pods, Services and the gateway are real: in a node's network namespace."""

import os
from pathlib import Path

from localcluster.engine import Engine
from localcluster.errors import Failure

INSIDE = ("NO_PROXY", "no_proxy")
"""Told to leave every address alone: none of the cluster's is behind a proxy."""


def node_namespace(engine: Engine, node: str) -> Path:
    """The network namespace of a node's container, which must run on this very machine."""
    pid, container = engine.docker("inspect", "--format", "{{.State.Pid}} {{.Id}}", node).split()
    groups = Path(f"/proc/{pid}/cgroup")
    if not groups.exists() or container not in groups.read_text():  # an engine elsewhere has process ids of its own
        raise Failure(f"The node {node} does not run on this machine, so its network cannot be entered from here.")
    return Path(f"/proc/{pid}/ns/net")


def prefix(namespace: Path, kubeconfig: Path) -> list[str]:
    """What to put before a command line to run it in ``namespace``; ``NAME=value`` words may follow it."""
    path = f"{os.environ.get('PATH', '')}:{kubeconfig.parent}"  # the cluster's kubectl, where there is no other
    settings = {**dict.fromkeys(INSIDE, "*"), "PATH": path, "KUBECONFIG": str(kubeconfig)}
    enter = [*_as_root(), "nsenter", f"--net={namespace}"]
    return [*enter, "env", *(f"{name}={value}" for name, value in settings.items())]


def _as_root() -> list[str]:
    """Only root may enter a namespace."""
    return [] if os.geteuid() == 0 else ["sudo", "--preserve-env"]
