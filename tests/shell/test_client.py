"""The client on a real socket: retries, limits, fence and what is counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gracefulservice.cluster import requests
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.client import TRIES, Client, pause_after
from gracefulservice.cluster.kinds import DEPLOYMENT, HTTP_ROUTE, SECRET, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused, Stale, Unreachable
from tests.shell.api_server import Reply, Script, json, scripted

WEB = Ref(DEPLOYMENT, "shop", "web")
SCALE = requests.patch_scale(WEB, 3, resource_version="7")
DELETE = requests.delete(WEB, uid="u")
GONE = json({"message": "gone", "details": {"name": "web"}}, 404)
BUSY = json({"message": "busy"}, 503)


class Wire:
    """A client with its server, the pauses it took, and the calls it counted."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.pauses: list[float] = []
        self.counted: list[str] = []
        self.leads = True

    async def sleep(self, seconds: float) -> None:
        """Take no time."""
        self.pauses.append(seconds)

    def count(self, request: Request, code: str, seconds: float) -> None:
        """Remember what was told to the metrics."""
        assert seconds >= 0
        self.counted.append(f"{request.verb} {request.kind.name} {code}")


@asynccontextmanager
async def client_of(
    *replies: Reply, seconds: float = 30, largest_answer: int = 2**20
) -> AsyncIterator[tuple[Client, Wire]]:
    """A client and its scripted server."""
    async with scripted(*replies) as script, script.access.session(connections=4, timeout=seconds) as session:
        wire = Wire(script)
        yield (
            Client(
                session,
                script.url,
                fence=lambda: wire.leads,
                observe=wire.count,
                sleep=wire.sleep,
                largest_answer=largest_answer,
            ),
            wire,
        )


async def test_a_read_is_tried_again_until_it_is_answered() -> None:
    """Two failures of the server are not seen by the caller, but counted."""
    async with client_of(BUSY, BUSY, json({"kind": "Deployment"})) as (client, wire):
        assert await client.get(WEB) == {"kind": "Deployment"}
    assert wire.counted == ["read Deployment 503", "read Deployment 503", "read Deployment 200"]
    assert len(wire.pauses) == 2


async def test_a_read_that_is_never_answered_fails_after_a_few_tries() -> None:
    """The caller holds and backs off; the client does not try for ever."""
    async with client_of(BUSY) as (client, wire):
        with pytest.raises(Unreachable, match="503"):
            await client.get(WEB)
    assert len(wire.script.asked) == TRIES


async def test_the_pause_the_server_asks_for_is_waited() -> None:
    """429 with Retry-After: at least that long before the next try."""
    async with client_of(json({}, 429, Retry_After="1"), json({"kind": "Deployment"})) as (client, wire):
        await client.get(WEB)
    assert wire.pauses == [1.0]


async def test_a_long_pause_is_left_to_the_caller() -> None:
    """A worker is not blocked for a minute; the queue waits instead."""
    async with client_of(json({}, 429, Retry_After="60")) as (client, wire):
        with pytest.raises(Unreachable) as caught:
            await client.get(WEB)
    assert caught.value.retry_after == 60
    assert (len(wire.script.asked), wire.pauses) == (1, [])


async def test_a_write_is_never_repeated() -> None:
    """Whoever decided it must look again first: it may have been done."""
    async with client_of(BUSY) as (client, wire):
        with pytest.raises(Unreachable):
            await client.send(SCALE)
    assert len(wire.script.asked) == 1


async def test_no_write_leaves_without_the_lease_but_reads_do() -> None:
    """The fence is asked before each write."""
    async with client_of(json({"kind": "Deployment"})) as (client, wire):
        wire.leads = False
        await client.get(WEB)
        with pytest.raises(Unreachable, match="does not hold the lease"):
            await client.send(DELETE)
    assert [asked.split()[0] for asked in wire.script.asked] == ["GET"]


async def test_a_server_that_hangs_is_given_up() -> None:
    """The time-out of the session ends the wait, and the failure says so."""
    never = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    async with client_of(hang, seconds=0.05) as (client, wire):
        with pytest.raises(Unreachable, match="does not answer in time about Deployment shop/web"):
            await client.send(SCALE)
        never.set()
    assert wire.counted == ["scale Deployment timeout"]


