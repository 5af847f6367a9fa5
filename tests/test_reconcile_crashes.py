"""The loop cut off at every write, and raced at every other: it comes to the same end."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    HTTP_ROUTE,
    POD_DISRUPTION_BUDGET,
    SERVICE,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure, Stale
from tests.support.life import MAIN, Life, born

LASTING = (DEPLOYMENT, SERVICE, HTTP_ROUTE, POD_DISRUPTION_BUDGET)
PARTS = 4
"""So that several workers share the many lives of one test."""
JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}


class Killed(BaseException):
    """The process is gone: nothing in it runs any more."""


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


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("bad", [0.0, 0.2], ids=["good", "bad"])
async def test_killed_at_any_write_it_comes_to_the_same_end(bad: float, part: int) -> None:
    """Every position, before and after the write, each in a life of its own."""
    calm = await rollout(nothing, bad)
    writes = len(calm.api.writes) - len((await born(**JUDGED)).api.writes)
    assert writes > 20
    for at in range(1 + part, writes + 1, PARTS):
        killed = await rollout(kill(at, done=at // PARTS % 2 == 0), bad)
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
