"""A story's service with its users: by its address, or behind the gateway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from examples.traffic.client import Second, Summary, Traffic
from tests.support import plain
from tests.support.services import V1, Shop, leaving, ready, shop

TAIL = 10
"""Seconds of traffic after the last pod that had to go is gone."""


@dataclass(frozen=True)
class Site:
    """A service, the user's own HTTPRoute to it, and the users in front of the gateway."""

    service: Shop
    host: str

    def start(self, **fields: Any) -> None:
        """Apply service and route, and wait until both work."""
        place = self.service.place
        route = {"routes": [{"name": "web", "gatewayAPI": {"name": "shop-web"}}]}
        place.apply(
            plain.route("shop-web", self.host, {"shop": 100, "shop-canary": 0}),
            shop(place.stage.shop_image, V1, traffic=route, **fields),
        )
        self.service.wait_for("Healthy")

    def start_with_our_route(self, **fields: Any) -> None:
        """Apply the service alone: the route is made from the host and the gateway it names."""
        place = self.service.place
        made = {"parentRefs": [plain.GATEWAY], "hostnames": [self.host]}
        route = {"routes": [{"name": "web", "gatewayAPI": made}]}
        place.apply(shop(place.stage.shop_image, V1, traffic=route, **fields))
        self.service.wait_for("Healthy")

    def users(self, rate: float = 50) -> Traffic:
        """Through the gateway."""
        return self.service.place.traffic(f"http://{self.service.place.stage.gateway}/", host=self.host, rate=rate)

    def weights(self) -> list[int]:
        """The route's weights as they are written."""
        route = self.service.place.get("HTTPRoute", "shop-web") or {}
        return [backend["weight"] for backend in route["spec"]["rules"][0]["backendRefs"]]


def flowing(seconds: Sequence[Second]) -> bool:
    """Users have been answered for a while."""
    return sum(second.answered for second in seconds) >= 100


def newest(seconds: Sequence[Second]) -> set[str]:
    """The versions that the last second with any answer had them from; the very last one may be cut short."""
    return set(next((one.versions for one in reversed(seconds) if one.versions), ()))


def answered(traffic: Traffic) -> None:
    """Wait until the gateway serves the host, which it has only just learnt; then until users are served well."""
    traffic.wait_for(lambda seconds: bool(seconds) and seconds[-1].answered > 0 and not seconds[-1].lost, 120)
    traffic.wait_for(flowing, 60)


def warmed(site: Site) -> None:
    """Let the gateway learn the host before anybody counts."""
    with site.users(rate=10) as probe:
        answered(probe)


def start(service: Shop, switches: Mapping[str, str] | None = None, **fields: Any) -> str:
    """Apply the first version with these switches, wait until users are answered, and give its address."""
    service.place.apply(shop(service.place.stage.shop_image, V1 | dict(switches or {}), **fields))
    service.wait_for("Healthy")
    return inside(service)


def inside(service: Shop) -> str:
    """The address of its Service, once the users' node has learnt of it."""
    url = service.place.address("shop")
    with service.place.traffic(url, rate=10) as probe:
        answered(probe)
    return url


def whole(service: Shop) -> bool:
    """Exactly as many pods as its spec wants, all ready, none leaving."""
    pods = service.place.all("Pod", "gracefulservice.dev/name=shop")
    wanted = (service.place.get("GracefulService", "shop") or {})["spec"]["replicas"]
    return len(pods) == ready(pods) == wanted and not any(leaving(pod) for pod in pods)


def over(service: Shop, users: Traffic) -> Summary:
    """Wait until every leaving pod is gone, let the users go on for the tail, and count."""
    service.place.wait("every pod ready and none leaving", lambda: whole(service), 300)
    return tailed(users)


def tailed(users: Traffic) -> Summary:
    """Let the users go on for the tail, and count."""
    length = len(users.seconds) + TAIL
    users.wait_for(lambda seconds: len(seconds) >= length, 60)
    return users.stop()
