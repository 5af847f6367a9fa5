"""`shutdown.drain: auto` over whole lives: each rollout's pods are sized by what was true when it began."""

from typing import Any

from gracefulservice.cluster.kinds import CONTROLLER_REVISION, DEPLOYMENT
from tests.support.life import Life, born

AUTO = {"shutdown": {"delay": "5s", "drain": "auto"}}


def graces(life: Life) -> dict[str, int]:
    """The grace period of each image's pods: delay 5 s, drain, margin 5 s."""
    specs = [body["spec"]["template"]["spec"] for body in life.api.of(DEPLOYMENT)]
    return {spec["containers"][0]["image"]: spec["terminationGracePeriodSeconds"] for spec in specs}


def drains(life: Life) -> list[Any]:
    """What the records say."""
    records = sorted(life.api.of(CONTROLLER_REVISION), key=lambda body: int(body["revision"]))
    return [body["data"]["resolved"]["drain"] for body in records]


async def test_every_rollout_is_sized_by_the_latency_at_its_beginning() -> None:
    """The first one, before anybody has called, by the default; what is made keeps its size."""
    life = await born(**AUTO)
    assert graces(life) == {"shop:1": 40}
    life.users.slowest = 40.0
    await life.settle("shop:2")
    assert graces(life)["shop:2"] == 70
    life.users.slowest = 0.3
    await life.settle("shop:3")
    assert graces(life) == {"shop:1": 40, "shop:2": 70, "shop:3": 15}
    assert drains(life) == ["30s", "1m", "5s"]


async def test_what_auto_comes_to_is_told() -> None:
    """With the number it comes from, and honestly where it comes from none."""
    life = await born(**AUTO)
    assert life.condition("DrainMeasured")["status"] == "False"
    assert "it is 30s, by what was known" in life.condition("DrainMeasured")["message"]
    life.users.slowest = 40.0
    await life.settle("shop:2")
    found = life.condition("DrainMeasured")
    assert (found["status"], found["reason"]) == ("True", "Measured")
    assert found["message"].endswith("it is 1m: 1.5 times the p99 latency of 40 s, and within 5s and 5m.")


async def test_an_answer_that_does_not_come_leaves_the_last_one() -> None:
    """A rollout never waits for this."""
    life = await born(**AUTO)
    life.users.slowest = 20.0
    await life.settle("shop:2")
    life.users.slowest = None
    await life.settle("shop:3")
    assert drains(life) == ["30s", "30s", "30s"]
    life.users.slowest = 400.0
    await life.settle("shop:4")
    life.users.slowest = None
    await life.settle("shop:5")
    assert drains(life)[-2:] == ["5m", "5m"]


async def test_who_does_not_ask_for_it_costs_nobody_a_question() -> None:
    """Nor does anybody at rest."""
    life = await born()
    await life.settle("shop:2")
    assert life.users.sizings == 0
    assert life.condition("DrainMeasured") == {}
    asking = await born(**AUTO)
    for _ in range(3):
        await asking.look()
    assert asking.users.sizings == 0
    await asking.settle("shop:2")
    assert asking.users.sizings == 1


async def test_a_revision_that_comes_back_keeps_its_size() -> None:
    """Its record was written once; the condition speaks of that, and not of what would be today."""
    life = await born(**AUTO)
    life.users.slowest = 40.0
    await life.settle("shop:2")
    life.users.slowest = 0.3
    await life.settle("shop:3")
    assert "it is 5s: 1.5 times" in life.condition("DrainMeasured")["message"]
    await life.settle("shop:2")
    assert graces(life)["shop:2"] == 70
    found = life.condition("DrainMeasured")
    assert (found["status"], "it is 1m, by what was known" in found["message"]) == ("False", True)


async def test_a_delay_rises_with_the_latest_request_and_stays() -> None:
    """Behind a gateway it begins at 10 s; what a late request once asked for is not forgotten."""
    life = await born(shutdown={"delay": "auto"})
    assert life.condition("DelayMeasured")["status"] == "False"
    life.users.latest = 3.0
    await life.settle("shop:2")
    life.users.latest = 14.5
    await life.settle("shop:3")
    found = life.condition("DelayMeasured")
    assert (found["status"], "it is 22s: by the latest request" in found["message"]) == ("True", True)
    life.users.latest = 0.0
    await life.settle("shop:4")
    assert sleeps(life) == {"shop:1": 10, "shop:2": 10, "shop:3": 22, "shop:4": 22}
    assert life.status["memory"]["sizes"] == {"delay": 22.0}
    await life.settle("shop:1")
    found = life.condition("DelayMeasured")
    assert (found["status"], "it is 10s, by what was known" in found["message"]) == ("False", True)


def sleeps(life: Life) -> dict[str, int]:
    """The preStop sleep of each image's container."""
    containers = [body["spec"]["template"]["spec"]["containers"][0] for body in life.api.of(DEPLOYMENT)]
    return {one["image"]: one["lifecycle"]["preStop"]["sleep"]["seconds"] for one in containers}
