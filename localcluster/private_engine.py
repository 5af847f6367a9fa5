"""A Docker engine of our own, where no other can be used: Debian's dockerd in namespaces that end with it.

Its network namespace keeps its bridges and iptables rules to itself, its mount namespace its mounts; its
socket, configuration and images lie in our folders. Nothing of the machine's own Docker settings is read.
"""

import json
import os
import shutil
import signal
import time
from pathlib import Path

from localcluster import command, debian, machine, paths, progress, remains
from localcluster.engine import Engine
from localcluster.errors import Failure
from localcluster.machine import Machine

COMMANDS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "curl": "curl",
}
"""What it needs, what its images are made with and what people reach into the cluster with; the Debian packages."""

PATIENCE = 60.0
"""Seconds that a starting engine may take to answer; it usually takes two."""


def socket() -> Path:
    """Where it listens."""
    return paths.run_folder() / "docker.sock"


def described() -> Engine:
    """The private engine, whether it runs or not, with the client of the same package."""
    client = Path("/usr/bin/docker")
    found = client if client.exists() else debian.find("docker")
    return Engine(found or client, f"unix://{socket()}", private=True, namespace=remains.namespace_file())


def answers() -> bool:
    """Whether the private engine runs and answers."""
    return remains.is_pinned(remains.namespace_file()) and socket().exists() and described().answers("version")


def start() -> Engine:
    """The private engine, running: started anew, from its remains, where it does not answer."""
    if not answers():
        debian.require(COMMANDS)
        stop()
        with progress.step("Starting a private Docker engine", 3):
            try:
                _launch()
            except Failure as first:
                progress.say(f"{first} Its images are discarded and it is started once more.")
                stop()
                discard()
                _launch()
    return described()


def stop() -> None:
    """End the engine and all that ran on it, whatever is left of it; its images stay for the next start.

    The run folder goes, too: dockerd takes the process ids that it finds there for its own.
    """
    for pid in remains.in_namespace(remains.namespace_file()):
        if remains.command_line(pid)[:1] == ["dockerd"]:
            remains.end(pid, signal.SIGTERM, PATIENCE)  # it writes down what it knows about its images
    remains.clear()
    shutil.rmtree(paths.run_folder(), ignore_errors=True)


def discard() -> None:
    """Delete what the stopped engine stored."""
    shutil.rmtree(_storage(), ignore_errors=True)


def _storage() -> Path:
    return paths.state_folder() / "docker"


def settings(here: Machine) -> dict[str, object]:
    """The content of its configuration file."""
    run = paths.run_folder()
    common: dict[str, object] = {
        "hosts": [f"unix://{socket()}"],
        "data-root": str(_storage()),
        "exec-root": str(run / "engine"),
        "pidfile": str(run / "docker.pid"),
        "cgroup-parent": f"/{remains.control_group()}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "log-level": "warn",
    }
    if here.raises_limits:
        return common
    runtime = {"fewer-capabilities": {"path": str(run / "runc-fewer-capabilities")}}
    return {**common, "runtimes": runtime, "default-runtime": "fewer-capabilities"}


def _launch() -> None:
    run = paths.run_folder()
    run.mkdir(parents=True, exist_ok=True)
    shutil.copy(paths.SOURCE / "runc-fewer-capabilities", run)
    paths.write(run / "daemon.json", json.dumps(settings(machine.inspect()), indent=2))
    _pin_namespace()
    _spawn(run)


def _pin_namespace() -> None:
    file = remains.namespace_file()
    file.touch()
    command.output(["unshare", f"--net={file}", "ip", "link", "set", "lo", "up"])


def _spawn(run: Path) -> None:
    inside = ["nsenter", f"--net={remains.namespace_file()}", "unshare", "--mount"]
    temporary = paths.state_folder() / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    daemon = command.start(
        [*inside, "dockerd", "--config-file", run / "daemon.json"],
        run / "docker.log",
        env={"DOCKER_TMPDIR": str(temporary), "DOCKER_HOST": "", "PATH": _path()},
    )
    _await_answer(daemon, run / "docker.log")


def _path() -> str:
    return f"/usr/sbin:/usr/bin:/sbin:/bin:{os.environ.get('PATH', '')}"


def _await_answer(daemon: command.Process, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if daemon.poll() is not None or time.monotonic() > deadline:
            lines = "\n  ".join(log.read_text(errors="replace").splitlines()[-10:])
            raise Failure(f"The private Docker engine does not start; the end of {log}: {lines}")
        time.sleep(0.1)
