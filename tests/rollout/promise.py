"""What the attack demands of capacity, reckoned from the schedule alone and not from what the heart remembers."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from gracefulservice.rollout.memory import Memory

from .world import World

LASTS = 290.0
"""Seconds for which capacity is kept after a rollout: a look or two less than the heart says."""

EXCUSED = 60.0
"""Seconds until a pod that a drain took before its successor was ready is replaced, at the latest."""


@dataclass
class Promise:
    """The pods with which the rollout in play began: that many stay ready, whatever is asked for meanwhile.

    Where the request rate fell, fewer are demanded.
    """

    pods: int = 0
    had: int = 0
    """How many of them were ready at once so far."""
    largest: int = 0
    """The most that was ever asked for."""
    ends: float | None = None
    least: float = 0.0
    most: float = 0.0
    excused: float = 0.0
    """Until when less is ready because a drain is not held up for ever."""

    def watch(self, world: World, before: Memory, after: Memory, replicas: int) -> None:
        """One step of the schedule, in which the user, or an autoscaler, asks for `replicas`."""
        if after.canary and not before.canary:
            self.begin(world, replicas)
        elif before.canary and not after.canary:
            self.ends = world.now + LASTS
        elif not before.stable and self.had:
            self.wiped(world)
        if not replicas or (self.ends is not None and world.now >= self.ends):
            self.pods = self.had = 0
        self.largest = max(self.largest, replicas)
        self.least, self.most = min(self.least, world.rate), max(self.most, world.rate)

    def begin(self, world: World, replicas: int) -> None:
        """A rollout begins. One that follows another closely has at least what that one kept."""
        self.pods = max(replicas, self.pods)
        self.ends = None
        self.had, self.least, self.most = 0, world.rate, world.rate

    def wiped(self, world: World) -> None:
        """Nobody knows any more what the rollout began with: the fleets that are there count, up to twice as large."""
        self.largest = max([self.largest, *world.wanted.values()])
        if not world.weighted:
            self.pods = 0  # pods that split the traffic do not tell what carried all of it

    def broken(self, world: World, memory: Memory) -> str:
        """What is wrong with the pods that are ready now, or empty."""
        if any(surge.given_up for surge in memory.surges.values()):
            self.excused = world.now + EXCUSED
        if world.now < self.excused:
            self.had = 0
        due = min(self.had, floor(self.pods * self.least / self.most)) if self.most else 0
        ready = self.ready(world, memory)
        self.had = max(self.had, min(ready, self.pods))
        return f"{ready} pods are ready where {due} of {self.pods} were" if ready < due else ""

    def ready(self, world: World, memory: Memory) -> int:
        """Ready pods that could take everybody: stable's behind a route, those of both by a replica ratio."""
        revisions = {memory.stable} if world.weighted else {memory.stable, memory.canary, memory.leaving}
        return sum(pod.ready(world.now) for pod in world.pods if pod.revision in revisions)

    def excess(self, world: World, fleets: Mapping[str, int]) -> str:
        """A fleet that is larger than any request rate justifies, or empty."""
        surge = any(pod.doomed for pod in world.pods)
        most = max([2 * self.largest, *world.wanted.values()]) + surge
        found = [
            f"{revision} gets {pods} pods where {most} are enough" for revision, pods in fleets.items() if pods > most
        ]
        return found[0] if found else ""
