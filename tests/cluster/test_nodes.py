"""What is read of nodes, how often, and whom it concerns that one is cordoned."""

from typing import Any

import pytest

from gracefulservice.cluster import nodes as module
from gracefulservice.cluster.kinds import NODE, Kind, Object, Ref
from gracefulservice.cluster.look import Children, world
from gracefulservice.cluster.nodes import NEW_NODES, Node, Nodes, read
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Refused, Unreachable
from gracefulservice.ports import Key
from tests.cluster.objects_seen import deployment, leaving, owner, pod

SHOP, DESK = Key("default", "shop"), Key("default", "desk")


def on(node: str, born: str = "12:00:00", name: str = "shop-a") -> Object:
    """A pod of revision b2 on a node; none has it yet where that is empty."""
    body = pod(name, "b2")
    body["metadata"]["creationTimestamp"] = f"2026-03-01T{born}Z"
    return body | {"spec": body["spec"] | ({"nodeName": node} if node else {})}


class Api:
    """An API server that knows nodes; counts what it is asked."""

    def __init__(self, *names: str, version: str = "v1.33.2") -> None:
        self.nodes: dict[str, Object] = {
            name: {"kind": NODE.name, "spec": {}, "status": {"nodeInfo": {"kubeletVersion": version}}} for name in names
        }
        self.failure: Failure | None = None
        self.asked: list[str] = []

    def cordon(self, name: str, *, off: bool = False) -> None:
        """What `kubectl cordon` does, and `kubectl uncordon`."""
        self.nodes[name]["spec"] = {} if off else {"unschedulable": True}

    async def get(self, ref: Ref) -> Object | None:
        """One node."""
        assert ref.path == f"/api/v1/nodes/{ref.name}"
        self.asked.append(ref.name)
        if self.failure:
            raise self.failure
        return self.nodes.get(ref.name)

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Nobody asks for all of them."""
        raise AssertionError(kind, namespace, labels)

    async def list_metadata(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Nor for their metadata."""
        raise AssertionError(kind, namespace, labels)

    async def send(self, request: Request) -> Object:
        """Nothing is written."""
        raise AssertionError(request)


async def test_a_node_is_asked_about_once() -> None:
    """Many pods stand on one, and a look comes every few seconds."""
    api = Api("n1", "n2")
    nodes = Nodes(api)
    for _ in range(2):
        found = await nodes.of(SHOP, [on(name) for name in ("n1", "n2", "n1", "n3", "")])
        assert found.kubelets == {"n1": "v1.33.2", "n2": "v1.33.2", "n3": ""}
    assert sorted(api.asked) == ["n1", "n2", "n3"]


async def test_the_newest_pods_nodes_come_first_and_a_few_at_a_time() -> None:
    """A service on a thousand nodes asks no thousand questions at once."""
    names = [f"n{number}" for number in range(NEW_NODES + 2)]
    nodes = Nodes(Api(*names))
    pods = [on(name, f"12:00:{number:02}") for number, name in enumerate(names)]
    assert set((await nodes.of(SHOP, pods)).kubelets) == set(names[2:])
    assert set((await nodes.of(SHOP, pods)).kubelets) == set(names)


async def test_what_was_heard_of_is_read_before_all_others() -> None:
    """An eviction may follow within the second, and versions can wait."""
    names = [f"n{number}" for number in range(3 * NEW_NODES)]
    api = Api(*names)
    api.cordon("n0")
    nodes = Nodes(api)
    pods = [on(name, f"12:00:{number:02}") for number, name in enumerate(names)]
    assert not (await nodes.of(SHOP, pods)).cordoned
    assert nodes.heard("n0") == [SHOP]
    assert (await nodes.of(SHOP, pods)).cordoned == {"n0"}


async def test_nodes_that_nobody_stands_on_are_not_remembered() -> None:
    """A large cluster cordons many in a day; who comes to such a node later reads what it is then."""
    api = Api("n1", "n2")
    nodes = Nodes(api)
    nodes.heard("n9")
    assert not nodes._heard
    await nodes.of(SHOP, [on("n1")])
    await nodes.of(SHOP, [on("n2")])
    api.cordon("n1")
    assert nodes.heard("n1") == []
    assert not nodes._heard
    assert (await nodes.of(SHOP, [on("n1")])).cordoned == {"n1"}
    nodes.heard("n1")
    await nodes.of(SHOP, [on("n2")])
    assert not nodes._heard, "the service went elsewhere"
    nodes.heard("n2")
    nodes.forget(SHOP)
    assert not nodes._heard


