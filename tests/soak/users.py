"""Who sends what while something happens. A further kind of user is one more line of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from examples.traffic.client import Load

Way = Literal["gateway", "service"]


@dataclass(frozen=True, slots=True)
class Users:
    """One kind of users: the way they take, the ``share`` of a service's requests that is theirs, and how they ask:
    any fields of a `Load`.
    """

    way: Way
    kind: str
    share: float
    how: Mapping[str, Any]
    query: str = ""

    @property
    def name(self) -> str:
        """As it stands in the evidence."""
        return f"{self.way}, {self.kind}"


KEPT = {"connections": "keepalive"}
NEW = {"connections": "new"}
LONG = {"connections": "keepalive", "timeout": 60, "pool": 4}
"""So few connections that each is always in use: one that rests on a leaving pod and then asks for 20 s is cut."""
USERS: tuple[Users, ...] = (
    Users("gateway", "kept connections", 40, KEPT),
    Users("gateway", "new connections", 10, NEW),
    Users("gateway", "requests of 20 s", 0.15, LONG, "?sleep=20s"),
    Users("service", "kept connections", 35, KEPT),
    Users("service", "new connections", 15, NEW),
    Users("service", "requests of 20 s", 0.15, LONG, "?sleep=20s"),
)


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a service is reached; without a gateway all users take its Service."""

    service: str
    gateway: str = ""
    host: str = ""


def loads(ways: Ways, rate: float, users: Sequence[Users] = USERS) -> dict[str, Load]:
    """What each kind of users that has a way sends, ``rate`` requests per second in all."""
    coming = [one for one in users if one.way == "service" or ways.gateway]
    whole = sum(one.share for one in coming)
    return {one.name: load(one, ways, rate * one.share / whole) for one in coming}


def load(users: Users, ways: Ways, rate: float) -> Load:
    """One kind of users."""
    through = users.way == "gateway"
    return Load(
        url=(ways.gateway if through else ways.service) + users.query,
        host=ways.host if through else "",
        rate=round(rate, 4),
        **users.how,
    )
