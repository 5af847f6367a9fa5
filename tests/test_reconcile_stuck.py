"""What used to hold a service up for ever: each ends by itself, or by what its own sentence says."""

import pytest

from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster.kinds import HTTP_ROUTE, POD, Object
from tests.support.life import MAIN, ROUTE, Life, born, climbing, front
from tests.test_reconcile_deletion import delete, gone

ABORT = {"gracefulservice.dev/command": '{"id": "1", "do": "abort", "by": "somebody"}'}


def kind(life: Life) -> str:
    """The state of the rollout."""
    return str(life.status["memory"]["state"]["kind"])


async def passes(life: Life, count: int) -> None:
    """So many passes, 2.5 s apart."""
    for _ in range(count):
        await life.look()
        life.pass_time(2.5)


async def test_a_pod_on_a_lost_node_is_named_and_then_no_longer_waited_for() -> None:
    """It stays Terminating: another image is rolled out a minute after the pod should have ended."""
    life = await born()
    life.ask_for("shop:2")
    await life.live(lambda: life.pods().get("shop:2") == 4 and life.status["stable"] == life.revision("shop:2"))
    lost = next(pod for pod in life.api.of(POD) if pod["spec"]["containers"][0]["image"] == "shop:1")
    ends = float(int(life.now() + 20))
    keep_terminating(life, lost, ends)
    life.ask_for("shop:3")
    sentences: list[str] = []
    while life.now() < ends + 120 and not life.pods().get("shop:3"):
        await passes(life, 1)
        sentences.append((life.status.get("waiting") or {}).get("sentence", ""))
    assert any(f"is over for pod {lost['metadata']['name']} on node w2" in one for one in sentences)
    assert life.pods().get("shop:3")
    assert life.now() > ends + 60


def keep_terminating(life: Life, lost: Object, ends: float) -> None:
    """From now on this pod is listed although it should have ended then: its node answers no more."""
    act = life.controllers.step
    lost["metadata"]["deletionTimestamp"] = format_instant(ends)
    lost["spec"]["nodeName"] = "w2"
    lost["status"]["conditions"][0]["status"] = "False"

    def step() -> None:
        act()
        life.api.objects[POD.of(lost)] = lost

    life.controllers.step = step  # type: ignore[method-assign]


async def test_a_route_that_is_gone_for_good_is_left_by_an_abort_and_another_wish() -> None:
    """What its sentence says helps: `spec.traffic` acts again once the rollout has turned back."""
    life = await climbing()
    life.api.remove(ROUTE)
    await passes(life, 3)
    assert "abort" in life.status["waiting"]["sentence"]
    life.api.edit(MAIN, lambda body: body["spec"].pop("traffic"))
    await passes(life, 20)
    assert kind(life) == "Climbing"
    life.annotate(**ABORT)
    await life.live(lambda: life.phase == "Degraded" and kind(life) == "Idle")
    assert life.pods() == {"shop:1": 4}


async def test_another_route_in_its_place_gets_its_weight_back_first() -> None:
    """It comes with a weight for the canary, and nobody is left there."""
    life = await climbing()
    life.api.remove(ROUTE)
    await passes(life, 3)
    life.annotate(**ABORT)
    await passes(life, 10)
    assert kind(life) == "TurningBack"
    other = front()
    other["metadata"]["name"] = "other"
    other["spec"]["rules"][0]["backendRefs"][1]["weight"] = 1
    life.api.put(HTTP_ROUTE, other)
    routes = {"routes": [{"name": "front", "gatewayAPI": {"name": "other"}}]}
    life.api.edit(MAIN, lambda body: body["spec"].update(traffic=routes))
    await life.live(lambda: kind(life) == "Idle")
    found = next(route for route in life.api.of(HTTP_ROUTE) if route["metadata"]["name"] == "other")
    assert [ref["weight"] for ref in found["spec"]["rules"][0]["backendRefs"]] == [1000, 0]


async def test_while_the_route_is_there_traffic_waits_for_rest() -> None:
    """A gateway that is slow still leads users to the canary; once the route is gone it leads nobody anywhere."""
    life = await climbing()
    life.controllers.deaf = True
    life.annotate(**ABORT)
    await passes(life, 2)
    life.api.edit(MAIN, lambda body: body["spec"].pop("traffic"))
    await passes(life, 10)
    assert kind(life) == "TurningBack"
    assert life.status["waiting"]["sentence"].endswith("A gateway has yet to accept the route.")
    life.api.remove(ROUTE)
    await life.live(lambda: kind(life) == "Idle")


async def test_a_route_that_is_back_is_kept_to_its_end() -> None:
    """It was gone for a while: what it leads to is what counts again, whatever is wished for by now."""
    life = await climbing()
    route = life.api.objects[ROUTE]
    life.api.remove(ROUTE)
    await passes(life, 2)
    life.annotate(**ABORT)
    await passes(life, 3)
    life.controllers.deaf = True
    route["status"] = {}
    life.api.put(HTTP_ROUTE, route)
    await passes(life, 3)
    life.api.edit(MAIN, lambda body: body["spec"].pop("traffic"))
    await passes(life, 10)
    assert kind(life) == "TurningBack"
    life.controllers.deaf = False
    await life.live(lambda: kind(life) == "Idle")
    assert life.weight == 0.0


@pytest.mark.parametrize("moment", ["before its first pod", "while its pods start"])
async def test_a_first_revision_whose_spec_breaks_can_be_deleted(moment: str) -> None:
    """With deletionPolicy Orphan, where nothing was ever stable."""
    life = Life(deletionPolicy="Orphan")
    life.controllers.broken = {"shop:1"}
    await passes(life, 1 if moment == "before its first pod" else 4)
    steps = [{"weight": 50, "hold": "5s"}, {"weight": 25, "hold": "5s"}]
    life.api.edit(MAIN, lambda body: body["spec"]["rollout"]["canary"].update(steps=steps))
    await passes(life, 2)
    delete(life)
    await gone(life)
