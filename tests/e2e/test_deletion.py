"""The end of a service under load: with `deletionPolicy: Orphan` no request is lost, and what served users stays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.test_weighted import OBJECTIVES
from tests.support.place import Object, Place
from tests.support.services import V2, Shop, ready, steps
from tests.support.site import Site, answered, flowing, inside, start, warmed

ORPHAN: dict[str, Any] = {"deletionPolicy": "Orphan"}
OURS = "gracefulservice.dev/name=shop"
MADE = ("Deployment", "Service", "PodDisruptionBudget", "HTTPRoute")


def delete(place: Place) -> None:
    """As a person does it, without waiting."""
    done = place.stage.kubectl("delete", "gracefulservice", "shop", "-n", place.namespace, "--wait=false")
    assert done.returncode == 0, done.stderr


def gone(place: Place, within: float = 240) -> None:
    """Until the object is no more."""
    place.wait("The end of the service", lambda: place.get("GracefulService", "shop") is None, within)


def owned(place: Place) -> Iterator[Object]:
    """What would still go with the service."""
    for kind in MADE:
        yield from (one for one in place.all(kind, OURS) if one["metadata"].get("ownerReferences"))


def stands_alone(place: Place) -> None:
    """Two ready pods of v1 in a Deployment that nobody owns, and no pod or record of anything else."""
    service = Shop(place)
    place.wait("Only the pods of v1", lambda: not service.pods("v2") and ready(service.pods("v1")) >= 2)
    assert len(place.all("Deployment", OURS)) == 1
    assert list(owned(place)) == []


def test_a46_deleted_at_50_percent_stable_serves_on_alone(site: Site, record: Callable[..., None]) -> None:
    """The canary is drained first, then stable and its Services are left without an owner; 0 lost on both paths."""
    site.start(rollout=steps(50, hold="120s"), objectives=OBJECTIVES, **ORPHAN)
    warmed(site)
    service, place = site.service, site.service.place
    url = inside(service)
    with site.users() as outside, place.traffic(url, connections="keepalive") as within:
        answered(outside)
        service.change(V2)
        service.wait_for_weight(50)
        delete(place)
        gone(place)
        stands_alone(place)
        outside.wait_for(lambda seconds: all(set(one.versions) == {"v1"} for one in seconds[-10:]), 120)
        summaries = outside.stop(), within.stop()
    record("A46-orphan", *summaries)
    for summary in summaries:
        assert summary.lost == 0, summary.first_loss
    assert site.weights()[1] == 0
    assert {one["metadata"]["name"] for one in place.all("Service", OURS)} == {"shop", "shop-canary"}


def test_a_route_of_ours_outlives_the_service_as_well(site: Site, record: Callable[..., None]) -> None:
    """It is all that leads users to stable."""
    site.start_with_our_route(rollout=steps(50, hold="120s"), objectives=OBJECTIVES, **ORPHAN)
    warmed(site)
    service, place = site.service, site.service.place
    with site.users() as users:
        answered(users)
        service.change(V2)
        service.wait_for_weight(50)
        delete(place)
        gone(place)
        stands_alone(place)
        users.wait_for(lambda seconds: all(set(one.versions) == {"v1"} for one in seconds[-10:]), 120)
        summary = users.stop()
    record("A46-own-route", summary)
    assert summary.lost == 0, summary.first_loss
    assert place.get("HTTPRoute", "shop") is not None


def test_a_service_by_replica_ratio_is_left_at_rest(place: Place, record: Callable[..., None]) -> None:
    """Nothing happens to anybody."""
    service = Shop(place)
    url = start(service, **ORPHAN)
    before = {pod["metadata"]["uid"] for pod in service.pods("v1")}
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        delete(place)
        gone(place)
        users.wait_for(lambda seconds: len(seconds) > 20 and flowing(seconds), 60)
        summary = users.stop()
    record("A46-ratio", summary)
    assert summary.lost == 0, summary.first_loss
    assert {pod["metadata"]["uid"] for pod in service.pods("v1")} == before
    assert list(owned(place)) == []


@pytest.mark.parametrize("policy", ["Delete", "Orphan"])
def test_a_namespace_goes_with_a_rollout_in_it(site: Site, policy: str) -> None:
    """No finalizer keeps it."""
    site.start(rollout=steps(50, hold="120s"), deletionPolicy=policy)
    service, place = site.service, site.service.place
    service.change(V2)
    service.wait_for_weight(50)
    done = place.stage.kubectl("delete", "namespace", place.namespace, "--wait=false")
    assert done.returncode == 0, done.stderr
    gone(place, 90)


def test_by_default_everything_goes(site: Site) -> None:
    """The user's route leads to stable again, and nothing that was made for the service is left."""
    site.start(rollout=steps(50, hold="120s"), objectives=OBJECTIVES)
    warmed(site)
    service, place = site.service, site.service.place
    service.change(V2)
    service.wait_for_weight(50)
    delete(place)
    gone(place)
    assert site.weights()[1] == 0
    place.wait("Nothing left", lambda: not any(place.all(kind, OURS) for kind in MADE[:3]), 120)
