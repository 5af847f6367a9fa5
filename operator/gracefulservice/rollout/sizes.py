"""What was measured of a service for the pods of its next rollout, and what the word `auto` comes to by it."""

from dataclasses import dataclass
from math import ceil, isfinite

from gracefulservice.api.value import Value

P99_TIMES = 1.5
"""What `drain: auto` leaves for requests slower than the p99."""
SHORTEST_DRAIN, UNKNOWN_DRAIN, LONGEST_DRAIN = 5.0, 30.0, 300.0
LAST_TIMES = 1.5
"""What `delay: auto` leaves for a data plane slower than was seen so far."""
PROXY_FLOOR = 5.0
"""Seconds. Behind a Service kube-proxy gathers changes for a second, after the watches of every node had them."""
GATEWAY_FLOOR = 10.0
"""Seconds. A gateway learns of endpoints through a controller and then configures its proxies: one hop more, and
busy ones were seen to take more than five seconds."""
LONGEST_DELAY = 60.0
"""Seconds. Clients that keep their connections go on until SIGTERM, however late that comes: a delay that followed
them would grow for ever."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A pod that was deleted: when that began, and when its last container ended (unix seconds)."""

    pod: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What counters say now: the p99 latency, and how long after its deletion began a pod still got a request.

    In seconds; None where nobody can say.
    """

    p99: float | None = None
    last: float | None = None


UNASKED = Measured()
"""Nobody was asked, or nobody knew."""


class Sizes(Value):
    """What is remembered of it. `delay` is what the latest of all late requests asks for; it never falls."""

    p99: float | None = None
    delay: float | None = None

    def with_(self, found: Measured) -> "Sizes":
        """The same after one more measurement; without an answer, or with one that is no time, the last one stands."""
        p99, last = _time(found.p99), _time(found.last)
        late = None if last is None else float(ceil(min(LAST_TIMES * last, LONGEST_DELAY)))
        return Sizes(
            p99=self.p99 if p99 is None else round(p99, 3),
            delay=max((one for one in (self.delay, late) if one is not None), default=None),
        )

    @property
    def drain(self) -> float:
        """Seconds that `drain: auto` comes to."""
        if self.p99 is None:
            return UNKNOWN_DRAIN
        return float(ceil(min(max(P99_TIMES * self.p99, SHORTEST_DRAIN), LONGEST_DRAIN)))


def _time(seconds: float | None) -> float | None:
    """What counters of anybody's can come to, where it is a time at all."""
    return seconds if seconds is not None and isfinite(seconds) else None


NOTHING = Sizes()
"""Nothing was ever measured."""


def floor(weighted: bool) -> float:
    """Seconds below which no measured delay goes, behind a gateway or a Service."""
    return GATEWAY_FLOOR if weighted else PROXY_FLOOR