@pytest.mark.parametrize("failure", [Refused("no right"), Unreachable("no time")])
async def test_who_may_not_read_nodes_knows_nothing_of_them(failure: Failure) -> None:
    """A rollout within namespaces goes on without."""
    api = Api("n1")
    api.failure = failure
    api.cordon("n1")
    found = await Nodes(api).of(SHOP, [on("n1")])
    assert (found.kubelets, found.cordoned) == ({"n1": ""}, frozenset())


async def test_a_right_that_is_missing_is_not_asked_for_again_and_again() -> None:
    """Not even after somebody was heard."""
    api = Api("n1")
    api.failure = Refused("no right")
    nodes = Nodes(api)
    for _ in range(3):
        await nodes.of(SHOP, [on("n1")])
    assert api.asked == ["n1"]


async def test_a_cordoned_node_concerns_the_services_with_pods_there() -> None:
    """And no others; nobody once they are gone."""
    nodes = Nodes(Api("n1", "n2"))
    await nodes.of(SHOP, [on("n1"), on("n2")])
    await nodes.of(DESK, [on("n2")])
    assert (nodes.heard("n1"), nodes.heard("n2"), nodes.heard("n3")) == ([SHOP], [SHOP, DESK], [])
    nodes.forget(SHOP)
    assert nodes.heard("n2") == [DESK]


async def test_a_cordoned_node_is_read_in_each_look_and_any_other_is_believed() -> None:
    """The watch says only where to look: an uncordoning that it misses is found all the same."""
    api = Api("n1", "n2")
    nodes, pods = Nodes(api), [on("n1"), on("n2")]
    assert not (await nodes.of(SHOP, pods)).cordoned
    api.cordon("n1")
    assert not (await nodes.of(SHOP, pods)).cordoned, "nobody was heard"
    nodes.heard("n1")
    assert (await nodes.of(SHOP, pods)).cordoned == {"n1"}
    api.cordon("n1", off=True)
    assert not (await nodes.of(SHOP, pods)).cordoned
    assert (await nodes.of(SHOP, pods)).kubelets == {"n1": "v1.33.2", "n2": "v1.33.2"}
    assert sorted(api.asked) == ["n1", "n1", "n1", "n2"]


async def test_a_node_that_cannot_be_read_for_a_moment_stays_what_it_was() -> None:
    """One pod more does not come and go with an API server that is short of breath."""
    api = Api("n1")
    api.cordon("n1")
    nodes = Nodes(api)
    await nodes.of(SHOP, [on("n1")])
    api.failure = Unreachable("no time")
    assert (await nodes.of(SHOP, [on("n1")])).cordoned == {"n1"}
    api.failure = None
    api.cordon("n1", off=True)
    assert not (await nodes.of(SHOP, [on("n1")])).cordoned


async def test_every_cordoned_node_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more of them than are read in one look, none is forgotten."""
    monkeypatch.setattr(module, "NEW_NODES", 1)
    api = Api("n1", "n2", "n3")
    nodes, pods = Nodes(api), [on(name) for name in api.nodes]
    for name in api.nodes:
        api.cordon(name)
    for _ in range(6):
        found = await nodes.of(SHOP, pods)
    assert found.cordoned == set(api.nodes)
    assert api.asked == ["n1", "n2", "n3"] * 2


@pytest.mark.parametrize(
    ("spec", "cordoned"),
    [
        ({}, False),
        ({"unschedulable": True}, True),
        ({"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}, True),
        ({"taints": [{"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]}, False),
    ],
)
def test_a_node_is_cordoned_by_its_field_or_by_its_taint(spec: dict[str, Any], cordoned: bool) -> None:
    """Kubernetes itself keeps the two alike."""
    assert read({"spec": spec}) == Node(cordoned=cordoned)


def test_pods_on_cordoned_nodes_are_counted_until_they_leave() -> None:
    """One that goes already needs no successor to be prepared, and one without a node stands nowhere."""
    pods = [on("n1"), on("n2"), on("", name="shop-b"), leaving(on("n1", name="shop-c"))]
    seen = world(owner(), Children([deployment("b2", 3)], pods, cordoned={"n1"}))
    assert seen.fleets["b2"].cordoned == 1
