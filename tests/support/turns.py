"""Stories run side by side on one cluster: whoever needs the operator's answers, and whoever takes the operator away.

The locks are files, since stories run in processes of their own; a killed run leaves none held.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = Path(tempfile.gettempdir()) / "gracefulservice-stories-operator.lock"


@contextmanager
def together() -> Iterator[None]:
    """Nobody takes a replica of the operator away in the meantime."""
    with held(fcntl.LOCK_SH):
        yield


@contextmanager
def alone() -> Iterator[None]:
    """Nobody needs an answer of the operator in the meantime."""
    with held(fcntl.LOCK_EX):
        yield


@contextmanager
def held(how: int) -> Iterator[None]:
    """The lock, shared or not."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, how)
        yield
