"""Stories of a service behind the gateway: the weight moves, the judge watches, and nobody loses a request."""

from collections.abc import Callable

from examples.traffic.client import Summary, errors
from tests.support import faults
from tests.support.services import V2, steps
from tests.support.site import Site, answered, inside, newest, over, warmed
from tests.support.turns import OPERATOR

RAMP = {"canary": {"errorBudget": 20}}
OBJECTIVES = {"errorRate": {"max": "1%"}}
BUDGET = 20


def test_a02_a_good_version_goes_all_the_way_by_weight(site: Site, record: Callable[..., None]) -> None:
    """Weights 10, 50, 100 through the gateway, the endgame, and no request lost to either path."""
    site.start(rollout=steps(10, 50), objectives=OBJECTIVES)
    warmed(site)
    service = site.service
    url = inside(service)
    with site.users() as outside, service.place.traffic(url, connections="keepalive") as within:
        answered(outside)
        service.change(V2)
        service.wait_for_weight(100)
        served = {pod["metadata"]["uid"] for pod in service.pods("v2")}
        service.wait_for("Healthy", 400)
        summaries = over(service, outside), over(service, within)
        assert newest(outside.seconds) == {"v2"}
    record("A02-weighted", *summaries)
    for summary in summaries:
        assert summary.lost == 0, summary.first_loss
    service.place.wait("The end of the rollout", lambda: "OldRevisionScaledDown" in service.reasons(), 60)
    assert service.reasons() == [
        "FirstRevisionReady",
        "RolloutStarted",
        *["WeightObserved"] * 3,
        "Promoted",
        "BakeDone",
        "OldRevisionScaledDown",
    ]
    assert site.weights()[1] == 0
    assert {pod["metadata"]["uid"] for pod in service.pods("v2")} == served, "the promotion started pods anew"


def rolled_back(site: Site, change: dict[str, str], rate: float) -> tuple[Summary, str, int]:
    """Apply a bad version under load: the users' summary, the sentence, and the errors v2 showed them."""
    service = site.service
    before = {pod["metadata"]["uid"] for pod in service.pods("v1")}
    with site.users(rate) as users:
        answered(users)
        service.change(change)
        status = service.wait_for("Degraded", 400)
        service.place.wait("The weight back", lambda: site.weights()[1] == 0)
        summary = over(service, users)
        shown = errors(users.seconds, "v2")
    assert {pod["metadata"]["uid"] for pod in service.pods("v1")} == before
    message = next(one["message"] for one in status["conditions"] if one["type"] == "Stalled")
    return summary, message, shown


def test_a03_a_version_with_errors_is_rolled_back(site: Site, record: Callable[..., None]) -> None:
    """20 % errors: condemned by the judge, with the odds and the counts in the sentence; about the budget is shown."""
    site.start(rollout=RAMP, objectives=OBJECTIVES)
    warmed(site)
    summary, message, shown = rolled_back(site, V2 | {"ERROR_RATE": "0.2"}, rate=100)
    record("A03", summary)
    assert summary.lost == 0, summary.first_loss
    assert "against, limit 100 : 1" in message
    assert "error rate" in message
    assert 1 <= shown <= 2 * BUDGET, message


def test_a04_a_slow_version_is_rolled_back(site: Site, record: Callable[..., None]) -> None:
    """600 ms more than before, where 99 % must stay below 500 ms."""
    site.start(rollout=RAMP, objectives={"latency": {"p99": "500ms"}})
    warmed(site)
    summary, message, _ = rolled_back(site, V2 | {"LATENCY_MS": "600"}, rate=100)
    record("A04", summary)
    assert summary.lost == 0, summary.first_loss
    assert "500 ms" in message


def test_a_route_of_ours_carries_the_weights_as_well(site: Site, record: Callable[..., None]) -> None:
    """Without a route of the user's one is made, and goes through the same rollout."""
    site.start_with_our_route(rollout=steps(50), objectives=OBJECTIVES)
    warmed(site)
    with site.users() as users:
        answered(users)
        site.service.change(V2)
        site.service.wait_for("Healthy", 400)
        summary = over(site.service, users)
        assert newest(users.seconds) == {"v2"}
    record("own-route", summary)
    assert summary.lost == 0, summary.first_loss


def test_failures_behind_a_good_answer_are_found_by_a_custom_objective(site: Site, record: Callable[..., None]) -> None:
    """Orders fail behind a 200: only the user's own counters show it, and they roll the version back."""
    orders = {"name": "orders", "bad": 'orders_total{result="failed"}', "total": "orders_total", "max": "1%"}
    site.start(rollout=RAMP, objectives={"custom": [orders]})
    warmed(site)
    summary, message, _ = rolled_back(site, V2 | {"ORDER_FAIL_RATE": "0.3"}, rate=100)
    record("custom", summary)
    assert summary.lost == 0, summary.first_loss
    assert "orders" in message


def test_a39_a_killed_operator_continues_where_it_was(site: Site, record: Callable[..., None]) -> None:
    """Both replicas die at 50 %: traffic stays as it is, and the same step is finished, not begun again."""
    site.start(rollout=steps(50, hold="20s"), objectives=OBJECTIVES)
    warmed(site)
    service = site.service
    with site.users() as users:
        answered(users)
        with OPERATOR.alone():
            service.change(V2)
            service.wait_for_weight(50)
            assert not faults.operator_restarts(service.place.stage)
            faults.kill_operator(service.place.stage)
            assert site.weights() == [500, 500]
            service.wait_for("Healthy", 400)
        summary = over(service, users)
    record("A39", summary)
    assert summary.lost == 0, summary.first_loss
    assert service.reasons().count("RolloutStarted") == 1
    assert service.reasons().count("WeightObserved") == 2
    assert len(service.place.all("Deployment", "gracefulservice.dev/name=shop")) == 2
