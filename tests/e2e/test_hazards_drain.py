"""Drains of a node, each by its number: the pods' successors serve before the first eviction is allowed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support import cordons, faults
from tests.support.autoscaling import sampled
from tests.support.services import V1, V2, Shop, condition, ready
from tests.support.site import Site, answered, flowing, over, start, warmed

SLOW = {"START_S": "15", "QUIET_S": "0"}
"""A program that needs much longer to start than a leaving one goes on to serve."""
SHUTDOWN = {"delay": "5s", "drain": "5s"}
AT_50 = {"canary": {"steps": [{"weight": 50, "pause": "UntilResumed"}]}}
Record = Callable[..., None]
pytestmark = pytest.mark.usefixtures("undisturbed")


def on(service: Shop, version: str, node: str) -> list[dict[str, Any]]:
    """The pods of a version on a node."""
    return [pod for pod in service.pods(version) if pod["spec"].get("nodeName") == node]


@contextmanager
def emptied(service: Shop) -> Iterator[str]:
    """The control plane's node cordoned; the name of it."""
    stage = service.place.stage
    node = cordons.control_plane(stage)
    with cordons.cordoned(stage, node):
        yield node


def test_h29_the_only_pod_has_a_successor_before_it_is_evicted(service: Shop, record: Record) -> None:
    """One pod that starts for 15 s, on a node that is cordoned and drained: the drain waits, and nobody notices."""
    place = service.place
    url = start(service, replicas=1, shutdown=SHUTDOWN, template=cordons.template(place, V1 | SLOW))
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        with emptied(service) as node:
            assert len(on(service, "v1", node)) == 1
            place.wait("A budget for the pods", lambda: place.all("PodDisruptionBudget"))
            with sampled(lambda: ready(service.pods("v1"))) as seen:
                cordons.drain(place, node)
            summary = over(service, users)
            assert not on(service, "v1", node)
    record("H-29-slow", summary)
    assert summary.lost == 0, summary.first_loss
    assert min(seen) >= 1, "the only pod was evicted before its successor was ready"
    place.wait("No budget any more", lambda: not place.all("PodDisruptionBudget"))
    assert "NodeCordoned" in service.reasons()


@pytest.mark.long
def test_h29_without_a_warning_the_only_pod_is_missed(service: Shop, record: Record) -> None:
    """The same pod, evicted from a node that nobody cordoned: nothing holds that up, and its successor is late."""
    place = service.place
    url = start(service, replicas=1, shutdown=SHUTDOWN, template=cordons.template(place, V1 | SLOW))
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        faults.evict(place, service.pods("v1")[0]["metadata"]["name"])
        summary = over(service, users)
    record("H-29-slow", summary, control=True)
    assert summary.lost > 0, "a pod that starts for 15 s was missed by nobody"


def test_h29_a_drain_is_not_held_up_for_ever(service: Shop) -> None:
    """No room for one more pod: after the progress deadline the drain goes on without it, and that is said."""
    place = service.place
    rollout = {"canary": {"steps": [{"weight": 50, "hold": "3s"}]}, "progressDeadline": "20s"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": {"pods": "1"}}}
    pods = cordons.template(place, V1)
    start(service, replicas=1, rollout=rollout, shutdown={"delay": "20s", "drain": "5s"}, template=pods)
    place.apply(quota)
    with emptied(service) as node:
        # The event stays; the condition says less once nobody asks for the pod any more.
        (said,) = place.wait("Its end", lambda: [one for one in place.events() if one.startswith("SurgeGivenUp")])
        condition(service, "EvictionsCovered", "False", "evictions go on without")
        place.wait("No budget any more", lambda: not place.all("PodDisruptionBudget"))
        cordons.drain(place, node)
    assert "exceeded quota" in said
    assert "SurgeGivenUp" in service.reasons()


def test_h36_a_drain_while_a_rollout_is_paused_at_half_the_traffic(site: Site, record: Record) -> None:
    """The only pod of the canary and both of stable are on the node: each revision has its successors in time."""
    service, place = site.service, site.service.place
    site.start(replicas=2, rollout=AT_50, shutdown=SHUTDOWN, template=cordons.template(place, V1 | SLOW))
    warmed(site)
    with site.users() as users:
        answered(users)
        place.patch("GracefulService", "shop", {"spec": {"template": cordons.template(place, V2 | SLOW)}})
        service.wait_for("Paused")
        with emptied(service) as node:
            assert on(service, "v2", node)
            place.wait("One canary pod more", lambda: len(service.pods("v2")) == 2)
            place.wait("A budget for both", lambda: len(place.all("PodDisruptionBudget")) == 2)
            with sampled(lambda: (ready(service.pods("v1")), ready(service.pods("v2")))) as seen:
                cordons.drain(place, node)
            assert not on(service, "v1", node) + on(service, "v2", node)
        assert service.status["weight"]["observed"] == 50
        assert service.receipt(service.command("resume"))["result"] == "Done"
        service.wait_for("Healthy")
        place.wait("The old pods gone", lambda: not service.pods("v1"))
        summary = over(service, users)
    record("H-36", summary)
    assert summary.lost == 0, summary.first_loss
    assert min(count for count, _ in seen) >= 2, "stable had fewer pods than everybody needs"
    assert min(count for _, count in seen) >= 1, "the canary carried half the traffic with no pod ready"
