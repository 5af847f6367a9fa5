"""Stories of the contract: what was asked for is read back from the cluster, and how pods left is told."""

from tests.support.place import Object
from tests.support.services import Shop, shop, steps

GRACE = 8
"""Seconds: delay 2 s, drain 5 s, margin 1 s."""
SHORT = {"shutdown": {"delay": "2s", "drain": "5s", "margin": "1s"}, "rollout": steps(50, hold="1s")}


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
