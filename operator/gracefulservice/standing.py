"""How all the services stand, as the last pass over each left it: the figures that alerts are made of.

Nothing is asked for their sake. Every pass writes down a status anyway, and says when an object is gone; so a service
at rest costs no look, and a new leader knows of a service once it has looked at it. Only the leader tells.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from gracefulservice.api import Phase, Status
from gracefulservice.ports import Clock, Cluster, Configured, Key, Metrics, Owner, Ports, World
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.holds import Hold, holds
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Gone, Measured
from gracefulservice.telemetry import Counted, Series, Telemetry
from gracefulservice.work_queue import WorkQueue

PHASES: tuple[str, ...] = get_args(Phase)
STALLED = ("Degraded", "Invalid", "NameTaken", "PortDropped", "Refused")
"""The reasons of the condition `Stalled`; Degraded: the version that is asked for is condemned."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What figures need of one status."""

    phase: str
    stalled: str
    """The reason of `Stalled`, or empty."""
    rolling: bool
    holds: Mapping[Hold, float]
    """What holds its rollout, and since which unix second."""
    weight: float | None
    odds: float | None


def standing(status: Status, before: Standing | None, now: float) -> Standing:
    """What stands in a status; a hold that the one before knew lasts on."""
    known = before.holds if before else {}
    stalled = (one.reason for one in status.conditions if (one.type, one.status) == ("Stalled", "True"))
    return Standing(
        phase=status.phase or "Pending",
        stalled=next(stalled, ""),
        rolling=status.canary is not None,
        holds={hold: known.get(hold, now) if since is None else since for hold, since in holds(status).items()},
        weight=status.weight.observed if status.weight else None,
        odds=status.evidence.odds if status.evidence else None,
    )


@dataclass(slots=True)
class Standings:
    """Every service that was looked at and is not gone. Used from one thread."""

    _known: dict[Key, Standing] = field(default_factory=dict)

    def note(self, key: Key, status: Status, now: float) -> None:
        """A pass has written this status."""
        self._known[key] = standing(status, self._known.get(key), now)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._known.pop(key, None)

    def phases(self) -> Series:
        """Services by phase."""
        counts = Counter(one.phase for one in self._known.values())
        return {(phase,): counts[phase] for phase in PHASES}

    def stalled(self) -> Series:
        """Services that nothing moves until somebody acts, by the reason."""
        counts = Counter(one.stalled for one in self._known.values())
        return {(reason,): counts[reason] for reason in STALLED}

    def rolling(self) -> Series:
        """Rollouts that can still go back."""
        return {(): sum(one.rolling for one in self._known.values())}

    def held(self) -> Series:
        """Rollouts that are held, by what holds them."""
        return {(hold,): sum(hold in one.holds for one in self._known.values()) for hold in Hold}

    def longest(self, now: float) -> Series:
        """For how many seconds the longest of them has been held by it; 0 where none is."""
        known = self._known.values()
        return {
            (hold,): max((max(now - one.holds[hold], 0.0) for one in known if hold in one.holds), default=0.0)
            for hold in Hold
        }

    def each_phase(self) -> Series:
        """1 per service, with its phase."""
        return {(*_names(key), one.phase): 1.0 for key, one in self._known.items()}

    def each_weight(self) -> Series:
        """The weight observed of each rollout."""
        return {_names(key): one.weight for key, one in self._known.items() if one.weight is not None}

    def each_odds(self) -> Series:
        """The odds against each canary that is judged."""
        return {_names(key): one.odds for key, one in self._known.items() if one.odds is not None}


def _names(key: Key) -> tuple[str, str]:
    return key.namespace, key.name


