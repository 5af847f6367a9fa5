"""What stands in the way for a long time: a write that is refused, a text that is too long, a route nobody may read."""

import contextlib
from typing import Any

import pytest

from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HTTP_ROUTE,
    POD_DISRUPTION_BUDGET,
    Kind,
    Ref,
)
from gracefulservice.errors import Failure, Refused, Unreachable
from tests.support.life import MAIN, ROUTE, Life, born, climbing, refuse_all

JUDGED: dict[str, Any] = {"objectives": {"errorRate": {"max": "1%"}}}
BY_PODS: dict[str, Any] = {"traffic": {}}
DENIED = Refused("The API server refuses (403) the attempt: a webhook says no.")


async def tried(life: Life, passes: int) -> None:
    """Pass after pass, whatever each of them raises."""
    for _ in range(passes):
        with contextlib.suppress(Failure):
            await life.look()
        life.pass_time(2.5)


@pytest.mark.parametrize("kind", [CONTROLLER_REVISION, POD_DISRUPTION_BUDGET], ids=lambda kind: kind.name)
@pytest.mark.parametrize("failure", [DENIED, Unreachable("The API server fails.")], ids=["refused", "unreachable"])
async def test_a_mark_or_a_budget_that_is_refused_keeps_nobody_on_a_bad_version(kind: Kind, failure: Failure) -> None:
    """The weight goes, and then the pods, while that write fails for ever."""
    life = await born(**JUDGED)
    life.users.bad = {"shop:2": 0.5}
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: life.weight == 25.0)
    life.api.interfere = refuse_all(failure, lambda request: request.kind == kind)
    await tried(life, 60)
    assert life.weight == 0.0
    assert life.pods() == {"shop:1": 4}


async def test_by_pod_ratio_the_service_narrows_whatever_else_is_refused() -> None:
    """Users leave a version that was aborted though its mark cannot be written."""
    life = await born(**BY_PODS)
    life.ask_for("shop:2", **BY_PODS)
    await life.live(lambda: life.pods() == {"shop:1": 3, "shop:2": 1})
    life.api.interfere = refuse_all(DENIED, lambda request: request.kind == CONTROLLER_REVISION)
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "abort", "by": "somebody"}'})
    await tried(life, 60)
    assert life.pods() == {"shop:1": 4}


async def test_a_text_without_end_is_shortened_and_a_rollout_goes_back_all_the_same() -> None:
    """A webhook's denial of 99,000 characters stands in the Deployment; the deadline still condemns, in fewer words."""
    life = await born()
    life.controllers.broken = {"shop:2"}
    life.ask_for("shop:2")
    await life.live(lambda: "shop:2" in life.pods())
    new = Ref(DEPLOYMENT, "default", f"shop-{life.revision('shop:2')}")
    denial = {"type": "ReplicaFailure", "reason": "FailedCreate", "status": "True", "message": "no " * 33_000}
    life.api.edit(new, lambda body: body.setdefault("status", {}).update(conditions=[denial]))
    await life.settle()
    assert (life.phase, life.pods()) == ("Degraded", {"shop:1": 4})
    assert "no no no" in life.status["history"][0]["sentence"]


async def no_routes(life: Life) -> None:
    """The API server stops serving HTTPRoutes."""
    reading = life.api.get
    del life.api.objects[ROUTE]

    async def get(ref: Ref) -> Any:
        if ref.kind == HTTP_ROUTE:
            raise Refused("The API server does not serve HTTPRoute (gateway.networking.k8s.io/v1).")
        return await reading(ref)

    life.api.get = get  # type: ignore[method-assign]


async def test_without_the_gateways_own_kinds_a_service_is_scaled_and_says_what_is_missing() -> None:
    """The pods behind the Service are not the route's business."""
    life = await born()
    await no_routes(life)
    life.api.edit(MAIN, lambda body: body["spec"].update(replicas=9))
    await tried(life, 20)
    assert life.pods() == {"shop:1": 9}
    assert "does not serve HTTPRoute" in life.condition("RouteReady")["message"]


async def test_a_route_that_may_not_be_read_keeps_no_object_from_going() -> None:
    """With the default policy the finalizer is for a weight that can be given back."""
    life = await climbing()
    await no_routes(life)
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    await tried(life, 20)
    assert not life.api.objects.get(MAIN, {}).get("metadata", {}).get("finalizers")


async def test_what_a_newer_operator_wrote_for_people_stops_nobody() -> None:
    """A phase and a kind of receipt that are not known here: both follow from memory, which is."""
    life = await climbing()

    def newer(body: Any) -> None:
        strange = {"id": "7", "do": "ponder", "result": "Perhaps", "sentence": "", "at": "2026-03-01T12:00:00Z"}
        body["status"].update(phase="Pondering", commands=[strange])

    life.api.edit(MAIN, newer)
    await life.settle()
    assert (life.phase, life.pods()) == ("Healthy", {"shop:2": 4})


@pytest.mark.parametrize("label", ["gracefulservice.dev/name", "gracefulservice.dev/revision"])
async def test_a_child_whose_label_was_changed_is_named_with_the_command_that_puts_it_back(label: str) -> None:
    """It is not made a second time, and nothing is said to be a bug."""
    life = await born()
    child = Ref(DEPLOYMENT, "default", f"shop-{life.revision('shop:1')}")
    right = life.api.objects[child]["metadata"]["labels"][label]
    life.api.edit(child, lambda body: body["metadata"]["labels"].update({label: "foo"}))
    await tried(life, 5)
    said = life.condition("Stalled")["message"]
    assert f"kubectl label --overwrite -n default deployment/{child.name} {label}={right}" in said
    life.api.edit(child, lambda body: body["metadata"]["labels"].update({label: right}))
    await life.settle()
    assert (life.phase, life.pods()) == ("Healthy", {"shop:1": 4})


async def test_the_pods_that_stable_needs_do_not_wait_for_a_weight_that_cannot_fall() -> None:
    """The route refuses every write, the canary is bad, and an autoscaler asks for more of stable."""
    life = await born(**JUDGED)
    life.users.bad = {"shop:2": 0.5}
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: life.weight == 25.0)
    life.api.interfere = refuse_all(DENIED, lambda request: request.kind == HTTP_ROUTE)
    await tried(life, 20)
    life.api.edit(MAIN, lambda body: body["spec"].update(replicas=6))
    await tried(life, 20)
    assert life.weight == 25.0
    assert life.pods()["shop:1"] == 6


async def test_with_orphan_a_route_that_may_not_be_read_is_waited_for() -> None:
    """It may lead to a canary whose pods would go; with the default policy everything goes anyway."""
    life = await climbing()
    life.api.edit(MAIN, lambda body: body["spec"].update(deletionPolicy="Orphan"))
    await tried(life, 1)
    await no_routes(life)
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    await tried(life, 20)
    assert life.api.objects[MAIN]["metadata"]["finalizers"]
    assert "does not serve HTTPRoute" in life.condition("RouteReady")["message"]
