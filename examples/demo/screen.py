"""Moments as they come: a picture that moves on a terminal; elsewhere a line at each turn and every few seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live

from examples.demo import scenery
from examples.demo.scenery import Moment
from examples.traffic.client import Second
from gracefulservice.cli.scene import Scene, Told

PERIOD = 5.0
"""Seconds between two lines of a log where nothing turns."""
REFRESHES = 4.0
"""Pictures per second."""

Seconds = Callable[[], Sequence[Second]]
"""What users have met so far."""


def now() -> float:
    """Unix seconds."""
    return time.time()  # noqa: TID251 - the demonstration measures how long things take


class Scenery:
    """One act on the screen. It is drawn anew each time it is shown, so that users and times left go on."""

    def __init__(self, console: Console, title: str, begun: float, users: Seconds) -> None:
        self._console, self._title, self._begun, self._users = console, title, begun, users
        self._scene: Scene | None = None
        self._events: set[Told] = set()
        self._last: tuple[object, float] = (None, 0.0)

    def __rich__(self) -> RenderableType:
        return scenery.picture(self._moment(), now())

    def show(self, scene: Scene) -> None:
        """Go on with this look."""
        self._scene = scene
        self._tell_events(scene.events)
        if not self._console.is_terminal:
            self._tell_moment()

    def _moment(self) -> Moment:
        return Moment(self._title, now() - self._begun, self._scene, scenery.users(self._users()))

    def _tell_events(self, events: Sequence[Told]) -> None:
        for told in events:
            if told.at >= self._begun and told not in self._events:
                self._events.add(told)
                self._console.print(scenery.event(told, self._title, self._begun), soft_wrap=True)

    def _tell_moment(self) -> None:
        moment = self._moment()
        turn, shown = scenery.turn(moment), self._last[1]
        if turn != self._last[0] or now() - shown >= PERIOD:
            self._last = turn, now()
            self._console.print(scenery.line(moment), soft_wrap=True, highlight=False, markup=False)


@contextmanager
def act(console: Console, title: str, begun: float, users: Seconds) -> Iterator[Callable[[Scene], None]]:
    """Show an act while the body runs, which gives the looks as they come."""
    picture = Scenery(console, title, begun, users)
    if not console.is_terminal:
        yield picture.show
        return
    moving = Live(picture, console=console, refresh_per_second=REFRESHES)
    try:
        moving.start()
        yield picture.show
    finally:  # also where Ctrl-C comes while it starts
        moving.stop()
