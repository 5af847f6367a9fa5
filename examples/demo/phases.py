"""How long everything took, read from what was seen. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gracefulservice.cli.scene import Scene
from gracefulservice.rollout import figures


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the demonstration; `name` says from where to where."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of the service, in unix seconds."""

    at: float
    scene: Scene


@dataclass(frozen=True, slots=True)
class Act:
    """One change of the object: applied at `begun`, over at `ended` (unix seconds).

    `looks` begin with the last one before the change, except for the first version. `late`: it was not over in time.
    """

    title: str
    begun: float
    ended: float
    looks: tuple[Look, ...]
    late: bool = False

    @property
    def last(self) -> Scene:
        """How it ended."""
        return self.looks[-1].scene


def forward(act: Act) -> Iterator[Phase]:
    """The phases of a rollout that should be promoted: at each weight, then from the change to its turns."""
    before = act.looks[0].scene.status.stable
    promoted = first(act.looks, lambda scene: scene.status.stable != before)
    yield from at_weights(act, promoted)
    yield from until(act, "promoted", promoted)
    yield from until(act, "the old pods gone", None if act.late or promoted is None else act.ended)


def back(act: Act, last_answer: float | None) -> Iterator[Phase]:
    """The same for one that should be rolled back; `last_answer` is when the bad version answered last (unix s)."""
    decided = first(act.looks, lambda scene: scene.status.phase == "Degraded")
    yield from at_weights(act, decided)
    yield from until(act, "the decision to roll back", decided)
    yield from until(act, "the last request at the bad version", last_answer)
    yield from until(act, "its pods gone", None if act.late or decided is None else act.ended)


def first(looks: Sequence[Look], holds: Callable[[Scene], bool]) -> float | None:
    """When something was seen first (unix seconds)."""
    return next((look.at for look in looks if holds(look.scene)), None)


def until(act: Act, what: str, at: float | None) -> Iterator[Phase]:
    """From the change to something, if it was seen."""
    if at is not None:
        yield Phase(f"{act.title}, to {what}", max(at - act.begun, 0.0))


def at_weights(act: Act, end: float | None) -> Iterator[Phase]:
    """How long each weight was seen at the gateway, before `end`; until the first weight it was 0 %."""
    stop = act.ended if end is None else end
    since, held = act.begun, 0.0
    for look in act.looks:
        weight = look.scene.status.weight
        if weight is None or weight.observed is None or weight.observed == held or look.at >= stop:
            continue
        yield Phase(f"{act.title}, at {figures.weight(held)}", look.at - since)
        since, held = look.at, weight.observed
    yield Phase(f"{act.title}, at {figures.weight(held)}", stop - since)
