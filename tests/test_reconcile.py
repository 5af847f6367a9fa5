"""The loop on a cluster in memory: whole rollouts, what it tells, and what it keeps its hands off."""

import copy

import orjson
import pytest

from gracefulservice.api.names import COMMAND_ANNOTATION, CONDEMNED_ANNOTATION, FINALIZER
from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    SERVICE,
    Ref,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused, Unreachable
from gracefulservice.reconcile import SLOW_RETRY
from tests.support.life import MAIN, ROUTE, Life, born, climbing, refuse_all

GOOD = [
    "RolloutStarted",
    "WeightObserved",
    "WeightObserved",
    "WeightObserved",
    "Promoted",
    "BakeDone",
    "OldRevisionScaledDown",
]
JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}


async def test_a_first_version_is_served_and_then_nothing_is_written() -> None:
    """No step, no rollout; at rest a pass reads and writes nothing."""
    life = await born()
    assert (life.phase, life.pods(), life.weight, life.told) == ("Healthy", {"shop:1": 4}, 0.0, ["FirstRevisionReady"])
    done = len(life.api.writes)
    assert await life.look() is None
    assert len(life.api.writes) == done


async def test_a_good_version_is_promoted() -> None:
    """Step after step, told in order; at the end the old one is gone and the route is the user's own again."""
    life = await born()
    await life.settle("shop:2")
    assert (life.phase, life.pods(), life.weight) == ("Healthy", {"shop:2": 4}, 0.0)
    assert life.told[1:] == GOOD
    assert FINALIZER not in life.api.objects[MAIN]["metadata"].get("finalizers", [])


async def test_a_bad_version_is_rolled_back_and_condemned() -> None:
    """No pod of it goes while the route still leads to it, and the mark outlives the status."""
    life = await born(**JUDGED)
    life.users.bad = {"shop:2": 0.2}
    weights_at_removal: list[float] = []

    def watch(request: Request) -> None:
        if request.verb == "scale" and orjson.loads(request.body)["spec"]["replicas"] == 0:
            weights_at_removal.append(life.weight)

    life.api.happened = watch
    await life.settle("shop:2")
    assert (life.phase, life.pods(), life.weight) == ("Degraded", {"shop:1": 4}, 0.0)
    assert weights_at_removal == [0.0]
    assert "failed" in life.condition("Stalled")["message"]
    record = life.api.objects[Ref(CONTROLLER_REVISION, "default", f"shop-{life.revision('shop:2')}")]
    assert "failed" in record["metadata"]["annotations"][CONDEMNED_ANNOTATION]
    assert life.told[-2:] == ["RolledBack", "CanaryScaledDown"]


async def test_a_version_that_never_becomes_ready_gets_no_traffic() -> None:
    """At its deadline it is gone; the route was never touched."""
    life = await born()
    life.controllers.broken = {"shop:2"}
    life.ask_for("shop:2")
    weights: set[float] = set()

    def ended() -> bool:
        weights.add(life.weight)
        return life.phase == "Degraded" and life.wake is None

    await life.live(ended)
    assert (weights, life.pods()) == ({0.0}, {"shop:1": 4})
    assert "CrashLoopBackOff" in life.condition("Stalled")["message"]


async def test_the_decision_stands_in_the_status_before_anything_is_changed() -> None:
    """The first write of every pass that writes is that of the status."""
    life = await born()
    life.ask_for("shop:2")
    while life.phase != "Healthy" or life.wake is not None:
        done = len(life.api.writes)
        await life.look()
        life.pass_time(life.wake or 1.0)
        written = life.api.writes[done:]
        assert not written or written[0].path.endswith("/gracefulservices/shop/status")


