"""The webhook over real TLS on loopback: its answers, its limits, and certificates that change under its clients."""

import asyncio
import io
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gracefulservice.admission import certificates, server
from gracefulservice.admission.certificates import DAY
from gracefulservice.admission.keeper import Keeper
from gracefulservice.admission.server import LARGEST, PATH, Webhook
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Unreachable
from tests.admission.questions import SHORT_GRACE, UID, asked, body, made, wire
from tests.admission.store import HOST, PLACES, Store, installed, until
from tests.support.admission import Json


@dataclass
class Served:
    """A running webhook, and how API servers call it."""

    port: int
    store: Store
    results: list[str] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    def session(self, *authorities: bytes) -> aiohttp.ClientSession:
        """An API server that trusts these authorities and nobody else."""
        context = ssl.create_default_context(cadata=b"".join(authorities).decode())
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    async def post(self, session: aiohttp.ClientSession, content: bytes) -> tuple[int, str]:
        """The answer to some bytes."""
        url = f"https://127.0.0.1:{self.port}{PATH}"
        async with session.post(url, data=io.BytesIO(content), server_hostname=HOST) as answer:
            return answer.status, await answer.text()

    async def ask(self, session: aiohttp.ClientSession, question: Json) -> Json:
        """The response to a question."""
        status, text = await self.post(session, wire(question))
        assert status == 200, text
        return dict(json.loads(text)["response"])


@pytest.fixture
def now() -> list[float]:
    """The time, which a test may change. It starts with the real one, at which TLS looks."""
    return [time.time()]


@asynccontextmanager
async def running(now: list[float], store: Store | None = None) -> AsyncIterator[Served]:
    """Keys kept and questions answered, looking at the keys all the time."""
    served = Served(unused_port(), store or installed())
    keeper = Keeper(served.store, PLACES, lambda: now[0])
    webhook = Webhook(served.store, lambda result, _seconds: served.results.append(result))
    task = asyncio.create_task(server.run(keeper, webhook, served.port, served.answering, period=0.01))
    try:
        yield served
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def up(served: Served) -> None:
    """Wait until somebody listens."""

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        except OSError:
            return False
        writer.close()
        return True

    await until(listens)


async def test_a_client_that_trusts_the_configuration_is_answered(now: list[float]) -> None:
    async with running(now) as served:
        await up(served)
        async with served.session(served.store.trusted) as session:
            assert await served.ask(session, asked(body())) == {"uid": UID, "allowed": True}
            refused = await served.ask(session, asked(body(change=SHORT_GRACE)))
            assert refused["allowed"] is False
            assert "(15) is less than shutdown.delay (20s)" in refused["status"]["message"]
    assert served.results == ["allowed", "refused"]


async def test_a_client_that_trusts_somebody_else_hangs_up(now: list[float]) -> None:
    stranger = certificates.new_authority(now[0])
    async with running(now) as served:
        await up(served)
        async with served.session(stranger.certificate_pem) as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await served.ask(session, asked(body()))


async def serial(served: Served) -> int:
    """The number of the certificate that a new client is shown."""
    context = ssl.create_default_context(cadata=served.store.trusted.decode())
    _, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=context, server_hostname=HOST)
    shown = writer.get_extra_info("peercert")
    writer.close()
    return int(shown["serialNumber"], 16)


async def test_certificates_change_under_a_client_that_stays(now: list[float]) -> None:
    """A new authority, then what it signed: a connection that stands goes on, new ones are shown the new one."""
    now[0] -= 250 * DAY
    store = installed()
    await Keeper(store, PLACES, lambda: now[0]).keep()
    now[0] += 185 * DAY
    old = (await Keeper(store, PLACES, lambda: now[0]).keep()).authority.certificate_pem
    async with running(now, store) as served:
        await up(served)
        first = await serial(served)
        async with served.session(old) as stays:
            assert (await served.ask(stays, asked(body())))["allowed"] is True
            now[0] += 60 * DAY
            await until(lambda: trusts(served, 2))
            assert await serial(served) == first, "nobody has heard of the new authority yet"
            now[0] += DAY
            await until(lambda: shows_another(served, first))
            assert (await served.ask(stays, asked(body())))["allowed"] is True
            newest = certificates.authorities(served.store.trusted)[0]
            pem = newest.public_bytes(Encoding.PEM)
            async with served.session(pem) as trusting:
                assert (await served.ask(trusting, asked(body())))["allowed"] is True
            async with served.session(old) as late:
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await served.ask(late, asked(body()))


async def trusts(served: Served, number: int) -> bool:
    return len(certificates.authorities(served.store.trusted)) == number


async def shows_another(served: Served, than: int) -> bool:
    return await serial(served) != than


