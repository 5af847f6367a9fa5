"""How all services stand: derived from what passes write down, told by the leader alone, dropped with the object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gracefulservice.api import Condition, EvidenceStatus, Phase, Status, WeightStatus
from gracefulservice.cluster.kinds import GRACEFUL_SERVICE
from gracefulservice.errors import Unreachable
from gracefulservice.ports import Key
from gracefulservice.rollout.holds import Hold
from gracefulservice.rollout.rhythm import BY_PROMETHEUS
from gracefulservice.standing import PHASES, STALLED, Standings, observed, show
from gracefulservice.telemetry import Telemetry
from gracefulservice.work_queue import WorkQueue
from tests.support.life import MAIN, Life, born, refuse_all

WEB, API = Key("shop", "web"), Key("shop", "api")


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    at: float = 1000.0

    def now(self) -> float:
        """Unix seconds."""
        return self.at


def condition(kind: str, status: str, reason: str, since: float = 900.0) -> Condition:
    """One condition."""
    return Condition(
        type=kind, status=cast("Any", status), reason=reason, message="So it is.", last_transition_time=since
    )


def status(phase: Phase = "Progressing", *conditions: Condition, **fields: Any) -> Status:
    """A status in which a rollout is under way."""
    return Status(phase=phase, conditions=conditions, **({"canary": "new"} | fields))


OUTAGE = condition("MetricsReadable", "False", "Outage")
SILENT = condition("MetricsReadable", "True", "NoTraffic", since=500.0)
CONDEMNED = condition("Stalled", "True", "Degraded")


def shown(of: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """What is not 0."""
    return {labels: number for labels, number in of.items() if number}


def test_services_are_counted_by_phase_and_by_what_stalls_them() -> None:
    """Of every word there is a series from the beginning, so that none appears only with an alert."""
    known = Standings()
    known.note(WEB, status("Healthy", canary=None), 1000)
    known.note(API, status("Degraded", CONDEMNED, canary=None), 1000)
    assert shown(known.phases()) == {("Healthy",): 1, ("Degraded",): 1}
    assert shown(known.stalled()) == {("Degraded",): 1}
    assert shown(known.rolling()) == {}
    assert [*known.phases()] == [(phase,) for phase in PHASES]
    assert [*known.stalled()] == [(reason,) for reason in STALLED]


def test_a_service_is_counted_as_it_stands_now() -> None:
    """Once, however often it was looked at, and not at all when it is gone."""
    known = Standings()
    known.note(WEB, status("Progressing", OUTAGE), 1000)
    known.note(WEB, status("Healthy", canary=None), 1010)
    assert (shown(known.phases()), shown(known.held()), shown(known.rolling())) == ({("Healthy",): 1}, {}, {})
    known.forget(WEB)
    known.forget(WEB)
    assert shown(known.phases()) == {}


def test_holds_are_counted_with_the_longest_of_each() -> None:
    """Since the condition says so; where it does not, since the first pass that saw it."""
    known = Standings()
    known.note(WEB, status("Progressing", OUTAGE), 1000)
    known.note(API, status("Paused", SILENT), 1000)
    known.note(API, status("Paused", SILENT), 1020)
    assert shown(known.held()) == {("MetricsUnreadable",): 1, ("NoTraffic",): 1, ("Paused",): 1}
    longest = {("MetricsUnreadable",): 130, ("NoTraffic",): 30, ("Paused",): 30}
    assert (shown(known.longest(1030)), shown(known.rolling())) == (longest, {(): 2})
    known.note(Key("shop", "third"), status("Paused"), 1025)
    assert (known.longest(1030)[Hold.PAUSED,], known.held()[Hold.PAUSED,]) == (30, 2)
    known.note(API, status("Progressing"), 1030)
    known.note(API, status("Paused"), 1035)
    assert known.longest(1040)[Hold.PAUSED,] == 15, "a hold that ended begins anew"
    assert known.longest(100)[Hold.PAUSED,] == 0, "nor does a clock that goes back make it negative"


@pytest.mark.parametrize("word", [None, "Pending"])
def test_a_service_without_a_phase_is_pending(word: Any) -> None:
    """Its first look was refused."""
    known = Standings()
    known.note(WEB, Status(phase=word), 1000)
    assert shown(known.phases()) == {("Pending",): 1}


async def scraped(telemetry: Telemetry) -> dict[tuple[str, ...], float]:
    """name and values of labels → number, of everything that is ours."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families((await telemetry.render()).decode())
        for sample in family.samples
        if sample.name.startswith("gracefulservice_")
    }


