"""What is said when access to Prometheus fails: which file, which setting, and never a word of what is secret."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gracefulservice.metrics.address import Address, unreachable, wish
from gracefulservice.metrics.credentials import Files
from tests.metrics.asking import asking, is_an_outage, shown
from tests.metrics.authority import Authority, Mounted, tls_server, watched

AUTH, TLS = "Look at prometheus.auth in the operator's chart.", "Look at prometheus.tls in the operator's chart."

UNREADABLE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "away": ({}, "No such file or directory"),
    "empty": ({"token": "\n"}, "it is empty"),
    "two lines": ({"token": "top\r\nsecret: 1"}, "it is not one line of text"),
    "two words": ({"token": "Bearer top-secret"}, "it is not one word"),
    "other letters": ({"token": "top-sécret"}, "it is not one word"),
    "no text": ({"token": b"top\xffsecret"}, "it is not UTF-8"),
}


@pytest.mark.parametrize(("files", "why"), UNREADABLE.values(), ids=UNREADABLE)
async def test_a_token_that_cannot_be_read_is_an_outage(
    secret: Mounted, files: dict[str, str | bytes], why: str
) -> None:
    """Nothing is asked without the credentials it should have had, and no sentence quotes them."""
    secret.put(files)
    async with watched() as (url, seen), asking(url, Files(bearer_token=secret / "token")) as own:
        look = await own.look()
        is_an_outage(look, "The operator cannot read its bearer token", str(secret / "token"), why, AUTH)
        assert "top" not in (look.outage or "")
        assert seen.questions == 0
        secret.put({"token": "good"})
        assert (await own.look()).outage is None


async def test_a_user_name_with_a_colon_is_an_outage(secret: Mounted) -> None:
    """The header could not tell where it ends."""
    secret.put({"username": "a:b", "password": "c"})
    files = Files(username=secret / "username", password=secret / "password")
    async with watched() as (url, seen), asking(url, files) as own:
        is_an_outage(await own.look(), "has a colon", str(secret / "username"), AUTH)
    assert seen.questions == 0


async def test_keys_that_cannot_be_used_are_an_outage(secret: Mounted, tmp_path: Path) -> None:
    """And are read anew when they have become good."""
    authority = Authority()
    (certificate, key), (_, strange) = authority.pair("operator"), authority.pair("stranger")
    ca, locked = authority.pem, authority.pair("operator", lock="open")
    context = tls_server(authority, tmp_path / "server", clients=authority)
    async with watched(context) as (url, seen), asking(url, shown(secret)) as own:
        secret.put({"tls.crt": certificate, "tls.key": key})
        is_an_outage(await own.look(), "keys and certificates", str(secret / "ca.crt"), "No such file", TLS)
        secret.put({"ca.crt": "nothing", "tls.crt": certificate, "tls.key": key})
        is_an_outage(await own.look(), "certificate authorities", str(secret / "ca.crt"), TLS)
        secret.put({"ca.crt": ca, "tls.crt": certificate, "tls.key": strange})
        is_an_outage(await own.look(), str(secret / "tls.key"), "KEY_VALUES_MISMATCH", TLS)
        secret.put({"ca.crt": ca, "tls.crt": locked[0], "tls.key": locked[1]})
        is_an_outage(await own.look(), str(secret / "tls.key"), "it is no PEM without a passphrase", TLS)
        assert seen.questions == 0
        secret.put({"ca.crt": ca, "tls.crt": certificate, "tls.key": key})
        assert (await own.look()).outage is None


def strictly(context: ssl.SSLContext) -> tuple[str, Callable[[], None]]:
    """The address of a server that answers one handshake as OpenSSL does, alert included; and how to run it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listening, listening.accept()[0] as raw, contextlib.suppress(OSError):
            context.wrap_socket(raw, server_side=True)

    return f"https://127.0.0.1:{listening.getsockname()[1]}", run


