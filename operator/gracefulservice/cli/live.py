"""Looking again and again: after every change, and every two seconds for what changes beside it."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console, RenderableType
from rich.live import Live

from gracefulservice.cli import page
from gracefulservice.cli.connection import Connection, Object
from gracefulservice.cli.scene import Scene, scene
from gracefulservice.errors import Refused, Unreachable

PERIOD = 2.0
"""Seconds after which pods and events are read again, even if the object did not change."""
REFRESHES = 2.0
"""Per second: how often a countdown moves."""

Clock = Callable[[], float]
"""Unix seconds."""
Scenes = tuple[Scene, ...]
Draw = Callable[[Scenes, float], RenderableType]


def look(connection: Connection, name: str) -> tuple[Object, Scene]:
    """A service, and everything about it that may be read."""
    body = connection.get(name)
    unreadable: list[str] = []

    def allowed(read: Callable[[str], list[Object]]) -> list[Object]:
        try:
            return read(name)
        except Refused as refused:
            unreadable.append(refused.sentence)
            return []

    deployments, events = allowed(connection.deployments), allowed(connection.events)
    return body, scene(body, deployments, events, " ".join(unreadable))


def one(connection: Connection, name: str) -> Iterator[Scenes]:
    """One service, each time it or its pods and events may have changed; never ends by itself."""

    def read() -> tuple[Scenes, str]:
        body, found = look(connection, name)
        return (found,), body["metadata"]["resourceVersion"]

    return looks(read, partial(connection.await_change, seconds=PERIOD, name=name))


def every(connection: Connection) -> Iterator[Scenes]:
    """All services of the namespace, each time one of them may have changed; never ends by itself."""

    def read() -> tuple[Scenes, str]:
        bodies, version = connection.list_all()
        return tuple(map(scene, bodies)), version

    return looks(read, partial(connection.await_change, seconds=PERIOD))


def looks(read: Callable[[], tuple[Scenes, str]], await_change: Callable[[str], None]) -> Iterator[Scenes]:
    """What is read, again after every change. A cluster that cannot be reached for a while is waited for."""
    scenes, version = read()
    while True:
        yield scenes
        try:
            await_change(version)
            scenes, version = read()
        except Unreachable as failure:
            scenes = tuple(replace(found, unreadable=failure.sentence) for found in scenes)
            time.sleep(PERIOD)


def show(looks: Iterable[Scenes], draw: Draw, console: Console, now: Clock) -> None:
    """A picture that moves on a terminal; elsewhere a line for each turn of events."""
    if not console.is_terminal:
        for line in lines(looks):
            print(line, flush=True)
        return
    with Live(console=console, refresh_per_second=REFRESHES) as live:
        for scenes in looks:
            live.update(Moving(draw, scenes, now))


@dataclass(frozen=True, slots=True)
class Moving:
    """Drawn anew each time it is shown, so that ages and times left go on."""

    draw: Draw
    scenes: Scenes
    now: Clock

    def __rich__(self) -> RenderableType:
        return self.draw(self.scenes, self.now())


def lines(looks: Iterable[Scenes]) -> Iterator[str]:
    """A line whenever a service's phase, its revisions or its wanted weight are not what they were."""
    known: dict[str, object] = {}
    for scenes in looks:
        for found in scenes:
            if known.get(found.name) != (turn := turn_of(found)):
                known[found.name] = turn
                yield page.line(found)


def turn_of(found: Scene) -> object:
    """What makes a line worth printing."""
    status = found.status
    return status.phase, status.stable, status.canary, status.weight and status.weight.wanted
