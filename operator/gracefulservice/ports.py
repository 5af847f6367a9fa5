"""The outside world on one screen: what a reconcile may ask of it, and nothing else.

    look       Clock.now  Cluster.owner  Cluster.config  Cluster.children  Router.observe  Metrics.ask
    remember   Cluster.remember
    converge   Cluster.converge  Router.ensure
    tell       Notifier.tell

Nothing here is raised but the four failures of `gracefulservice.errors`. Every write is idempotent and
carries the resource version of the look that decided it: one decided on an older world is `Stale`, not done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gracefulservice.api import Status
from gracefulservice.api.problems import Problems
from gracefulservice.rollout.adoptee import Adoptee
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.memory import Happening
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.seen import Fleet, RecordSeen, RouteSeen, ServiceSeen
from gracefulservice.rollout.sizes import Gone, Measured

Object = Mapping[str, Any]
"""A Kubernetes object as JSON."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which GracefulService."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Owner:
    """One GracefulService as the API server has it now; everything made for it is its child."""

    body: Object

    @property
    def key(self) -> Key:
        """Its namespace and name."""
        return Key(self.body["metadata"]["namespace"], self.body["metadata"]["name"])

    @property
    def uid(self) -> str:
        """What tells it from another object of the same name that was here before."""
        return str(self.body["metadata"]["uid"])

    @property
    def resource_version(self) -> str:
        """The version every write to it must find."""
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def generation(self) -> int:
        """Counts the changes of `spec`."""
        return int(self.body["metadata"].get("generation", 0))

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations, among them the command."""
        return self.body["metadata"].get("annotations") or {}

    @property
    def finalizers(self) -> Sequence[str]:
        """Who must agree before it goes."""
        return self.body["metadata"].get("finalizers") or ()

    @property
    def deleting(self) -> bool:
        """Whether it only waits for its finalizers."""
        return bool(self.body["metadata"].get("deletionTimestamp"))

    @property
    def spec(self) -> dict[str, Any]:
        """What the user wrote, not yet checked."""
        return dict(self.body.get("spec") or {})

    @property
    def status(self) -> dict[str, Any]:
        """What was remembered and told last, not yet checked."""
        return dict(self.body.get("status") or {})


@dataclass(frozen=True, slots=True)
class World:
    """One look at the children: what the heart may know of them, and the objects for the writes."""

    fleets: Mapping[str, Fleet] = field(default_factory=dict)
    """Revision → what its Deployment wants and has."""
    stable_service: ServiceSeen = field(default_factory=ServiceSeen)
    canary_service: ServiceSeen = field(default_factory=ServiceSeen)
    records: Mapping[str, RecordSeen] = field(default_factory=dict)
    """Revision → the marks on its ControllerRevision."""
    pods: tuple[PodFacts, ...] = ()
    foreign: tuple[str, ...] = ()
    """One sentence per object that bears a name of ours and is not ours; it is never touched."""
    remarks: tuple[str, ...] = ()
    """One sentence per thing that others did to our children and that is reported, not fought."""
    objects: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    """(kind, name) → our own child as it was read, with its resource version."""
    gone: tuple[Gone, ...] = ()
    """The last pods that were deleted, as far as this process heard of it."""
    exits: tuple[Exit, ...] = ()
    """Containers that ended with an error after the deletion of their pod began."""
    rival_budgets: Mapping[str, str] = field(default_factory=dict)
    """Revision → the name of somebody else's PodDisruptionBudget that covers its pods."""
    ceiling: int | None = None
    """The most pods that an autoscaler of the GracefulService may ask for; None where there is none."""
    vanishing: bool = False
    """Whether the service is being deleted with its whole namespace."""
    adoptee: Adoptee | None = None
    """The Deployment that is adopted; None where none was asked for."""
    adopted: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    """(kind, name) → that Deployment and what belongs to it, as they were read: not our children."""

    unlisted: bool = False
    """Whether nobody may list the copies of configuration that there are: then none is made."""
    contents: Mapping[str, Object] = field(default_factory=dict, repr=False)
    """Digest → the data of what `spec.config` names now, for copies of it. It is never shown or remembered."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The spec with the digests of what `spec.config` names, or what is in the way of that."""

    spec: Mapping[str, Any]
    problems: Problems = ()
    contents: Mapping[str, Object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RouteLook:
    """One look at the route: what the heart may know of it, and the object itself for the next write."""

    seen: RouteSeen | None
    """None where no route splits the traffic."""
    body: Object | None = None


class Clock(Protocol):
    """The time."""

    def now(self) -> float:
        """Unix seconds."""
        ...


class Cluster(Protocol):
    """The Kubernetes API, for one GracefulService and its children."""

    async def owner(self, key: Key) -> Owner | None:
        """The object itself, read live; None when it is gone."""
        ...

    async def config(self, owner: Owner) -> Configured:
        """What `spec.config` names, read live; no request at all where it names nothing."""
        ...

    async def children(self, owner: Owner, adopts: str = "", *, at: float) -> World:
        """Everything made for it, read live by label; and the Deployment `adopts`, where one is named.

        `at` is now, in unix seconds: what should have ended long before is not there any more.
        """
        ...

    async def remember(self, owner: Owner, status: Status) -> Owner:
        """Write the status, unless anybody wrote since the object was read; gives it as it is now."""
        ...

    async def converge(self, owner: Owner, plan: Plan, desired: Desired, world: World) -> Owner:
        """Make the children what is wanted, no request at all where nothing differs; gives the object as it is now."""
        ...


class Router(Protocol):
    """What splits the traffic between `<name>` and `<name>-canary`."""

    async def observe(self, owner: Owner, /) -> RouteLook:
        """The weight the route carries now, and whether every gateway has acknowledged it."""
        ...

    async def ensure(
        self, owner: Owner, look: RouteLook, weight: float | None, *, in_play: bool, port: int | None
    ) -> None:
        """Give the canary `weight` percent; None leaves the weights as they are.

        Only the weights of our two backends change. A route that was not usable when it was looked at is left
        alone. `in_play` tells that a rollout runs: then a leader also signs the route with its epoch, so that
        a write of the leader before it is `Stale`; while none runs, a route that we made and that is not asked for
        any more goes. `port` is that of our Services which a route of ours leads to; None leaves it as it is.
        """
        ...

    async def release(self, owner: Owner, look: RouteLook) -> None:
        """Let the route that was made for the service outlive it; the user's own does so anyway."""
        ...


class Metrics(Protocol):
    """Where raw counters come from."""

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """The raw samples of every counter of `plan` until `at` (unix seconds), per pod.

        `interval` is the scrape interval in seconds as last seen, 0 if never. An outage is an answer, never raised.
        """
        ...

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """What pods are sized by: the latency of `pods` until `at`, and the last requests of those that are `gone`.

        Whatever cannot be answered is None, never raised.
        """
        ...


class Notifier(Protocol):
    """Where happenings are told."""

    async def tell(self, owner: Owner, happening: Happening) -> None:
        """Tell it at least once; telling it again is recognised and changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """All of the outside world; made once, where the program starts."""

    clock: Clock
    cluster: Cluster
    router: Callable[[Plan], Router]
    metrics: Metrics
    notifier: Notifier