def show(
    telemetry: Telemetry,
    queue: WorkQueue[Key],
    standings: Standings,
    leads: Callable[[], bool],
    clock: Clock,
    *,
    each: bool,
) -> None:
    """Show what is read when somebody asks for the metrics; with `each`, also of each service by its name."""
    watch = telemetry.watch
    watch("queue_depth", "Objects that are due and wait for a worker.", lambda: queue.depth)
    watch("queue_oldest_seconds", "For how long the longest of them has waited.", lambda: queue.oldest)
    watch("leading", "1 while this replica leads, else 0.", leads)
    for name, meaning, labels, read in _surveys(standings, clock, each=each):
        telemetry.survey(name, meaning, labels, _of_leader(read, leads))


def _of_leader(read: Callable[[], Series], leads: Callable[[], bool]) -> Callable[[], Series]:
    """The same, and nothing at all while another replica leads."""
    return lambda: read() if leads() else {}


def _surveys(
    known: Standings, clock: Clock, *, each: bool
) -> Iterator[tuple[str, str, Sequence[str], Callable[[], Series]]]:
    """Name, meaning, labels, and what to read."""
    yield "services", "Services by phase.", ["phase"], known.phases
    yield "services_stalled", "Services that wait for a person; Degraded: condemned.", ["reason"], known.stalled
    yield "rollouts", "Rollouts under way that can still go back.", [], known.rolling
    yield "rollouts_held", "Rollouts under way that hold, by what holds them.", ["reason"], known.held
    meaning = "For how long the longest of them has been held by it."
    yield "rollout_held_longest_seconds", meaning, ["reason"], lambda: known.longest(clock.now())
    if each:
        names = ("object_namespace", "object_name")
        yield "service_phase", "1, with the phase of the service.", [*names, "phase"], known.each_phase
        yield "service_weight_percent", "The canary's weight as observed.", names, known.each_weight
        yield "service_odds_against", "The odds against the canary, as in 12 to 1.", names, known.each_odds


def observed(ports: Ports, telemetry: Telemetry, standings: Standings) -> Ports:
    """The same outside world; what goes to it and comes from it is counted on the way."""
    return replace(
        ports,
        cluster=Noted(ports.cluster, standings, ports.clock),
        metrics=Aged(ports.metrics, telemetry, ports.clock),
        notifier=Counted(ports.notifier, telemetry),
    )


class Noted:
    """The port `Cluster`: notes what another one has remembered."""

    def __init__(self, cluster: Cluster, standings: Standings, clock: Clock) -> None:
        self._cluster, self._standings, self._clock = cluster, standings, clock

    async def owner(self, key: Key) -> Owner | None:
        """Read it; forget it where it is gone."""
        owner = await self._cluster.owner(key)
        if owner is None:
            self._standings.forget(key)
        return owner

    async def config(self, owner: Owner) -> Configured:
        """Nothing to note."""
        return await self._cluster.config(owner)

    async def children(self, owner: Owner, adopts: str = "", *, at: float) -> World:
        """Nothing to note."""
        return await self._cluster.children(owner, adopts, at=at)

    async def remember(self, owner: Owner, status: Status) -> Owner:
        """Write it, then note it."""
        after = await self._cluster.remember(owner, status)
        self._standings.note(owner.key, status, self._clock.now())
        return after

    async def converge(self, owner: Owner, plan: Plan, desired: Desired, world: World) -> Owner:
        """Nothing to note."""
        return await self._cluster.converge(owner, plan, desired, world)


class Aged:
    """The port `Metrics`: tells how old the newest sample is that another one has found."""

    def __init__(self, metrics: Metrics, telemetry: Telemetry, clock: Clock) -> None:
        self._metrics, self._telemetry, self._clock = metrics, telemetry, clock

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """Ask, then tell; where nothing was found nothing has an age."""
        look = await self._metrics.ask(owner, plan, pods, at, interval)
        newest = max((sample.at for samples in look.samples.values() for sample in samples), default=None)
        if newest is not None:
            self._telemetry.aged(max(self._clock.now() - newest, 0.0))
        return look

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """Nothing to tell."""
        return await self._metrics.sizes(owner, plan, pods, gone, at)
