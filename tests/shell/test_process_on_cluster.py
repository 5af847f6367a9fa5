"""The operator as a process on a real API server: how it starts, stands by, leads, hands over and ends."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from prometheus_client.parser import text_string_to_metric_families

from gracefulservice.cluster.kinds import LEASE, Object, Ref
from tests.shell import cluster
from tests.shell.cluster import client_of, until

pytestmark = pytest.mark.e2e


@dataclass
class Replica:
    """One process of the operator."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[Object] = field(default_factory=list)

    async def read(self) -> None:
        """Its log; every line has to be a JSON object."""
        assert self.process.stderr
        async for line in self.process.stderr:
            self.lines.append(json.loads(line))

    async def fetch(self, path: str) -> tuple[int, str]:
        """What it answers; (0, "") while it does not yet."""
        assert self.process.returncode is None, self.lines
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""

    async def ready(self) -> bool:
        """Whether it has seen the lease, leader or not."""
        return await self.fetch("/readyz") == (200, "ok") and await self.fetch("/livez") == (200, "ok")

    async def leads(self) -> bool:
        """What its metrics say."""
        families = text_string_to_metric_families((await self.fetch("/metrics"))[1])
        return {"gracefulservice_leading": 1.0}.items() <= {
            sample.name: sample.value for family in families for sample in family.samples
        }.items()

    async def ended(self) -> int:
        """Wait for its end; gives the exit code."""
        async with asyncio.timeout(cluster.PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def replica(namespace: str, name: str) -> AsyncIterator[Replica]:
    """A process that works in one namespace and keeps its lease there."""
    port = unused_port()
    settings = {
        "pod_name": name,
        "pod_namespace": namespace,
        "namespaces": namespace,
        "port": str(port),
        "lease_duration": "10",
        "lease_renew_within": "6",
        "lease_retry": "0.5",
        "api_timeout": "4",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gracefulservice"),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("GRACEFULSERVICE_")},
            **{f"GRACEFULSERVICE_{name.upper()}": value for name, value in settings.items()},
            "KUBECONFIG": str(cluster.kubeconfig()),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    found = Replica(process, port)
    reading = asyncio.create_task(found.read())
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


async def holder(namespace: str) -> str:
    """The pod whose process holds the lease; empty when it was given back."""
    async with client_of(cluster.door()) as client:
        lease = await client.get(Ref(LEASE, namespace, "gracefulservice"))
    assert lease
    return str(lease["spec"]["holderIdentity"]).partition("_")[0]


async def test_one_of_two_leads_and_hands_over_when_it_is_asked_to_end() -> None:
    """The standby is ready as well; SIGTERM gives the lease back and ends with 0."""
    with cluster.own_namespace() as namespace:
        async with replica(namespace, "a") as first:
            await until(first.leads)
            assert await first.ready()
            async with replica(namespace, "b") as second:
                await until(second.ready)
                assert not await second.leads()
                first.process.send_signal(signal.SIGTERM)
                assert await first.ended() == 0
                await until(second.leads)
                assert await holder(namespace) == "b"
                second.process.send_signal(signal.SIGTERM)
                assert await second.ended() == 0
        assert await holder(namespace) == ""
    ours = [line for line in first.lines + second.lines if line["logger"].startswith("gracefulservice")]
    assert [line for line in ours if line["level"] == "error"] == []


async def test_a_leader_that_was_frozen_finds_another_one_and_ends() -> None:
    """While it stood still its lease ran out; thawed, it ends with 1 and writes nothing into the lease."""
    with cluster.own_namespace() as namespace:
        async with replica(namespace, "frozen") as first:
            await until(first.leads)
            first.process.send_signal(signal.SIGSTOP)
            async with replica(namespace, "heir") as second:
                await until(second.leads)
                first.process.send_signal(signal.SIGCONT)
                assert await first.ended() == 1
                assert await holder(namespace) == "heir"
                assert await second.leads()
    assert "The lease is lost: this replica stops." in [line["event"] for line in first.lines]