@dataclass
class Replica:
    """What one process shows."""

    telemetry: Telemetry
    known: Standings
    clock: Clock
    leads: bool = True

    @classmethod
    def started(cls, *, each: bool = False) -> "Replica":
        """One that leads, with an empty queue."""
        one = cls(Telemetry(), Standings(), Clock())
        queue: WorkQueue[Key] = WorkQueue(clock=one.clock.now, workers=1)
        show(one.telemetry, queue, one.known, lambda: one.leads, one.clock, each=each)
        return one


async def test_only_the_leader_tells_how_services_stand() -> None:
    """One that leads no more has no series at all, not even zeroes, or they would be counted twice."""
    replica = Replica.started()
    replica.known.note(WEB, status("Progressing", OUTAGE), 1000)
    found = await scraped(replica.telemetry)
    assert found["gracefulservice_services", "Progressing"] == 1
    assert found["gracefulservice_services_stalled", "Degraded"] == 0
    assert found["gracefulservice_rollouts",] == 1
    assert found["gracefulservice_rollouts_held", "MetricsUnreadable"] == 1
    assert found["gracefulservice_rollout_held_longest_seconds", "MetricsUnreadable"] == 100
    assert found["gracefulservice_leading",] == 1
    assert not any("web" in key for key in found), "no object's name is a label"
    replica.leads = False
    found = await scraped(replica.telemetry)
    assert [
        name for name, *_ in found if name.startswith(("gracefulservice_service", "gracefulservice_rollout_"))
    ] == []
    assert not {name for name, *_ in found} & {"gracefulservice_rollouts", "gracefulservice_rollouts_held"}
    assert found["gracefulservice_leading",] == 0


async def test_a_hold_grows_older_without_any_look() -> None:
    """What is read is how long it has lasted when somebody asks."""
    replica = Replica.started()
    replica.known.note(WEB, status("Progressing", OUTAGE), 1000)
    replica.clock.at = 1060
    found = await scraped(replica.telemetry)
    assert found["gracefulservice_rollout_held_longest_seconds", "MetricsUnreadable"] == 160


async def test_single_services_are_shown_where_that_is_asked_for() -> None:
    """And only as long as there is one of that name; weight and odds while they are known."""
    replica = Replica.started(each=True)
    judged = {
        "weight": WeightStatus(wanted=5, observed=2.5),
        "evidence": EvidenceStatus(odds=12, limit=100, sentence=""),
    }
    replica.known.note(WEB, status("Progressing", **judged), 1000)
    replica.known.note(API, status("Healthy", canary=None), 1000)
    found = await scraped(replica.telemetry)
    names = {key: number for key, number in found.items() if "shop" in key}
    assert names == {
        ("gracefulservice_service_phase", "web", "shop", "Progressing"): 1,
        ("gracefulservice_service_phase", "api", "shop", "Healthy"): 1,
        ("gracefulservice_service_weight_percent", "web", "shop"): 2.5,
        ("gracefulservice_service_odds_against", "web", "shop"): 12,
    }
    replica.known.note(WEB, status("Healthy", canary=None), 1010)
    replica.known.forget(API)
    names = {key: number for key, number in (await scraped(replica.telemetry)).items() if "shop" in key}
    assert names == {("gracefulservice_service_phase", "web", "shop", "Healthy"): 1}


JUDGED = {"objectives": {"errorRate": {"max": "1%"}}}