async def test_a_route_that_nobody_takes_over_is_never_built_upon() -> None:
    """The gateway's controller is away: the rollout holds where it is, for as long as it takes."""
    life = await born()
    life.ask_for("shop:2")
    await life.live(lambda: life.weight > 0)
    life.controllers.deaf = True
    life.api.edit(ROUTE, lambda body: body["metadata"].update(generation=99))
    for _ in range(60):
        await life.look()
        life.pass_time(2.5)
    assert life.weight == 25.0
    assert life.condition("RouteReady")["status"] == "False"
    life.controllers.deaf = False
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_an_outage_of_prometheus_holds_and_says_so() -> None:
    """Neither promoted nor rolled back; when it is over, the rollout goes on."""
    life = await born(**JUDGED)
    life.ask_for("shop:2", **JUDGED)
    await life.live(lambda: life.weight == 25.0)
    life.users.outage = "Prometheus at http://prometheus:9090 does not answer in time."
    for _ in range(60):
        await life.look()
        life.pass_time(2.5)
    assert life.weight == 25.0
    assert life.condition("MetricsReadable") | {"lastTransitionTime": "", "observedGeneration": 0} == {
        "type": "MetricsReadable",
        "status": "False",
        "reason": "Outage",
        "message": life.users.outage,
        "lastTransitionTime": "",
        "observedGeneration": 0,
    }
    life.users.outage = None
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_what_could_not_be_told_is_told_later_and_once() -> None:
    """A rollout does not wait for it, and nothing is lost."""
    life = await born()
    life.api.interfere = refuse_all(Unreachable("The API server fails."), lambda request: "events" in request.path)
    life.ask_for("shop:2")
    await life.live(lambda: life.pods() == {"shop:2": 4} and life.phase == "Healthy")
    assert life.told == ["FirstRevisionReady"]
    assert await life.look() == SLOW_RETRY
    life.api.interfere = lambda _request: None
    await life.settle()
    assert life.told[1:] == GOOD


async def test_a_service_that_is_gone_is_nobodys_business() -> None:
    """Nothing is due and nothing is written."""
    life = await born()
    life.api.remove(MAIN)
    done = len(life.api.writes)
    assert await life.look() is None
    assert len(life.api.writes) == done


async def test_a_service_of_others_under_our_name_is_never_touched() -> None:
    """Nothing is made beside it; the sentence says whose it is. When it is gone, all goes on."""
    life = Life()
    theirs = life.api.put(
        SERVICE, {"metadata": {"name": "shop", "namespace": "default"}, "spec": {"selector": {"a": "b"}}}
    )
    before = copy.deepcopy(theirs)
    await life.look()
    assert life.condition("Ready")["reason"] == "NameTaken"
    assert "Service default/shop already exists and belongs to nobody" in life.condition("Ready")["message"]
    assert life.api.objects[Ref(SERVICE, "default", "shop")] == before
    assert life.api.of(DEPLOYMENT) == life.api.of(CONTROLLER_REVISION) == []
    assert life.wake == SLOW_RETRY
    life.api.remove(Ref(SERVICE, "default", "shop"))
    await life.settle()
    assert life.phase == "Healthy"


async def test_a_name_that_is_taken_in_the_moment_of_making_is_refused() -> None:
    """It came between the look and the write; it is not ours, so it is no race."""
    life = Life()

    def intrude(request: Request) -> None:
        if request.verb == "create" and request.kind == SERVICE and not life.api.of(SERVICE):
            life.api.put(SERVICE, {"metadata": {"name": "shop", "namespace": "default"}, "spec": {}})

    life.api.interfere = intrude
    with pytest.raises(Refused, match="Service default/shop already exists"):
        await life.look()
    assert "already exists" in life.condition("Stalled")["message"]


async def test_an_annotation_that_is_no_command_is_remarked() -> None:
    """It cannot have a receipt."""
    life = await born()
    for written in ("abort!", "{}", '{"id": "1", "do": "explode"}'):
        life.annotate(**{COMMAND_ANNOTATION: written})
        await life.look()
        assert any("is not a command" in condition["message"] for condition in life.status["conditions"])
        assert life.status.get("commands", []) == []


async def test_a_command_is_carried_out_once_and_has_its_receipt() -> None:
    """However often it is looked at."""
    life = await climbing()
    life.annotate(**{COMMAND_ANNOTATION: '{"id": "1", "do": "abort", "by": "ann"}'})
    await life.settle()
    receipts = [(one["id"], one["do"], one["result"]) for one in life.status["commands"]]
    assert (receipts, life.pods(), life.weight) == ([("1", "abort", "Done")], {"shop:1": 4}, 0.0)


async def test_a_deletion_gives_the_route_back_first() -> None:
    """The finalizer stands exactly as long as a user's route carries a weight of ours."""
    life = await climbing()
    assert FINALIZER in life.api.objects[MAIN]["metadata"]["finalizers"]
    life.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"))
    for _ in range(20):
        if MAIN not in life.api.objects:
            break
        await life.look()
        life.pass_time(1.0)
    assert MAIN not in life.api.objects
    assert life.weight == 0.0
