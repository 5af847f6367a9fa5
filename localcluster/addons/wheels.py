"""The operator's packages as wheels for the Python of its image, fetched and checked by the host.

A build has no network: inside it pip would not know a proxy's certificate authorities, and what it installs
would not be reproducible.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from localcluster import paths
from localcluster.artefact import Artefact
from localcluster.command import Log
from localcluster.engine import Engine

LOCK = paths.REPOSITORY / "requirements.lock"

ASK = """
import platform, sys
print(*sys.version_info[:2], *platform.libc_ver()[1].split("."), platform.machine())
"""
"""Printed by the image's own Python: its version, the version of its C library, the architecture."""


@dataclass(frozen=True, slots=True)
class Target:
    """The Python that wheels are for: its version, glibc's version, and the architecture (``x86_64``)."""

    python: tuple[int, int]
    glibc: tuple[int, int]
    machine: str


def target_of(engine: Engine, image: str) -> Target:
    """Ask the Python in an image what it is."""
    argv = ("run", "--rm", "--network", "none", "--entrypoint", "python3", image, "-c", ASK)
    return parse_target(engine.docker(*argv))


def parse_target(answer: str) -> Target:
    """Read what ``ASK`` prints: ``3 11 2 36 x86_64``."""
    *numbers, machine = answer.split()
    major, minor, glibc_major, glibc_minor = map(int, numbers)
    return Target((major, minor), (glibc_major, glibc_minor), machine)


def pip_options(target: Target) -> list[str]:
    """What makes pip choose wheels for ``target`` and not for the Python it runs in."""
    major, minor = target.python
    options = ["--python-version", f"{major}.{minor}", "--implementation", "cp", "--abi", f"cp{major}{minor}"]
    return options + [word for name in platforms(target) for word in ("--platform", name)]


def platforms(target: Target) -> list[str]:
    """The platform tags that ``target`` accepts, newest first: PEP 600 and the older names of the same."""
    major, newest = target.glibc
    tags = [f"manylinux_{major}_{minor}_{target.machine}" for minor in range(newest, 4, -1)]
    return tags + [f"manylinux{year}_{target.machine}" for year in ("2014", "2010", "1")]


def locked(target: Target) -> Artefact:
    """An artefact with one wheel for each package in the operator's lock."""
    options = pip_options(target)

    def build(folder: Path, log: Log) -> None:
        plain = ["--no-deps", "--only-binary=:all:", *options]
        lock = ["--require-hashes", "--requirement", str(LOCK)]
        log.run([sys.executable, "-m", "pip", "download", *plain, *lock, "--dest", folder])

    return Artefact("operator-wheels", (LOCK, *options), build, 20)


def operator(folder: Path, log: Log) -> None:
    """Build the wheel of the operator itself, with the build tool that ``make venv`` installs."""
    plain = ["--no-deps", "--no-build-isolation", "--no-index"]
    log.run([sys.executable, "-m", "pip", "wheel", *plain, "--wheel-dir", folder, paths.REPOSITORY])
