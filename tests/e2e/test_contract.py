"""Stories of the contract: what was asked for is read back from the cluster, and how pods left is told."""

from collections.abc import Callable

import pytest

from tests.e2e.test_weighted import OBJECTIVES
from tests.support import faults
from tests.support.place import Object
from tests.support.services import Shop, shop, steps
from tests.support.site import flowing, over, start, whole

GRACE = 8
"""Seconds: delay 2 s, drain 5 s, margin 1 s."""
SHORT = {"shutdown": {"delay": "2s", "drain": "5s", "margin": "1s"}, "rollout": steps(50, hold="1s")}
MARGIN, PROXY_FLOOR = 5, 5
"""Seconds: the default margin, and the shortest delay that is measured behind a Service."""
LEAST_DRAIN, MOST_DRAIN = 6, 8
"""Seconds: 1.5 times a p99 that lies between 4 s and 5 s, the edges of the buckets around it being 2.5 s and 5 s."""


def condition(service: Shop, kind: str) -> Object:
    """One condition of the service; an empty one where there is none."""
    return next((one for one in service.status.get("conditions", ()) if one["type"] == kind), {})


def test_a_program_that_ignores_sigterm_is_named(service: Shop) -> None:
    """It is killed at the end of its time, which its last event alone shows; the rollout goes on all the same."""
    deaf = {"VERSION": "v1", "IGNORE_SIGTERM": "true"}
    service.place.apply(shop(service.place.stage.shop_image, deaf, replicas=2, **SHORT))
    status = service.wait_for("Healthy")
    effective = condition(service, "DrainDelayEffective")
    assert (effective["status"], effective["reason"]) == ("True", "Stored")
    assert "obey it" in effective["message"], "the kubelet's version was read"
    service.change({"VERSION": "v2"})
    service.place.wait("The kill told", lambda: condition(service, "SignalsHandled"), 240)
    found = condition(service, "SignalsHandled")
    assert (found["status"], found["reason"]) == ("False", "Killed")
    assert f"pod shop-{status['stable']}-" in found["message"] or f"pods shop-{status['stable']}-" in found["message"]
    assert f"the grace period of {GRACE} s" in found["message"]
    service.wait_for("Healthy", 300)
    assert "SignalsIgnored" in service.reasons()
    assert "RolledBack" not in service.reasons()


def test_a_shell_that_passes_nothing_on_is_warned_of(service: Shop) -> None:
    """Before anything was lost."""
    body = shop(service.place.stage.shop_image, {"VERSION": "v1"}, replicas=1, **SHORT)
    body["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", "shop"]
    service.place.apply(body)
    service.place.wait("The warning", lambda: condition(service, "PodsSound"), 60)
    assert "exec shop …" in condition(service, "PodsSound")["message"]


@pytest.mark.long
def test_delay_and_drain_are_left_to_measurement(service: Shop, record: Callable[..., None]) -> None:
    """Requests of 4 s and a pod that leaves under them: the next version's pods get a delay that covers the latest
    request of that pod, and a drain of half as much again as the slowest requests take.
    """
    place = service.place
    url = start(service, {"LATENCY_MS": "4000"}, shutdown={"delay": "auto", "drain": "auto"}, objectives=OBJECTIVES)
    with place.traffic(url, rate=20, connections="new") as users:
        users.wait_for(flowing, 120)
        faults.delete_pod(place, service.pods("v1")[0]["metadata"]["name"])
        place.wait("Its successor, and it gone", lambda: whole(service), 240)
        service.change({"VERSION": "v2", "LATENCY_MS": "4000"})
        service.wait_for("Healthy", 400)
        summary = over(service, users)
    record("delay and drain: auto", summary)
    delay, drain = (condition(service, kind) for kind in ("DelayMeasured", "DrainMeasured"))
    spec = service.pods("v2")[0]["spec"]
    slept = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    left = spec["terminationGracePeriodSeconds"] - slept - MARGIN
    print(f"{delay.get('message')} {drain.get('message')}")
    assert (delay["status"], drain["status"]) == ("True", "True")
    assert f"it is {slept}s" in delay["message"]
    assert slept >= PROXY_FLOOR
    assert f"it is {left}s" in drain["message"]
    assert LEAST_DRAIN <= left <= MOST_DRAIN
    assert summary.lost == 0, summary.first_loss
