"""The images of the add-ons, and the two that our own images are built on."""

import shutil
from pathlib import Path

from localcluster import debian, golang, images
from localcluster.addons import programs, versions
from localcluster.artefact import Artefact, ensure
from localcluster.command import output
from localcluster.images import Image

SMALL_TREE = debian.tree("debian-small", ("base-files", "libc6"), variant="extract", seconds=5)

small = images.from_tree("debian-small", SMALL_TREE)
"""The C library and the folders a program expects, without a shell."""

python = images.from_tree(
    "python",
    debian.tree("debian-python", ("ca-certificates", "python3", "python3-venv"), seconds=40),
    published=f"python:{versions.PYTHON}-slim",
)
"""``python3`` with venv and pip: what the operator's Dockerfile takes as BASE_IMAGE."""


def one_program(name: str, program: Artefact, published: str, user: int = 65532) -> Image:
    """An image that runs the program ``name`` of an artefact as a user without rights."""
    dockerfile = (
        "ARG BASE\n"
        "FROM ${BASE}\n"
        f"COPY {name} /usr/local/bin/{name}\n"
        f"USER {user}:{user}\n"
        f'ENTRYPOINT ["/usr/local/bin/{name}"]\n'
    )

    def fill(context: Path) -> None:
        (context / "Dockerfile").write_text(dockerfile)
        shutil.copy(ensure(program) / name, context)

    return images.from_context(name, (dockerfile, program.key), fill, base=small, published=published)


envoy_gateway = one_program(
    "envoy-gateway", programs.envoy_gateway, f"docker.io/envoyproxy/gateway:{versions.ENVOY_GATEWAY}"
)
envoy = one_program("envoy", programs.envoy, f"docker.io/envoyproxy/envoy:distroless-{versions.ENVOY}")
prometheus = one_program("prometheus", programs.prometheus, f"docker.io/prom/prometheus:{versions.PROMETHEUS}", 65534)
metrics_server = one_program(
    "metrics-server",
    programs.metrics_server,
    f"registry.k8s.io/metrics-server/metrics-server:{versions.METRICS_SERVER}",
)


def go() -> Image:
    """The Go toolchain of this machine, for Dockerfiles that compile; elsewhere ``golang:<version>``."""
    dockerfile = (
        "ARG BASE\nFROM ${BASE}\nCOPY go /usr/local/go\nENV PATH=/usr/local/go/bin:/usr/bin:/bin GOTOOLCHAIN=local\n"
    )
    root = Path(output([golang.go(), "env", "GOROOT"]))

    def fill(context: Path) -> None:
        (context / "Dockerfile").write_text(dockerfile)
        shutil.copytree(root, context / "go", ignore=shutil.ignore_patterns("test", "testdata", "doc", "api"))

    version = output([golang.go(), "version"])
    # It stands on the image with Python because that one has a shell and is needed anyway.
    return images.from_context("go", (dockerfile, version), fill, base=python, published=f"golang:{versions.GO}")
