"""Hazards that take more than one node, each by its number."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from examples.traffic.client import Load
from localcluster import network, operations
from tests.e2e.test_hazards import BY_DEFAULT, HASTY, NO_DELAY
from tests.soak.target import EVERYWHERE
from tests.support import faults
from tests.support.place import Stage
from tests.support.services import V1, V2, Shop, ready, shop, steps
from tests.support.site import answered, flowing, inside, over

Record = Callable[..., None]
pytestmark = pytest.mark.usefixtures("uncordoned")


def everywhere(stage: Stage, environment: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """The service with pods that may run on the control plane, too: on the local cluster that is the second node."""
    wanted = shop(stage.shop_image, environment, **fields)
    wanted["spec"]["template"]["spec"]["tolerations"] = EVERYWHERE
    return wanted


def nodes_of(service: Shop, version: str) -> Counter[str]:
    """How many pods of a version run on each node."""
    return Counter(str(pod["spec"].get("nodeName", "")) for pod in service.pods(version))


def ways() -> dict[str, tuple[str, ...]]:
    """For each node what leads into its network."""
    found = operations.found()
    namespaces = {node: network.node_namespace(found.engine, node) for node in found.nodes}
    return {node: tuple(network.prefix(namespace, found.inside_kubeconfig)) for node, namespace in namespaces.items()}


@pytest.mark.parametrize(
    "shutdown", [pytest.param(BY_DEFAULT, id="delay"), pytest.param(NO_DELAY, id="none", marks=pytest.mark.long)]
)
def test_h02_every_node_learns_of_endpoints_by_itself(
    service: Shop, record: Record, shutdown: Mapping[str, str]
) -> None:
    """Users and pods on every node: each kube-proxy is late in its own way, and the delay covers all of them."""
    place, protected = service.place, shutdown == BY_DEFAULT
    place.apply(everywhere(place.stage, V1 | HASTY, shutdown=shutdown))
    service.wait_for("Healthy")
    url, entries = place.address("shop"), ways()
    assert len(nodes_of(service, "v1")) == len(entries), nodes_of(service, "v1")
    with ExitStack() as crowd:
        users = [
            crowd.enter_context(place.send(Load(url=url, rate=30 if protected else 80), through))
            for through in entries.values()
        ]
        for one in users:
            answered(one)
        for pod in service.pods("v1"):
            faults.delete_pod(place, pod["metadata"]["name"])
            place.wait("Its successor", lambda: ready(service.pods("v1")) == 4)
        over(service, users[0])
        summaries = [one.stop() for one in users]
    record("H-2", *summaries, control=not protected)
    lost = [one.lost for one in summaries]
    assert (sum(lost) == 0) is protected, lost


@pytest.mark.long
def test_h30_the_pods_of_a_canary_are_on_several_nodes(service: Shop, record: Record) -> None:
    """Two canary pods, two nodes: the scheduler spreads the pods of each revision, though nobody asks it to."""
    place = service.place
    place.apply(everywhere(place.stage, V1, rollout=steps(50, hold="5s"), shutdown=BY_DEFAULT))
    service.wait_for("Healthy")
    with place.traffic(inside(service)) as users:
        users.wait_for(flowing, 60)
        template = everywhere(place.stage, V2)["spec"]["template"]
        place.patch("GracefulService", "shop", {"spec": {"template": template}})
        place.wait("Two ready canary pods", lambda: ready(service.pods("v2")) == 2)
        canary = nodes_of(service, "v2")
        service.wait_for("Healthy")
        summary = over(service, users)
    record("H-30", summary)
    assert sorted(canary.values()) == [1, 1], canary
    assert not any("topologySpreadConstraints" in pod["spec"] for pod in service.pods("v2"))
    assert summary.lost == 0, summary.first_loss
