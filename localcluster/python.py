"""Python packages in a folder of their own: the system's Python may refuse ``pip install`` (PEP 668).

``python -m localcluster.python --check`` makes sure that virtual environments can be made: Debian has that in a
package of its own.
"""

import importlib.util
import sys
from pathlib import Path

from localcluster import debian
from localcluster.command import Log
from localcluster.errors import Failure


def install_packages(folder: Path, lock: Path, log: Log) -> None:
    """Install what ``lock`` names, with its hashes, into a new virtual environment ``folder/venv``."""
    require_venv()
    venv = folder / "venv"
    log.run([sys.executable, "-m", "venv", venv])
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"]
    log.run([venv / "bin" / "pip", "install", *options, "--requirement", lock])


def require_venv() -> None:
    """Install Debian's package for virtual environments where this Python is Debian's and lacks it."""
    if importlib.util.find_spec("ensurepip") is None:
        debian.require_packages([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])


def main() -> int:
    """Check, and print one sentence where something is missing."""
    try:
        require_venv()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