@pytest.mark.parametrize("shows", [False, True], ids=["none", "one of a stranger"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_prometheus_that_wants_another_client_certificate_is_an_outage(
    secret: Mounted, tmp_path: Path, version: ssl.TLSVersion, shows: bool
) -> None:
    """It says so by ending the connection, with an alert or without; the sentence says which setting to look at."""
    authority = Authority()
    certificate, key = Authority("stranger").pair("operator")
    secret.put({"ca.crt": authority.pem, "tls.crt": certificate, "tls.key": key})
    context = tls_server(authority, tmp_path / "server", clients=authority)
    context.maximum_version = version
    files = shown(secret) if shows else Files(ca=secret / "ca.crt")
    hint = "look at prometheus.tls.client in the operator's chart"
    async with watched(context) as (url, seen), asking(url, files) as own:
        is_an_outage(await own.look(), url, "cannot be reached", hint)
    assert seen.questions == 0
    url, run = strictly(context)
    async with asking(url, files) as own:
        _, look = await asyncio.gather(asyncio.to_thread(run), own.look())
    is_an_outage(look, url, "cannot be reached", hint)


async def test_where_nobody_listens_no_certificate_is_to_blame(secret: Mounted) -> None:
    """Hints are for what they may be about."""
    secret.put({"ca.crt": Authority().pem})
    async with asking(f"https://127.0.0.1:{unused_port()}", Files(ca=secret / "ca.crt")) as own:
        look = await own.look()
    is_an_outage(look, "cannot be reached")
    assert "certificate" not in (look.outage or "")
    assert "SSLContext" not in (look.outage or "")


def test_a_reason_without_a_number_is_said_as_it_is() -> None:
    """And nothing of the client's own objects, which would look different each time."""
    error = aiohttp.ClientConnectorError(MagicMock(), OSError("It is odd"))
    assert (
        str(unreachable(Address("https://p", own=True), error))
        == "Prometheus at https://p cannot be reached: It is odd."
    )


async def test_a_secret_that_changes_while_it_is_read_is_read_once_more(
    secret: Mounted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the certificate of yesterday and the key of today nobody notices anything."""
    authority = Authority()
    (certificate, key), (_, strange) = authority.pair("operator"), authority.pair("stranger")
    secret.put({"ca.crt": authority.pem, "tls.crt": certificate, "tls.key": strange})
    context = tls_server(authority, tmp_path / "server", clients=authority)
    load = ssl.SSLContext.load_cert_chain

    def late(context: ssl.SSLContext, *files: Path, **more: object) -> None:
        try:
            load(context, *files, **more)  # type: ignore[arg-type]
        finally:
            monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
            secret.put({"ca.crt": authority.pem, "tls.crt": certificate, "tls.key": key})

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", late)
    async with watched(context) as (url, seen), asking(url, shown(secret)) as own:
        assert (await own.look()).outage is None
    assert seen.certificates == ["operator"]


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_are_an_outage_of_their_own(secret: Mounted, status: int) -> None:
    """Said in one sentence, by who was asked as whom."""
    secret.put({"token": "secret"})
    refuses = web.Response(status=status, body=b"<html>go away</html>")
    async with watched(answer=refuses) as (url, _):
        async with asking(url, Files(bearer_token=secret / "token")) as known:
            said = "refuses the operator's credentials (401)" if status == 401 else "does not let them read (403)"
            is_an_outage(await known.look(), f"Prometheus at {url} ", said, "prometheus.auth")
            named = await known.look(url)
            is_an_outage(
                named, url, f"asks for credentials ({status})", "spec.metrics.prometheus.url", "leave the field"
            )
        async with asking(url) as nobody:
            is_an_outage(await nobody.look(), url, "the operator has none: set prometheus.auth")


async def test_refused_credentials_are_tried_again_at_the_next_look(secret: Mounted) -> None:
    """They may have been exchanged meanwhile: a refusal is no reason to rest."""
    secret.put({"token": "old"})
    refuses = web.Response(status=401)
    async with watched(answer=refuses) as (url, seen), asking(url, Files(bearer_token=secret / "token")) as own:
        await own.look()
        secret.put({"token": "new"})
        await own.look()
    assert seen.authorization == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "", 0.0),
        (503, "", None),
        (503, " 7 ", 7.0),
        (429, "-7", 0.0),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_limit_of_requests_is_a_wish_to_rest(status: int, retry_after: str, seconds: float | None) -> None:
    """That a server has no time is one only where it says for how long: it may be about one question."""
    assert wish(status, retry_after) == seconds
