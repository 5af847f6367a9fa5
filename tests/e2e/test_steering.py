"""Stories of a rollout that people steer past its own way: promoted in full, restarted, replaced by a bad one, or
called by nobody.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from examples.traffic.client import answers
from tests.e2e.test_weighted import OBJECTIVES
from tests.support.autoscaling import sampled
from tests.support.services import V1, V2, Shop, condition, ready, shop, steps
from tests.support.site import flowing, newest, over, start

Record = Callable[..., None]

V3 = {"VERSION": "v3"}
AT_25: dict[str, Any] = {"canary": {"steps": [{"weight": 25, "pause": "UntilResumed"}]}}
CRASH = {"CRASH": "1"}
LEFT_ALONE = 20.0
"""Seconds: four scrapes, twice the bake, and more than any hold."""


def crashing(service: Shop, version: str) -> bool:
    """Whether a version has its single pod."""
    return len(service.pods(version)) == 1


def condemned(service: Shop) -> str:
    """Why the present target is condemned, once it is."""
    status = service.wait_for("Degraded")
    return str(next(one["message"] for one in status["conditions"] if one["type"] == "Stalled"))


def test_a06_a07_promotion_in_full(service: Shop, record: Record) -> None:
    """Past a pause and all that was left to be judged; and past a condemnation. Nobody loses a request."""
    place = service.place
    url = start(service, rollout=AT_25 | {"bake": "1h"}, objectives=OBJECTIVES)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Paused")
        service.command("abort")
        condemned(service)
        place.wait("The canary gone", lambda: service.gone("v2"))
        assert service.receipt(service.command("promote", full=True))["result"] == "Done"
        service.wait_for("Healthy")
        place.wait("Only v2", lambda: service.gone("v1"))
        service.change(V3)
        service.wait_for("Paused")
        assert service.receipt(service.command("promote", full=True))["result"] == "Done"
        service.wait_for("Healthy")
        summary = over(service, users)
        assert newest(users.seconds) == {"v3"}
    record("A06 A07", summary)
    assert service.reasons().count("Promoted") == 2
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a11_a_bad_version_replaces_a_bad_one(service: Shop, record: Record) -> None:
    """The first one's pods are gone, the second one has a single pod beside the four that serve, and goes as well."""
    place = service.place
    url = start(service, rollout=steps(25) | {"progressDeadline": "20s"})
    before = {pod["metadata"]["uid"] for pod in service.pods("v1")}
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        for version in (V2, V3):
            service.change(version | CRASH)
            place.wait("A crashing canary", partial(crashing, service, version["VERSION"]))
            assert bool(service.pods("v2")) is (version is V2)
            assert ready(service.pods("v1")) == 4
            assert "progress deadline of 20 s" in condemned(service)
        summary = over(service, users)
    record("A11", summary)
    assert {pod["metadata"]["uid"] for pod in service.pods("v1")} == before
    assert set(summary.versions) == {"v1"}
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a14_each_further_ready_pod_starts_the_deadline_anew(service: Shop, record: Record) -> None:
    """Four pods become ready one after the other, each 15 s after the one before; the deadline is 25 s."""
    url = start(service, rollout=steps(25, 50, 75) | {"progressDeadline": "25s"})
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2 | {"START_S": "15"})
        service.wait_for("Healthy", 400)
        summary = over(service, users)
    record("A14", summary)
    assert "RolledBack" not in service.reasons()
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a47_suspended_at_half_the_traffic(service: Shop, record: Record) -> None:
    """It stays where it is, whatever else is applied; afterwards the newest version takes the place of both."""
    place = service.place
    url = start(service, rollout=steps(50, hold="5s"))
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for_weight(50)
        place.patch("GracefulService", "shop", {"spec": {"suspend": True}})
        service.wait_for("Paused")
        service.change(V3)
        with sampled(lambda: (service.phase, ready(service.pods("v2")), len(service.pods("v3")))) as seen:
            time.sleep(LEFT_ALONE)
        assert set(seen) == {("Paused", 2, 0)}
        refused = service.receipt(service.command("resume"))
        assert (refused["result"], "spec.suspend" in refused["sentence"]) == ("Refused", True)
        place.patch("GracefulService", "shop", {"spec": {"suspend": False}})
        service.wait_for("Healthy", 300)
        summary = over(service, users)
        assert newest(users.seconds) == {"v3"}
    record("A47", summary)
    assert "RolledBack" not in service.reasons()
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a28_a_restart_is_a_version_like_any_other(service: Shop, record: Record) -> None:
    """Asked for in the middle of a rollout, it takes the canary's place, condemns nobody, and stops where that did."""
    place = service.place
    url = start(service, rollout=AT_25)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        first = service.wait_for("Paused")["canary"]
        place.patch("GracefulService", "shop", {"spec": {"restartToken": "once more"}})
        place.wait("Another canary", lambda: service.status.get("canary") not in (None, first))
        second = service.wait_for("Paused")
        assert ready(service.pods("v2")) == 1
        assert ready(service.pods("v1")) == 3
        service.command("resume")
        assert service.wait_for("Healthy")["stable"] == second["canary"]
        summary = over(service, users)
    record("A28", summary)
    assert "RolledBack" not in service.reasons()
    assert service.reasons().count("TurnedBack") == 1
    assert summary.lost == 0, summary.first_loss


def test_a32_nobody_calls_and_nothing_is_concluded(service: Shop) -> None:
    """Neither promoted nor rolled back: it holds, says so, and goes on by itself once somebody calls."""
    place = service.place
    place.apply(shop(place.stage.shop_image, V1, rollout=steps(25, hold="3s"), objectives=OBJECTIVES))
    service.wait_for("Healthy")
    service.change(V2)
    service.wait_for_weight(25)
    said = condition(service, "Reconciling", "True", "Holding 25 %: ")
    assert "request" in said
    with sampled(lambda: service.phase) as phases:
        time.sleep(LEFT_ALONE)
    assert set(phases) == {"Progressing"}
    assert not {"Promoted", "RolledBack", "TurnedBack"} & set(service.reasons())
    with place.traffic(place.address("shop")) as users:
        service.wait_for("Healthy", 300)
        users.wait_for(lambda seconds: set(seconds[-1].versions) == {"v2"} if seconds else False, 60)
        assert answers(users.seconds, "v2") > 0
