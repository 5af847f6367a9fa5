"""Stories about how many pods there are: autoscalers, people who scale, and budgets that stand in the way."""

import time
from collections.abc import Callable

from tests.e2e.test_bad_input import ROUTE
from tests.e2e.test_replica_ratio import PAUSE_AT_50
from tests.support import faults, plain
from tests.support.autoscaling import asked, autoscaler, sampled
from tests.support.services import V1, V2, Shop, condition, ready, shop
from tests.support.site import Site, answered, flowing, over, start, tailed, warmed

AT_90 = {"canary": {"steps": [{"weight": 50, "hold": "3s"}, {"weight": 90, "pause": "UntilResumed"}]}}
AT_25 = {"canary": {"steps": [{"weight": 25, "pause": "UntilResumed"}]}}
LEAST, MOST, EACH = 2, 10, "30m"
"""What the autoscaler may do: from 2 pods to 10, with 30 thousandths of a processor for each."""
CHEAP, DEAR = {"BUSY_MS": "6"}, {"BUSY_MS": "15"}
"""At 20 requests/s 4 pods' worth of work, and 10 pods' worth."""
Record = Callable[..., None]


def grown(service: Shop) -> int:
    """Wait until the autoscaler has had its way for a while; the pods that serve."""
    service.place.wait("More pods asked for", lambda: asked(service) > LEAST)
    time.sleep(20)  # it asks every 15 s, and its first answers rest on pods that have only just started
    service.place.wait("All of them ready", lambda: ready(service.pods("v1")) == asked(service))
    return asked(service)


def test_a26_an_autoscaler_does_not_shrink_the_way_back(site: Site, record: Record) -> None:
    """At 90 % stable is idle and the canary burns processors: neither fewer nor more of stable's pods come of it."""
    service, place = site.service, site.service.place
    target = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService", "name": "shop"}
    place.apply(
        plain.route("shop-web", site.host, {"shop": 100, "shop-canary": 0}),
        shop(place.stage.shop_image, V1 | CHEAP, replicas=LEAST, traffic=ROUTE, rollout=AT_90),
    )
    service.wait_for("Healthy")
    warmed(site)
    with site.users(rate=20) as users:
        answered(users)
        place.apply(autoscaler(target, LEAST, MOST, EACH))
        began = grown(service)
        with sampled(lambda: (ready(service.pods("v1")), asked(service))) as seen:
            service.change(V2 | DEAR)
            service.wait_for_weight(90, 300)
            place.apply(autoscaler(target, LEAST, MOST, EACH, patience=0))
            place.wait("Fewer pods asked for", lambda: asked(service) == LEAST)
            said = condition(service, "CapacityKept", "True", f"spec.replicas asks for {LEAST} pods")
            time.sleep(15)  # long enough for an autoscaler that counts the canary to ask for all there are
            assert service.receipt(service.command("abort"))["result"] == "Done"
            service.wait_for("Degraded")
            place.wait("The canary gone", lambda: service.gone("v2"))
            place.wait("More pods asked for again", lambda: asked(service) > LEAST)
        summary = tailed(users)
    record("A26", summary)
    assert summary.lost == 0, summary.first_loss
    assert min(count for count, _ in seen) >= began, "stable gave up pods that it needed for the way back"
    assert max(wanted for _, wanted in seen) < MOST - 1, "the canary's work made stable grow"
    assert f"the rollout began with {began}" in said


def scale(service: Shop, replicas: int) -> None:
    """As a person does: `kubectl scale`."""
    words = ("scale", "gracefulservice/shop", "-n", service.place.namespace, f"--replicas={replicas}")
    faults.done(service.place.stage, *words)


def counts(service: Shop) -> tuple[int, int]:
    """Ready pods of the old and of the new version that are not on their way out."""
    return ready(service.pods("v1")), ready(service.pods("v2"))


