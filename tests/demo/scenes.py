"""Looks and acts as the demonstration sees them."""

from collections.abc import Iterable
from typing import Any

from examples.demo.phases import Act, Look
from gracefulservice.api import HistoryEntry, Status, WeightStatus
from gracefulservice.cli.scene import Scene

OLD, NEW = "aaaaaaaaaa", "bbbbbbbbbb"


def scene(phase: str, stable: str | None, observed: float | None = None, **status: Any) -> Scene:
    """The service `shop` at generation 1."""
    weight = None if observed is None else WeightStatus(wanted=observed, observed=observed)
    fields = {"observed_generation": 1, "phase": phase, "stable": stable, "weight": weight, **status}
    return Scene("demo-1", "shop", Status(**fields))


def act(title: str, looks: Iterable[tuple[float, Scene]], ended: float, *, late: bool = False) -> Act:
    """An act that began at 100 s."""
    return Act(title, 100.0, ended, tuple(Look(at, seen) for at, seen in looks), late)


def over(outcome: str, sentence: str) -> HistoryEntry:
    """The history of a rollout to NEW."""
    return HistoryEntry(revision=NEW, number=2, outcome=outcome, sentence=sentence, started=100.0, ended=150.0)


FORWARD = act(
    "v1 → v2",
    [
        (99.0, scene("Healthy", OLD)),
        (101.0, scene("Progressing", OLD, 0)),
        (110.0, scene("Progressing", OLD, 2)),
        (112.0, scene("Progressing", OLD, 2)),
        (120.0, scene("Progressing", OLD, 50)),
        (130.0, scene("Progressing", OLD, 100)),
        (150.0, scene("Progressing", NEW, 100)),
        (151.0, scene("Progressing", NEW, 0)),
        (170.0, scene("Healthy", NEW)),
    ],
    ended=170.5,
)
WHY = "240 : 1 against, limit 100 : 1: 7 of 32 canary requests failed."
BACK = act(
    "v2 → v3",
    [
        (99.5, scene("Healthy", OLD)),
        (108.0, scene("Progressing", OLD, 2)),
        (120.0, scene("Degraded", OLD, 2, history=(over("RolledBack", WHY),))),
        (121.0, scene("Degraded", OLD, 0, history=(over("RolledBack", WHY),))),
        (140.0, scene("Degraded", OLD, history=(over("RolledBack", WHY),))),
    ],
    ended=140.0,
)
