"""The loop on a cluster in memory: whole rollouts, cut off and raced at every write, and every error of the table."""

import contextlib
import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gracefulservice.api.names import COMMAND_ANNOTATION, CONDEMNED_ANNOTATION, FINALIZER
from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    GRACEFUL_SERVICE,
    HTTP_ROUTE,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Ref,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Refused, Stale, Unreachable
from gracefulservice.reconcile import UNTOLD_RETRY
from tests.support.life import MAIN, ROUTE, Life

GOOD = [
    "RolloutStarted",
    "WeightObserved",
    "WeightObserved",
    "WeightObserved",
    "Promoted",
    "BakeDone",
    "OldRevisionScaledDown",
]
LASTING = (DEPLOYMENT, SERVICE, HTTP_ROUTE, POD_DISRUPTION_BUDGET)
JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}


class Killed(BaseException):
    """The process is gone: nothing in it runs any more."""


async def born(**changes: Any) -> Life:
    """A service that serves its first version."""
    life = Life(**changes)
    await life.settle()
    return life


def world_of(life: Life) -> dict[str, Any]:
    """What users and Kubernetes have at the end; not when, how often or under which pod names it came about."""
    status = life.status
    return {
        "conditions": [(one["type"], one["status"], one["reason"]) for one in status["conditions"]],
        "status": [status.get(field) for field in ("phase", "stable", "canary", "target", "replicas", "weight")],
        "history": [(one["revision"], one["number"], one["outcome"]) for one in status["history"]],
        "condemned": sorted(status["memory"].get("condemned", {})),
        "state": status["memory"]["state"],
        "specs": {str(ref): body["spec"] for ref, body in life.api.objects.items() if ref.kind in LASTING},
        "marks": {
            body["metadata"]["name"]: sorted(body["metadata"].get("annotations", {}))
            for body in life.api.of(CONTROLLER_REVISION)
        },
        "finalizers": life.api.objects[MAIN]["metadata"].get("finalizers", []),
        "pods": life.pods(),
        "told": life.told,
    }


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


# Killed, and raced, at every write


async def rollout(disturb: Callable[[Life], None], bad: float = 0.0) -> Life:
    """A whole rollout, in which something goes wrong from the user's change on."""
    life = await born(**JUDGED)
    life.users.bad = {"shop:2": bad}
    life.ask_for("shop:2", **JUDGED)
    disturb(life)
    for _ in range(400):
        try:
            await life.look()
        except (Killed, Failure):
            life.wake = 0.5
        life.pass_time(1.0 if life.wake is None else max(life.wake, 0.5))
        if life.wake is None and life.phase in ("Healthy", "Degraded"):
            return life
    raise AssertionError(f"It never ended: {life.status}")


def nothing(_life: Life) -> None:
    """No disturbance."""


def kill(at: int, *, done: bool) -> Callable[[Life], None]:
    """The process dies at its `at`-th write, before it or right after it."""

    def disturb(life: Life) -> None:
        count = 0

        def die(_request: Request) -> None:
            nonlocal count
            count += 1
            if count == at:
                raise Killed

        if done:
            life.api.happened = die
        else:
            life.api.interfere = die

    return disturb


@pytest.mark.parametrize("bad", [0.0, 0.2], ids=["good", "bad"])
async def test_killed_at_any_write_it_comes_to_the_same_end(bad: float) -> None:
    """Every position, before and after the write, each in a life of its own."""
    calm = await rollout(nothing, bad)
    writes = len((await rollout(nothing, bad)).api.writes) - len((await born(**JUDGED)).api.writes)
    assert writes > 20
    for at in range(1, writes + 1):
        killed = await rollout(kill(at, done=at % 2 == 0), bad)
        assert world_of(killed) == world_of(calm), f"killed at write {at}"


@pytest.mark.parametrize("bad", [0.0, 0.2], ids=["good", "bad"])
async def test_a_conflict_at_every_write_changes_nothing_but_the_number_of_passes(bad: float) -> None:
    """Every other time somebody else was faster."""

    def disturb(life: Life) -> None:
        tries: Counter[tuple[str, str]] = Counter()

        def race(request: Request) -> None:
            tries[request.verb, request.path] += 1
            if request.kind != EVENT and tries[request.verb, request.path] % 2:
                raise Stale("Somebody was faster.")

        life.api.interfere = race

    assert world_of(await rollout(disturb, bad)) == world_of(await rollout(nothing, bad))


