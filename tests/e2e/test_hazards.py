"""Hazards of the catalogue in docs/hazards.md that can be shown quickly, each on the real thing, by its number.

Where it is possible the same is done without the contract, too, and must lose requests: `control=True` in the report.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from examples.traffic.client import Connections, Load, Summary, Traffic, answers
from tests.support import faults
from tests.support.services import V2, Shop, condition, ready, steps
from tests.support.site import Site, answered, flowing, over, start, warmed

HASTY = {"EXIT_AT_ONCE": "1"}
DEAF = {"IGNORE_SIGTERM": "1"}
BY_DEFAULT: Mapping[str, str] = {"delay": "10s", "drain": "10s"}
"""The delay that people get: on a starved machine a node learns of an endpoint up to ten seconds late."""
NO_DELAY: Mapping[str, str] = {"delay": "0s", "drain": "10s"}
Record = Callable[..., None]


def without_two(service: Shop, url: str, connections: Connections, rate: float = 50) -> Summary:
    """Users, while two of the pods are deleted."""
    with service.place.traffic(url, rate=rate, connections=connections) as users:
        users.wait_for(flowing, 60)
        for pod in service.pods("v1")[:2]:
            faults.delete_pod(service.place, pod["metadata"]["name"])
            time.sleep(3)
        return over(service, users)


def test_h01_an_endpoint_is_removed_after_the_pod_was_told_to_stop(service: Shop, record: Record) -> None:
    """A pod that stops at once is still asked: the delay before SIGTERM makes that harmless."""
    summary = without_two(service, start(service, HASTY, shutdown=BY_DEFAULT), "new")
    record("H-1", summary)
    assert summary.lost == 0, summary.first_loss


def test_h01_without_the_delay_requests_are_lost(service: Shop, record: Record) -> None:
    """The same with a delay of 0: this is what the delay is for."""
    url = start(service, HASTY, shutdown=NO_DELAY)
    summaries = [without_two(service, url, "new", rate=200)]
    while not summaries[-1].lost and len(summaries) < 3:
        summaries.append(without_two(service, url, "new", rate=200))
    record("H-1", *summaries, control=True)
    assert summaries[-1].lost > 0, "six pods went without a delay, and nothing was lost"


@contextmanager
def patient(service: Shop, url: str) -> Iterator[Traffic]:
    """Users whose requests take 20 s."""
    load = Load(url=url + "?sleep=20s", rate=5, timeout=60)
    with Traffic(service.place.stage.traffic, load, through=service.place.stage.prefix) as users:
        yield users


@pytest.mark.parametrize("drain", ["25s", "1s"])
def test_h06_the_delay_is_part_of_the_grace_period(service: Shop, record: Record, drain: str) -> None:
    """Requests of 20 s are finished, since the drain comes on top of the delay; with a drain of 1 s they are cut."""
    url = start(service, {}, replicas=2, shutdown={"delay": "5s", "drain": drain})
    pods = service.pods("v1")
    grace = pods[0]["spec"]["terminationGracePeriodSeconds"]
    with patient(service, url) as users:
        users.wait_for(lambda seconds: len(seconds) >= 3, 30)
        faults.delete_pod(service.place, pods[0]["metadata"]["name"])
        summary = over(service, users)
    enough = drain == "25s"
    record("H-6", summary, control=not enough)
    assert grace == 5 + (25 if enough else 1) + 5
    assert (summary.lost == 0) is enough, summary.first_loss


@pytest.mark.parametrize("manners", [HASTY, DEAF], ids=["at-once", "never"])
def test_h08_a_program_that_exits_at_once_or_never(service: Shop, record: Record, manners: Mapping[str, str]) -> None:
    """New connections lose nothing by either: the delay precedes the end of the one, and that of the other is late."""
    url = start(service, manners, shutdown={"delay": "10s", "drain": "2s"})
    summary = without_two(service, url, "new")
    record(f"H-8-{'never' if 'IGNORE_SIGTERM' in manners else 'at-once'}", summary)
    assert summary.lost == 0, summary.first_loss


@pytest.mark.parametrize("kept", [True, pytest.param(False, marks=pytest.mark.long)], ids=["kept", "cut"])
def test_h10_kept_connections_stay_on_a_dying_pod(service: Shop, record: Record, kept: bool) -> None:
    """Fifty kept connections know nothing of endpoints: the pod answers on until they have gone elsewhere. Without a
    delay, and with a program that ends at once, they are cut.
    """
    url = start(service, {} if kept else HASTY, shutdown=BY_DEFAULT if kept else NO_DELAY)
    summary = without_two(service, url, "keepalive", rate=100 if kept else 400)
    record("H-10", summary, control=not kept)
    assert (summary.lost == 0) is kept, summary.first_loss


def test_h15_the_only_pod_leaves(service: Shop, record: Record) -> None:
    """Its Service has no other endpoint until the next pod is ready, and it serves until then: up to 80 s, since on a
    starved machine the next one may take a minute. It leaves as soon as nobody asks it any more.
    """
    serving = {"START_S": "2", "DRAIN_S": "60"}
    url = start(service, serving, replicas=1, shutdown={"delay": "20s", "drain": "60s"})
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        faults.delete_pod(service.place, service.pods("v1")[0]["metadata"]["name"])
        summary = over(service, users)
    record("H-15", summary)
    assert summary.lost == 0, summary.first_loss


@pytest.mark.parametrize("quiet", ["5", "0"])
def test_h16_a_pod_that_stops_being_ready_when_it_is_told_to_stop(service: Shop, record: Record, quiet: str) -> None:
    """The next pod is late. The only one stays ready after SIGTERM and is asked on; one that does not is missed."""
    url = start(service, {"START_S": "12", "QUIET_S": quiet}, replicas=1, shutdown={"delay": "5s", "drain": "30s"})
    with service.place.traffic(url) as users:
        users.wait_for(flowing, 60)
        faults.delete_pod(service.place, service.pods("v1")[0]["metadata"]["name"])
        summary = over(service, users)
    stays = quiet != "0"
    record("H-16", summary, control=not stays)
    assert (summary.lost == 0) is stays, summary.first_loss


@pytest.mark.parametrize("replicas", [1, 2])
def test_h29_a_budget_neither_blocks_a_drain_nor_is_missing(service: Shop, record: Record, replicas: int) -> None:
    """Every pod is evicted: of two the second waits for the first one's successor, and one alone waits for nothing."""
    place = service.place
    url = start(service, {"START_S": "3"}, replicas=replicas, shutdown={"delay": "20s", "drain": "5s"})
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        names = [pod["metadata"]["name"] for pod in service.pods("v1")]
        refused = [faults.evict(place, name) for name in names]
        summary = over(service, users)
    record(f"H-29-{replicas}", summary)
    assert summary.lost == 0, summary.first_loss
    assert [times > 0 for times in refused] == [False, True][:replicas]
    assert len(place.all("PodDisruptionBudget")) == replicas - 1


