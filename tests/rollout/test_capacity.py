"""How many pods a weight needs, which weights a router has, and whether a weight is really there."""

from typing import Any

import pytest

from gracefulservice.rollout import capacity
from gracefulservice.rollout.seen import RouteSeen, Seen, ServiceSeen

from .builders import NEW, OLD, endpoints, fleets, plan, ratio, seen


@pytest.mark.parametrize(
    ("story", "replicas", "weight", "canary", "stable"),
    [
        ("25 % of 4 are 1 beside 3", 4, 25, 1, 3),
        ("10 % of 4 round up to 1 beside 3", 4, 10, 1, 3),
        ("60 % of 4 round to 2 beside 2", 4, 60, 2, 2),
        ("90 % of 4 leave one to stable", 4, 90, 3, 1),
        ("1 pod can only be halved", 1, 10, 1, 1),
        ("everything leaves stable none", 4, 100, 4, 0),
    ],
)
def test_a_replica_ratio_splits_pods(story: str, replicas: int, weight: float, canary: int, stable: int) -> None:
    """The two together are the capacity, except for a service of one."""
    wish = plan(weighted=False, replicas=replicas)
    assert (capacity.canary_pods(wish, weight), capacity.stable_pods(wish, weight)) == (canary, stable), story


@pytest.mark.parametrize(
    ("story", "weight", "asked", "canary"),
    [
        ("its share, rounded up", 26, None, 2),
        ("at least one", 0.1, None, 1),
        ("the step's own number", 10, 3, 3),
        ("all of them at 100 %, whatever the step says", 100, 1, 4),
    ],
)
def test_behind_a_route_the_canary_needs_its_share(story: str, weight: float, asked: int | None, canary: int) -> None:
    """Beside a whole stable fleet of 4."""
    assert capacity.canary_pods(plan(), weight, asked) == canary, story
    assert capacity.stable_pods(plan(), weight) == 4


@pytest.mark.parametrize(
    ("weighted", "replicas", "weight", "found"),
    [
        (True, 4, 12.34, 12.3),
        (True, 4, 0.01, 0.1),
        (True, 4, 0, 0),
        (True, 4, 100, 100),
        (False, 4, 10, 25),
        (False, 1, 10, 50),
        (False, 3, 30, 33.3),
        (False, 4, 120, 100),
    ],
)
def test_a_router_gives_the_nearest_weight_it_has(weighted: bool, replicas: int, weight: float, found: float) -> None:
    """A tenth of a percent, or a ratio of pods."""
    assert capacity.reachable(plan(weighted=weighted, replicas=replicas), weight) == found


def test_the_least_weight_is_above_nothing() -> None:
    """One part of a thousand, or one pod."""
    assert (capacity.least_weight(plan()), capacity.least_weight(plan(weighted=False))) == (0.1, 25)


@pytest.mark.parametrize(
    ("story", "look", "count"),
    [
        ("ready and in the endpoints", seen(4, 2), 2),
        ("ready, not yet in the endpoints", seen(4, 2, canary_service=ServiceSeen(NEW, {NEW: 1})), 1),
        ("in the endpoints, no longer ready", seen(fleets=fleets(new=1), canary_service=ServiceSeen(NEW, {NEW: 2})), 1),
        ("mixed with pods of stable", seen(4, 2, canary_service=ServiceSeen(NEW, endpoints(old=1, new=2))), 0),
        ("behind the Service of stable", seen(4, 2, canary_service=ServiceSeen(OLD, endpoints(old=4))), 0),
    ],
)
def test_visible_pods_are_ready_and_in_the_endpoints(story: str, look: Seen, count: int) -> None:
    """Behind `<name>-canary`."""
    assert capacity.visible(plan(), look, NEW) == count, story


def test_by_a_ratio_visible_pods_are_behind_the_name() -> None:
    """There is no other Service."""
    assert capacity.visible(plan(weighted=False), ratio(3, 1), NEW) == 1


@pytest.mark.parametrize(
    ("story", "route", "wanted", "there"),
    [
        ("acknowledged", RouteSeen(25, acknowledged=True), 25, True),
        ("not acknowledged yet", RouteSeen(25), 25, False),
        ("another weight", RouteSeen(24, acknowledged=True), 25, False),
        ("gone", RouteSeen(None), 25, False),
        ("a twentieth of a percent off: rounded", RouteSeen(12.2, acknowledged=True), 12.25, True),
        ("33.3 of 33.33: rounded", RouteSeen(33.3, acknowledged=True), 33.33, True),
        ("a coarse route has no less than 1 %", RouteSeen(1, acknowledged=True, granularity=1), 0.2, True),
        ("a coarse route has no more than 99 %", RouteSeen(99, acknowledged=True, granularity=1), 99.9, True),
        ("all is not nearly all", RouteSeen(99, acknowledged=True, granularity=1), 100, False),
        ("nothing is not nearly nothing", RouteSeen(1, acknowledged=True, granularity=1), 0, False),
    ],
)
def test_a_weight_is_reached_when_every_gateway_has_it(story: str, route: Any, wanted: float, there: bool) -> None:
    """As near as the route can express it."""
    assert capacity.reached(plan(), seen(4, 2, route=route), NEW, OLD, wanted) is there, story


@pytest.mark.parametrize(
    ("story", "old", "new", "there"),
    [
        ("3 beside 1", 3, 1, True),
        ("a stable pod too many", 4, 1, False),
        ("no canary pod", 3, 0, False),
    ],
)
def test_a_ratio_is_reached_when_the_endpoints_are(story: str, old: int, new: int, there: bool) -> None:
    """25 % of 4."""
    assert capacity.reached(plan(weighted=False), ratio(old, new), NEW, OLD, 25) is there, story


@pytest.mark.parametrize(("old", "new", "share"), [(3, 1, 25.0), (0, 2, 100.0), (0, 0, None)])
def test_the_share_of_a_ratio_is_that_of_its_endpoints(old: int, new: int, share: float | None) -> None:
    """None where nobody serves."""
    assert capacity.carried(plan(weighted=False), ratio(old, new), NEW, OLD) == share