async def test_an_answer_that_breaks_off_is_no_answer() -> None:
    """Half an object is never taken for one."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"kind":')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with client_of(break_off) as (client, wire):
        with pytest.raises(Unreachable, match="cannot be reached"):
            await client.send(SCALE)
    assert wire.counted == ["scale Deployment broken"]


async def test_nobody_listening_is_unreachable() -> None:
    """A refused connection is one of the four failures as well."""
    async with Access("http://127.0.0.1:1").session(connections=1, timeout=5) as session:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await Client(session, "http://127.0.0.1:1").send(SCALE)


async def test_an_answer_larger_than_we_can_hold_is_refused() -> None:
    """Reading stops at the limit, however much the server would send."""
    async with client_of(json({"x": "y" * 5000}), largest_answer=1000) as (client, wire):
        with pytest.raises(Refused, match="larger than 1000 bytes"):
            await client.get(WEB)
    assert wire.counted == ["read Deployment too-large"]


async def test_a_redirect_takes_our_token_nowhere() -> None:
    """The answer is refused, not followed."""
    async with client_of(json({}, 307, Location="/elsewhere"), json({})) as (client, wire):
        with pytest.raises(Refused, match="307"):
            await client.get(WEB)
    assert len(wire.script.asked) == 1


async def test_what_does_not_exist_is_none_and_deleting_it_is_fine() -> None:
    """404 of an object that may be absent is an answer."""
    async with client_of(GONE) as (client, _):
        assert await client.get(WEB) is None
        await client.send(DELETE)


async def test_writing_to_what_does_not_exist_any_more_is_stale() -> None:
    """It was there when the write was decided: look again."""
    async with client_of(GONE) as (client, _):
        with pytest.raises(Stale, match="does not exist"):
            await client.send(SCALE)


async def test_a_list_is_read_page_by_page_and_its_items_say_what_they_are() -> None:
    """The token of a page asks for the next one; items of a list lack kind and version."""
    first = json({"metadata": {"continue": "t/1="}, "items": [{"metadata": {"name": "a"}}]})
    last = json({"metadata": {}, "items": [{"metadata": {"name": "b"}}]})
    async with client_of(first, last) as (client, wire):
        found = await client.list_all(DEPLOYMENT, "shop", "app=web")
    assert [(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in found] == [
        ("Deployment", "apps/v1", "a"),
        ("Deployment", "apps/v1", "b"),
    ]
    path = "GET /apis/apps/v1/namespaces/shop/deployments?limit=500&labelSelector=app%3Dweb"
    assert wire.script.asked == [path, f"{path}&continue=t/1%3D"]


async def test_a_list_whose_next_page_expired_starts_over_once() -> None:
    """Nothing is returned twice, nothing is left out."""
    first = json({"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "a"}}]})
    expired = json({"message": "too old"}, 410)
    whole = json({"metadata": {}, "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]})
    async with client_of(first, expired, whole) as (client, _):
        found = await client.list_all(DEPLOYMENT, None)
    assert [item["metadata"]["name"] for item in found] == ["a", "b"]


async def test_of_metadata_alone_nothing_else_is_kept() -> None:
    """It calls itself by another kind, no items are null, and a server that sends whole objects changes nothing."""
    head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}
    first = json({"metadata": {"continue": "t"}, "items": [head, {"metadata": {"name": "b"}, "data": {"key": "word"}}]})
    async with client_of(first, json({"metadata": {}, "items": None})) as (client, wire):
        found = await client.list_metadata(SECRET, "shop", "a=b")
    kind = {"apiVersion": "v1", "kind": "Secret"}
    assert found == [kind | {"metadata": {"name": "a"}}, kind | {"metadata": {"name": "b"}}]
    assert {one["Accept"].partition(",")[0] for one in wire.script.headers} == {
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    }


async def test_a_list_of_metadata_starts_over_once_when_its_page_expired() -> None:
    first = json({"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "a"}}]})
    whole = json({"metadata": {}, "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]})
    async with client_of(first, json({"message": "too old"}, 410), whole) as (client, _):
        assert len(await client.list_metadata(SECRET, None)) == 2


SERVED = {
    "it is listed": (json({"resources": [{"name": "httproutes"}]}), True),
    "others of its group are": (json({"resources": [{"name": "gateways"}]}), False),
    "its group is unknown": (json({}, 404), False),
}


@pytest.mark.parametrize(("reply", "served"), SERVED.values(), ids=SERVED)
async def test_whether_a_kind_is_served(reply: Reply, served: bool) -> None:
    """Asked by discovery, not by trying."""
    async with client_of(reply) as (client, _):
        assert await client.serves(HTTP_ROUTE) is served


DRAWS: dict[str, tuple[int, float, Callable[[float, float], float], float]] = {
    "the first pause is short": (1, 0.0, max, 0.2),
    "the range doubles": (3, 0.0, max, 0.8),
    "up to a limit": (50, 0.0, max, 2.0),
    "it may be nothing": (3, 0.0, min, 0.0),
    "but never less than was asked for": (1, 1.5, min, 1.5),
}


@pytest.mark.parametrize(("attempt", "asked", "draw", "seconds"), DRAWS.values(), ids=DRAWS)
def test_pauses_between_tries(
    attempt: int, asked: float, draw: Callable[[float, float], float], seconds: float
) -> None:
    """Full jitter over a range that doubles."""
    assert pause_after(attempt, asked, draw) == seconds
