"""Adoption and return, with the whole operator above the wire in a cluster in memory."""

from typing import Any

import pytest

from gracefulservice.api.names import FINALIZER, NAME_LABEL
from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    NAMESPACE,
    POD,
    SERVICE,
    Object,
    Ref,
)
from tests.support.fake_controllers import acknowledgements
from tests.support.handover_attack import HandoverAttack
from tests.support.handover_objects import FRONT, MAIN, OLD, PLACE, SCALER, container
from tests.support.life import front

SCHEDULES, SOME = 40, 6
SEEDS = [*range(SOME), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(SOME, SCHEDULES))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_schedule_keeps_users_served_and_ends_with_the_deployment(seed: int) -> None:
    """Never an endpoint too few or a pod too many; no plain pod told to stop too early; nothing of ours left."""
    await HandoverAttack(seed=seed).run()


async def test_an_adoption_and_its_return() -> None:
    """Each thing ends where it should, at the end of the adoption and at the end of the return."""
    attack = HandoverAttack(seed=1, rough=False)
    await attack.apply()
    await attack.until_adopted()
    objects = attack.world.api.objects
    assert objects[OLD]["spec"]["replicas"] == 0
    assert objects[SCALER]["spec"]["scaleTargetRef"]["kind"] == "GracefulService"
    assert objects[FRONT]["spec"]["selector"] == {NAME_LABEL: "shop"}
    await attack.passes(3)
    assert objects[FRONT]["spec"]["ports"] == [{"port": 80, "targetPort": "http", "protocol": "TCP"}], "still nameless"
    assert FINALIZER in attack.body["metadata"]["finalizers"]
    before = template(objects[OLD])
    attack.change("shop:2")
    await attack.until(lambda: attack.images() == {"shop:2"} and attack.adopted)
    await attack.delete()
    assert objects[OLD]["spec"]["replicas"] == 4
    assert objects[SCALER]["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": OLD.name,
    }
    assert objects[FRONT]["spec"]["selector"] == {"app": "shop", "tier": "web"}
    assert objects[FRONT]["spec"]["ports"] == [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]
    after = template(objects[OLD])
    assert after["spec"]["containers"][0]["image"] == "shop:2"
    assert after["metadata"]["labels"] == before["metadata"]["labels"], "the labels by which it is found"
    assert after["spec"]["containers"][0]["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}, "the contract stays"


async def test_a_template_that_serves_already_is_left_as_it_is() -> None:
    """Nothing was rolled out meanwhile: the Deployment comes back with the pods its owner wrote."""
    attack = HandoverAttack(seed=2, rough=False)
    before = template(attack.world.api.objects[OLD])
    await attack.apply()
    await attack.until_adopted()
    await attack.delete()
    assert template(attack.world.api.objects[OLD]) == before


async def test_behind_a_route_it_is_all_the_same() -> None:
    """The user's route names `<name>` and `<name>-canary`; both directions happen at the Services."""
    attack = HandoverAttack(seed=3, rough=False)
    attack.world.api.put(HTTP_ROUTE, front())
    routed = Ref(HTTP_ROUTE, PLACE, "front")
    route = attack.world.api.objects[routed]
    attack.world.api.edit(routed, lambda body: body.update(status={"parents": list(acknowledgements(route))}))
    await attack.apply(traffic={"routes": [{"name": "front", "gatewayAPI": {"name": "front"}}]})
    await attack.until_adopted()
    await attack.delete()
    assert [one["weight"] for one in attack.world.api.objects[routed]["spec"]["rules"][0]["backendRefs"]] == [1, 0]


async def test_without_adopt_nothing_is_given_back() -> None:
    """Taking the field out is the way to keep what was taken, and the way out of a return that cannot end."""
    attack = HandoverAttack(seed=4, rough=False)
    await attack.apply()
    await attack.until_adopted()
    attack.world.broken.add("shop:2")
    attack.world.api.edit(OLD, lambda body: body["spec"]["template"]["spec"].update(containers=[container("shop:2")]))
    attack.mark_deleted()
    await attack.passes(60)
    assert "0 of 4 pods of Deployment old-shop serve" in attack.sentence, "it waits, and says so"
    assert len(attack.world.routed) == 4
    attack.world.api.edit(MAIN, lambda body: body["spec"].pop("adopt"))
    attack.least = 0
    for _ in range(10):
        await attack.look()
    assert MAIN not in attack.world.api.objects


async def test_a_namespace_that_goes_is_not_held_up() -> None:
    """Nobody is served there any more."""
    attack = HandoverAttack(seed=5, rough=False)
    await attack.apply()
    await attack.passes(12)
    metadata = {"name": PLACE, "namespace": "", "deletionTimestamp": "2026-03-01T12:00:00Z"}
    attack.world.api.objects[Ref(NAMESPACE, "", PLACE)] = {"metadata": metadata}
    attack.mark_deleted()
    await attack.look()
    assert MAIN not in attack.world.api.objects


async def test_a_deployment_that_is_gone_is_owed_nothing() -> None:
    """Its owner deleted what was left of it; the service then goes like any other."""
    attack = HandoverAttack(seed=6, rough=False)
    await attack.apply()
    await attack.until_adopted()
    attack.world.api.remove(OLD)
    await attack.passes(2)
    assert FINALIZER not in attack.body["metadata"].get("finalizers", [])


async def test_nothing_is_taken_before_the_finalizer_stands() -> None:
    """Whatever is taken can be given back: the first write to anything of theirs comes after it."""
    attack = HandoverAttack(seed=7, rough=False)
    await attack.apply()
    await attack.until_adopted()
    theirs = (DEPLOYMENT, POD, SERVICE, HORIZONTAL_POD_AUTOSCALER)
    wrote = [one for one in attack.world.api.writes if one.method == "PATCH"]
    first = next(place for place, one in enumerate(wrote) if one.kind in theirs)
    assert any(FINALIZER.encode() in one.body for one in wrote[:first])


async def test_a_service_of_somebody_elses_controller_is_not_taken() -> None:
    """Only what nobody controls can be adopted."""
    attack = HandoverAttack(seed=8, rough=False)
    other = {"kind": "Thing", "name": "other", "uid": "x", "controller": True}
    attack.world.api.edit(FRONT, lambda body: body["metadata"].update(ownerReferences=[other]))
    await attack.apply()
    await attack.passes(5)
    assert "belongs to Thing other" in attack.sentence
    assert attack.world.traces() == []


def template(deployment: Object) -> Any:
    """What its pods are."""
    return dict(deployment["spec"]["template"])
