"""How containers of leaving pods ended, from the last states of the pods."""

from typing import Any

import pytest

from gracefulservice.cluster.departures import KEPT, MEASURED, SERVICES, Departures, exits
from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.look import Children, world
from gracefulservice.ports import Key
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.sizes import Gone
from tests.cluster.objects_seen import deployment, owner, pod

SHOP = Key("default", "shop")


def ended(code: int, finished: str | None = "2026-03-01T12:00:45Z", **more: Any) -> dict[str, Any]:
    """The state of a container that ended."""
    return {"terminated": {"exitCode": code, "finishedAt": finished, "reason": "Error"} | more}


def gone(
    state: dict[str, Any], name: str = "shop-a", *, until: str = "2026-03-01T12:00:45Z", grace: int | None = 45
) -> Object:
    """A pod of revision b2 whose deletion began at noon and whose container that serves is in this state."""
    body = pod(name, "b2", ready=False, state=state)
    leaving = {"deletionTimestamp": until} | ({} if grace is None else {"deletionGracePeriodSeconds": grace})
    body = body | {"metadata": body["metadata"] | leaving}
    return body | {"spec": body["spec"] | {"terminationGracePeriodSeconds": 45}}


def alone(name: str) -> Object:
    """The same of a pod whose only container ended well."""
    body = gone(ended(0), name)
    return body | {"status": {"containerStatuses": body["status"]["containerStatuses"][1:]}}


def test_a_container_that_was_killed_at_the_limit() -> None:
    """All that is to be told of it."""
    assert list(exits(gone(ended(137)))) == [Exit("b2", "app", "shop-a", 137, 45.0, 45.0)]


def test_the_kubelets_own_deletion_tells_no_beginning() -> None:
    """At the end it deletes the pod with no grace, at that moment: heard alone it tells nothing, and later no more."""
    final = gone(ended(137), until="2026-03-01T12:00:46Z", grace=0)
    assert list(exits(final)) == []
    departures = Departures()
    departures.heard(SHOP, alone_at_its_end("shop-b"))
    assert departures.gone(SHOP) == ()
    for body in (gone(ended(137)), final, alone("shop-b"), alone_at_its_end("shop-b")):
        departures.heard(SHOP, body)
    assert [one.after for one in departures.of(SHOP)] == [45.0]
    assert [(one.pod, one.ended - one.began) for one in departures.gone(SHOP)] == [("shop-b", 45.0)]


def alone_at_its_end(name: str) -> Object:
    """What is heard when the kubelet deletes that pod."""
    body = alone(name)
    last = {"deletionTimestamp": "2026-03-01T12:00:46Z", "deletionGracePeriodSeconds": 0}
    return body | {"metadata": body["metadata"] | last}


@pytest.mark.parametrize(
    "body",
    [
        gone(ended(0)),
        gone(ended(1, "2026-03-01T11:59:59Z")),
        gone(ended(137, None, reason="ContainerStatusUnknown")),
        gone(ended(137, "2026-03-01T12:00:45Z", reason="ContainerStatusUnknown")),
        gone({"running": {"startedAt": "2026-03-01T11:00:00Z"}}),
        gone(ended(1), grace=None),
        pod("shop-a", "b2", ready=False, state=ended(1)),
        {"metadata": gone(ended(1))["metadata"]},
    ],
    ids=[
        "a clean end",
        "a crash from before",
        "an end that nobody saw",
        "a made-up code",
        "not over yet",
        "no grace period is told",
        "not a deletion",
        "metadata alone",
    ],
)
def test_what_is_no_exit_of_a_leaving_pod(body: Object) -> None:
    """Nothing is told that is not sure."""
    assert list(exits(body)) == []


def test_native_sidecars_are_told_apart_and_other_init_containers_left_out() -> None:
    """What ended long before the pod did is of no interest."""
    body = gone(ended(0))
    body["spec"]["initContainers"] = [{"name": "proxy", "restartPolicy": "Always"}, {"name": "migrate"}]
    body["status"]["initContainerStatuses"] = [
        {"name": name, "state": ended(137, "2026-03-01T12:00:46Z")} for name in ("proxy", "migrate")
    ]
    assert list(exits(body)) == [Exit("b2", "proxy", "shop-a", 137, 46.0, 45.0, sidecar=True)]


def test_what_the_watch_heard_is_there_when_the_pod_is_gone() -> None:
    """And the same exit, seen on both ways, is one."""
    departures = Departures()
    departures.heard(SHOP, gone(ended(137)))
    departures.heard(SHOP, gone(ended(0), "shop-b"))
    found = [Exit("b2", "app", "shop-a", 137, 45.0, 45.0)]
    for pods in ([], [gone(ended(137))]):
        seen = world(owner(), Children([deployment("b2", 1)], pods, heard=departures.of(SHOP)))
        assert list(seen.exits) == found
    assert departures.of(Key("other", "shop")) == ()
    departures.forget(SHOP)
    assert departures.of(SHOP) == ()


def test_when_a_pod_was_gone_is_known_once_all_of_it_has_ended() -> None:
    """Its last requests are asked for later."""
    last = gone(ended(0, "2026-03-01T12:00:31Z"))
    running = gone(ended(0))
    log = {"name": "log", "state": ended(143, "2026-03-01T12:00:33Z")}
    last["status"]["containerStatuses"] = [log, last["status"]["containerStatuses"][1]]
    departures = Departures()
    for body in (running, last, last, pod("stays", "b2")):
        departures.heard(SHOP, body)
    noon = 1772366400.0
    assert departures.gone(SHOP) == (Gone("shop-a", noon, noon + 33),)
    seen = world(owner(), Children(gone=departures.gone(SHOP)))
    assert seen.gone == departures.gone(SHOP)
    assert departures.gone(Key("other", "shop")) == ()


def test_no_more_is_kept_than_is_of_use() -> None:
    """The newest of a service's, one of each code; and of so many services."""
    departures = Departures()
    for number in range(KEPT + 5):
        departures.heard(SHOP, gone(ended(137), f"shop-{number:02}"))
        departures.heard(SHOP, gone(ended(143), f"shop-{number:02}"))
    pods = [one.pod for one in departures.of(SHOP) if one.killed]
    assert len(departures.of(SHOP)) == KEPT
    assert pods[-1] == f"shop-{KEPT + 4}"
    for number in range(MEASURED + 1):
        departures.heard(SHOP, alone(f"gone-{number}"))
    assert [one.pod for one in departures.gone(SHOP)] == [f"gone-{number}" for number in range(1, MEASURED + 1)]
    assert len([one for one in departures.of(SHOP) if not one.killed]) <= 1
    for number in range(SERVICES):
        departures.heard(Key("default", f"s{number}"), gone(ended(137)))
    assert departures.of(SHOP) == ()
