"""Capacity through the whole operator: what autoscalers write while a rollout is under way, and what comes of it."""

from typing import Any

from gracefulservice.cluster.kinds import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER
from tests.support.life import MAIN, Life, born

LONG = {"canary": {"steps": [{"weight": 90, "hold": "10m"}]}, "warmup": "3s", "bake": "5s"}
JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}


def scale(life: Life, replicas: int) -> None:
    """What the scale subresource does."""
    life.api.edit(MAIN, lambda body: body.update(spec={**body["spec"], "replicas": replicas}))


def autoscaler(target: dict[str, Any], most: int) -> dict[str, Any]:
    """Somebody who counts pods."""
    metadata = {"name": "busy", "namespace": "default"}
    return {"metadata": metadata, "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": most}}


def wanted(life: Life) -> dict[str, int]:
    """Replicas by image, as the Deployments have them."""
    return {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
        for one in life.api.of(DEPLOYMENT)
    }


async def at_90(**changes: Any) -> Life:
    """A rollout of 8 pods, nearly all of whose load has left stable."""
    life = await born(replicas=8, rollout=LONG, **changes)
    life.ask_for("shop:2", replicas=8, rollout=LONG, **changes)
    await life.live(lambda: life.weight == 90.0)
    return life


async def test_an_autoscaler_that_finds_stable_idle_takes_none_of_its_pods() -> None:
    """Not at 90 %, not on the way back, and not before it can have seen the load return."""
    life = await at_90()
    scale(life, 2)
    fewest: list[int] = []
    await life.live(lambda: fewest.append(wanted(life)["shop:1"]) or len(fewest) == 20)  # type: ignore[func-returns-value]
    assert life.condition("CapacityKept")["message"].startswith("spec.replicas asks for 2 pods and 8 are kept")
    life.ask_for("shop:1", replicas=2, rollout=LONG)
    await life.live(lambda: life.phase == "Healthy")
    turned = life.api.now
    assert wanted(life) == {"shop:1": 8, "shop:2": 0}
    await life.settle()
    assert min(fewest) == 8
    assert life.users.lost == 0
    assert wanted(life) == {"shop:1": 2, "shop:2": 0}
    assert life.api.now > turned + 200
    assert not life.condition("CapacityKept")


async def test_a_new_stable_keeps_its_pods_for_five_minutes() -> None:
    """The autoscaler looked at the old one's pods until the pointer moved."""
    life = await born(replicas=8)
    life.ask_for("shop:2", replicas=8)
    await life.live(lambda: life.weight == 50.0)
    scale(life, 2)
    await life.live(lambda: life.phase == "Healthy")
    assert wanted(life) == {"shop:1": 0, "shop:2": 8}
    await life.settle()
    assert wanted(life) == {"shop:1": 0, "shop:2": 2}


async def test_more_requests_get_more_pods_as_far_as_the_autoscaler_may_go() -> None:
    """It sees the tenth of the load that stable still has; the operator sees all of it."""
    life = await at_90(**JUDGED)
    target = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService", "name": "shop"}
    life.api.put(HORIZONTAL_POD_AUTOSCALER, autoscaler(target, 10))
    known = life.api.now + 100
    await life.live(lambda: life.api.now > known)
    assert wanted(life) == {"shop:1": 8, "shop:2": 8}
    life.users.rate *= 1.5
    await life.live(lambda: wanted(life) == {"shop:1": 10, "shop:2": 9})
    assert life.api.now < known + 120


async def test_nobody_counts_pods_so_the_number_stands_as_it_was_written() -> None:
    """A fixed number of replicas means that number, however many requests come."""
    life = await at_90(**JUDGED)
    known = life.api.now + 100
    await life.live(lambda: life.api.now > known)
    life.users.rate *= 3
    later = life.api.now + 150
    await life.live(lambda: life.api.now > later)
    assert wanted(life) == {"shop:1": 8, "shop:2": 8}


async def test_an_autoscaler_on_a_child_is_undone_and_named() -> None:
    """What it writes into the Deployment does not last, and the sentence names it."""
    life = await born()
    child = life.api.of(DEPLOYMENT)[0]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": child["metadata"]["name"]}
    life.api.put(HORIZONTAL_POD_AUTOSCALER, autoscaler(target, 10))
    life.api.edit(DEPLOYMENT.of(child), lambda body: body["spec"].update(replicas=9))
    await life.look()
    assert wanted(life) == {"shop:1": 4}
    assert "HorizontalPodAutoscaler default/busy" in life.condition("ChildrenIntact")["message"]
