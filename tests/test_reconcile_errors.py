"""The table of errors: what each of them does to a pass, and that none of them moves a rollout on."""

import contextlib
import copy
from typing import Any

import pytest

from gracefulservice.cluster.kinds import (
    DEPLOYMENT,
    GRACEFUL_SERVICE,
    HTTP_ROUTE,
    POD,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Refused, Stale, Unreachable
from tests.support.life import Life, born, climbing, refuse_all


async def test_stale_is_looked_at_again_at_once() -> None:
    """One conflict costs one more look, not a wait."""
    life = await climbing()
    refused: list[Request] = []

    def once(request: Request) -> None:
        if not refused:
            refused.append(request)
            raise Stale("Somebody was faster.")

    life.api.interfere = once
    done = len(life.api.writes)
    await life.look()
    assert refused[0].path.endswith("/status")
    assert refused[0].path in [request.path for request in life.api.writes[done:]]


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
