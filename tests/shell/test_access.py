"""How the API server is found, and how it knows us."""

import ssl
from pathlib import Path

import certifi
import pytest

from gracefulservice.cluster import access
from gracefulservice.cluster.access import TOKEN_PERIOD, Access, Token
from gracefulservice.cluster.client import Client
from gracefulservice.cluster.kinds import POD, Ref
from gracefulservice.errors import Invalid
from tests.shell.api_server import json, scripted

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: u, user: {{token: "secret"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""


class Watch:
    """A clock that is set by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_token_is_read_anew_once_a_minute() -> None:
    """A rotated token is known a minute later, and the file is not read for every request."""
    watch, reads = Watch(), []

    def source() -> str:
        reads.append(watch.seconds)
        return f"Bearer {len(reads)}"

    token = Token(source, watch)
    seen = []
    for watch.seconds in (0, 30, TOKEN_PERIOD - 0.1, TOKEN_PERIOD, TOKEN_PERIOD + 30, 2 * TOKEN_PERIOD):
        seen.append(token())
    assert seen == ["Bearer 1", "Bearer 1", "Bearer 1", "Bearer 2", "Bearer 2", "Bearer 3"]
    assert reads == [0, TOKEN_PERIOD, 2 * TOKEN_PERIOD]


def test_a_token_that_cannot_be_read_for_a_moment_stays_known(tmp_path: Path) -> None:
    """The kubelet swaps a link; the file may be away when we look."""
    file, watch = tmp_path / "token", Watch()
    file.write_text("old")
    token = Token(file.read_text, watch)
    file.unlink()
    watch.seconds = TOKEN_PERIOD
    assert token() == "old"
    file.write_text("new")
    watch.seconds = 2 * TOKEN_PERIOD
    assert token() == "new"


async def test_a_kubeconfig_says_where_the_server_is_and_who_we_are(tmp_path: Path) -> None:
    """Read by the official client, sent by ours."""
    async with scripted(json({"kind": "Pod"})) as script:
        file = tmp_path / "config"
        file.write_text(KUBECONFIG.format(server=script.url))
        door = access.find(Watch(), {"KUBECONFIG": str(file), "KUBERNETES_SERVICE_HOST": "10.0.0.1"})
        async with door.session(connections=1, timeout=5) as session:
            await Client(session, door.server).get(Ref(POD, "shop", "web"))
    assert script.asked == ["GET /api/v1/namespaces/shop/pods/web"]
    assert script.headers[0]["Authorization"] == "Bearer secret"
    assert script.headers[0]["User-Agent"].startswith("gracefulservice/")


async def test_each_request_carries_the_token_of_its_minute() -> None:
    """A session lives for months, a token for an hour."""
    watch = Watch()
    async with scripted(json({"kind": "Pod"})) as script:
        door = Access(script.url, authorization=Token(lambda: f"Bearer {watch.seconds:g}", watch))
        async with door.session(connections=1, timeout=5) as session:
            client = Client(session, door.server)
            for watch.seconds in (0, 1, TOKEN_PERIOD):
                await client.get(Ref(POD, "shop", "web"))
    assert [headers["Authorization"] for headers in script.headers] == ["Bearer 0", "Bearer 0", "Bearer 60"]


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")]
)
def test_inside_a_cluster_the_service_account_is_used(tmp_path: Path, host: str, server: str) -> None:
    """Address from the environment, token and authority from the pod's own files."""
    (tmp_path / "token").write_text("projected\n")
    (tmp_path / "ca.crt").write_text(Path(certifi.where()).read_text())
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "6443"}
    door = access.find(Watch(), environment, tmp_path)
    assert (door.server, door.authorization()) == (server, "Bearer projected")
    assert door.tls
    assert door.tls.verify_mode == ssl.CERT_REQUIRED


def test_no_configuration_at_all_is_one_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(Invalid, match="no usable kubeconfig"):
        access.find(Watch(), {"KUBECONFIG": str(tmp_path / "absent")})


def test_a_service_account_without_a_token_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`automountServiceAccountToken: false`, for example."""
    with pytest.raises(Invalid, match="cannot be read"):
        access.find(Watch(), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
