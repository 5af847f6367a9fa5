"""The operator as a process that does not lead: it answers all the same, and ends when it is asked to."""

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from gracefulservice.admission.server import PATH
from gracefulservice.cluster.kinds import LEASE, Object
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Stale
from tests.admission.questions import SHORT_GRACE, asked, body, wire
from tests.admission.store import HOST, PLACES, Store, installed

PATIENCE = 180.0
"""Seconds to wait on a starved machine before giving up."""
HELD = {
    "apiVersion": LEASE.api_version,
    "kind": LEASE.name,
    "metadata": {"namespace": "operators", "name": "gracefulservice", "uid": "1"},
    "spec": {"holderIdentity": "leader", "leaseDurationSeconds": 3600, "leaseTransitions": 1},
}


class Front:
    """The store behind HTTP, beside a lease that somebody else holds."""

    def __init__(self, store: Store) -> None:
        self.store, self.renewals = store, 0

    async def answer(self, request: web.Request) -> web.Response:
        """One request."""
        if "/leases/" in request.path:
            return self.lease()
        found = [ref for ref in self.store.objects if ref.path == request.path]
        if not found:
            return web.json_response({"message": "not found", "details": {"name": "x"}}, status=404)
        if request.method == "GET":
            return web.json_response(await self.store.get(found[0]))
        sent = Request("send", request.method, found[0].kind, request.path, str(found[0]), body=await request.read())
        try:
            return web.json_response(await self.store.send(sent))
        except Stale as stale:
            return web.json_response({"message": stale.sentence}, status=409)

    def lease(self) -> web.Response:
        """Renewed all the time."""
        self.renewals += 1
        metadata = {**HELD["metadata"], "resourceVersion": str(self.renewals)}  # type: ignore[dict-item]
        return web.json_response({**HELD, "metadata": metadata})


def kubeconfig(folder: Path, url: str) -> Path:
    """The way to a server."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": url}}],
        "users": [{"name": "it", "user": {}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


@asynccontextmanager
async def standby(front: Front, folder: Path, port: int, probes: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A replica of the operator that never leads."""
    settings = {
        "pod_namespace": "operators",
        "port": str(probes),
        "webhook_configuration": "gracefulservice-operators",
        "webhook_port": str(port),
    }
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", front.answer)
    async with TestServer(application) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gracefulservice"),
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("GRACEFULSERVICE_")},
                **{f"GRACEFULSERVICE_{name.upper()}": value for name, value in settings.items()},
                "KUBECONFIG": str(kubeconfig(folder, str(server.make_url("/")))),
            },
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def first_answer(store: Store, port: int, question: Object) -> Object:
    """The response, as soon as somebody answers who is trusted."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if store.trusted:
                context = ssl.create_default_context(cadata=store.trusted.decode())
                connector = aiohttp.TCPConnector(ssl=context)
                try:
                    async with aiohttp.ClientSession(connector=connector) as session:
                        url = f"https://127.0.0.1:{port}{PATH}"
                        async with session.post(url, data=wire(question), server_hostname=HOST) as answer:
                            return dict(orjson.loads(await answer.read())["response"])
                except aiohttp.ClientConnectorError:
                    pass
            await asyncio.sleep(0.05)


async def readiness(probes: int) -> tuple[int, str]:
    """What a probe is told; (0, "") while nobody listens."""
    try:
        async with aiohttp.request("GET", f"http://127.0.0.1:{probes}/readyz") as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


async def test_a_replica_is_ready_as_soon_as_it_answers(tmp_path: Path) -> None:
    """The API server would else be sent to a port where nobody listens."""
    store = installed()
    kept = store.objects.pop(PLACES.secret)
    port, probes = unused_port(), unused_port()
    async with standby(Front(store), tmp_path, port, probes), asyncio.timeout(PATIENCE):
        while await readiness(probes) != (503, "The webhook does not answer yet."):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        store.put(PLACES.secret, kept)
        while await readiness(probes) != (200, "ok"):  # noqa: ASYNC110 - the process sets no event of ours
            await asyncio.sleep(0.05)
        assert (await first_answer(store, port, asked(body())))["allowed"] is True


async def test_a_replica_that_does_not_lead_answers_and_ends_well(tmp_path: Path) -> None:
    front, port = Front(installed()), unused_port()
    async with standby(front, tmp_path, port, unused_port()) as process:
        refused = await first_answer(front.store, port, asked(body(change=SHORT_GRACE)))
        assert refused["allowed"] is False
        assert "(15) is less than shutdown.delay (20s)" in refused["status"]["message"]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            _, said = await process.communicate()
        assert process.returncode == 0
    lines = [json.loads(line) for line in said.decode().splitlines()]
    assert [line for line in lines if line["level"] in ("warning", "error")] == []
    assert front.renewals > 0