def test_h33_no_room_for_one_more_pod(service: Shop, record: Record) -> None:
    """A quota that is full: the rollout waits and says why, nobody notices, and with room it goes on by itself."""
    place = service.place
    url = start(service, {}, replicas=2, rollout=steps(50))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}}
    place.apply(quota | {"spec": {"hard": {"pods": "2"}}})
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        said = condition(service, "Reconciling", "True", "exceeded quota")
        assert ready(service.pods("v1")) == 2
        place.apply(quota | {"spec": {"hard": {"pods": "8"}}})
        service.wait_for("Healthy")
        place.wait("The old pods gone", lambda: not service.pods("v1"))
        summary = over(service, users)
    record("H-33", summary)
    assert "pods=2" in said
    assert summary.lost == 0, summary.first_loss


def test_g01_no_weight_before_a_pod_is_ready(site: Site, record: Record) -> None:
    """A version that starts for 20 s gets no request before it serves, and no weight that would answer 503."""
    site.start(rollout=steps(50))
    warmed(site)
    with site.users() as users:
        answered(users)
        site.service.change(V2 | {"START_S": "20"})
        place = site.service.place
        place.wait("A starting pod", lambda: site.service.pods("v2"))
        seen = {site.weights()[1]}

        def started() -> bool:
            served = bool(ready(site.service.pods("v2")))
            seen.update(() if served else (site.weights()[1],))
            return served

        place.wait("A ready canary", started)
        site.service.wait_for_weight(50)
        users.wait_for(lambda seconds: answers(seconds, "v2") >= 100, 60)
        summary = users.stop()
    record("G-1", summary)
    assert seen == {0}
    assert summary.lost == 0, summary.first_loss
    assert not [code for told in summary.versions.values() for code in told if int(code) >= 500]
