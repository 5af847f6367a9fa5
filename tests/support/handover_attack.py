"""Random schedules of an adoption and its return, with the whole operator above the wire, and what must hold in each.

The operator dies before any write and loses its status; pods are slow; nodes are drained; the autoscaler changes its
mind; the object is deleted at any moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

from gracefulservice.api.quantities import format_instant
from gracefulservice.cluster.adapter import KubernetesCluster
from gracefulservice.cluster.events import Recorder
from gracefulservice.cluster.kinds import GRACEFUL_SERVICE, Object
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure
from gracefulservice.ports import Key, Ports
from gracefulservice.reconcile import reconcile
from gracefulservice.traffic import routers
from tests.support.handover_objects import MAIN, OLD, container, graceful
from tests.support.handover_world import HandoverWorld
from tests.support.life import Users

KEY = Key(MAIN.namespace, MAIN.name)
SEEN_LATE = 8.0
"""Seconds until everybody has seen that a pod was evicted, the operator's next look included."""
LONG = 900
"""Passes after which a schedule should have come to its end."""


class DiedError(Exception):
    """The operator is no more."""


class BrokenError(AssertionError):
    """An invariant does not hold."""


@dataclass
class HandoverAttack:
    """One schedule. `rough` schedules crash, evict and rescale."""

    seed: int
    rough: bool = True
    replicas: int = 4
    world: HandoverWorld = field(init=False)
    wanted: int = field(init=False)
    least: int = 0
    """Ready endpoints that must be there now."""
    excused: float = 0.0
    """Until when fewer of them are the doing of whoever drained a node."""
    trail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.world = HandoverWorld(self.random, lag=self.random.choice((1.0, 2.0)))
        self.world.start(self.replicas)
        self.wanted = self.replicas
        self.least = self.replicas
        self.ports = Ports(
            clock=self,
            cluster=KubernetesCluster(self.world.api),
            router=routers(self.world.api, lambda: "1@lease"),
            metrics=Users(self.world.api),
            notifier=Recorder(self.world.api, "test"),
        )

    def now(self) -> float:
        """The clock of the whole world."""
        return self.world.now

    def die(self, _request: Request) -> None:
        """Every now and then the operator ends before a write."""
        if self.rough and self.random.random() < 0.03:
            raise DiedError

    async def apply(self, **fields: Any) -> None:
        """The user creates the object."""
        self.world.api.put(GRACEFUL_SERVICE, graceful(replicas=self.replicas, **fields))

    async def step(self) -> None:
        """One pass, and the seconds until the next."""
        self.world.api.interfere = self.die
        try:
            await reconcile(KEY, self.ports)
        except (DiedError, Failure) as ended:
            self.trail.append(f"{self.now():.0f} {type(ended).__name__} {ended}")
        self.world.api.interfere = lambda _request: None
        self.trail.append(f"{self.now():.0f} {self.sentence}")
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self.world.second()
            self.check()
        if self.rough:
            self.disturb()

    def disturb(self) -> None:
        """One of the things that happen."""
        match self.random.randrange(60):
            case 0:
                self.world.evict()
                self.least, self.excused = 0, self.now() + SEEN_LATE
            case 1:
                replicas = self.random.choice((self.replicas, self.replicas + 2))
                self.world.rescale(replicas)
                self.wanted = max(self.wanted, replicas)
            case 2 if MAIN in self.world.api.objects:
                self.world.api.edit(MAIN, lambda body: body.pop("status", None))
            case _:
                pass

    def check(self) -> None:
        """The invariants, against the world itself."""
        self.insist(not self.world.wrongs, "; ".join(self.world.wrongs))
        ready = len(self.world.listed)
        self.insist(ready >= self.least, f"{ready} endpoints are ready where {self.least} must be")
        if self.now() > self.excused:
            self.least = max(self.least, min(ready, self.replicas))
        standing, most = len(self.world.standing()), self.wanted + max(1, ceil(self.wanted / 4))
        hands = self.state in ("Adopting", "GivingBack")  # a rollout has limits of its own
        self.insist(standing <= most or not hands, f"{standing} pods stand where {most} may")

    def insist(self, holds: bool, otherwise: str) -> None:
        """Break off with the whole story."""
        if not holds:
            raise BrokenError(f"seed {self.seed}: {otherwise}\n" + "\n".join(self.trail[-25:]))

    @property
    def body(self) -> Object:
        """The object as it stands."""
        return self.world.api.objects.get(MAIN, {})

    @property
    def state(self) -> str:
        """The state it remembers."""
        return str(self.body.get("status", {}).get("memory", {}).get("state", {}).get("kind", ""))

    @property
    def sentence(self) -> str:
        """What it says of itself."""
        conditions = {one["type"]: one for one in self.body.get("status", {}).get("conditions", ())}
        adopted = conditions.get("Adopted", {})
        ready = conditions.get("Ready", {}).get("message")
        return f"{self.state}: {adopted.get('reason')}: {adopted.get('message')} | {ready}"

    @property
    def adopted(self) -> bool:
        """Whether the adoption is over and the service at rest."""
        conditions = {one["type"]: one for one in self.body.get("status", {}).get("conditions", ())}
        return conditions.get("Adopted", {}).get("status") == "True" and self.state == "Idle"

    async def until_adopted(self) -> None:
        """Pass after pass, to the end of the adoption."""
        for _ in range(LONG):
            await self.step()
            if self.adopted:
                return
        self.insist(False, "the adoption never ends")

    async def passes(self, number: int) -> None:
        """So many passes."""
        for _ in range(number):
            await self.step()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Pass after pass, until something holds."""
        for _ in range(LONG):
            await self.step()
            if holds():
                return
        self.insist(False, "it never comes to that")

    async def look(self) -> None:
        """One pass that nobody disturbs, in a moment."""
        await reconcile(KEY, self.ports)

    def change(self, image: str) -> None:
        """The user asks for another version."""
        self.world.api.edit(
            MAIN, lambda body: body["spec"].update(template={"spec": {"containers": [container(image)]}})
        )

    def images(self) -> set[str]:
        """What the pods run."""
        return {pod["spec"]["containers"][0]["image"] for pod in self.world.standing()}

    def mark_deleted(self) -> None:
        """The user deletes the object, which waits for its finalizers if it has any."""
        stamp = format_instant(self.now())
        self.world.api.edit(MAIN, lambda body: body["metadata"].update(deletionTimestamp=stamp))

    async def delete(self) -> None:
        """The user deletes the object; it ends when the Deployment serves."""
        self.mark_deleted()
        for _ in range(LONG):
            if MAIN not in self.world.api.objects:
                return await self.calm()
            await self.step()
        return self.insist(False, "the object never goes")

    async def calm(self) -> None:
        """What is left comes to rest."""
        for _ in range(60):
            self.world.second()
            self.check()
        self.insist(not self.world.traces(), f"left behind: {self.world.traces()}")
        serving = [pod for pod in self.world.standing() if pod["metadata"]["name"] in self.world.routed]
        pods = self.world.api.objects[OLD]["spec"]["replicas"]
        self.insist(len(serving) == pods >= min(self.replicas, pods) > 0, f"{len(serving)} of {pods} pods serve")

    async def run(self) -> None:
        """One rough schedule: adopted, often with a new version afterwards, and deleted at some moment of it."""
        await self.apply()
        match self.seed % 4:
            case 0:
                await self.passes(self.random.randrange(60))
            case 1:
                await self.until_adopted()
            case _:
                await self.until_adopted()
                self.change("shop:2")
                await self.passes(self.random.randrange(40))
        await self.delete()
