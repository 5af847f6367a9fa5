"""Who is shown the operator's credentials, over real connections: its own Prometheus, from files read anew."""

import ssl
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gracefulservice.metrics.credentials import Files
from tests.metrics.asking import asking, is_an_outage, shown
from tests.metrics.authority import Authority, Mounted, tls_server, watched


async def test_a_bearer_token_is_read_anew_when_it_rotates(secret: Mounted) -> None:
    """Nobody has to restart the operator."""
    secret.put({"token": "first\n"})
    async with watched() as (url, seen), asking(url, Files(bearer_token=secret / "token")) as own:
        assert (await own.look()).outage is None
        secret.put({"token": "second"})
        await own.look()
    assert seen.authorization == ["Bearer first", "Bearer second"]


async def test_basic_credentials_are_read_anew_when_they_rotate(secret: Mounted) -> None:
    """As UTF-8, whatever a password has in it."""
    secret.put({"username": "grace", "password": "a:b"})
    files = Files(username=secret / "username", password=secret / "password")
    async with watched() as (url, seen), asking(url, files) as own:
        await own.look()
        secret.put({"username": "grace", "password": "schön\n"})
        assert (await own.look()).outage is None
    sent = [aiohttp.encode_basic_auth("grace", "a:b"), aiohttp.encode_basic_auth("grace", "schön")]
    assert seen.authorization == sent


async def test_a_private_authority_is_trusted_where_it_is_given(secret: Mounted, tmp_path: Path) -> None:
    """And nowhere else: nobody offers not to look at certificates."""
    authority = Authority()
    secret.put({"ca.crt": authority.pem})
    async with watched(tls_server(authority, tmp_path / "server")) as (url, seen):
        async with asking(url, Files(ca=secret / "ca.crt")) as own:
            look = await own.look()
        assert (look.outage, len(look.samples)) == (None, 1)
        async with asking(url) as stranger:
            is_an_outage(await stranger.look(), url, "a certificate that is not trusted", "prometheus.tls.ca")
    assert seen.questions == 1


async def test_a_given_authority_replaces_those_of_the_system(secret: Mounted, tmp_path: Path) -> None:
    """Whoever names one does not mean the rest of the world besides."""
    secret.put({"ca.crt": Authority("another").pem})
    async with (
        watched(tls_server(Authority(), tmp_path / "server")) as (url, seen),
        asking(url, Files(ca=secret / "ca.crt")) as own,
    ):
        is_an_outage(await own.look(), "a certificate that is not trusted", "prometheus.tls.ca")
    assert seen.questions == 0


async def test_a_certificate_for_another_host_is_not_trusted(secret: Mounted, tmp_path: Path) -> None:
    """Even if the authority is the right one."""
    authority = Authority()
    secret.put({"ca.crt": authority.pem})
    context = tls_server(authority, tmp_path / "server")
    other = Mounted(tmp_path / "other")
    certificate, key = authority.pair("prometheus", address="127.0.0.9")
    other.put({"tls.crt": certificate, "tls.key": key})
    context.load_cert_chain(other / "tls.crt", other / "tls.key")
    async with watched(context) as (url, seen), asking(url, Files(ca=secret / "ca.crt")) as own:
        is_an_outage(await own.look(), "a certificate that is not trusted", "IP address mismatch")
    assert seen.questions == 0


async def test_an_authority_is_read_anew_when_it_rotates(secret: Mounted, tmp_path: Path) -> None:
    """The first look after the Secret has changed goes well."""
    old, new = Authority("old"), Authority("new")
    secret.put({"ca.crt": old.pem})
    tls = tls_server(new, tmp_path / "server")
    async with watched(tls) as (url, _), asking(url, Files(ca=secret / "ca.crt")) as own:
        is_an_outage(await own.look(), "not trusted")
        secret.put({"ca.crt": old.pem + new.pem})
        assert (await own.look()).outage is None