def test_a22_a_paused_rollout_is_scaled_and_stays_paused(service: Shop, record: Record) -> None:
    """25 % of 4 pods, of 8, and of 4 again: the step keeps its share, and nothing but the pause is left."""
    place = service.place
    url = start(service, rollout=AT_25)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Paused")
        place.wait("3 and 1", lambda: counts(service) == (3, 1))
        with sampled(lambda: service.phase) as phases:
            scale(service, 8)
            place.wait("6 and 2", lambda: counts(service) == (6, 2))
            scale(service, 4)
            place.wait("3 and 1 again", lambda: counts(service) == (3, 1))
        service.command("resume")
        service.wait_for("Healthy", 300)
        summary = over(service, users)
    record("A22", summary)
    assert set(phases) == {"Paused"}
    assert summary.lost == 0, summary.first_loss


def test_a27_budgets_keep_both_versions_up_while_a_node_is_drained(service: Shop, record: Record) -> None:
    """Somebody's budget over all pods blocks an eviction and is named; without it ours let one pod go at a time."""
    place = service.place
    url = start(service, rollout=PAUSE_AT_50)
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        service.change(V2)
        service.wait_for("Paused")
        place.wait("2 and 2", lambda: counts(service) == (2, 2))
        theirs = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep-all"}}
        selector = {"matchLabels": {"gracefulservice.dev/name": "shop"}}
        place.apply(theirs | {"spec": {"minAvailable": 4, "selector": selector}})
        said = condition(service, "ChildrenIntact", "False", "PodDisruptionBudget keep-all")
        place.wait("Ours gone", lambda: budgets(service) == {"keep-all"})
        place.wait("Theirs counts the pods", lambda: healthy(service, "keep-all") == 4)
        canaries = [pod["metadata"]["name"] for pod in service.pods("v2")]
        refused = not faults.evicted(place, canaries[0])
        place.kind("PodDisruptionBudget").delete(name="keep-all", namespace=place.namespace)
        place.wait("Ours back", lambda: len(budgets(service)) == 2 and "keep-all" not in budgets(service))
        with sampled(lambda: counts(service)) as seen:
            times = [faults.evict(place, name) for name in canaries]
            place.wait("2 and 2 again", lambda: counts(service) == (2, 2))
        service.command("resume")
        service.wait_for("Healthy", 300)
        summary = over(service, users)
    record("A27", summary)
    assert refused, "an eviction was allowed that the budget over all pods forbids"
    assert "an eviction can obey one budget only" in said
    assert times[1] > 0, "both canary pods were evicted at once"
    assert min(min(pair) for pair in seen) >= 1, "one of the versions had no ready pod"
    assert summary.lost == 0, summary.first_loss


def budgets(service: Shop) -> set[str]:
    """The names of the PodDisruptionBudgets there are."""
    return {one["metadata"]["name"] for one in service.place.all("PodDisruptionBudget")}


def healthy(service: Shop, name: str) -> int:
    """The pods that a budget has counted as healthy."""
    found = service.place.get("PodDisruptionBudget", name) or {}
    return int((found.get("status") or {}).get("currentHealthy", 0))


def test_h32_an_autoscaler_on_a_child_is_undone_and_named(service: Shop, record: Record) -> None:
    """It writes 6 into the Deployment again and again; there are 4, and a condition says what to write instead."""
    place = service.place
    url = start(service)
    child = place.all("Deployment", "gracefulservice.dev/name=shop")[0]["metadata"]["name"]
    with place.traffic(url) as users:
        users.wait_for(flowing, 60)
        place.apply(autoscaler({"apiVersion": "apps/v1", "kind": "Deployment", "name": child}, 6, 8, EACH))
        said = condition(service, "ChildrenIntact", "False", "HorizontalPodAutoscaler")
        faults.done(place.stage, "delete", "hpa", "busy", "-n", place.namespace)
        summary = over(service, users)
    record("H-32", summary)
    assert "scaleTargetRef name GracefulService shop" in said
    assert summary.lost == 0, summary.first_loss