async def test_a_wish_that_comes_between_look_and_remember_is_not_overwritten() -> None:
    """The status is written over the version that was read, so a decision about an older wish is never carried out."""
    life = await born()
    life.ask_for("shop:2")
    seen: list[Request] = []

    def change(request: Request) -> None:
        if not seen:
            seen.append(request)
            life.ask_for("shop:3")

    life.api.interfere = change
    await life.settle()
    assert life.pods() == {"shop:3": 4}
    images = [body["spec"]["template"]["spec"]["containers"][0]["image"] for body in life.api.of(DEPLOYMENT)]
    assert sorted(images) == ["shop:1", "shop:3"]


# The table of errors


def refuse_all(failure: Failure, wanted: Callable[[Request], bool]) -> Callable[[Request], None]:
    """Answer such writes with a failure."""

    def answer(request: Request) -> None:
        if wanted(request):
            raise failure

    return answer


async def climbing() -> Life:
    """A rollout at its first step."""
    life = await born()
    life.ask_for("shop:2")
    await life.live(lambda: life.weight == 25.0)
    return life


async def test_stale_is_looked_at_again_at_once() -> None:
    """One conflict costs one more look, not a wait."""
    life = await climbing()
    refused: list[Request] = []

    def once(request: Request) -> None:
        if not refused:
            refused.append(request)
            raise Stale("Somebody was faster.")

    life.api.interfere = once
    await life.look()
    assert refused[0].path.endswith("/status")
    assert life.api.writes[-1].body != refused[0].body or life.api.writes[-1].path == refused[0].path


async def test_stale_a_second_time_is_raised_to_the_queue() -> None:
    """It backs off instead of running in circles."""
    life = await climbing()
    done = len(life.api.writes)
    life.api.interfere = refuse_all(Stale("Somebody was faster."), lambda _request: True)
    with pytest.raises(Stale):
        await life.look()
    assert len(life.api.writes) == done


async def test_unreachable_changes_nothing_and_is_raised() -> None:
    """With the pause that was asked for; nothing after the write that failed is tried."""
    life = await climbing()
    before, done = life.status, len(life.api.writes)
    life.api.interfere = refuse_all(Unreachable("The API server fails.", retry_after=7), lambda _request: True)
    with pytest.raises(Unreachable) as unreachable:
        await life.look()
    assert unreachable.value.retry_after == 7
    assert (life.status, len(life.api.writes), life.weight) == (before, done, 25.0)


