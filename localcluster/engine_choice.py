"""Which Docker engine to use: one that runs already, if it can carry a cluster, else one of our own."""

import os
import platform
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from localcluster import debian, node_programs, private_engine
from localcluster.artefact import ensure
from localcluster.engine import Engine
from localcluster.errors import Failure

PROBE = "localhost/gracefulservice/probe:latest"
"""A throw-away image with one static program, to see whether a privileged container starts."""


def choose() -> Engine:
    """An engine that answers and can start a privileged container; ``Failure`` where none can be had."""
    if private_engine.answers():
        return private_engine.described()
    if engine := running():
        return engine
    _require_linux_root()
    debian.require(private_engine.COMMANDS)
    return running() or private_engine.start()


def running() -> Engine | None:
    """An engine of the machine that is usable as it is."""
    for engine in _answering():
        if starts_privileged(engine):
            return engine
    return None


def current() -> Engine | None:
    """The engine that a cluster may be on, without starting anything."""
    if private_engine.answers():
        return private_engine.described()
    return next(_answering(), None)


def _answering() -> Iterator[Engine]:
    for client in clients(os.environ.get("PATH", "")):
        engine = Engine(client, os.environ.get("DOCKER_HOST", ""))
        if engine.answers("version", timeout=10):
            yield engine


def clients(path: str) -> list[Path]:
    """Every docker command on a PATH, once each: the first one may be too new or too old for the engine."""
    places = [Path(folder) / "docker" for folder in path.split(":") if folder]
    found: dict[Path, Path] = {}
    for place in places:
        if os.access(place, os.X_OK):
            found.setdefault(place.resolve(), place)
    return list(found.values())


def starts_privileged(engine: Engine) -> bool:
    """Start a privileged container, as kind does for each node, on an image of one program."""
    with tempfile.TemporaryDirectory() as folder:
        tar = Path(folder) / "probe.tar"
        with tarfile.open(tar, "w") as archive:
            archive.add(ensure(node_programs.kind) / "kind", "kind")
        engine.docker("import", tar, PROBE)
    try:
        return engine.answers("run", "--rm", "--privileged", "--network", "none", PROBE, "/kind", "version")
    finally:
        engine.docker("image", "rm", "--force", PROBE)


def _require_linux_root() -> None:
    if platform.system() != "Linux":
        raise Failure("No Docker engine answers that can start privileged containers; start Docker, then this again.")
    if os.geteuid() != 0:
        raise Failure(
            "No Docker engine answers that can start privileged containers: start one and join the group "
            "docker, or run this as root, which sets up a private engine."
        )
