"""The loop and what is wished of it: specs that are not sound, ports, objectives, another router, a newer memory."""

import copy
from typing import Any

import pytest

from gracefulservice.api.names import FINALIZER
from gracefulservice.cluster.kinds import HTTP_ROUTE, SERVICE, Object, Ref
from gracefulservice.errors import Refused
from gracefulservice.rollout.recall import FORMAT
from tests.support.life import MAIN, ROUTE, Life, born, climbing

JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}
UNSOUND: dict[str, Any] = {"template": {"spec": {"containers": []}}}
OURS = Ref(HTTP_ROUTE, "default", "shop")
MADE = {"routes": [{"name": "front", "gatewayAPI": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"]}}]}


def stalled(life: Life) -> tuple[str, bool]:
    """Whether the service is stalled because of its spec, and whether the sentence names the field."""
    condition = life.condition("Stalled")
    return condition["status"], "spec.template.spec.containers" in condition["message"]


async def test_a_rollout_goes_on_to_its_own_end_while_the_spec_is_not_sound() -> None:
    """It is judged, promoted and drained; what is wrong stands in the conditions all the time, and progress too."""
    life = await born(**JUDGED)
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: life.weight == 25.0)
    life.ask_for("shop:3", **UNSOUND, **JUDGED)
    weights: list[float] = []

    def over() -> bool:
        weights.append(life.weight)
        assert stalled(life) == ("True", True)
        return life.wake is None

    await life.live(over)
    assert (life.pods(), life.phase, life.weight) == ({"shop:2": 4}, "Invalid", 0.0)
    assert {25.0, 50.0, 100.0} <= set(weights)
    assert life.told[-1] == "OldRevisionScaledDown"
    await life.settle("shop:3")
    assert (life.pods(), life.phase) == ({"shop:3": 4}, "Healthy")


async def test_while_it_goes_on_it_shows_where_it_is() -> None:
    """Weight, step, and what it waits for; the replicas of now are the user's."""
    life = await climbing()
    life.ask_for("shop:3", replicas=6, **UNSOUND)
    for _ in range(3):
        await life.look()
        life.pass_time(1.0)
    assert (life.phase, life.status["weight"]["wanted"], life.status["step"]) == (
        "Progressing",
        25.0,
        {"index": 1, "count": 2},
    )
    assert "Holding 25 %" in life.status["waiting"]["sentence"]
    assert life.pods()["shop:1"] == 6


async def test_a_bad_canary_is_condemned_while_the_spec_is_not_sound() -> None:
    """Nobody is left alone with it."""
    life = await born(**JUDGED)
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: life.weight == 25.0)
    life.ask_for("shop:3", **UNSOUND, **JUDGED)
    life.users.bad = {"shop:2": 0.5}
    await life.live(lambda: life.wake is None)
    assert (life.pods(), life.weight) == ({"shop:1": 4}, 0.0)
    assert life.told[-2:] == ["RolledBack", "CanaryScaledDown"]


async def test_what_turned_back_does_not_start_again_while_the_spec_is_not_sound() -> None:
    """The target before was given up by its user; the one of now is none."""
    life = await climbing()
    life.ask_for("shop:3")
    await life.live(lambda: "TurnedBack" in life.told)
    life.ask_for("shop:4", **UNSOUND)
    await life.live(lambda: life.wake is None)
    for _ in range(10):
        await life.look()
        life.pass_time(2.5)
    assert (life.pods(), life.phase, life.told.count("RolloutStarted")) == ({"shop:1": 4}, "Invalid", 1)


async def test_an_object_whose_spec_is_not_sound_can_be_deleted() -> None:
    """The user's route leads to stable again, and the finalizer goes."""
    life = await climbing()
    life.ask_for("shop:3", **UNSOUND)
    assert FINALIZER in life.api.objects[MAIN]["metadata"]["finalizers"]
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    for _ in range(20):
        await life.look()
        life.pass_time(1.0)
    assert MAIN not in life.api.objects
    assert life.weight == 0.0


async def test_at_rest_pods_come_back_while_the_spec_is_not_sound() -> None:
    """What serves is looked after: its Deployment was deleted."""
    life = await born()
    deployment = next(ref for ref in life.api.objects if ref.kind.name == "Deployment")
    life.ask_for("shop:3", **UNSOUND)
    life.api.remove(deployment)
    for _ in range(10):
        await life.look()
        life.pass_time(2.5)
    assert life.pods() == {"shop:1": 4}


@pytest.mark.parametrize("memory", [{"format": FORMAT + 1}, {"sky": "blue"}, {"state": {"kind": "Flying"}}])
async def test_a_memory_of_a_newer_version_is_left_as_it_is(memory: dict[str, Any]) -> None:
    """Nothing moves, one sentence says why, and it is written once; with the newer version back all goes on."""
    life = await climbing()
    before = copy.deepcopy(life.status["memory"])
    life.api.edit(MAIN, lambda body: body["status"]["memory"].update(memory))
    newer = copy.deepcopy(life.status["memory"])
    for _ in range(3):
        with pytest.raises(Refused, match=r"status\.memory cannot be read by this version"):
            await life.look()
        life.pass_time(5.0)
    assert "newer version" in life.condition("Ready")["message"]
    assert (life.status["memory"], life.weight) == (newer, 25.0)
    done = len(life.api.writes)
    with pytest.raises(Refused):
        await life.look()
    assert len(life.api.writes) == done
    life.api.edit(MAIN, lambda body: body["status"].update(memory=before))
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_a_memory_that_is_removed_turns_the_rollout_back() -> None:
    """As the sentence says."""
    life = await climbing()
    life.api.edit(MAIN, lambda body: body["status"].pop("memory"))
    await life.live(lambda: life.weight == 0.0)


def ports(*numbers: tuple[str, int]) -> dict[str, Any]:
    """A service with these ports, each to a container port of its own name."""
    declared = [{"name": name, "containerPort": 8000 + place} for place, (name, _) in enumerate(numbers)]
    asked = [{"name": name, "port": number, "targetPort": name} for name, number in numbers]
    return {
        "template": {"spec": {"containers": [{"name": "app", "image": "shop:1", "ports": declared}]}},
        "ports": asked,
    }


def offered(life: Life, service: str = "shop") -> list[tuple[str, int]]:
    """The ports of one of the Services."""
    return [(one["name"], one["port"]) for one in life.api.objects[Ref(SERVICE, "default", service)]["spec"]["ports"]]


async def test_the_services_keep_stables_ports_until_the_pointer_has_moved() -> None:
    """A number that changes stands beside the old one for as long as both revisions serve."""
    life = await born(**ports(("http", 80), ("admin", 81)))
    seen: list[list[tuple[str, int]]] = []

    def over() -> bool:
        if state(life) != "Idle":
            seen.append(offered(life))
        assert offered(life) == offered(life, "shop-canary")
        return life.phase == "Healthy" and state(life) == "Idle"

    life.ask_for("shop:2", **ports(("http", 80), ("admin", 91), ("grpc", 92)))
    await life.live(over)
    assert all({80, 81} <= {number for _, number in found} for found in seen)
    assert ("p91", 91) in seen[2]
    assert ("p81", 81) in seen[-1]
    await life.look()
    assert offered(life) == [("http", 80), ("admin", 91), ("grpc", 92)]


async def test_a_target_that_drops_a_port_is_refused_and_changes_nothing() -> None:
    """No pod of it, no port less; with the port back it starts."""
    life = await born(**ports(("http", 80), ("admin", 81)))
    before = {ref: copy.deepcopy(body) for ref, body in life.api.objects.items() if ref != MAIN}
    life.ask_for("shop:2", **ports(("http", 80)))
    assert await life.look() is None
    assert (life.phase, life.condition("Stalled")["reason"]) == ("Invalid", "PortDropped")
    assert "admin" in life.condition("Stalled")["message"]
    assert before == {ref: body for ref, body in life.api.objects.items() if ref != MAIN}
    life.ask_for("shop:2", **ports(("http", 80), ("admin", 81), ("grpc", 82)))
    await life.settle()
    assert (life.phase, offered(life)[2]) == ("Healthy", ("grpc", 82))


async def test_edited_objectives_are_judged_from_then_on() -> None:
    """What was good enough before is not any more."""
    lax = {"objectives": {"errorRate": {"max": "40%"}}}
    life = await born(**lax)
    life.users.bad = {"shop:2": 0.1}
    life.ask_for("shop:2", **lax)
    await life.live(lambda: life.weight == 25.0)
    life.ask_for("shop:2", **JUDGED)
    await life.settle()
    assert (life.phase, life.pods()) == ("Degraded", {"shop:1": 4})
    assert "ObjectivesEdited" in life.told
    assert "RolledBack" in life.told


async def test_by_replica_ratio_nobody_sees_what_prometheus_cannot() -> None:
    """It is out before the start: no pod of the new version, no rollback; when it is back, the rollout goes on."""
    life = await born(traffic={}, **JUDGED)
    life.users.outage = "Prometheus at http://prometheus:9090 does not answer in time."
    life.ask_for("shop:2", traffic={}, **JUDGED)
    for _ in range(60):
        await life.look()
        life.pass_time(2.5)
    assert (life.pods(), life.phase) == ({"shop:1": 4}, "Progressing")
    assert life.status["waiting"]["sentence"] == f"Holding 0 %: {life.users.outage}"
    assert life.told[1:] == ["RolloutStarted", "MetricsUnreadable"]
    life.users.outage = None
    await life.live(lambda: life.pods().get("shop:2", 0) > 0)
    assert life.told[3] == "MetricsReadable"


def state(life: Life) -> str:
    """Where the rollout is."""
    return str(life.status["memory"]["state"]["kind"])


def own(life: Life) -> Object | None:
    """The route that was made, if it is there."""
    return life.api.objects.get(OURS)


async def test_a_route_that_is_not_asked_for_any_more_goes() -> None:
    """At rest, and only the one that was made."""
    life = await born(traffic=MADE)
    assert own(life) is not None
    life.ask_for("shop:1", traffic={})
    await life.settle()
    await life.look()
    assert own(life) is None
    assert ROUTE in life.api.objects


async def test_a_route_that_is_given_up_mid_way_stays_to_the_end_of_the_rollout() -> None:
    """Its weights still carry it."""
    life = await born(traffic=MADE)
    life.ask_for("shop:2", traffic=MADE)
    await life.live(lambda: life.status.get("weight", {}).get("observed") == 25.0)
    life.ask_for("shop:2", traffic={})
    there: list[bool] = []

    def over() -> bool:
        there.append(own(life) is not None)
        return state(life) == "Idle"

    await life.live(over)
    await life.look()
    assert (all(there), own(life), life.pods()) == (True, None, {"shop:2": 4})


async def test_before_it_goes_it_leads_to_stable() -> None:
    """The status was lost mid-way, and with it what its weight was for."""
    life = await born(traffic=MADE)
    life.ask_for("shop:1", traffic={})

    def lead(body: Object) -> None:
        for backend, weight in zip(body["spec"]["rules"][0]["backendRefs"], (1, 1), strict=True):
            backend["weight"] = weight

    life.api.edit(OURS, lead)
    await life.look()
    route = own(life)
    assert route is not None
    assert [one["weight"] for one in route["spec"]["rules"][0]["backendRefs"]] == [1000, 0]
    await life.look()
    assert own(life) is None


async def test_it_waits_for_the_users_route_in_its_place() -> None:
    """While no gateway has taken that over, ours is the way in."""
    life = await born(traffic=MADE)
    life.controllers.deaf = True
    life.api.edit(ROUTE, lambda body: body["metadata"].update(generation=99))
    life.ask_for("shop:1")
    for _ in range(3):
        await life.look()
        life.pass_time(1.0)
    assert own(life) is not None
    life.controllers.deaf = False
    life.pass_time(1.0)
    await life.look()
    assert own(life) is None


async def test_a_route_of_others_under_our_name_stays() -> None:
    """It was not made here."""
    life = await born(traffic={})
    life.api.put(HTTP_ROUTE, {"metadata": {"name": "shop", "namespace": "default"}, "spec": {"rules": []}})
    await life.look()
    assert own(life) is not None
