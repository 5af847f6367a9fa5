"""A service whose pods are read by the operator itself: no Prometheus is asked, and what is bad is seen sooner."""

from collections.abc import Callable

from tests.support.services import V2
from tests.support.site import Site, answered, newest, over, warmed

from .test_weighted import BUDGET, OBJECTIVES, RAMP, rolled_back

PODS = {"source": "pods", "prometheus": {"url": "http://127.0.0.1:9"}}
"""With a Prometheus that does not exist: whoever asked it would learn nothing, and no rollout would go on."""


def test_bad_is_rolled_back_and_good_is_promoted_without_a_prometheus(site: Site, record: Callable[..., None]) -> None:
    """v2, which fails every request, is shown to few; v3 goes all the way by the budgeted ramp."""
    site.start(rollout=RAMP, objectives=OBJECTIVES, metrics=PODS)
    warmed(site)
    bad, message, shown = rolled_back(site, V2 | {"ERROR_RATE": "1"}, rate=100)
    assert bad.lost == 0, bad.first_loss
    assert "against, limit 100 : 1" in message
    assert 1 <= shown <= 2 * BUDGET, message
    service = site.service
    with site.users(rate=100) as users:
        answered(users)
        service.change({"VERSION": "v3"})
        service.wait_for("Healthy", 400)
        good = over(service, users)
        assert newest(users.seconds) == {"v3"}
    record("pods-source", bad, good)
    assert good.lost == 0, good.first_loss
    last = ["Promoted", "BakeDone", "OldRevisionScaledDown"]
    service.place.wait("The end of the rollout", lambda: service.reasons()[-3:] == last, 60)
