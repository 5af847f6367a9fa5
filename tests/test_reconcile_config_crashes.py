"""The process dies while changed data is copied, and the data may be another one by then."""

from collections.abc import Callable

import pytest

from gracefulservice.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
)
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure
from gracefulservice.reconcile import REREADING
from tests.support.configured import (
    SETTINGS,
    born,
    copies,
    settled,
    tried,
    values,
    write,
)
from tests.support.life import Life

PARTS = 4
"""So that several workers share the many lives of one test."""


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(
    ("change", "phase", "after"),
    [
        (lambda life: write(life, "v3"), "Healthy", {"v3": 4}),
        (lambda life: write(life, "v1"), "Healthy", {"v1": 4}),
        (lambda life: life.api.objects.pop(SETTINGS), "Invalid", {"v1": 4}),
    ],
    ids=["other data", "the old data", "none"],
)
async def test_data_that_changes_after_it_was_decided_on_is_never_copied_under_its_name(
    change: Callable[[Life], object], phase: str, after: dict[str, int]
) -> None:
    """The process dies when v2 is remembered and not yet copied; by then v2 is nowhere any more."""
    life = await born()
    write(life, "v2")

    def die(request: Request) -> None:
        if request.kind == CONFIG_MAP:
            raise Killed

    life.api.interfere = die
    with pytest.raises(Killed):
        await tried(life, 20)
    assert life.status["memory"]["state"]["kind"] == "Warming"
    life.api.interfere = lambda _request: None
    change(life)
    await settled(life)
    assert (life.phase, values(life)) == (phase, after)
    assert "condemned" not in life.status["memory"]
    write(life, "v2")
    await settled(life)
    assert (life.phase, values(life)) == ("Healthy", {"v2": 4})


@pytest.mark.parametrize("part", range(PARTS))
async def test_killed_at_any_write_changed_data_comes_to_the_same_end(part: int) -> None:
    """Before each write, in a life of its own."""
    calm = await changed(0)
    assert calm.count > 20
    for at in range(1 + part, calm.count + 1, PARTS):
        life = await changed(at)
        assert life.end == calm.end, f"killed at write {at}"


class Changed:
    """How a life with changed data ended, and how many writes that took."""

    def __init__(self, life: Life, count: int) -> None:
        self.count = count
        kept = [life.status[field] for field in ("phase", "stable", "target")]
        data = sorted((body["metadata"]["name"], str(body["data"])) for body in copies(life))
        specs = sorted((body["metadata"]["name"], str(body["spec"])) for body in life.api.of(DEPLOYMENT))
        self.end = (kept, values(life), data, specs, life.told)


async def changed(at: int) -> Changed:
    """The data changes, and the process dies before its `at`-th write from then on."""
    life = await born()
    write(life, "v2")
    count = 0

    def die(_request: Request) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise Killed

    life.api.interfere = die
    for _ in range(200):
        try:
            await life.look()
        except (Killed, Failure):
            life.wake = 0.5
        life.pass_time(max(life.wake or 1.0, 0.5))
        if life.wake == REREADING and life.phase == "Healthy" and values(life) == {"v2": 4}:
            return Changed(life, count)
    raise AssertionError(life.status)
