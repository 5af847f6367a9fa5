"""Guards in the life of a service: a gauge beyond its threshold holds the weight, then takes it back; absence holds."""

from typing import Any

import pytest

from gracefulservice.rollout.verdict import Cause, Problem
from tests.support.life import Life, born

QUERY = 'max(queue_lag{namespace="$namespace",pod=~"$canary"})'
LAG = {"name": "queue-lag", "promql": QUERY, "max": 500, "for": "45s"}
GUARDED: dict[str, Any] = {"objectives": {"guards": [LAG]}}
JUDGED: dict[str, Any] = {"objectives": {"errorRate": {"max": "1%"}, "guards": [LAG]}}
RAMP = {"canary": {"errorBudget": 20}, "warmup": "3s", "bake": "5s", "progressDeadline": "30s"}
RATIO: dict[str, Any] = {"traffic": {}}
ABSENT = Problem(cause=Cause.SERIES_MISSING, sentence="The query of the guard queue-lag finds no series.")
WAYS = pytest.mark.parametrize(
    "wish", [GUARDED, JUDGED, JUDGED | {"rollout": RAMP}, GUARDED | {"rollout": RAMP}, GUARDED | RATIO, JUDGED | RATIO]
)


async def under_way(wish: dict[str, Any], value: float | Problem = 12.0) -> Life:
    """A rollout whose guard shows this from its start."""
    life = await born(**wish)
    life.users.gauges = {"queue-lag": value}
    life.ask_for("shop:2", **wish)
    return life


async def beyond(life: Life, value: float | Problem, passes: int) -> None:
    """The guard shows something else for so many passes."""
    life.users.gauges = {"queue-lag": value}
    for _ in range(passes):
        await life.look()
        life.pass_time(max(life.wake or 0.0, 0.5))


@WAYS
async def test_a_gauge_within_its_threshold_lets_a_rollout_pass(wish: dict[str, Any]) -> None:
    """It is told what it shows on the way, and nothing of it is left at rest."""
    life = await under_way(wish, 500.0)
    await life.live(lambda: bool(life.status.get("guards")) and "value" in life.status["guards"][0])
    assert life.status["guards"] == [
        {"name": "queue-lag", "value": 500, "sentence": "queue-lag is 500, and at most 500 is good."}
    ]
    await life.settle()
    assert (life.phase, life.pods()) == ("Healthy", {"shop:2": 4})
    assert not life.status.get("guards")
    assert "gauges" not in life.status["memory"]
    assert "$" not in life.users.queries["queue-lag"]
    assert 'namespace="default"' in life.users.queries["queue-lag"]


@WAYS
async def test_a_gauge_beyond_it_for_long_enough_turns_the_rollout_back(wish: dict[str, Any]) -> None:
    """The sentence names guard, value, time and threshold, and the revision is not tried again."""
    life = await under_way(wish)
    await life.live(lambda: life.pods().get("shop:2", 0) > 0 and life.status["weight"].get("observed", 0) > 0)
    life.users.gauges = {"queue-lag": 1240.0}
    await life.settle()
    assert (life.phase, life.pods()) == ("Degraded", {"shop:1": 4})
    said = "queue-lag is 1,240, for 45 s above its maximum of 500."
    assert life.status["history"][0]["sentence"] == said
    assert said in life.condition("Stalled")["message"]


async def test_it_holds_before_it_fails_and_goes_on_when_it_is_over() -> None:
    """No weight rises; the clock begins anew once the value is good."""
    life = await under_way(GUARDED)
    await life.live(lambda: life.weight == 25.0)
    await beyond(life, 501.0, 12)
    assert (life.weight, life.phase) == (25.0, "Progressing")
    held = life.condition("Ready")["message"]
    assert held.startswith("Holding 25 %: queue-lag is 501, for ")
    assert held.endswith(" above its maximum of 500; 45 s of that are too long.")
    assert life.condition("MetricsReadable")["status"] == "True"
    life.users.gauges = {"queue-lag": 12.0}
    await life.settle()
    assert life.pods() == {"shop:2": 4}


@pytest.mark.parametrize("wish", [GUARDED, JUDGED, JUDGED | {"rollout": RAMP}])
async def test_absence_holds_for_ever_and_does_nothing_else(wish: dict[str, Any]) -> None:
    """Not one request goes to a version whose guard cannot be read; and what is there is not taken back."""
    life = await under_way(wish, ABSENT)
    await beyond(life, ABSENT, 40)
    assert (life.weight, life.phase) == (0.0, "Progressing")
    assert life.condition("Ready")["message"] == f"Holding 0 %: {ABSENT.sentence}"
    assert (life.condition("MetricsReadable")["status"], life.condition("MetricsReadable")["reason"]) == (
        "False",
        "SeriesMissing",
    )
    life.users.gauges = {"queue-lag": 12.0}
    await life.live(lambda: 0 < life.weight < 100)
    await beyond(life, ABSENT, 40)
    before = life.weight
    await beyond(life, ABSENT, 40)
    assert 0 < before == life.weight < 100
    life.users.gauges = {"queue-lag": 12.0}
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_an_outage_is_absence() -> None:
    """With guards alone as well: its sentence stands in the condition."""
    life = await under_way(GUARDED)
    await life.live(lambda: life.weight == 25.0)
    life.users.outage = "Prometheus is away."
    await beyond(life, 9999.0, 60)
    assert (life.weight, life.condition("MetricsReadable")["message"]) == (25.0, "Prometheus is away.")
    assert life.condition("MetricsReadable")["reason"] == "Outage"


