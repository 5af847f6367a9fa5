"""The operator's environment: defaults, and one sentence for whatever is wrong in it."""

from pathlib import Path

import pytest

from gracefulservice.errors import Invalid
from gracefulservice.metrics.credentials import Files
from gracefulservice.settings import from_environment

PREFIX = "GRACEFULSERVICE_"


def setting(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Set variables of the environment by the names of their settings."""
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty environment is a good one: the whole cluster, and client-go's lease times."""
    monkeypatch.setenv("HOSTNAME", "pod-1")
    settings = from_environment()
    assert (settings.namespaces, settings.prometheus_url, settings.workers) == ((), None, 16)
    assert (settings.terms.duration, settings.terms.renew_within, settings.terms.retry) == (15, 10, 2)
    assert settings.pod_name


def test_what_the_environment_says_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names as the chart writes them."""
    setting(
        monkeypatch,
        namespaces="shop, bank ,",
        prometheus_url="http://prometheus.monitoring:9090",
        lease_duration="30",
        lease_renew_within="20",
        lease_retry="4",
        pod_name="operator-1",
    )
    settings = from_environment()
    assert settings.namespaces == ("shop", "bank")
    assert str(settings.prometheus_url) == "http://prometheus.monitoring:9090/"
    assert (settings.terms.duration, settings.pod_name) == (30, "operator-1")


OWN = {"prometheus_url": "https://p:9090"}
BASIC = {"prometheus_username_file": "/u", "prometheus_password_file": "/p"}


@pytest.mark.parametrize(
    ("values", "files"),
    [
        (OWN | BASIC, Files(username=Path("/u"), password=Path("/p"))),
        ({"prometheus_url": "http://p:9090", "prometheus_bearer_token_file": "/t"}, Files(bearer_token=Path("/t"))),
        (
            OWN
            | {"prometheus_ca_file": "/a"}
            | {"prometheus_client_certificate_file": "/c", "prometheus_client_key_file": "/k"},
            Files(ca=Path("/a"), client_certificate=Path("/c"), client_key=Path("/k")),
        ),
        ({}, Files()),
    ],
    ids=["basic", "bearer", "certificates", "nothing"],
)
def test_files_for_prometheus_are_named(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], files: Files) -> None:
    """Whether they can be read shows when they are: they may come later."""
    setting(monkeypatch, **values)
    assert from_environment().prometheus_files == files


WRONG = {
    "a word for a number": (
        {"workers": "many"},
        "GRACEFULSERVICE_WORKERS: Input should be a valid integer, unable to parse string as an integer",
    ),
    "no workers": ({"workers": "0"}, "GRACEFULSERVICE_WORKERS: Input should be greater than or equal to 1"),
    "an address without a scheme": (
        {"prometheus_url": "prometheus:9090"},
        "GRACEFULSERVICE_PROMETHEUS_URL: URL scheme should be 'http' or 'https'",
    ),
    "a file that lies nowhere": (
        {"prometheus_ca_file": "ca.crt"},
        'GRACEFULSERVICE_PROMETHEUS_CA_FILE: "ca.crt" is not an absolute path',
    ),
    "two ways to say who one is": (
        OWN | {"prometheus_bearer_token_file": "/t"} | BASIC,
        (
            "GRACEFULSERVICE_PROMETHEUS_BEARER_TOKEN_FILE and GRACEFULSERVICE_PROMETHEUS_USERNAME_FILE cannot both be "
            "set, because there is one Authorization header"
        ),
    ),
    "a user without a password": (
        OWN | {"prometheus_username_file": "/u"},
        "GRACEFULSERVICE_PROMETHEUS_USERNAME_FILE needs GRACEFULSERVICE_PROMETHEUS_PASSWORD_FILE beside it",
    ),
    "a certificate without its key": (
        OWN | {"prometheus_client_certificate_file": "/c"},
        "GRACEFULSERVICE_PROMETHEUS_CLIENT_CERTIFICATE_FILE needs GRACEFULSERVICE_PROMETHEUS_CLIENT_KEY_FILE beside it",
    ),
    "a key without its certificate": (
        OWN | {"prometheus_client_key_file": "/k"},
        "GRACEFULSERVICE_PROMETHEUS_CLIENT_KEY_FILE needs GRACEFULSERVICE_PROMETHEUS_CLIENT_CERTIFICATE_FILE beside it",
    ),
    "credentials for nobody": (
        BASIC,
        (
            "GRACEFULSERVICE_PROMETHEUS_USERNAME_FILE needs GRACEFULSERVICE_PROMETHEUS_URL, the Prometheus it is meant "
            "for"
        ),
    ),
    "an authority that is never asked for": (
        {"prometheus_url": "http://p:9090", "prometheus_ca_file": "/ca"},
        "GRACEFULSERVICE_PROMETHEUS_CA_FILE needs GRACEFULSERVICE_PROMETHEUS_URL to begin with https://",
    ),
    "a password that everybody sees": (
        {"prometheus_url": "https://me:hidden@p:9090"},
        ("GRACEFULSERVICE_PROMETHEUS_URL holds a user name or a password: conditions show it, so let files hold them"),
    ),
    "several of these": (
        OWN | {"prometheus_client_key_file": "/k", "prometheus_password_file": "/p"},
        (
            "GRACEFULSERVICE_PROMETHEUS_PASSWORD_FILE needs GRACEFULSERVICE_PROMETHEUS_USERNAME_FILE beside it; "
            "GRACEFULSERVICE_PROMETHEUS_CLIENT_KEY_FILE needs GRACEFULSERVICE_PROMETHEUS_CLIENT_CERTIFICATE_FILE "
            "beside it"
        ),
    ),
    "a lease that could be lost while a write is under way": (
        {"lease_renew_within": "12"},
        (
            "GRACEFULSERVICE_LEASE_RENEW_WITHIN (12 s) and GRACEFULSERVICE_API_TIMEOUT (5 s) together exceed "
            "GRACEFULSERVICE_LEASE_DURATION (15 s)"
        ),
    ),
    "a lease that is renewed too rarely": (
        {"lease_retry": "10"},
        "GRACEFULSERVICE_LEASE_RETRY (10 s) is not below GRACEFULSERVICE_LEASE_RENEW_WITHIN (10 s)",
    ),
}


@pytest.mark.parametrize(("values", "complaint"), WRONG.values(), ids=WRONG)
def test_a_bad_value_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], complaint: str
) -> None:
    """By the name of its variable."""
    setting(monkeypatch, **values)
    with pytest.raises(Invalid) as caught:
        from_environment()
    assert caught.value.sentence == f"The operator cannot start: {complaint}."


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to restart twice to learn of the second mistake."""
    setting(monkeypatch, workers="many", port="-1")
    with pytest.raises(Invalid, match=r"GRACEFULSERVICE_WORKERS: .*; GRACEFULSERVICE_PORT: "):
        from_environment()
