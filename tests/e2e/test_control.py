"""The control experiment: the same change without the contract loses requests, so the stories can fail."""

from collections.abc import Callable

from examples.traffic.client import Summary
from tests.e2e.test_local_cluster import ready
from tests.support import plain
from tests.support.place import Place

ATTEMPTS = 3
HASTY = {"EXIT_AT_ONCE": "1"}


def test_a_plain_deployment_loses_requests(place: Place, record: Callable[..., None]) -> None:
    """No preStop, a service that exits at once, new connections at 200 requests/s: at least one request is lost."""
    summaries = []
    for attempt in range(ATTEMPTS):
        summaries.append(change_image(place, f"plain-{attempt}"))
        if summaries[-1].lost:
            break
    record("A02", *summaries, control=True)
    assert summaries[-1].lost > 0, f"{ATTEMPTS} image changes without any contract lost nothing"


def change_image(place: Place, name: str) -> Summary:
    """One rolling update of a plain Deployment under load."""
    image = place.stage.shop_image
    place.apply(plain.deployment(name, image, HASTY | {"VERSION": "v1"}), plain.service(name))
    place.wait("The Deployment ready", lambda: ready(place, name))
    with place.traffic(place.address(name), rate=200, connections="new") as users:
        users.wait_for(lambda seconds: sum(second.answered for second in seconds) >= 400, 60)
        place.apply(plain.deployment(name, image, HASTY | {"VERSION": "v2"}))
        users.wait_for(lambda seconds: bool(seconds) and set(seconds[-1].versions) == {"v2"}, 120)
        return users.stop()
