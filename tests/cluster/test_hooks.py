"""What stored pods say of their hooks, and the kubelets of their nodes."""

from typing import Any

from gracefulservice.cluster.hooks import hooks
from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.look import Children, world
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
