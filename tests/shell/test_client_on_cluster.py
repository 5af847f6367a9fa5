"""The client and the lease on a real API server: what it answers to every verb and every broken precondition."""

import asyncio
import dataclasses
import ssl
import time
from collections.abc import Iterator

import pytest

from gracefulservice.cluster import requests
from gracefulservice.cluster.access import Access
from gracefulservice.cluster.client import Client
from gracefulservice.cluster.kinds import CONTROLLER_REVISION, DEPLOYMENT, LEASE, Kind, Object, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused, Stale, Unreachable
from gracefulservice.leadership import Elector, Terms
from tests.shell import cluster
from tests.shell.cluster import client_of, deployment, update, version

pytestmark = pytest.mark.e2e


@pytest.fixture
def door() -> Access:
    """The way to the local cluster."""
    return cluster.door()


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace of the test's own."""
    with cluster.own_namespace() as name:
        yield name


def record(namespace: str, **annotations: str) -> Object:
    """An object that no controller ever touches."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"namespace": namespace, "name": "r", "annotations": annotations},
        "revision": 1,
        "data": {},
    }


async def test_a_life_of_an_object(door: Access, namespace: str) -> None:
    """Made, changed in every way and deleted: what does not know the latest version is Stale, and does nothing."""
    ref, mark = Ref(CONTROLLER_REVISION, namespace, "r"), {"metadata": {"annotations": {"a": "2"}}}
    async with client_of(door) as client:
        assert await client.get(ref) is None
        made = await client.send(requests.create(CONTROLLER_REVISION, record(namespace, a="1")))
        latest = await client.send(requests.merge_patch(ref, mark, resource_version=version(made)))
        uid, old = made["metadata"]["uid"], version(made)
        for request in (
            requests.create(CONTROLLER_REVISION, record(namespace)),
            requests.merge_patch(ref, {"metadata": {"annotations": {"a": "3"}}}, resource_version=old),
            requests.json_patch(ref, [{"op": "remove", "path": "/metadata/annotations"}], resource_version=old),
            requests.apply(CONTROLLER_REVISION, record(namespace), resource_version=old),
            requests.replace(CONTROLLER_REVISION, made),
            requests.delete(ref, uid="another"),
            requests.delete(ref, uid=uid, resource_version=old),
        ):
            with pytest.raises(Stale):
                await client.send(request)
        assert await client.get(ref) == latest

        other = [{"op": "test", "path": "/metadata/annotations/a", "value": "1"}]
        with pytest.raises(Stale, match="changed before it could be patched"):
            await client.send(requests.json_patch(ref, other, resource_version=version(latest)))
        await client.send(requests.delete(ref, uid=uid, resource_version=version(latest)))
        await client.send(requests.delete(ref, uid=uid))
        assert await client.get(ref) is None


async def test_status_and_scale_are_changed_as_they_were_seen(door: Access, namespace: str) -> None:
    """Replicas by the scale of a Deployment; with the version before, both are Stale."""

    def scale(found: Object) -> Request:
        return requests.patch_scale(DEPLOYMENT.of(found), 1, resource_version=version(found))

    async with client_of(door) as client:
        made = await client.send(requests.create(DEPLOYMENT, deployment(namespace)))
        ref = DEPLOYMENT.of(made)
        scaled = await update(client, ref, scale)
        assert (scaled["kind"], scaled["spec"]["replicas"]) == ("Scale", 1)
        for request in (
            requests.patch_scale(ref, 7, resource_version=version(made)),
            requests.patch_status(ref, {"replicas": 7}, resource_version=version(made)),
        ):
            with pytest.raises(Stale):
                await client.send(request)
        found = await client.get(ref)
    assert found
    assert found["spec"]["replicas"] == 1


async def test_apply_creates_and_is_idempotent(door: Access, namespace: str) -> None:
    """The second time nothing changes, not even the version; a dry run changes nothing at all."""
    async with client_of(door) as client:
        await client.send(requests.apply(CONTROLLER_REVISION, record(namespace), dry_run=True))
        assert await client.get(Ref(CONTROLLER_REVISION, namespace, "r")) is None
        first = await client.send(requests.apply(CONTROLLER_REVISION, record(namespace)))
        second = await client.send(requests.apply(CONTROLLER_REVISION, record(namespace)))
    assert version(first) == version(second)
    assert {entry["manager"] for entry in first["metadata"]["managedFields"]} == {"gracefulservice"}


async def test_what_the_api_server_refuses_names_the_field(door: Access, namespace: str) -> None:
    """An invalid value, a misspelt field, a patch that makes the object invalid, a kind nobody serves."""

    def below_nothing(found: Object) -> Request:
        patch = [{"op": "replace", "path": "/spec/replicas", "value": -1}]
        return requests.json_patch(DEPLOYMENT.of(found), patch, resource_version=version(found))

    invalid, misspelt = deployment(namespace), deployment(namespace)
    invalid["spec"]["replicas"] = -1
    misspelt["spec"]["replica"] = 1
    async with client_of(door) as client:
        with pytest.raises(Refused, match=r"422.*spec\.replicas"):
            await client.send(requests.create(DEPLOYMENT, invalid))
        with pytest.raises(Refused, match=r'400.*unknown field "spec\.replica"'):
            await client.send(requests.create(DEPLOYMENT, misspelt))
        made = await client.send(requests.create(DEPLOYMENT, deployment(namespace)))
        with pytest.raises(Refused, match=r"422.*spec\.replicas"):
            await update(client, DEPLOYMENT.of(made), below_nothing)
        unheard = Kind("nobody.dev/v1", "Nothing", "nothings")
        with pytest.raises(Refused, match=r"does not serve Nothing \(nobody\.dev/v1\)"):
            await client.get(Ref(unheard, namespace, "x"))
        assert [await client.serves(kind) for kind in (DEPLOYMENT, unheard)] == [True, False]


async def test_who_we_are_not_is_unreachable_and_what_we_may_not_is_refused(door: Access, namespace: str) -> None:
    """An unknown token may be one that has just been rotated; a known identity without rights stays so."""
    anonymous = ssl.create_default_context(cafile=cluster.configuration().ssl_ca_cert)
    stranger = dataclasses.replace(door, authorization=lambda: "Bearer nobody", tls=anonymous)
    create = requests.create(DEPLOYMENT, deployment(namespace))
    async with client_of(stranger) as client:
        with pytest.raises(Unreachable, match="does not know the operator"):
            await client.send(create)
    async with door.session(connections=1, timeout=30) as session:
        session.headers["Impersonate-User"] = "nobody"
        with pytest.raises(Refused, match=r'403.*"nobody" cannot create resource "deployments"'):
            await Client(session, door.server).send(create)


async def test_a_list_is_whole_however_many_pages_it_has(
    door: Access, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five records in pages of two, chosen by their label."""
    monkeypatch.setattr(requests, "PAGE", 2)
    async with client_of(door) as client:
        for number in range(6):
            metadata = {"namespace": namespace, "name": f"r{number}", "labels": {"odd": str(number == 5)}}
            numbered = record(namespace) | {"metadata": metadata}
            await client.send(requests.create(CONTROLLER_REVISION, numbered))
        found = await client.list_all(CONTROLLER_REVISION, namespace, "odd=False")
    assert [(item["kind"], item["metadata"]["name"]) for item in found] == [
        ("ControllerRevision", f"r{number}") for number in range(5)
    ]


async def test_a_lease_is_handed_over(door: Access, namespace: str) -> None:
    """The second candidate leads after the first gave the lease back, and never before."""
    lease, terms = Ref(LEASE, namespace, "operator"), Terms(duration=60, renew_within=50, retry=0.2)
    async with client_of(door) as client:
        first, second = (Elector(client, lease, name, terms, now=time.monotonic, wall=time.time) for name in ("a", "b"))
        leading = asyncio.create_task(first.run())
        await first.elected.wait()
        waiting = asyncio.create_task(second.run())
        await second.answered.wait()
        assert (first.valid_for() > 0, second.valid_for()) == (True, 0)
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        await first.release()
        async with asyncio.timeout(cluster.PATIENCE):
            await second.elected.wait()
        waiting.cancel()
        found = await client.get(lease)
    assert found
    uid = found["metadata"]["uid"]
    assert (first.epoch, second.epoch) == ("", f"2@{uid}")
    assert found["spec"]["holderIdentity"] == "b"
