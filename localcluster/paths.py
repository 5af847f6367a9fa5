"""Where things lie: state in short fixed places, caches addressed by content.

State must be short because a unix socket's path may have at most 107 bytes, and fixed so that every checkout
on the machine finds the same cluster. Each place can be moved by an environment variable (for tests):
``GRACEFULSERVICE_RUN``, ``GRACEFULSERVICE_STATE`` and ``XDG_CACHE_HOME``.
"""

import os
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
"""The folder of this package: recipes and data files."""

REPOSITORY = SOURCE.parent
"""The checkout: ``kind-config.yaml`` lies here."""


def run_folder() -> Path:
    """What does not survive a restart of the machine: sockets, kubeconfigs, logs of what runs."""
    own = Path(os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())) / f"gracefulservice-{os.getuid()}"
    return _place("GRACEFULSERVICE_RUN", "/run/gracefulservice", str(own))


def state_folder() -> Path:
    """What the private engine stores (images, containers, volumes) and the lock over all checkouts."""
    own = Path.home() / ".local" / "state" / "gracefulservice"
    return _place("GRACEFULSERVICE_STATE", "/var/lib/gracefulservice", str(own))


def _place(variable: str, for_root: str, for_others: str) -> Path:
    return Path(os.environ.get(variable) or (for_root if os.geteuid() == 0 else for_others))


def cache_folder() -> Path:
    """What was built, each in ``<name>-<hash of all it was built from>``; safe to delete at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "gracefulservice"


def write(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file by rename, so that nobody ever reads half of it; makes the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    partial.chmod(mode)
    partial.replace(path)
