"""What belongs to the private engine, and its end.

Nothing is remembered by process id, which another process may get: a process is ours because it lives in the
engine's network namespace (dockerd, containerd, shims, the forward of the API) or in its control group (all
containers and what runs in them). We pin both, so neither ends with the process that made it and nothing else
can get its identity: whatever was killed, in whatever order, the rest is found.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from localcluster import command, paths
from localcluster.errors import Failure

PATIENCE = 30.0
"""Seconds after which a process that was killed counts as unkillable."""


def control_group() -> str:
    """The parent of all containers of the private engine, directly below the root of each hierarchy.

    Named after the state folder itself and not after its path, which in another root file system is another
    folder, with an engine of its own.
    """
    paths.state_folder().mkdir(parents=True, exist_ok=True)
    folder = paths.state_folder().stat()
    return f"gracefulservice-{folder.st_dev:x}-{folder.st_ino:x}"


def namespace_file() -> Path:
    """The file that pins the private engine's network namespace."""
    return paths.run_folder() / "network"


def is_pinned(file: Path) -> bool:
    """Whether a namespace is mounted on the file (else it is an ordinary one, or none)."""
    return file.exists() and file.stat().st_dev != file.parent.stat().st_dev


def in_namespace(file: Path) -> list[int]:
    """Process ids in the network namespace that ``file`` pins; none where nothing is pinned."""
    if not is_pinned(file):
        return []
    wanted = identity(file)
    return [pid for pid in _all_processes() if identity(Path(f"/proc/{pid}/ns/net")) == wanted]


def command_line(pid: int) -> list[str]:
    """What a process was started with; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def identity(file: Path) -> tuple[int, int] | None:
    """Device and inode of what a path leads to; ``None`` where it is gone."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _all_processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def control_groups() -> list[Path]:
    """Our control group in each hierarchy (one where groups are unified, some ten where they are not)."""
    root = Path("/sys/fs/cgroup")
    candidates = [root / control_group(), *root.glob(f"*/{control_group()}")]
    return [folder for folder in candidates if folder.is_dir() and not folder.parent.is_symlink()]


def in_control_groups() -> list[int]:
    """Process ids in our control groups and below."""
    found: set[int] = set()
    for group in control_groups():
        for procs in group.rglob("cgroup.procs"):
            found.update(_read_pids(procs))
    return sorted(found)


def _read_pids(procs: Path) -> list[int]:
    try:
        return [int(pid) for pid in procs.read_text().split()]
    except OSError:  # the group ended meanwhile
        return []


def processes() -> list[int]:
    """Every process of the private engine, its containers and the forward."""
    return sorted({*in_namespace(namespace_file()), *in_control_groups()} - {os.getpid()})


def clear() -> None:
    """End everything of the private engine, however little of it is left; harmless where nothing is."""
    kill_all(processes)
    for group in control_groups():
        _remove_group(group)
    if is_pinned(namespace_file()):
        command.output(["umount", namespace_file()])
    namespace_file().unlink(missing_ok=True)


def kill_all(find: Callable[[], list[int]]) -> None:
    """Kill until ``find`` finds none: a supervisor may start one more while its peers are killed."""
    deadline = time.monotonic() + PATIENCE
    while left := find():
        if time.monotonic() > deadline:
            raise Failure(f"The processes {left} of the private engine do not end, although they were killed.")
        for pid in left:
            end(pid, signal.SIGKILL, deadline - time.monotonic())


def end(pid: int, how: signal.Signals, patience: float) -> None:
    """Send a signal and wait, at most ``patience`` seconds, until the process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, how)
        select.select([descriptor], [], [], max(0.0, patience))  # readable when the process ends
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def _remove_group(group: Path) -> None:
    for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    group.rmdir()