async def watched(**changes: Any) -> tuple[Life, Replica]:
    """A service at rest in the cluster in memory, and what its operator shows."""
    life = await born(**changes)
    replica = Replica.started()
    replica.clock = cast("Any", life)
    life.ports = observed(life.ports, replica.telemetry, replica.known)
    await life.look()
    return life, replica


async def test_an_outage_shows_one_tick_after_it_begins_and_ends() -> None:
    """Through the whole loop: what the alert has left of its 90 s depends on it."""
    life, replica = await watched(**JUDGED)
    life.ask_for("shop:2")
    await life.live(lambda: life.weight == 25.0)
    assert shown(replica.known.held()) == {}
    life.users.outage = "Prometheus does not answer."
    began = life.now()
    await life.live(lambda: bool(shown(replica.known.held())))
    assert shown(replica.known.held()) == {("MetricsUnreadable",): 1}
    assert life.now() - began <= 2 * BY_PROMETHEUS.tick, "the pass that sees it, and the time that went by after it"
    seen = life.now()
    await life.live(lambda: life.now() >= seen + 40)
    assert 40 <= replica.known.longest(life.now())[Hold.METRICS_UNREADABLE,] <= life.now() - began
    life.users.outage = None
    await life.live(lambda: not shown(replica.known.held()))
    await life.settle()
    assert shown(replica.known.phases()) == {("Healthy",): 1}


async def test_a_rollback_is_counted_by_its_cause_and_the_condemned_version_stands() -> None:
    """Until somebody asks for another version."""
    life, replica = await watched(**JUDGED)
    life.users.bad = {"shop:2": 0.2}
    await life.settle("shop:2")
    found = await scraped(replica.telemetry)
    causes = {
        cause: found["gracefulservice_rollbacks_total", cause]
        for cause in ("Verdict", "Deadline", "CrashLoop", "Abort")
    }
    assert causes == {"Verdict": 1, "Deadline": 0, "CrashLoop": 0, "Abort": 0}
    bad = sum(counts["500"] for counts in life.users.counts.values())
    assert 0 < found["gracefulservice_errors_exposed_total",] <= bad
    assert shown(replica.known.stalled()) == {("Degraded",): 1}
    await life.settle("shop:3")
    assert shown(replica.known.stalled()) == {}


async def test_the_age_of_the_evidence_is_told_at_each_look_at_metrics() -> None:
    """An outage has no age, nor has a pass that asks nothing."""
    life, replica = await watched(**JUDGED)
    await life.settle("shop:2")
    found = await scraped(replica.telemetry)
    looks = found["gracefulservice_evidence_age_seconds_count",]
    assert looks > 0
    assert 0 < found["gracefulservice_evidence_age_seconds_sum",] / looks <= 2 * BY_PROMETHEUS.tick
    life.users.outage = "Prometheus does not answer."
    life.ask_for("shop:3")
    for _ in range(20):
        await life.look()
        life.pass_time(5.0)
    assert (await scraped(replica.telemetry))["gracefulservice_evidence_age_seconds_count",] == looks


async def test_a_service_that_is_gone_is_forgotten() -> None:
    """By the pass that finds nothing."""
    life, replica = await watched()
    assert shown(replica.known.phases()) == {("Healthy",): 1}
    life.api.remove(MAIN)
    await life.look()
    assert shown(replica.known.phases()) == {}


async def test_figures_cost_no_request() -> None:
    """However often they are read; a service at rest is not looked at for them."""
    life, replica = await watched()
    done = life.api.reads, len(life.api.writes)
    for _ in range(100):
        await scraped(replica.telemetry)
    assert (life.api.reads, len(life.api.writes)) == done


async def test_what_could_not_be_written_is_not_told() -> None:
    """A status that nobody can read is no news yet: another operator would not know it either."""
    life, replica = await watched(**JUDGED)
    life.ask_for("shop:2")
    life.api.interfere = refuse_all(Unreachable("No."), lambda request: request.kind is GRACEFUL_SERVICE)
    with pytest.raises(Unreachable):
        await life.look()
    assert shown(replica.known.phases()) == {("Healthy",): 1}
