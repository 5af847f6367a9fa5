"""Processes and their end, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcluster import paths, remains

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


def stubborn() -> "subprocess.Popen[bytes]":
    """A process that ignores SIGTERM, once it does."""
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"up\n"
    return process


def test_a_process_is_known_by_the_namespace_it_lives_in() -> None:
    process = stubborn()
    try:
        own = remains.identity(Path("/proc/self/ns/net"))
        assert own is not None
        assert remains.identity(Path(f"/proc/{process.pid}/ns/net")) == own
        assert remains.identity(Path("/proc/self/ns/mnt")) != own
    finally:
        process.kill()
        process.wait()
    assert remains.identity(Path(f"/proc/{process.pid}/ns/net")) is None


def test_an_ordinary_file_pins_no_namespace(tmp_path: Path) -> None:
    (tmp_path / "network").touch()
    for file in (tmp_path / "network", tmp_path / "absent"):
        assert not remains.is_pinned(file)
        assert remains.in_namespace(file) == []


def test_all_are_killed_and_those_that_start_meanwhile() -> None:
    processes = [stubborn(), stubborn()]
    looks: list[int] = []

    def find() -> list[int]:
        if not looks:  # one more starts after the first look
            alive = [process.pid for process in processes]
            processes.append(stubborn())
        else:
            alive = [process.pid for process in processes if process.poll() is None]
        looks.append(len(alive))
        return alive

    remains.kill_all(find)
    assert looks == [2, 1, 0]
    assert [process.wait() for process in processes] == [-signal.SIGKILL] * 3


def test_ending_waits_until_the_process_has_ended() -> None:
    process = subprocess.Popen(["sleep", "1000"])
    remains.end(process.pid, signal.SIGTERM, patience=60)
    assert process.poll() == -signal.SIGTERM


def test_a_process_that_is_gone_counts_as_ended() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    remains.end(process.pid, signal.SIGKILL, patience=60)
    assert remains.command_line(process.pid) == []


def test_the_command_line_tells_what_a_process_is() -> None:
    assert remains.command_line(os.getpid())[0] == Path("/proc/self/cmdline").read_text().split("\0")[0]


def test_an_engine_elsewhere_has_another_control_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = []
    for folder in ("one", "two", "one"):
        monkeypatch.setenv("GRACEFULSERVICE_STATE", str(tmp_path / folder))
        names.append(remains.control_group())
    assert names[0] == names[2] != names[1]
    assert not any("/" in name for name in names)


def test_the_engines_socket_has_a_path_that_unix_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRACEFULSERVICE_RUN", raising=False)
    longest = paths.run_folder() / "engine" / "containerd" / "containerd.sock.ttrpc"
    assert len(str(longest)) < 108
