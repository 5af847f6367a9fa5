"""The whole soak: one chapter per service, again and again until enough requests are sent, then the control."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from tests.soak.target import Taken, Target
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


@dataclass(frozen=True)
class Kind:
    """A way to stand under the contract, and what happens to a service that does; shuffled by the seed, or one after
    the other.
    """

    title: str
    folder: str
    make: Callable[[Place, Random], Target]
    actions: Sequence[Action]
    shuffled: bool = True


KINDS = (
    Kind("behind the gateway", "gateway", partial(Target, routed=True), actions.BEHIND_GATEWAY),
    Kind("by pod ratio", "ratio", partial(Target, routed=False), (*actions.BY_RATIO, *actions.LIMITS)),
    Kind("a Deployment taken over", "taken", Taken, actions.TAKEN_OVER, shuffled=False),
)


class Soak:
    """All chapters, again and again until enough requests are sent."""

    def __init__(self, stage: Stage, size: Size, chosen: Sequence[str]) -> None:
        self.stage = stage
        self.size = size
        self.chosen = chosen
        self.random = Random(size.seed)
        self.rows: list[Row] = []

    def run(self) -> None:
        """Everything once, then more of the same, then the control; the evidence of an earlier soak goes."""
        shutil.rmtree(EVIDENCE, ignore_errors=True)
        for number in count(1):
            for kind in KINDS:
                self.rows += attempted(partial(self.ours, number, kind))
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

    def ours(self, number: int, kind: Kind) -> list[Row]:
        """One service under the contract; after the first time round it ends when enough requests are sent."""
        listed = self.possible(kind)
        if not listed or (number > 1 and self.left <= 0):
            return []
        with self.place() as place:
            target = kind.make(place, self.random)
            target.start()
            return chapter.run(
                Chapter(
                    kind.title if number == 1 else f"{kind.title}, time {number}",
                    place,
                    self.ways(place, "shop", target.entrance),
                    [Deed(one.name, partial(one.do, target)) for one in listed],
                    self.size.rate,
                    self.size.tail,
                    EVIDENCE / f"{kind.folder}-{number}",
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

    def possible(self, kind: Kind) -> list[Action]:
        """What was chosen, in the seed's order, and what ends the service last; of a sequence all or nothing."""
        chosen = [one for one in kind.actions if self.takes(one.name)]
        if not kind.shuffled:
            return list(kind.actions) if chosen else []
        return sorted(self.random.sample(chosen, len(chosen)), key=lambda one: one.ends)

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
