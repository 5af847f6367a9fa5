"""The end of a service: what goes with it, what outlives it, and that nobody's request is lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from gracefulservice.api.names import FINALIZER
from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HTTP_ROUTE,
    NAMESPACE,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Refused
from tests.support.life import MAIN, ROUTE, Life, born
from tests.test_reconcile_crashes import Killed, kill

ORPHAN: dict[str, Any] = {"deletionPolicy": "Orphan"}
RATIO: dict[str, Any] = {**ORPHAN, "traffic": {}}
OURS: dict[str, Any] = {
    **ORPHAN,
    "traffic": {
        "routes": [{"name": "made", "gatewayAPI": {"parentRefs": [{"name": "web"}], "hostnames": ["a.example"]}}]
    },
}
LASTING = (DEPLOYMENT, SERVICE, POD_DISRUPTION_BUDGET)
Moment = Callable[[Life], bool]


def state(kind: str) -> Moment:
    """A rollout in this state."""
    return lambda life: life.status["memory"]["state"]["kind"] == kind


async def brought(moment: Moment | None, **changes: Any) -> Life:
    """A service at rest, or at that moment of a rollout to its second version."""
    life = await born(**changes)
    if moment:
        life.ask_for("shop:2", **changes)
        await life.live(lambda: moment(life))
    life.users.lost = 0.0
    return life


def delete(life: Life) -> None:
    """The user deletes the object: it stays until its finalizers are gone."""
    if life.api.objects[MAIN]["metadata"].get("finalizers"):
        life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    else:
        life.api.remove(MAIN)


async def gone(life: Life, passes: int = 120) -> None:
    """Until the object is no more, and some time after that."""
    for _ in range(passes):
        if MAIN not in life.api.objects:
            break
        try:
            await life.look()
        except (Killed, Failure):
            life.wake = 0.5
        life.pass_time(1.0 if life.wake is None else max(life.wake, 0.5))
    assert MAIN not in life.api.objects, life.status.get("waiting")
    for _ in range(3):
        life.pass_time(5.0)


def names(life: Life, kind: Kind) -> list[str]:
    """What there is of a kind."""
    return [body["metadata"]["name"] for body in life.api.of(kind)]


def stands_alone(life: Life, image: str) -> None:
    """The pods of one image serve through both Services, nobody owns them, and nothing else of ours is left."""
    assert life.pods() == {image: 4}
    revision = f"shop-{life.revision(image)}"
    assert {kind.name: names(life, kind) for kind in LASTING} == {
        "Deployment": [revision],
        "Service": names(life, SERVICE),
        "PodDisruptionBudget": [revision],
    }
    assert "shop" in names(life, SERVICE)
    assert names(life, CONTROLLER_REVISION) == []
    assert not [body for kind in LASTING for body in life.api.of(kind) if body["metadata"].get("ownerReferences")]
    assert life.users.lost == 0
    assert life.weight == 0


MOMENTS = {
    "at rest": (None, "shop:1"),
    "warming": (state("Warming"), "shop:1"),
    "at 25 %": (lambda life: life.weight == 25, "shop:1"),
    "at 50 %": (lambda life: life.weight == 50, "shop:1"),
    "baking": (state("Baking"), "shop:1"),
    "widening": (state("Widening"), "shop:1"),
    "after the pointer moved": (state("Narrowing"), "shop:2"),
    "while the old revision drains": (state("Draining"), "shop:2"),
}


@pytest.mark.parametrize(("moment", "image"), MOMENTS.values(), ids=list(MOMENTS))
async def test_what_serves_users_outlives_the_service(moment: Moment | None, image: str) -> None:
    """Back to stable and drained, or on where the pointer has moved; then left without an owner."""
    life = await brought(moment, **ORPHAN)
    assert FINALIZER in life.api.objects[MAIN]["metadata"]["finalizers"]
    delete(life)
    await gone(life)
    stands_alone(life, image)
    assert names(life, SERVICE) == ["shop", "shop-canary"]


@pytest.mark.parametrize("moment", [None, state("Climbing"), state("Baking")], ids=["rest", "climbing", "baking"])
async def test_by_a_replica_ratio_as_well(moment: Moment | None) -> None:
    """Stable has grown back before the canary goes."""
    life = await brought(moment, **RATIO)
    delete(life)
    await gone(life)
    assert (life.pods(), names(life, SERVICE)) == ({"shop:1": 4}, ["shop"])


@pytest.mark.parametrize("changes", [ORPHAN, OURS, RATIO], ids=["their route", "our route", "ratio"])
async def test_killed_at_any_write_it_comes_to_the_same_end(changes: dict[str, Any]) -> None:
    """Every position from the deletion on, before and after the write, each in a life of its own."""

    async def ended(disturb: Callable[[Life], None]) -> tuple[Life, int]:
        life = await brought(lambda life: "WeightObserved" in life.told, **changes)
        before = len(life.api.writes)
        delete(life)
        disturb(life)
        await gone(life)
        return life, len(life.api.writes) - before

    _, writes = await ended(lambda _life: None)
    assert writes > 10
    for at in range(1, writes + 1):
        life, _ = await ended(kill(at, done=at % 2 == 0))
        assert life.pods() == {"shop:1": 4}, at
        left = [body for kind in (*LASTING, HTTP_ROUTE) for body in life.api.of(kind)]
        assert not [body for body in left if body["metadata"].get("ownerReferences")], at
        assert life.users.lost == 0, at
        assert ("shop" in names(life, HTTP_ROUTE)) is (changes is OURS), at


async def test_a_release_that_is_refused_keeps_the_service_until_it_is_not() -> None:
    """Its sentence stands in the conditions, and nothing that serves users goes."""
    life = await brought(None, **ORPHAN)

    def refuse(request: Request) -> None:
        if request.kind == SERVICE:
            raise Refused("No right to patch Services.")

    life.api.interfere = refuse
    delete(life)
    with pytest.raises(Refused):
        await life.look()
    assert life.condition("Stalled")["message"] == "No right to patch Services."
    assert life.pods() == {"shop:1": 4}
    life.api.interfere = lambda _request: None
    await gone(life)
    stands_alone(life, "shop:1")


async def test_a_route_that_is_deleted_in_the_same_breath_is_not_waited_for() -> None:
    """As `kubectl delete -f` of a folder does it."""
    life = await brought(lambda life: life.weight == 50, **ORPHAN)
    delete(life)
    life.api.remove(ROUTE)
    await gone(life)
    assert life.pods() == {"shop:1": 4}


async def test_a_gateway_that_answers_nothing_is_waited_for_until_somebody_chooses_delete() -> None:
    """The sentence says so."""
    life = await brought(lambda life: life.weight == 50, **ORPHAN)
    life.controllers.deaf = True
    delete(life)
    for _ in range(20):
        await life.look()
        life.pass_time(2.5)
    assert "with deletionPolicy Delete nothing waits for it" in life.status["waiting"]["sentence"]
    life.api.edit(MAIN, lambda body: body["spec"].update(deletionPolicy="Delete"))
    await gone(life)
    assert life.pods() == {}


@pytest.mark.parametrize("changes", [{}, ORPHAN], ids=["Delete", "Orphan"])
async def test_in_a_namespace_that_goes_nothing_is_made_and_nothing_waited_for(changes: dict[str, Any]) -> None:
    """One pass, one write besides the status."""
    life = await brought(lambda life: life.weight == 50, **changes)
    metadata = {"name": "default", "namespace": "", "deletionTimestamp": "2026-03-01T12:00:00Z"}
    life.api.put(NAMESPACE, {"metadata": metadata})
    life.api.edit(NAMESPACE.of({"metadata": metadata}), lambda body: body["metadata"].update(metadata))
    delete(life)
    before = len(life.api.writes)
    await life.look()
    assert MAIN not in life.api.objects
    written = [request for request in life.api.writes[before:] if "status" not in request.about]
    assert [request.verb for request in written if request.kind != HTTP_ROUTE] == ["patch"]


async def test_by_default_everything_goes_with_the_service() -> None:
    """And at rest no finalizer keeps it."""
    life = await brought(None)
    assert not life.api.objects[MAIN]["metadata"].get("finalizers")
    delete(life)
    await gone(life)
    assert (life.pods(), names(life, SERVICE)) == ({}, [])
