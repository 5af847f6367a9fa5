"""Containers that ended in an error while their pod was leaving, as facts."""

from dataclasses import dataclass

SIGKILL = 137
"""The exit code of a container that was killed: 128 and the signal's number."""
ROUNDING = 2.0
"""Seconds by which a measured time may be short: both its ends are whole seconds, of two machines' clocks."""


@dataclass(frozen=True, slots=True, order=True)
class Exit:
    """A container that ended after the deletion of its pod began, with a code other than 0. Times in seconds."""

    revision: str
    container: str
    pod: str
    code: int
    after: float
    """From the moment the deletion began."""
    grace: float
    """The pod's `terminationGracePeriodSeconds`."""
    sidecar: bool = False
    """A native sidecar: Kubernetes asks for no exit code of those, but to be killed is no way to go for them either."""

    @property
    def killed(self) -> bool:
        """Whether its time was over, so that it did not end by itself."""
        return self.code == SIGKILL and self.after >= self.grace - ROUNDING

    @property
    def key(self) -> str:
        """What is told once: each pod that was killed, and each code that a container of a revision ends with."""
        return self.pod if self.killed else f"{self.revision}/{self.container}/{self.code}"
