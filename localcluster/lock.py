"""Locks that end with their process, shared by all checkouts on the machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from localcluster import progress


@contextmanager
def held(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the body runs; where that has to wait, say so with its ``purpose``.

    The kernel releases the lock when the process ends, however it ends, so there are no stale locks.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            _lock(file, path, purpose)
            if _is_at(file, path):
                yield
                return


def _lock(file: TextIO, path: Path, purpose: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress.say(f"Waiting to {purpose}: another process holds {path}.")
        fcntl.flock(file, fcntl.LOCK_EX)


def _is_at(file: TextIO, path: Path) -> bool:
    """Whether the file is still at its path: who held the lock before may have removed it (``distclean``)."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
