"""A node is cordoned and drained: the whole operator above the wire, from the node's field to the budget."""

from typing import Any

import pytest

from gracefulservice.cluster.kinds import DEPLOYMENT, NODE, POD, POD_DISRUPTION_BUDGET, Ref
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused
from tests.support.life import Life, born

OLD, NEW = "node-a", "node-b"


async def on_two_nodes(**changes: Any) -> Life:
    """A service whose pods all run on the first of two nodes; whatever starts from now on runs on the second."""
    life = Life(**changes)
    for name in (OLD, NEW):
        life.api.put(NODE, {"metadata": {"name": name, "namespace": ""}, "spec": {}, "status": {}})
    life.controllers.node = OLD
    await life.settle()
    life.controllers.node = NEW
    return life


def cordon(life: Life, *, off: bool = False) -> None:
    """What `kubectl cordon` does, and what the watch tells of it."""
    life.api.edit(Ref(NODE, "", OLD), lambda body: body.update(spec={} if off else {"unschedulable": True}))
    life.ports.cluster._nodes.heard(OLD)  # type: ignore[attr-defined]


def wanted(life: Life) -> list[int]:
    """Replicas of the Deployments."""
    return [one["spec"]["replicas"] for one in life.api.of(DEPLOYMENT)]


async def passes(life: Life, count: int = 3) -> None:
    """So many looks."""
    seen: list[int] = []
    await life.live(lambda: seen.append(0) or len(seen) == count)  # type: ignore[func-returns-value]


@pytest.mark.parametrize("replicas", [1, 3])
async def test_a_successor_is_there_before_the_eviction_and_the_extra_pod_goes_after_it(replicas: int) -> None:
    """With it a fleet of one pod has a budget, and before and afterwards it has none."""
    life = await on_two_nodes(replicas=replicas)
    budgets = len(life.api.of(POD_DISRUPTION_BUDGET))
    assert budgets == (replicas > 1)
    cordon(life)
    await passes(life)
    assert wanted(life) == [replicas + 1]
    assert len(life.api.of(POD_DISRUPTION_BUDGET)) == 1
    assert life.condition("EvictionsCovered")["status"] == "True"
    assert life.phase == "Healthy"
    for pod in [pod for pod in life.api.of(POD) if pod["spec"]["nodeName"] == OLD]:
        life.api.remove(POD.of(pod))
        await passes(life, 2)
    assert wanted(life) == [replicas]
    assert {pod["spec"]["nodeName"] for pod in life.api.of(POD)} == {NEW}
    assert len(life.api.of(POD_DISRUPTION_BUDGET)) == budgets
    assert not life.condition("EvictionsCovered")
    assert life.users.lost == 0


async def test_an_uncordoned_node_takes_the_extra_pod_away_again() -> None:
    """Nobody drained it after all."""
    life = await on_two_nodes(replicas=2)
    cordon(life)
    await passes(life)
    assert wanted(life) == [3]
    cordon(life, off=True)
    await passes(life)
    assert wanted(life) == [2]
    assert life.told.count("NodeCordoned") == 1


async def test_without_the_right_to_nodes_nothing_is_different() -> None:
    """An installation within namespaces: no pod more, no error, and as few questions as before."""
    life = await on_two_nodes(replicas=2)
    asked: list[str] = []
    send = life.api.send

    async def refusing(request: Request) -> Any:
        if request.kind == NODE:
            asked.append(request.path)
            raise Refused("nodes is forbidden")
        return await send(request)

    life.api.send = refusing  # type: ignore[method-assign]
    cordon(life)
    await passes(life, 5)
    assert (wanted(life), life.phase) == ([2], "Healthy")
    assert asked == ["/api/v1/nodes/node-a"]


async def test_at_rest_and_without_cordoned_nodes_no_node_is_read() -> None:
    """It costs nothing as long as nothing happens."""
    life = await on_two_nodes(replicas=2)
    await passes(life)
    read: list[str] = []
    send = life.api.send

    async def counting(request: Request) -> Any:
        read.append(request.kind.name)
        return await send(request)

    life.api.send = counting  # type: ignore[method-assign]
    await passes(life, 5)
    assert "Node" not in read
    assert "GracefulService" in read


async def test_a_rollout_goes_on_while_a_node_is_cordoned_for_long() -> None:
    """Nobody drains it; both revisions have a pod more as long as they have pods there."""
    life = await born(replicas=4)
    life.api.put(NODE, {"metadata": {"name": OLD, "namespace": ""}, "spec": {"unschedulable": True}, "status": {}})
    life.controllers.node = OLD
    await life.settle("shop:2")
    assert life.phase == "Healthy"
    assert life.pods() == {"shop:2": 5}
    assert life.users.lost == 0
