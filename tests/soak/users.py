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
LONG = {"connections": "keepalive", "timeout": 60}
"""Many kept connections for few requests: most of them rest when their pod leaves."""
HTTP2 = {"protocol": "http2"}
GRPC = {"protocol": "grpc"}
GRPC_STREAMS = {"protocol": "grpc-stream", "silence": 10}
EVENTS = {"protocol": "sse", "silence": 10}
SOCKETS = {"protocol": "websocket", "silence": 10}
"""Streams are held for 20 s, and have the patience of all other requests."""
UPLOADS = {"protocol": "upload", "timeout": 60}
"""10 MB over 20 s."""
KINDS: tuple[tuple[str, float, float, Mapping[str, Any], str], ...] = (
    ("kept connections", 34, 29, KEPT, ""),
    ("new connections", 10, 14, NEW, ""),
    ("requests of 20 s", 0.15, 0.15, LONG, "?sleep=20s"),
    ("HTTP/2", 3, 3, HTTP2, ""),
    ("gRPC", 3, 3, GRPC, ""),
    ("gRPC streams", 0.1, 0.1, GRPC_STREAMS, ""),
    ("server-sent events", 0.1, 0.1, EVENTS, ""),
    ("WebSockets", 0.1, 0.1, SOCKETS, ""),
    ("uploads", 0.03, 0.03, UPLOADS, ""),
)
"""What each asks, and its share of the requests: through the gateway, and of the Service."""
USERS: tuple[Users, ...] = (
    *(Users("gateway", kind, outside, how, query) for kind, outside, _, how, query in KINDS),
    *(Users("service", kind, inside, how, query) for kind, _, inside, how, query in KINDS),
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