@pytest.mark.parametrize(("policy", "paused"), [("Hold", False), ("Pause", True)])
async def test_what_an_outage_does_is_the_users_choice(policy: str, paused: bool) -> None:
    """A guard without a value is unreadable metrics."""
    life = await under_way(GUARDED | {"onOutage": policy})
    await life.live(lambda: life.weight == 25.0)
    await beyond(life, ABSENT, 60)
    assert (life.weight, life.phase == "Paused") == (25.0, paused)


async def test_on_violation_pause_stops_where_it_is() -> None:
    """As every failed objective does; nobody is sent anywhere, and the bad value holds a resume."""
    life = await under_way(GUARDED | {"onViolation": "Pause"})
    await life.live(lambda: life.weight == 25.0)
    await beyond(life, 1240.0, 60)
    assert (life.weight, life.phase) == (25.0, "Paused")
    assert "queue-lag is 1,240, for " in life.condition("Ready")["message"]
    life.annotate(**{"gracefulservice.dev/command": '{"id": "1", "do": "resume", "by": "somebody"}'})
    await beyond(life, 1240.0, 3)
    assert (life.phase, life.status["commands"][-1]["result"]) == ("Paused", "Refused")
    life.annotate(**{"gracefulservice.dev/command": '{"id": "2", "do": "resume", "by": "somebody"}'})
    await beyond(life, 12.0, 6)
    life.annotate(**{"gracefulservice.dev/command": '{"id": "3", "do": "resume", "by": "somebody"}'})
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_by_replica_ratio_the_first_pod_does_not_wait_for_itself() -> None:
    """The guard asks about the canary's pods, of which there is none before the first weight: it is not asked."""
    wish = GUARDED | RATIO
    life = await born(**wish)
    life.ask_for("shop:2", **wish)
    await life.live(lambda: life.pods().get("shop:2") == 1)
    assert "queue-lag" not in life.users.queries
    await beyond(life, ABSENT, 60)
    assert life.pods() == {"shop:1": 3, "shop:2": 1}
    assert "shop-" in life.users.queries["queue-lag"]
    life.users.gauges = {"queue-lag": 12.0}
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_by_replica_ratio_a_gauge_of_a_dependency_is_read_before_the_first_pod() -> None:
    """As with every objective, no user comes first."""
    wish: dict[str, Any] = {"objectives": {"guards": [LAG | {"promql": "max(db_pool_usage)"}]}} | RATIO
    life = await under_way(wish, 501.0)
    await beyond(life, 501.0, 10)
    assert life.pods() == {"shop:1": 4}


async def test_a_guard_that_is_added_on_the_way_holds_until_it_is_read_and_the_judge_keeps_what_it_knows() -> None:
    """What was counted for the error rate still counts."""
    life = await under_way({"objectives": {"errorRate": {"max": "1%"}}})
    await life.live(lambda: life.weight == 25.0 and life.status["evidence"]["requests"] > 20)
    counted = life.status["evidence"]["requests"]
    life.ask_for("shop:2", **JUDGED)
    await beyond(life, ABSENT, 60)
    assert life.weight == 25.0
    assert life.status["evidence"]["requests"] > counted
    life.users.gauges = {"queue-lag": 12.0}
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_a_guard_that_is_taken_away_holds_nothing_any_more() -> None:
    """The rollout goes on from where it is."""
    life = await under_way(GUARDED)
    await life.live(lambda: life.weight == 25.0)
    await beyond(life, ABSENT, 30)
    life.ask_for("shop:2", objectives={})
    await life.settle()
    assert life.pods() == {"shop:2": 4}


async def test_bad_versions_go_back_as_fast_with_a_guard_that_nobody_can_read() -> None:
    """The error rate needs no guard to condemn."""
    life = await under_way(JUDGED)
    life.users.bad = {"shop:2": 0.5}
    await life.live(lambda: life.weight == 25.0)
    life.users.gauges = {"queue-lag": ABSENT}
    await life.settle()
    assert life.pods() == {"shop:1": 4}
    assert "canary requests failed" in life.status["history"][0]["sentence"]
