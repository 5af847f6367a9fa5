from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gracefulservice.cli import main
from tests.cli.api_server import NAMESPACE, ApiServer, serving


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """An API server without any GracefulService."""
    with serving(ApiServer()) as server:
        yield server


@pytest.fixture
def kubeconfig(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig whose contexts are `here` (current), `other` (another namespace) and `dead` (nobody answers)."""

    def context(name: str, cluster: str, namespace: str | None) -> dict[str, object]:
        return {"name": name, "context": {"cluster": cluster, "user": "somebody", "namespace": namespace}}

    def cluster(name: str, url: str) -> dict[str, object]:
        return {"name": name, "cluster": {"server": url}}

    said = {
        "current-context": "here",
        "clusters": [cluster("there", api.url), cluster("gone", "http://127.0.0.1:9")],
        "users": [{"name": "somebody", "user": {}}],
        "contexts": [
            context("here", "there", NAMESPACE),
            context("other", "there", None),
            context("dead", "gone", None),
        ],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(said))
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


@pytest.fixture
def run(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`kubectl graceful WORDS`, with that kubeconfig."""

    def run(*words: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(words)
        caught = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, caught.out, caught.err)

    return run
