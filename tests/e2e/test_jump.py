"""Stories of other ways than step by step: sent to and fro between steps (A48), and back to a version that served
lately (A17, A18). Nobody is lost, and no pod that is needed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.e2e.test_weighted import OBJECTIVES
from tests.support.autoscaling import sampled
from tests.support.services import V2, Shop, leaving, ready, steps, version_of
from tests.support.site import Site, answered, flowing, newest, over, start, warmed, whole

Record = Callable[..., None]

PODS = 5
WEIGHTS = (20, 40, 60, 80, 100)
RISING: dict[str, Any] = {"canary": {"steps": [{"weight": weight, "pause": "UntilResumed"} for weight in WEIGHTS]}}
JUMPS = (4, 3, 2, 2, 5)
"""From the first step on."""


def both(service: Shop) -> tuple[int, int]:
    """The ready pods of the first and of the second version at one moment."""
    pods = [pod for pod in service.place.all("Pod", "gracefulservice.dev/name=shop") if not leaving(pod)]
    old, new = ([pod for pod in pods if version_of(pod) == version] for version in ("v1", "v2"))
    return ready(old), ready(new)


def stands(service: Shop, step: int, stable: int) -> bool:
    """Whether the step was reached and waits for a person, with the pods that it needs and no more."""
    status = service.status
    at = (status.get("step") or {}).get("index"), (status.get("weight") or {}).get("observed"), status.get("phase")
    return at == (step, WEIGHTS[step - 1], "Paused") and both(service) == (stable, step * PODS // len(WEIGHTS))


def jump(service: Shop, step: int, stable: int) -> None:
    """Go to a step and wait until it stands; a second time at the same one it is observed once more."""
    before = service.reasons().count("WeightObserved")
    assert service.receipt(service.command("jump", step=step))["result"] == "Done"
    service.place.wait(f"Step {step}", lambda: stands(service, step, stable), 180)
    service.place.wait("Its observation", lambda: service.reasons().count("WeightObserved") == before + 1)


def steered(service: Shop, stable: Callable[[int], int]) -> Sequence[tuple[int, int]]:
    """Through all jumps to the end; the ready pods of both versions, as they were seen all along."""
    service.change(V2)
    service.place.wait("Step 1", lambda: stands(service, 1, stable(1)), 180)
    with sampled(lambda: both(service)) as seen:
        for step in JUMPS:
            jump(service, step, stable(step))
    refused = service.receipt(service.command("jump", step=6))
    assert (refused["result"], "from 1 to 5" in refused["sentence"]) == ("Refused", True)
    service.command("resume")
    service.wait_for("Healthy", 300)
    return seen


def taken(service: Shop, version: str) -> list[str]:
    """Change to a version and wait until it is stable alone; what was said of each weight observed on the way."""
    before = len(said(service, "WeightObserved"))
    service.change({"VERSION": version})
    service.wait_for("Healthy", 300)
    service.place.wait(f"Only {version}", lambda: whole(service) and len(service.pods(version)) == 2)
    return said(service, "WeightObserved")[before:]


def said(service: Shop, reason: str) -> list[str]:
    """The sentences of all events with this reason so far, the oldest first."""
    found = [one for one in service.place.all("Event") if one["reason"] == reason]
    return [one["message"] for one in sorted(found, key=lambda one: str(one["eventTime"]))]


@pytest.mark.long
def test_a17_a18_back_within_the_window_and_outside(service: Shop, record: Record) -> None:
    """Of the last three the oldest is taken back in one step, unjudged. One that is older goes the whole way."""
    place = service.place
    url = start(service, rollout=steps(50, hold="3s"), replicas=2, objectives=OBJECTIVES, rollbackWindow=3)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        for version in ("v2", "v3", "v4"):
            assert len(taken(service, version)) == 2
        (at_once,) = taken(service, "v2")
        assert "carries 100 %" in at_once
        assert "one of the last 3" in said(service, "RolloutStarted")[-1]
        assert len(taken(service, "v1")) == 2
        summary = over(service, users)
        assert newest(users.seconds) == {"v1"}
    record("A17 A18", summary)
    assert len(place.all("ControllerRevision", "gracefulservice.dev/name=shop")) == 4
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a48_from_step_to_step_by_pods(service: Shop, record: Record) -> None:
    """Whichever way it goes, as many pods are ready as ever; they stand as the step says."""
    url = start(service, rollout=RISING, replicas=PODS)
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        seen = steered(service, lambda step: PODS - step)
        summary = over(service, users)
        assert newest(users.seconds) == {"v2"}
    record("A48", summary)
    assert min(old + new for old, new in seen) >= PODS
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_a48_from_step_to_step_by_weight(site: Site, record: Record) -> None:
    """Stable keeps every pod until the end, and the canary never fewer than its weight needs."""
    site.start(rollout=RISING, replicas=PODS)
    warmed(site)
    with site.users() as users:
        answered(users)
        seen = steered(site.service, lambda _: PODS)
        summary = over(site.service, users)
        assert newest(users.seconds) == {"v2"}
    record("A48-weighted", summary)
    assert {old for old, _ in seen} == {PODS}
    assert summary.lost == 0, summary.first_loss