FAILURES = [Stale("x"), Unreachable("x"), Refused("x"), ZeroDivisionError("a bug")]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("part", ["/status", "/scale", "/httproutes/"])
async def test_no_failing_write_moves_a_rollout_on(part: str, failure: Exception) -> None:
    """However often it is tried, users see no more of the new version than what was observed before."""
    life = await climbing()

    def fail(request: Request) -> None:
        if part in request.path:
            raise failure

    life.api.interfere = fail
    for _ in range(60):
        with contextlib.suppress(Failure, ZeroDivisionError):
            await life.look()
        assert life.weight in (0.0, 25.0)
        life.pass_time(2.5)
    life.api.interfere = lambda _request: None
    await life.settle()
    assert life.pods() in ({"shop:2": 4}, {"shop:1": 4})


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
async def test_without_a_look_nothing_is_decided(failure: Exception) -> None:
    """What cannot be read is neither good nor bad."""
    life = await climbing()
    before, listing = life.status["memory"], life.api.list_all

    async def fail(kind: Any, namespace: str | None, labels: str = "") -> Any:
        raise failure

    life.api.list_all = fail  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(type(failure)):
            await life.look()
    assert (life.status["memory"], life.weight) == (before, 25.0)
    life.api.list_all = listing  # type: ignore[method-assign]
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_what_was_refused_stands_until_it_is_over_and_is_not_repeated() -> None:
    """The sentence in the conditions; the next passes write nothing new; one write when it is cured."""
    life = await born()
    life.ask_for("shop:2")
    sentence = (
        'The API server refuses (403) the attempt to create Deployment: pods "shop" is forbidden: exceeded quota.'
    )
    life.api.interfere = refuse_all(Refused(sentence), lambda request: request.kind == DEPLOYMENT)
    for _ in range(3):
        with pytest.raises(Refused):
            await life.look()
    assert (life.condition("Stalled")["status"], life.condition("Stalled")["reason"]) == ("True", "Refused")
    assert life.condition("Stalled")["message"] == sentence
    before = len(life.api.writes)
    with pytest.raises(Refused):
        await life.look()
    assert len(life.api.writes) == before
    life.api.interfere = lambda _request: None
    await life.look()
    assert life.condition("Stalled")["status"] == "False"
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_what_may_not_be_read_is_said_and_nothing_is_changed() -> None:
    """Rights that are missing: one sentence, the same in every pass, written once."""
    life = await climbing()
    denied = Refused("The API server refuses (403) the attempt to list every Pod in namespace default.")
    listing = life.api.list_all

    async def deny(kind: Any, namespace: str | None, labels: str = "") -> Any:
        if kind == POD:
            raise denied
        return await listing(kind, namespace, labels)

    life.api.list_all = deny  # type: ignore[method-assign]
    with pytest.raises(Refused):
        await life.look()
    done = len(life.api.writes)
    with pytest.raises(Refused):
        await life.look()
    assert (life.condition("Ready")["message"], len(life.api.writes), life.weight) == (denied.sentence, done, 25.0)
    life.api.list_all = listing  # type: ignore[method-assign]
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_an_invalid_wish_is_said_and_waited_for() -> None:
    """Every problem with its field; nothing made, nothing due, nothing written twice; then a valid wish is enough."""
    broken = {"canary": {"steps": [{"weight": 50}, {"weight": 20}]}}
    life = Life(rollout=broken)
    assert await life.look() is None
    assert life.phase == "Invalid"
    assert "spec.rollout.canary.steps[1].weight" in life.condition("Stalled")["message"]
    assert {ref.kind for ref in life.api.objects} == {GRACEFUL_SERVICE, HTTP_ROUTE}
    done = len(life.api.writes)
    assert await life.look() is None
    assert len(life.api.writes) == done
    await life.settle("shop:1")
    assert life.pods() == {"shop:1": 4}


async def test_an_invalid_wish_changes_nothing_of_what_serves() -> None:
    """The service stays as it was."""
    life = await born()
    before = {ref: copy.deepcopy(body) for ref, body in life.api.objects.items() if ref.kind != GRACEFUL_SERVICE}
    life.ask_for("shop:2", template={"spec": {"containers": []}})
    assert await life.look() is None
    assert life.phase == "Invalid"
    assert before == {ref: body for ref, body in life.api.objects.items() if ref.kind != GRACEFUL_SERVICE}


async def test_a_bug_is_raised_as_it_is() -> None:
    """The queue counts it and logs its trace."""
    life = await climbing()
    life.api.interfere = refuse_all(ZeroDivisionError("a bug"), lambda _request: True)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        await life.look()


# Telling


async def test_what_could_not_be_told_is_told_later_and_once() -> None:
    """A rollout does not wait for it, and nothing is lost."""
    life = await born()
    life.api.interfere = refuse_all(Unreachable("The API server fails."), lambda request: "events" in request.path)
    life.ask_for("shop:2")
    await life.live(lambda: life.pods() == {"shop:2": 4} and life.phase == "Healthy")
    assert life.told == ["FirstRevisionReady"]
    assert await life.look() == UNTOLD_RETRY
    life.api.interfere = lambda _request: None
    await life.settle()
    assert life.told[1:] == GOOD


# Others


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
    assert "Service default/shop is in the way, for it belongs to nobody" in life.condition("Ready")["message"]
    assert life.api.objects[Ref(SERVICE, "default", "shop")] == before
    assert life.api.of(DEPLOYMENT) == life.api.of(CONTROLLER_REVISION) == []
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
    with pytest.raises(Refused, match="Service default/shop is in the way"):
        await life.look()
    assert "is in the way" in life.condition("Stalled")["message"]


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
