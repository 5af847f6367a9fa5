"""Weights that somebody else writes on the real API server, which keeps the books on who owns a field."""

import time
from collections.abc import Callable
from typing import Any

from tests.e2e.test_weighted import OBJECTIVES
from tests.support import plain
from tests.support.services import V2, steps
from tests.support.site import Site, answered, inside, warmed


def apply_route(site: Site, manager: str) -> None:
    """Apply the route as its owner wrote it down, as a GitOps tool does: in one request. `kubectl apply --server-side`
    sends a second one for what was once applied by the client, and each counts as somebody's writing.
    """
    place = site.service.place
    body = plain.route("shop-web", site.host, {"shop": 100, "shop-canary": 0})
    place.kind("HTTPRoute").server_side_apply(
        body=body, name="shop-web", namespace=place.namespace, field_manager=manager, force_conflicts=True
    )


def contested(site: Site, status: str) -> dict[str, Any]:
    """The condition `WeightContested` once it says so."""

    def seen() -> dict[str, Any] | None:
        found = site.service.status.get("conditions", ())
        return next((one for one in found if (one["type"], one["status"]) == ("WeightContested", status)), None)

    return dict(site.service.place.wait(f"WeightContested {status}", seen, 60))


def test_a_tool_that_applies_the_route_is_answered_once_and_then_named(site: Site, record: Callable[..., None]) -> None:
    """Ours is written again, then theirs is left and the rollout holds until a person resumes it. Nobody is lost."""
    site.start(rollout=steps(50, hold="5m"), objectives=OBJECTIVES)
    warmed(site)
    service, place = site.service, site.service.place
    with site.users() as users:
        answered(users)
        service.change(V2)
        service.wait_for_weight(50)
        apply_route(site, "gitops")
        # An event stays; the condition may be over before anybody looks.
        place.wait("The name", lambda: [said for said in place.events() if "by gitops at " in said], 60)
        place.wait("Our weight again", lambda: site.weights() == [500, 500])
        contested(site, "False")
        time.sleep(1.1)  # the books are kept in whole seconds
        apply_route(site, "gitops")
        place.wait("A hold", lambda: contested(site, "True")["reason"] == "Held")
        assert site.weights() == [100, 0]
        service.receipt(service.command("resume"))
        assert service.receipt(service.command("promote"))["result"] == "Done"
        service.wait_for("Healthy", 400)
        summary = users.stop()
    record("G-7", summary)
    assert summary.lost == 0, summary.first_loss


def test_the_effect_of_a_weight_is_seen(site: Site, record: Callable[..., None]) -> None:
    """Through a real gateway and a real Prometheus, with as many callers inside the cluster as outside: no alarm."""
    site.start(rollout=steps(20, hold="40s"), objectives=OBJECTIVES)
    warmed(site)
    service, place = site.service, site.service.place
    with site.users() as outside, place.traffic(inside(service), connections="keepalive") as within:
        answered(outside)
        service.change(V2)
        service.wait_for_weight(20)

        def effective() -> str:
            found = {one["type"]: one for one in service.status.get("conditions", ())}
            said = found.get("WeightEffective", {})
            assert said.get("status") != "False", said
            return str(said["message"]) if said.get("status") == "True" else ""

        assert "Weight 20 % wanted" in place.wait("The effect of the weight", effective, 60)
        service.wait_for("Healthy", 400)
        summaries = outside.stop(), within.stop()
    record("G-6", *summaries)
    assert all(summary.lost == 0 for summary in summaries)
    assert "WeightNotEffective" not in service.reasons()
