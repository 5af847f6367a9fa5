"""What this machine's kernel grants: found out, never assumed."""

from dataclasses import dataclass
from pathlib import Path

CAP_SYS_RESOURCE = 24
"""Its bit in a capability mask (linux/capability.h)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The two facts that change how a cluster is set up."""

    raises_limits: bool
    """CAP_SYS_RESOURCE is in the bounding set: limits can be raised and OOM scores lowered."""
    cgroup_v1: bool
    """Control groups are split in the old way, which the kubelet from 1.35 on refuses unless told to."""


def inspect() -> Machine:
    """Look at this process's status and at how control groups are mounted."""
    status = Path("/proc/self/status").read_text()
    return Machine(
        raises_limits=has_capability(status, CAP_SYS_RESOURCE),
        cgroup_v1=not Path("/sys/fs/cgroup/cgroup.controllers").exists(),
    )


def has_capability(status: str, bit: int) -> bool:
    """Whether the bounding set in a ``/proc/<pid>/status`` has a capability."""
    masks = [line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:")]
    return bool(masks) and bool(int(masks[0], 16) >> bit & 1)