async def test_a_client_certificate_is_shown_and_read_anew_when_it_rotates(secret: Mounted, tmp_path: Path) -> None:
    """From the next question on, not when the connection of the old one ends."""
    authority = Authority()
    for_client = [authority.pair(name) for name in ("operator-1", "operator-2")]
    secret.put({"ca.crt": authority.pem, "tls.crt": for_client[0][0], "tls.key": for_client[0][1]})
    context = tls_server(authority, tmp_path / "server", clients=authority)
    async with watched(context) as (url, seen), asking(url, shown(secret)) as own:
        assert (await own.look()).outage is None
        await own.look()
        secret.put({"ca.crt": authority.pem, "tls.crt": for_client[1][0], "tls.key": for_client[1][1]})
        assert (await own.look()).outage is None
    assert seen.certificates == ["operator-1", "operator-1", "operator-2"]


async def test_a_connection_is_used_again_until_something_rotates(
    secret: Mounted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are read when they change, not for each question."""
    authority = Authority()
    secret.put({"ca.crt": authority.pem})
    read = 0
    make = ssl.create_default_context

    def counted(cafile: Path) -> ssl.SSLContext:
        nonlocal read
        read += 1
        return make(cafile=cafile)

    context = tls_server(authority, tmp_path / "server")
    monkeypatch.setattr(ssl, "create_default_context", counted)
    async with watched(context) as (url, seen), asking(url, Files(ca=secret / "ca.crt")) as own:
        for _ in range(5):
            await own.look()
    assert (seen.questions, read) == (5, 1)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that the whole system trusts, as it does those of the internet."""
    authority = Authority()
    everywhere = ssl.create_default_context(cadata=authority.pem.decode())
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", everywhere)
    return authority


def everything(secret: Mounted, authority: Authority, kind: str) -> Files:
    """All that the operator can be told to show, once with each kind of Authorization."""
    certificate, key = authority.pair("operator")
    words = {"token": "secret", "username": "grace", "password": "secret"}
    secret.put({"ca.crt": authority.pem, "tls.crt": certificate, "tls.key": key, **words})
    if kind == "bearer":
        return replace(shown(secret), bearer_token=secret / "token")
    return replace(shown(secret), username=secret / "username", password=secret / "password")


@pytest.mark.parametrize("kind", ["bearer", "basic"])
async def test_what_a_spec_names_never_sees_credentials(
    secret: Mounted, tmp_path: Path, trusting: Authority, kind: str
) -> None:
    """Another server, another path of the operator's own, even its very address: whoever may write a spec could read
    them there. Before and after, the operator's own Prometheus does see them."""
    context = tls_server(trusting, tmp_path / "server", clients=trusting, must=False)
    files = everything(secret, trusting, kind)
    async with (
        watched(context) as (own_url, own_saw),
        watched(context) as (other_url, other_saw),
        watched() as (plain_url, plain_saw),
        asking(own_url, files) as own,
    ):
        await own.look()
        for named in (other_url, plain_url, f"{own_url}/tenant", own_url, f"{own_url}/"):
            assert (await own.look(named)).outage is None
        await own.look()
    assert (other_saw.authorization, other_saw.certificates) == ([None], [None])
    assert (plain_saw.authorization, plain_saw.certificates) == ([None], [None])
    assert own_saw.certificates == ["operator", None, None, None, "operator"]
    assert [bool(sent) for sent in own_saw.authorization] == [True, False, False, False, True]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_credentials_follow_no_redirect(secret: Mounted, status: int) -> None:
    """Not even on the same host, where a client would send them along."""
    secret.put({"token": "secret"})
    async with watched() as (thief_url, thief_saw):
        away = web.Response(status=status, headers={"Location": f"{thief_url}/api/v1/query"})
        async with watched(answer=away) as (url, seen), asking(url, Files(bearer_token=secret / "token")) as own:
            is_an_outage(await own.look(), f"answers {status}, but not as a Prometheus does", url)
    assert (seen.authorization, thief_saw.questions) == (["Bearer secret"], 0)


async def test_a_cookie_for_the_operator_is_shown_to_nobody(secret: Mounted) -> None:
    """A proxy before Prometheus gives one to whoever has shown credentials; another port of that host gets none."""
    secret.put({"token": "secret"})
    gives = web.Response(body=b"{}", headers={"Set-Cookie": "session=operator; Path=/"})
    async with (
        watched(answer=gives, host="localhost") as (url, _),
        watched(host="localhost") as (other_url, other_saw),
        asking(url, Files(bearer_token=secret / "token")) as own,
    ):
        await own.look()
        await own.look(other_url)
    assert other_saw.cookies == [{}]
