"""The whole soak: one chapter per service, again and again until enough requests are sent, then the control."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from random import Random

from kubernetes.client.exceptions import ApiException

from examples.traffic.client import TrafficError
from localcluster.errors import Failure
from tests.soak import actions, chapter
from tests.soak.actions import Action
from tests.soak.chapter import Chapter, Deed
from tests.soak.control import CONTROLS, NAME, Control
from tests.soak.size import Size
from tests.soak.target import Target
from tests.soak.users import Ways
from tests.soak.windows import Row
from tests.support.faults import done
from tests.support.place import Place, Stage, new_name
from tests.support.stage import ROOT

EVIDENCE = ROOT / "build" / "soak"
ATTEMPTS = 3
"""Of a control that has lost nothing yet."""
FAILURES = (AssertionError, ApiException, Failure, TrafficError)
"""What a cluster or its users may raise; the report tells it."""
SHORT_TAIL = 15.0
"""Seconds after what is done to the control: it has nothing to prove there."""


class Soak:
    """All chapters, again and again until enough requests are sent."""

    def __init__(self, stage: Stage, size: Size, chosen: Sequence[str]) -> None:
        self.stage = stage
        self.size = size
        self.chosen = chosen
        self.random = Random(size.seed)
        self.rows: list[Row] = []

    def run(self) -> None:
        """Everything once, then more of the same, then the control."""
        for number in count(1):
            for routed in (True, False):
                self.rows += attempted(partial(self.ours, number, routed))
            if self.left <= 0 or any(row.failure for row in self.rows):
                break
        self.rows += attempted(self.control)

    @property
    def wanted(self) -> int:
        """Requests to be sent over the actions; chosen ones are done once, whatever that makes."""
        return 0 if self.chosen else self.size.requests

    @property
    def left(self) -> int:
        """Requests still to be sent."""
        return self.wanted - sum(row.requests for row in self.rows if not row.rest)

    def ours(self, number: int, routed: bool) -> list[Row]:
        """One service under the contract; after the first time round it ends when enough requests are sent."""
        title = "behind the gateway" if routed else "by pod ratio"
        listed = self.possible(actions.BEHIND_GATEWAY if routed else (*actions.BY_RATIO, *actions.LIMITS))
        if not listed or (number > 1 and self.left <= 0):
            return []
        with self.place() as place:
            target = Target(place, self.random, routed)
            target.start()
            return chapter.run(
                Chapter(
                    title if number == 1 else f"{title}, time {number}",
                    place,
                    self.ways(place, "shop", target.host if routed else ""),
                    [Deed(one.name, partial(one.do, target)) for one in listed],
                    self.size.rate,
                    self.size.tail,
                    EVIDENCE / f"{'gateway' if routed else 'ratio'}-{number}",
                    enough=lambda sent: number > 1 and sent >= self.left,
                )
            )

    def control(self) -> list[Row]:
        """The plain Deployment."""
        chosen = {name: do for name, do in CONTROLS.items() if self.takes(name)}
        if not chosen:
            return []
        with self.place() as place:
            control = Control(place, self.random)
            control.start()
            return chapter.run(
                Chapter(
                    "a plain Deployment",
                    place,
                    self.ways(place, NAME, control.host),
                    [Deed(name, partial(do, control)) for name, do in chosen.items()],
                    self.size.rate,
                    min(self.size.tail, SHORT_TAIL),
                    EVIDENCE / "control",
                    control=True,
                    attempts=ATTEMPTS,
                )
            )

    def possible(self, listed: Sequence[Action]) -> list[Action]:
        """What was chosen and this cluster's operator knows, in the seed's order; what ends the service comes last."""
        known = done(self.stage, "get", "crd", "gracefulservices.gracefulservice.dev", "-o", "json")
        found = [one for one in listed if self.takes(one.name) and (not one.needs or f'"{one.needs}"' in known)]
        return sorted(self.random.sample(found, len(found)), key=lambda one: one.ends)

    def takes(self, name: str) -> bool:
        """Whether an action was chosen, or everything was that can be kept."""
        return name in self.chosen if self.chosen else name not in {one.name for one in actions.LIMITS}

    def ways(self, place: Place, service: str, host: str) -> Ways:
        """Through the Service, and through the gateway where there is a host."""
        gateway = f"http://{self.stage.gateway}/" if host else ""
        return Ways(place.address(service), gateway, host)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A namespace for one chapter."""
        name = new_name("soak")
        done(self.stage, "create", "namespace", name)
        try:
            yield Place(self.stage, name)
        finally:
            done(self.stage, "delete", "namespace", name, "--wait=false")


def attempted(run: Callable[[], list[Row]]) -> list[Row]:
    """The rows of a chapter, or one that says why it could not begin."""
    try:
        return run()
    except FAILURES as error:
        return [Row(action="start", service="a chapter", rest=True, failure=str(error) or repr(error))]
