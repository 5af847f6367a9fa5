"""Two kubeconfigs: one that works on this machine, one that works inside the cluster's network."""

import re
import signal
import socket
import sys
from pathlib import Path

from localcluster import command, paths, remains
from localcluster.engine import Engine

FORWARD = "localcluster.forward"

SERVER = re.compile(r"^(\s*server: https://)(.+)$", re.MULTILINE)


def with_server(kubeconfig: str, address: str) -> str:
    """The same kubeconfig for another ``HOST:PORT`` of the API server."""
    return SERVER.sub(rf"\g<1>{address}", kubeconfig)


def server_port(kubeconfig: str) -> int:
    """The API server's port in a kubeconfig."""
    found = SERVER.search(kubeconfig)
    if found is None:
        raise ValueError("The kubeconfig names no server.")
    return int(found[2].rpartition(":")[2])


def write_kubeconfigs(engine: Engine, exported: str, control_plane: str, outside: Path, inside: Path) -> None:
    """Write both kubeconfigs.

    ``exported`` is kind's, for the engine's own loopback; ``control_plane`` is the first node's address.
    """
    paths.write(inside, with_server(exported, f"{control_plane}:6443"), mode=0o600)
    if engine.namespace:
        _end_forwards(engine.namespace)
        port = _start_forward(engine.namespace, server_port(exported))
        exported = with_server(exported, f"127.0.0.1:{port}")
    paths.write(outside, exported, mode=0o600)


def _end_forwards(namespace: Path) -> None:
    for pid in remains.in_namespace(namespace):
        if FORWARD in remains.command_line(pid):
            remains.end(pid, signal.SIGTERM, 5)


def _start_forward(namespace: Path, port: int) -> int:
    """Start the forward in the engine's namespace; the port on the host's loopback that leads to ``port``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        enter = ["nsenter", f"--net={namespace}", sys.executable]
        command.start(
            [*enter, "-m", FORWARD, str(descriptor), str(port)],
            paths.run_folder() / "forward.log",
            env={"PYTHONPATH": str(paths.REPOSITORY)},
            pass_fds=[descriptor],
        )
        return int(listener.getsockname()[1])
