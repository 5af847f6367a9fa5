"""What the demonstration stands on: the cluster with its add-ons, the operator, the sample service, the client."""

from dataclasses import dataclass
from pathlib import Path

from examples.traffic import client
from localcluster import golang, operations, paths, progress
from localcluster.addons import application_images
from localcluster.cluster import Cluster

PROGRAMS = paths.REPOSITORY / "build" / "bin"


@dataclass(frozen=True, slots=True)
class Ground:
    """A running cluster. `gateway` (`ADDRESS:PORT`) is real under `prefix`; `users` is the client's program."""

    cluster: Cluster
    gateway: str
    prefix: tuple[str, ...]
    users: Path
    image: str


def prepare() -> Ground:
    """Bring up whatever is missing; quick where all of it stands. `Failure` says what this machine lacks."""
    known = operations.up()
    operations.install_operator()
    cluster = operations.found()
    image = application_images.build_shop(cluster.engine)
    cluster.load([image])
    with progress.step("Building the load client", 10):
        users = client.build(paths.REPOSITORY, PROGRAMS, golang.go())
    return Ground(cluster, known.gateway, tuple(cluster.prefix()), users, image)