async def test_it_serves_on_while_the_api_server_is_away(now: list[float]) -> None:
    async with running(now) as served:
        await up(served)
        trusted = served.store.trusted

        async def away(_request: Request) -> None:
            raise Unreachable("Nobody answers.")

        served.store.before = away
        async with served.session(trusted) as session:
            assert (await served.ask(session, asked(body())))["allowed"] is True


async def test_it_starts_as_soon_as_there_are_keys(now: list[float]) -> None:
    store = installed()
    kept = store.objects.pop(PLACES.secret)
    async with running(now, store) as served:
        await asyncio.sleep(0.05)
        with pytest.raises(OSError, match=str(served.port)):
            await asyncio.open_connection("127.0.0.1", served.port)
        assert not served.answering.is_set(), "nobody may count on it yet"
        store.put(PLACES.secret, kept)
        async with asyncio.timeout(120):
            await served.answering.wait()
        await up(served)
    assert not served.answering.is_set()


MINE, THEIRS = body(change=made("a.example")), body("cart", made("a.example"))


async def test_the_other_services_of_the_namespace_are_read(now: list[float]) -> None:
    async with running(now) as served:
        await up(served)
        served.store.services = [THEIRS]
        async with served.session(served.store.trusted) as session:
            refused = await served.ask(session, asked(MINE))
    assert refused["allowed"] is False
    assert "GracefulService cart has the host name a.example" in refused["status"]["message"]


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "away"])
async def test_services_that_cannot_be_read_refuse_nothing(
    now: list[float], silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "READ_WITHIN", 0.05)

    async def trouble(request: Request) -> None:
        if request.verb == "list":
            if silent:
                await asyncio.Event().wait()
            raise Unreachable("Nobody answers.")

    async with running(now) as served:
        await up(served)
        served.store.before = trouble
        async with served.session(served.store.trusted) as session:
            found = await served.ask(session, asked(MINE))
    assert found["allowed"] is True
    assert found["warnings"] == [f"spec.traffic.routes[0].gatewayAPI: {server.UNREAD}"]


async def test_only_a_route_that_is_new_makes_it_read_anything(now: list[float]) -> None:
    lists: list[Request] = []

    async def seen(request: Request) -> None:
        if request.verb == "list":
            lists.append(request)

    async with running(now) as served:
        await up(served)
        served.store.before = seen
        async with served.session(served.store.trusted) as session:
            await served.ask(session, asked(body()))
            await served.ask(session, asked(MINE, MINE))
            assert lists == []
            await served.ask(session, asked(MINE, body()))
            assert len(lists) == 1


async def test_a_question_that_is_too_large_is_not_read(now: list[float]) -> None:
    async with running(now) as served:
        await up(served)
        async with served.session(served.store.trusted) as session:
            status, text = await served.post(session, b" " * (LARGEST + 1))
            assert (status, text) == (413, f"The question is larger than {LARGEST} bytes.")
            assert (await served.ask(session, asked(body())))["allowed"] is True
    assert served.results == ["unreadable", "allowed"]


async def test_whoever_sends_slowly_is_not_waited_for(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WITHIN", 0.05)

    async def drops() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with running(now) as served:
        await up(served)
        async with served.session(served.store.trusted) as session:
            url = f"https://127.0.0.1:{served.port}{PATH}"
            async with session.post(url, data=drops(), server_hostname=HOST) as answer:
                assert answer.status == 503
    assert served.results == ["late"]


async def test_other_paths_and_methods_are_none_of_its_business(now: list[float]) -> None:
    async with running(now) as served:
        await up(served)
        async with served.session(served.store.trusted) as session:
            for method, path, status in (("GET", PATH, 405), ("POST", "/", 404)):
                url = f"https://127.0.0.1:{served.port}{path}"
                async with session.request(method, url, server_hostname=HOST) as answer:
                    assert answer.status == status


def test_garbage_is_told_so_and_never_shown_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the bytes: 400 and one line."""

    async def attacked(noises: list[bytes]) -> None:
        async with running([time.time()]) as served:
            await up(served)
            async with served.session(served.store.trusted) as session:
                for noise in noises:
                    status, text = await served.post(session, noise)
                    assert status == 400
                    assert text.startswith("This is not an AdmissionReview of admission.k8s.io/v1: ")
                    assert "\n" not in text
        assert set(served.results) <= {"unreadable"}

    review: dict[str, Any] = asked(body())
    requests: tuple[Any, ...] = (None, [], {}, {"uid": 3}, {"uid": ""})
    parts = [json.dumps({**review, "request": part}).encode() for part in requests]
    noise = st.binary(max_size=300) | st.sampled_from([*parts, wire(review)[:-1], b"[" * 50_000, b"\xff\xfe", b"nan"])

    @settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.lists(noise, max_size=30))
    def attack(noises: list[bytes]) -> None:
        asyncio.run(attacked(noises))

    attack()
    assert [record for record in caplog.records if record.exc_info] == []
