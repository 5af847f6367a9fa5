"""Access to the operator's own Prometheus: Secrets become files, and what contradicts itself is refused."""

from pathlib import Path
from typing import Any

import pytest

from gracefulservice.settings import Settings, from_environment
from tests.chart.rendering import Helm, Object, Rendered

URL = "https://prometheus.example:9090"
BEARER, BASIC = {"bearer": {"secret": "b", "key": "k"}}, {"basic": {"secret": "c"}}
TLS = {
    "ca": {"secret": "authority", "key": "root.pem"},
    "client": {"secret": "client", "certificateKey": "client.pem", "privateKeyKey": "client-key.pem"},
}


def access(url: str = URL, **values: Any) -> Object:
    return {"prometheus": {"url": url, **values}}


def files(rendered: Rendered) -> dict[str, tuple[str, str]]:
    """Every file of the container that comes from a Secret: where it lies, the Secret, its key there."""
    volumes = {one["name"]: one["projected"]["sources"] for one in rendered.pod["spec"].get("volumes", ())}
    return {
        f"{mount['mountPath']}/{item['path']}": (source["secret"]["name"], item["key"])
        for mount in rendered.container.get("volumeMounts", ())
        for source in volumes[mount["name"]]
        for item in source["secret"]["items"]
    }


def told(rendered: Rendered, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in rendered.environment.items():
        monkeypatch.setenv(name, value)
    return from_environment()


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (access(auth=BEARER), {"bearer_token": ("b", "k")}),
        (access("http://p:9090", auth={"bearer": {"secret": "b"}}), {"bearer_token": ("b", "token")}),
        (access(auth=BASIC), {"username": ("c", "username"), "password": ("c", "password")}),
        (
            access(auth={"basic": {"secret": "c", "usernameKey": "u", "passwordKey": "p"}}),
            {"username": ("c", "u"), "password": ("c", "p")},
        ),
        (access(tls={"ca": {"secret": "a"}}), {"ca": ("a", "ca.crt")}),
        (
            access(tls={"client": {"secret": "d"}}),
            {"client_certificate": ("d", "tls.crt"), "client_key": ("d", "tls.key")},
        ),
        (
            access(auth=BEARER, tls=TLS),
            {
                "bearer_token": ("b", "k"),
                "ca": ("authority", "root.pem"),
                "client_certificate": ("client", "client.pem"),
                "client_key": ("client", "client-key.pem"),
            },
        ),
        (access(), {}),
    ],
    ids=str,
)
def test_the_operator_reads_what_the_secrets_hold(
    helm: Helm, monkeypatch: pytest.MonkeyPatch, values: Object, settings: dict[str, tuple[str, str]]
) -> None:
    rendered = helm.render(values)
    found = told(rendered, monkeypatch).prometheus_files
    shown = {name: getattr(found, name) for name in found.__slots__ if getattr(found, name)}
    assert {name: files(rendered)[str(path)] for name, path in shown.items()} == settings
    assert {Path(name) for name in files(rendered)} == set(shown.values())


def test_the_files_follow_their_secrets(helm: Helm) -> None:
    (mount,) = helm.render(access(auth=BEARER, tls=TLS)).container["volumeMounts"]
    assert (mount["readOnly"], "subPath" in mount) == (True, False)


def test_no_right_to_read_secrets_comes_with_it(helm: Helm) -> None:
    """Whoever mounts them is the kubelet."""
    plain, told = helm.render(), helm.render(access(auth=BEARER, tls=TLS))
    for kind in ("Role", "ClusterRole"):
        assert [role.get("rules") for role in plain.all(kind)] == [role.get("rules") for role in told.all(kind)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            access(auth=BEARER | BASIC),
            "prometheus.auth.bearer.secret (b) and prometheus.auth.basic.secret (c) cannot both be set, because there",
        ),
        (access("", auth=BEARER), "prometheus.auth.bearer.secret (b) needs prometheus.url, the Prometheus it is meant"),
        (access("", auth=BASIC), "prometheus.auth.basic.secret (c) needs prometheus.url"),
        (access("", tls={"ca": {"secret": "a"}}), "prometheus.tls.ca.secret (a) needs prometheus.url"),
        (
            access("http://p:9090", tls={"client": {"secret": "d"}}),
            "prometheus.tls.client.secret (d) needs prometheus.url to begin with https://; it is http://p:9090.",
        ),
        (access("http://p:9090", tls=TLS), "prometheus.tls.ca.secret (authority) needs prometheus.url to begin with"),
        (access("https://me:secret@p:9090"), "at '/prometheus/url': "),
        (access(auth={"bearer": {"secret": "A b"}}), "at '/prometheus/auth/bearer/secret': 'A b' does not match"),
        (access(tls={"client": {"secret": "d", "privateKeyKey": ""}}), "at '/prometheus/tls/client/privateKeyKey': "),
        (access(tls={"insecureSkipVerify": True}), "additional properties 'insecureSkipVerify' not allowed"),
        (access(auth={"bearer": {"token": "x"}}), "additional properties 'token' not allowed"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(helm: Helm, values: Object, says: str) -> None:
    assert says in helm.refusal(values)
