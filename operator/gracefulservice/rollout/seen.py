"""One look at the world: everything a decision may depend on, gathered once and never changed.

Seen ── fleets      revision → Fleet        what each Deployment wants and has
     ├─ stable_service, canary_service      what `<name>` and `<name>-canary` select, and their endpoints
     ├─ route       RouteSeen | None        the weight the gateway acknowledged (None: replica ratio)
     ├─ records     revision → RecordSeen   ports, and marks kept on the ControllerRevisions
     ├─ metrics     Look | None             raw counters, or why there are none
     └─ command, deleting, foreign
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gracefulservice.api import Command
from gracefulservice.rollout.adoptee import Adoptee
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.service_ports import ServicePort
from gracefulservice.rollout.sizes import UNASKED, Measured

WIDE = "*"
"""A selector without the revision label: every pod of the service."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Whether a revision's stored pods wait before SIGTERM as their contract asks, and one sentence about it."""

    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """The pods of one revision. `wanted` is the Deployment's own number; `pods` counts terminating ones too.

    A pod that should have ended a minute ago counts no more: its node is lost, and nobody waits for it.
    """

    wanted: int = 0
    ready: int = 0
    pods: int = 0
    restarts: int = 0
    trouble: str = ""
    """Why pods are not ready, in Kubernetes' own words ("CrashLoopBackOff"), or empty."""
    delay: Delay | None = None
    """None where no delay is asked for, or no pod is there to read it from."""
    cordoned: int = 0
    """Pods that stay so far but stand on a cordoned node, from which they may be evicted at any time."""
    overdue: tuple[str, ...] = ()
    """Pods that should have ended by now, in words: `pod shop-b2-x1 on node w2`."""

    @property
    def unprepared(self) -> str:
        """Why pods get SIGTERM before everybody knows that they go, or empty."""
        return self.delay.sentence if self.delay and not self.delay.holds else ""


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """What a Service selects (a revision, `WIDE`, or "" when it does not exist) and its ready endpoints."""

    selects: str = ""
    endpoints: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Ready endpoints in the EndpointSlices, per revision."""

    @property
    def serves(self) -> bool:
        """Whether anybody answers who calls this Service."""
        return any(self.endpoints.values())

    def free_of_others(self, revision: str) -> bool:
        """Whether no ready endpoint belongs to any revision but `revision`."""
        return not any(count for other, count in self.endpoints.items() if other != revision)

    def only(self, revision: str) -> bool:
        """Whether every ready endpoint belongs to `revision`, and there is at least one."""
        return self.endpoints.get(revision, 0) > 0 and self.free_of_others(revision)


@dataclass(frozen=True, slots=True)
class RouteSeen:
    """The user's route, or the one we made.

    `weight` is the canary's share in percent as the route now says; None when the route does not exist or
    does not name both Services. `acknowledged` is True once every gateway has accepted that very generation.
    """

    weight: float | None
    acknowledged: bool = False
    granularity: float = 0.1
    """The smallest difference of weight that the route can express, in percent."""
    set_by: str = ""
    """Who besides us wrote the route's rules last, and when ("kubectl-edit at …"); empty when we did."""
    trouble: str = ""
    """One sentence: why the route cannot be used, or empty."""
    absent: bool = False
    """Whether there is no such route, which is known then to lead nobody anywhere."""
    readable: bool = True
    """Whether anybody may say what the route is like; where not, it may carry any weight."""
    rules: tuple[int, ...] = ()
    """The rules, from 0, that lead to our two Services and nowhere else."""

    @property
    def lacks(self) -> str:
        """What keeps a weight from being in force, as a sentence; empty where nothing does."""
        return self.trouble or ("" if self.acknowledged else "A gateway has yet to accept the route.")


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """The marks on a revision's record, and the ports of the Services for its pods; `number` counts from 1."""

    number: int
    stable: bool = False
    condemned: str = ""
    ports: tuple[ServicePort, ...] = ()
    """Empty where the record does not tell."""
    delay: float | None = None
    """Seconds its pods have before SIGTERM; None where the record does not tell."""
    drain: float | None = None
    """Seconds they have after it."""

    @property
    def port_names(self) -> frozenset[str]:
        """The names of the container ports that the Services lead to."""
        return frozenset(port.target_port for port in self.ports)


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. Mappings are keyed by revision id; a revision without an entry has no object."""

    fleets: Mapping[str, Fleet] = field(default_factory=lambda: MappingProxyType({}))
    stable_service: ServiceSeen = ServiceSeen()
    canary_service: ServiceSeen = ServiceSeen()
    route: RouteSeen | None = None
    records: Mapping[str, RecordSeen] = field(default_factory=lambda: MappingProxyType({}))
    metrics: Look | None = None
    command: Command | None = None
    deleting: bool = False
    vanishing: bool = False
    """Whether its whole namespace is being deleted."""
    foreign: tuple[str, ...] = ()
    """One sentence per object that bears a name of ours and is not ours."""
    remarks: tuple[str, ...] = ()
    """One sentence per thing that somebody else changed about our objects."""
    ceiling: int | None = None
    """The most pods that an autoscaler of this service may ask for; None where none looks after it."""
    measured: Measured = UNASKED
    """What pods are sized by, where that was asked for."""
    exits: tuple[Exit, ...] = ()
    """Containers that ended with an error after the deletion of their pod began."""
    adoptee: Adoptee | None = None
    """The Deployment whose place the service takes; None where none was asked for."""

    @property
    def unweighted(self) -> bool:
        """Whether no route, as it is written, leads anybody to `<name>-canary`; not where it is unreadable."""
        return self.route is None or (self.route.readable and not self.route.weight)

    def fleet(self, revision: str | None) -> Fleet:
        """The fleet of `revision`, an empty one when it has no Deployment."""
        return self.fleets.get(revision or "", Fleet())
