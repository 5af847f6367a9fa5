"""Stories of who works: a leader that is asked to go, dies, stands still or is cut off in the middle of a rollout
(A40), and a bad version while nobody works at all. One at a time, because all stories share the operator.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from bench.figures import Figure
from examples.traffic.client import errors
from localcluster.operator_release import NAMESPACE
from tests.e2e import report
from tests.e2e.test_weighted import BUDGET, OBJECTIVES, RAMP
from tests.support import replicas
from tests.support.faults import done
from tests.support.place import Stage
from tests.support.refusals import REFUSED
from tests.support.replicas import Replica
from tests.support.services import V2, Shop
from tests.support.site import Site, answered, newest, over, warmed
from tests.support.turns import OPERATOR

Record = Callable[..., None]

STEPS = ({"weight": 10, "hold": "3s"}, {"weight": 50, "hold": "30s"})
"""The last one is long enough for a leader to be lost and another one to be there."""
UNSEEN = 40.0
"""Seconds in which a leader stands still or is cut off, longer than its lease lasts."""
NOBODY = 20.0
"""Seconds without any operator."""
USUAL = 30
"""Seconds of requests before anything changes: the first weight follows from their rate, as scrapes tell it."""
WORST = 3 * BUDGET
"""Errors of a version that fails every request, while nobody works for so long."""
ASKED = 5.0 + 4.0
"""Seconds: the preStop sleep, and twice the 2 s that the chart's own times give, a standby asks less often here."""
SPARE = 2.0
"""Seconds after a lease has run out."""
CREATE = ("create", "--dry-run=server", "--output=json", "--filename=-")


@contextmanager
def asked_to_go(stage: Stage, leader: Replica) -> Iterator[None]:
    """Deleted as in a node drain: SIGTERM after its preStop sleep, and it gives the lease back."""
    done(stage, "delete", "pod", "-n", NAMESPACE, leader.name, "--wait=false")
    yield


@contextmanager
def killed(stage: Stage, leader: Replica) -> Iterator[None]:
    """Without a moment to clean up: its lease runs out."""
    done(stage, "delete", "pod", "-n", NAMESPACE, leader.name, "--grace-period=0", "--force")
    yield


@contextmanager
def frozen(stage: Stage, leader: Replica) -> Iterator[None]:
    """Its process stands still, and goes on when another one has long been leading."""
    with replicas.frozen(leader):
        yield
        time.sleep(max(0.0, UNSEEN - float(replicas.lease(stage)["leaseDurationSeconds"])))


@contextmanager
def cut_off(stage: Stage, leader: Replica) -> Iterator[None]:
    """It runs, and reaches the API server again when another one has long been leading."""
    with replicas.cut_off(stage, leader):
        yield
        time.sleep(max(0.0, UNSEEN - float(replicas.lease(stage)["leaseDurationSeconds"])))


LOST: dict[str, Callable[[Stage, Replica], AbstractContextManager[None]]] = {
    "asked to go": asked_to_go,
    "killed": killed,
    "frozen": frozen,
    "cut off": cut_off,
}


@pytest.mark.long
@pytest.mark.parametrize("how", LOST)
def test_a40_another_one_leads_and_nothing_happens_twice(site: Site, record: Record, how: str) -> None:
    """At half the traffic. The other replica goes on at the same step; no weight jumps, nothing is told twice, no
    request is lost, and questions at admission are answered all along.
    """
    stage, service = site.service.place.stage, site.service
    site.start(rollout={"canary": {"steps": STEPS}}, objectives=OBJECTIVES)
    warmed(site)
    with OPERATOR.alone(), site.users() as users:
        answered(users)
        leader, lasts = replicas.leader(stage), float(replicas.lease(stage)["leaseDurationSeconds"])
        service.change(V2)
        service.wait_for_weight(50)
        with LOST[how](stage, leader):
            heir, seconds = replicas.succeeded(stage, leader)
            refused_at_admission(stage)
        service.wait_for("Healthy", 400)
        summary = over(service, users)
        assert newest(users.seconds) == {"v2"}
        assert replicas.leader(stage) == heir, "the lease changed hands once more"
        replicas.renewed(stage, leader)
    record(f"A40 {how}", summary)
    within = ASKED if how == "asked to go" else lasts + SPARE
    report.measured(Figure(f"A40 {how}, until another replica leads", seconds, "s", within))
    once(service)
    assert summary.lost == 0, summary.first_loss


def once(service: Shop) -> None:
    """Everything was told once, in its order."""
    told = ["FirstRevisionReady", "RolloutStarted", *["WeightObserved"] * 3, "Promoted", "BakeDone"]
    service.place.wait("The end of the rollout", lambda: "OldRevisionScaledDown" in service.reasons(), 60)
    assert service.reasons() == [*told, "OldRevisionScaledDown"]


def refused_at_admission(stage: Stage) -> None:
    """The replica that is left answers."""
    (wrong, *_) = (one for one in REFUSED if one.by == "reader")
    assert stage.kubectl(*CREATE, input=json.dumps(wrong.body)).returncode != 0


@pytest.mark.long
def test_n6_nobody_works_while_a_bad_version_has_its_first_weight(site: Site, record: Record) -> None:
    """It fails every request, and for 20 s no operator runs. The first weight is what the budget allows for one
    reaction time, so users see about as many budgets as reaction times pass; then it is rolled back.
    """
    stage, service = site.service.place.stage, site.service
    site.start(rollout=RAMP, objectives=OBJECTIVES)
    warmed(site)
    with OPERATOR.alone(), site.users(rate=100) as users:
        answered(users)
        users.wait_for(lambda seconds: len(seconds) >= USUAL, 120)
        service.change(V2 | {"ERROR_RATE": "1"})
        service.place.wait("The first weight", lambda: site.weights()[1] > 0)
        weights = site.weights()
        with replicas.all_away(stage):
            time.sleep(NOBODY)
            assert site.weights() == weights, "somebody worked"
        service.wait_for("Degraded", 400)
        service.place.wait("The weight back", lambda: site.weights()[1] == 0)
        replicas.whole(stage)
        summary = over(service, users)
        failed = errors(users.seconds, "v2")
    record("N6 nobody works", summary)
    report.measured(Figure("N6 errors of a 100 % bad version, nobody at work for 20 s", failed, "requests", WORST))
    assert 1 <= failed <= 2 * WORST, "a busy machine may start an operator slowly, but not for as long as that"
    assert summary.lost == 0, summary.first_loss
