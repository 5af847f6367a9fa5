"""The load client and the sample service as programs, and services started on loopback."""

import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from examples.traffic.client import build, build_example
from localcluster import golang

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


@dataclass(frozen=True)
class Shop:
    url: str
    port: int
    process: subprocess.Popen[str]

    def metric(self, name: str) -> Mapping[str, float]:
        """The samples called ``name`` by the value of their one label."""
        with urllib.request.urlopen(f"{self.url}metrics", timeout=PATIENCE) as page:  # noqa: S310 - our own loopback address
            families = text_string_to_metric_families(page.read().decode())
            samples = [sample for family in families for sample in family.samples if sample.name == name]
        return {next(iter(sample.labels.values()), ""): sample.value for sample in samples}

    def leave(self) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


Starter = Callable[..., Shop]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds both programs."""
    out = tmp_path_factory.mktemp("programs")
    build(ROOT, out, golang.go())
    build_example(ROOT, out, "shop", golang.go())
    return out


@pytest.fixture
def start_shop(programs: Path) -> Iterator[Starter]:
    """Starts services with settings, and ends them."""
    started: list[subprocess.Popen[str]] = []

    def start(**settings: str) -> Shop:
        environment = {"PORT": "0", "VERSION": "v1", "QUIET_S": "0.1", **settings}
        process = subprocess.Popen([programs / "shop"], env=environment, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr
        port = re.search(r":(\d+)\.$", process.stderr.readline())
        assert port
        return Shop(f"http://127.0.0.1:{port[1]}/", int(port[1]), process)

    yield start
    for process in started:
        process.kill()
        process.communicate()
