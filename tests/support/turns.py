"""Stories run side by side on one cluster: what they share, they take in turns.

The turns are locks on files, since stories run in processes of their own; a killed run leaves none held.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Turns:
    """The turns at one thing."""

    thing: str

    @contextmanager
    def together(self) -> Iterator[None]:
        """Use it as it is; nobody changes it in the meantime."""
        with self._held(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change it; nobody uses it in the meantime."""
        with self._held(fcntl.LOCK_EX):
            yield

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Whether nobody has it; if so, nobody takes it in the meantime."""
        try:
            with self._held(fcntl.LOCK_EX | fcntl.LOCK_NB):
                yield True
        except BlockingIOError:
            yield False

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        with (Path(tempfile.gettempdir()) / f"gracefulservice-stories-{self.thing}.lock").open("w") as lock:
            fcntl.flock(lock, how)
            yield


OPERATOR = Turns("operator")
"""The operator's answers: some stories need them, some take a replica away."""
RIGHTS = Turns("rights")
"""The operator's rights."""
NODES = Turns("nodes")
"""Whether nodes take pods."""
