"""What stored pods say of their hooks, and the kubelets of their nodes."""

from typing import Any

import pytest

from gracefulservice.cluster.hooks import NEW_NODES, Kubelets, hooks
from gracefulservice.cluster.kinds import NODE, Kind, Object, Ref
from gracefulservice.cluster.look import Children, world
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Refused, Unreachable
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.preparation import Hook
from gracefulservice.rollout.seen import Delay
from tests.cluster.objects_seen import deployment, leaving, owner, pod, record

SERVING = {"name": "app", "ports": [{"containerPort": 8080}]}
ASLEEP = {"lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}


def stored(*containers: dict[str, Any], name: str = "shop-a", node: str = "n1", born: str = "12:00:00") -> Object:
    """A pod of revision b2 with these containers."""
    body = pod(name, "b2")
    body["metadata"]["creationTimestamp"] = f"2026-03-01T{born}Z"
    return body | {"spec": {"containers": list(containers), "nodeName": node}}


def test_each_regular_container_has_its_line() -> None:
    """Its ports, its sleep or its other hook, and its node's kubelet."""
    drains = {"lifecycle": {"preStop": {"exec": {"command": ["drain"]}}}}
    dns = {"name": "dns", "ports": [{"containerPort": 53, "protocol": "UDP"}], "lifecycle": {"postStart": {}}}
    body = stored(SERVING | ASLEEP, {"name": "log"} | drains, dns)
    assert list(hooks([body], {"n1": "v1.33.2"})) == [
        Hook("shop-a", "app", serves=True, sleep=10, kubelet="v1.33.2"),
        Hook("shop-a", "log", serves=False, other=True, kubelet="v1.33.2"),
        Hook("shop-a", "dns", serves=False, kubelet="v1.33.2"),
    ]


class Nodes:
    """An API server that knows nodes; counts what it is asked."""

    def __init__(self, versions: dict[str, str], failure: Failure | None = None) -> None:
        self.versions, self.failure = versions, failure
        self.asked: list[str] = []

    async def get(self, ref: Ref) -> Object | None:
        """One node."""
        assert ref.path == f"/api/v1/nodes/{ref.name}"
        self.asked.append(ref.name)
        if self.failure:
            raise self.failure
        if ref.name not in self.versions:
            return None
        return {"kind": NODE.name, "status": {"nodeInfo": {"kubeletVersion": self.versions[ref.name]}}}

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Nobody asks for all of them."""
        raise AssertionError(kind, namespace, labels)

    async def send(self, request: Request) -> Object:
        """Nothing is written."""
        raise AssertionError(request)


async def test_a_node_is_asked_about_once() -> None:
    """Many pods stand on one, and a look comes every few seconds."""
    api = Nodes({"n1": "v1.33.2", "n2": "v1.29.1"})
    kubelets = Kubelets(api)
    pods = [stored(SERVING, node=name) for name in ("n1", "n2", "n1", "n3")] + [pod("pending", "b2")]
    for _ in range(2):
        assert await kubelets.of(pods) == {"n1": "v1.33.2", "n2": "v1.29.1", "n3": ""}
    assert sorted(api.asked) == ["n1", "n2", "n3"]


async def test_the_newest_pods_nodes_come_first_and_a_few_at_a_time() -> None:
    """A service on a thousand nodes asks no thousand questions at once."""
    names = [f"n{number}" for number in range(NEW_NODES + 2)]
    api = Nodes(dict.fromkeys(names, "v1.33.2"))
    pods = [stored(SERVING, node=name, born=f"12:00:{number:02}") for number, name in enumerate(names)]
    kubelets = Kubelets(api)
    assert set(await kubelets.of(pods)) == set(names[2:])
    assert set(await kubelets.of(pods)) == set(names)


@pytest.mark.parametrize("failure", [Refused("no right"), Unreachable("no time")])
async def test_who_may_not_read_nodes_knows_no_versions(failure: Failure) -> None:
    """A rollout within namespaces goes on without."""
    assert await Kubelets(Nodes({}, failure)).of([stored(SERVING)]) == {"n1": ""}


def seen_delay(*pods: Object, **more: Any) -> Delay | None:
    """What the look says of revision b2, whose record asks for a sleep of 10 s."""
    contract = resolve({"template": {"spec": {"containers": [SERVING]}}})
    assert isinstance(contract, Contract)
    body = record("b2", 2) | {
        "data": {"input": {}, "hashVersion": 1, "resolved": contract.model_dump(mode="json", by_alias=True)}
    }
    body["metadata"]["creationTimestamp"] = "2026-03-01T11:59:00Z"
    return world(owner(), Children([deployment("b2", 1)], pods, records=[body], **more)).fleets["b2"].delay


def test_pods_are_measured_by_the_contract_in_the_record() -> None:
    """An API server that drops the sleep is found out by the first pod."""
    kept, dropped = seen_delay(stored(SERVING | ASLEEP)), seen_delay(stored(SERVING))
    assert (kept and kept.holds, dropped and dropped.holds) == (True, False)
    old = seen_delay(stored(SERVING | ASLEEP), kubelets={"n1": "v1.28.9"})
    assert old is not None
    assert "kubelet v1.28.9" in old.sentence


def test_pods_on_their_way_out_say_nothing_about_the_next_ones() -> None:
    """Whatever an update of the cluster has changed meanwhile."""
    assert seen_delay(leaving(stored(SERVING))) is None


def test_a_record_that_tells_nothing_measures_nobody() -> None:
    """It is somebody's edit; what needs it will say so."""
    found = world(owner(), Children([deployment("b2", 1)], [stored(SERVING)], records=[record("b2", 2)]))
    assert found.fleets["b2"].delay is None
