"""Weights that do nothing, and weights that others write: noticed, told, and never gone on from."""

from typing import Any

import pytest

from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster.kinds import EVENT, HTTP_ROUTE
from gracefulservice.cluster.requests import Request
from tests.support.life import ROUTE, Life, born
from tests.test_reconcile_crashes import Killed

JUDGED: dict[str, Any] = {"objectives": {"errorRate": {"max": "1%"}}}


async def climbing(**users: Any) -> Life:
    """A rollout whose first weight of 25 % has just been observed."""
    life = await born(**JUDGED)
    for field, value in users.items():
        setattr(life.users, field, value)
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: "WeightObserved" in life.told)
    return life


async def test_a_weight_without_effect_is_reported_within_30_s_and_taken_back() -> None:
    """10 canary requests/s are wanted and none comes: the weight is 0 until it is tried again; then all goes on."""
    life = await climbing(stuck=(1, 0))
    begun = life.now()
    await life.live(lambda: life.condition("WeightEffective").get("status") == "False")
    assert life.now() - begun <= 30
    said = life.condition("WeightEffective")["message"]
    assert said.startswith("Weight 25 % wanted, 0 of ")
    assert "it does not apply the route" in said
    for _ in range(20):
        await life.look()
        life.pass_time(2.5)
    assert life.weight == 0
    assert said in life.status["waiting"]["sentence"]
    assert life.told.count("WeightWithdrawn") == 1
    life.users.stuck = None
    await life.settle()
    assert (life.phase, life.pods()) == ("Healthy", {"shop:2": 4})
    assert life.told.count("WeightWithdrawn") == 1


async def test_a_weight_that_never_has_an_effect_is_left_to_a_person() -> None:
    """Three times 40 requests or a few more; then nothing is sent there until somebody resumes."""
    life = await climbing(stuck=(1, 0))
    await life.live(lambda: life.phase == "Paused")
    assert (life.weight, life.told.count("WeightWithdrawn")) == (0, 3)
    life.users.stuck = None
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "resume", "by": "somebody"}'})
    await life.settle()
    assert (life.phase, life.pods()) == ("Healthy", {"shop:2": 4})


async def test_a_rollout_that_is_held_can_be_aborted() -> None:
    """The weight goes back to 0 whatever the gateways do with it."""
    life = await climbing(stuck=(1, 0))
    await life.live(lambda: life.condition("WeightEffective").get("status") == "False")
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "abort", "by": "somebody"}'})
    await life.settle()
    assert (life.phase, life.weight, life.pods()) == ("Degraded", 0, {"shop:1": 4})


async def test_more_than_the_weight_is_reported_and_holds_the_rollout() -> None:
    """All of the traffic where 25 % are wanted."""
    life = await climbing()
    life.users.stuck = (0, 1)
    await life.live(lambda: life.condition("WeightEffective").get("status") == "False")
    assert life.condition("WeightEffective")["reason"] == "MoreThanWanted"
    for _ in range(20):
        await life.look()
        life.pass_time(2.5)
    assert life.weight == 25


async def test_callers_inside_the_cluster_hold_nothing() -> None:
    """Three of four requests go to the Service itself; the share is a quarter of the weight, and that is no alarm."""
    life = await climbing(inside=120.0)
    seen: set[str] = set()

    def healthy() -> bool:
        seen.add(life.condition("WeightEffective").get("status", ""))
        return life.phase == "Healthy"

    await life.live(healthy)
    assert "False" not in seen
    assert "True" in seen
    assert "WeightNotEffective" not in life.told


async def test_a_canary_that_still_gets_requests_after_a_rollback_is_told() -> None:
    """The route says 0 and the gateways go on with 25 %."""
    life = await climbing()
    await life.live(lambda: life.condition("WeightEffective").get("status") == "True")
    life.users.stuck = (3, 1)
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "abort", "by": "somebody"}'})
    await life.live(lambda: life.condition("WeightEffective").get("status") == "False")
    said = [event["message"] for event in life.api.of(EVENT) if event["reason"] == "WeightNotEffective"]
    assert said[0].startswith("Weight 0 % wanted, ")
    await life.live(lambda: life.wake is None)
    assert not life.condition("WeightEffective")


async def test_where_nobody_counts_the_effect_is_unknown() -> None:
    """Without objectives there are no counters to look at."""
    life = await born()
    life.ask_for("shop:2")
    await life.live(lambda: life.weight == 25)
    assert life.condition("WeightEffective")["status"] == "Unknown"
    assert "no objective is set" in life.condition("WeightEffective")["message"]


def rewrite(life: Life, canary: int, by: str = "argocd-controller") -> None:
    """Somebody applies the route with weights of their own."""
    when = format_instant(float(int(life.now())))
    entry = {"manager": by, "time": when, "fieldsV1": {"f:spec": {"f:rules": {}}}}

    def change(body: Any) -> None:
        body["metadata"]["managedFields"] = [entry]
        for backend, weight in zip(body["spec"]["rules"][0]["backendRefs"], (100 - canary, canary), strict=True):
            backend["weight"] = weight

    life.api.edit(ROUTE, change)


async def test_a_weight_that_somebody_rewrites_once_is_written_again_and_the_rollout_goes_on() -> None:
    """Who it was stands in the event."""
    life = await climbing()
    rewrite(life, 0, by="kubectl-edit")
    await life.look()
    assert life.weight == 25
    await life.settle()
    assert (life.phase, life.told.count("WeightContested")) == ("Healthy", 1)
    said = next(event["message"] for event in life.api.of(EVENT) if event["reason"] == "WeightContested")
    assert "was set from 25 % to 0 % by kubectl-edit at 2023-" in said


async def test_a_weight_that_is_rewritten_again_and_again_holds_the_rollout_until_somebody_resumes() -> None:
    """Two writes of ours at most, both told; in the end the user switches the tool off and resumes."""
    life = await climbing()
    for _ in range(10):
        rewrite(life, 0)
        await life.look()
        life.pass_time(5.0)
    assert life.weight == 0
    assert life.condition("WeightContested")["status"] == "True"
    assert "argocd-controller" in life.status["waiting"]["sentence"]
    assert life.told.count("WeightContested") == 2
    assert sum(request.kind == HTTP_ROUTE for request in life.api.writes) <= 4
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "resume", "by": "somebody"}'})
    await life.settle()
    assert life.phase == "Healthy"


async def test_an_operator_killed_before_it_writes_again_still_does_so_once() -> None:
    """What was remembered and not done is no second contest."""
    life = await climbing()
    rewrite(life, 0)

    def die(request: Request) -> None:
        if request.kind == HTTP_ROUTE:
            raise Killed

    life.api.interfere = die
    with pytest.raises(Killed):
        await life.look()
    life.api.interfere = lambda _request: None
    await life.look()
    assert life.weight == 25
    await life.settle()
    assert (life.phase, life.told.count("WeightContested")) == ("Healthy", 1)
