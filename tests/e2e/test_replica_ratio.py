"""Stories of a service without a route: pods split the traffic, and nobody loses a request."""

import json
from collections.abc import Callable

from tests.support.services import V1, V2, Shop, ready, shop, steps
from tests.support.site import flowing, newest, over, start

PAUSE_AT_50 = {
    "canary": {"steps": [{"weight": 25, "hold": "3s"}, {"weight": 50, "pause": "UntilResumed"}, {"weight": 75}]}
}


def test_a01_the_first_version_starts_without_steps(service: Shop, record: Callable[..., None]) -> None:
    """Four pods come up at once, with probes, a preStop sleep and a matching grace period, and no canary."""
    url = start(service)
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        summary = users.stop()
    pods = service.pods("v1")
    spec = pods[0]["spec"]
    container = spec["containers"][0]
    record("A01", summary)
    assert ready(pods) == 4
    assert summary.lost == 0, summary.first_loss
    assert "WeightObserved" not in service.reasons()
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["lifecycle"]["preStop"]["sleep"]["seconds"] == 10
    assert spec["terminationGracePeriodSeconds"] == 25


def test_a02_a_good_version_goes_all_the_way(service: Shop, record: Callable[..., None]) -> None:
    """25, 50, 75, 100 %: each in order and only with ready pods; then the old version is gone, and nobody noticed."""
    url = start(service)
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Healthy", 300)
        summary = over(service, users)
        assert newest(users.seconds) == {"v2"}
    record("A02", summary)
    assert summary.lost == 0, summary.first_loss
    observed = ["WeightObserved"] * 4
    service.place.wait("The end of the rollout", lambda: "OldRevisionScaledDown" in service.reasons(), 60)
    assert service.reasons() == [
        "FirstRevisionReady", "RolloutStarted", *observed, "Promoted", "BakeDone", "OldRevisionScaledDown",
    ]  # fmt: skip


def test_a05_abort_retry_and_resume(service: Shop, record: Callable[..., None]) -> None:
    """An aborted rollout goes back and stays back; a retry takes the same revision through from its first step."""
    url = start(service, rollout=PAUSE_AT_50)
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Paused")
        assert service.receipt(service.command("abort"))["result"] == "Done"
        service.wait_for("Degraded")
        service.place.wait("The canary gone", lambda: service.gone("v2"))
        assert service.receipt(service.command("retry"))["result"] == "Done"
        service.wait_for("Paused")
        assert service.receipt(service.command("resume"))["result"] == "Done"
        service.wait_for("Healthy", 300)
        summary = over(service, users)
    record("A05", summary)
    assert summary.lost == 0, summary.first_loss
    assert len(service.place.all("ControllerRevision", "gracefulservice.dev/name=shop")) == 2
    assert service.reasons().count("RolloutStarted") == 2


def test_a08_an_abort_with_nothing_under_way_changes_nothing(service: Shop, record: Callable[..., None]) -> None:
    """The receipt says so; pods and phase stay."""
    url = start(service)
    before = {pod["metadata"]["uid"] for pod in service.pods("v1")}
    with service.place.traffic(url) as users:
        receipt = service.receipt(service.command("abort"))
        users.wait_for(flowing, 60)
        summary = users.stop()
    record("A08", summary)
    assert receipt["result"] == "Refused"
    assert "nothing to abort" in receipt["sentence"]
    assert service.phase == "Healthy"
    assert {pod["metadata"]["uid"] for pod in service.pods("v1")} == before
    assert summary.lost == 0, summary.first_loss


def test_a10_a_version_that_crashes_is_condemned_at_the_deadline(service: Shop, record: Callable[..., None]) -> None:
    """Four old pods stay ready, the canary gets no request, and the deadline rolls it back."""
    url = start(service, rollout=steps(25) | {"progressDeadline": "20s"})
    before = {pod["metadata"]["uid"] for pod in service.pods("v1")}
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2 | {"CRASH": "1"})
        service.place.wait("A crashing canary", lambda: service.pods("v2"))
        status = service.wait_for("Degraded")
        summary = over(service, users)
    record("A10", summary)
    message = next(one["message"] for one in status["conditions"] if one["type"] == "Stalled")
    assert "progress deadline of 20 s" in message
    assert {pod["metadata"]["uid"] for pod in service.pods("v1")} == before
    assert set(summary.versions) == {"v1"}
    assert summary.lost == 0, summary.first_loss


def test_a13_a_hold_longer_than_the_deadline_is_not_a_delay(service: Shop, record: Callable[..., None]) -> None:
    """Holding a weight is not waiting for pods."""
    url = start(service, rollout=steps(25, hold="30s") | {"progressDeadline": "15s"})
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for_weight(25)
        service.wait_for("Healthy", 300)
        summary = over(service, users)
    record("A13", summary)
    assert "RolledBack" not in service.reasons()
    assert summary.lost == 0, summary.first_loss


def test_a29_requests_in_flight_are_finished(service: Shop, record: Callable[..., None]) -> None:
    """Requests of 8 s, a preStop of 5 s, a grace period of 30 s: every one of them ends well."""
    url = start(service, replicas=2, shutdown={"delay": "5s", "drain": "20s"})
    with (
        service.place.traffic(url + "?sleep=8s", rate=5) as slow,
        service.place.traffic(url, connections="keepalive") as quick,
    ):
        quick.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Healthy", 300)
        summaries = over(service, slow), over(service, quick)
    record("A29", *summaries)
    assert service.place.all("Deployment")[0]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    for summary in summaries:
        assert summary.lost == 0, summary.first_loss


def test_a30_a_grace_period_that_is_too_short_is_refused(service: Shop, record: Callable[..., None]) -> None:
    """A preStop sleep of 20 s cannot fit into a grace period of 15 s; the sentence says how to mend it."""
    wanted = shop(service.place.stage.shop_image, V1)
    pod = wanted["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 15
    pod["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 20}}}
    del wanted["spec"]["shutdown"]
    done = service.place.stage.kubectl("apply", "-n", service.place.namespace, "-f", "-", input=json.dumps(wanted))
    record("A30")
    assert done.returncode != 0
    assert "terminationGracePeriodSeconds" in done.stderr
    assert "15" in done.stderr
    assert "20" in done.stderr
    assert not service.place.all("Deployment")
