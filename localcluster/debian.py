"""Debian packages: installed on this machine where they are missing, or unpacked into trees for images."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from localcluster import paths, progress
from localcluster.artefact import Artefact
from localcluster.command import Log
from localcluster.errors import Failure

SUITE = "bookworm"
"""The Debian release of every tree (Python 3.11, systemd 252, runc 1.1)."""

UNUSED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
"""What no container reads; left out of trees."""


def missing(commands: Mapping[str, str]) -> list[str]:
    """The packages of those ``commands`` (command to package) that are not on this machine."""
    return sorted({package for command, package in commands.items() if not find(command)})


def find(command: str) -> Path | None:
    """Where a command lies, also in the folders for administrators that a user's PATH lacks."""
    found = shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
    return Path(found) if found else None


def require(commands: Mapping[str, str]) -> None:
    """Install the packages of missing ``commands`` (root on Debian), else fail with the command to run."""
    if packages := missing(commands):
        require_packages(packages)


def require_packages(packages: Sequence[str]) -> None:
    """Install ``packages``; who is not root, or not on Debian, is told the command."""
    if os.geteuid() != 0 or not find("apt-get"):
        raise Failure(install_sentence(packages))
    _install(packages)


def install_sentence(packages: Sequence[str]) -> str:
    """What a person without root has to do."""
    words = " ".join(packages)
    return (
        f"The local cluster needs the Debian packages {words}: run `sudo apt-get update && "
        f"sudo apt-get install --yes --no-install-recommends {words}`, then this again."
    )


def _install(packages: Sequence[str]) -> None:
    log = Log(paths.cache_folder() / "logs" / "apt.log")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with progress.step(f"Installing the Debian packages {' '.join(packages)}", 40):
        log.run(["apt-get", "update"], env=quiet)
        log.run(["apt-get", "install", "--yes", "--no-install-recommends", *packages], env=quiet)


def tree(name: str, packages: Iterable[str], *, variant: str = "minbase", seconds: int = 45) -> Artefact:
    """An artefact with ``tree.tar``: ``packages`` and what they need, in one of mmdebstrap's variants.

    ``minbase`` is a working Debian; ``extract`` only unpacks the files of the packages. They come from Debian's
    own mirrors, whatever this machine's release is; the identity is the suite with the list of packages.
    """
    wanted = sorted(packages)

    def build(folder: Path, log: Log) -> None:
        require({"mmdebstrap": "mmdebstrap"})
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in UNUSED]
        plain = ['--aptopt=APT::Install-Recommends "false"', *excluded]
        argv = ["mmdebstrap", f"--variant={variant}", f"--include={','.join(wanted)}", *plain]
        log.run([*argv, SUITE, folder / "tree.tar"])

    return Artefact(name, (SUITE, variant, *wanted, *UNUSED), build, seconds)
