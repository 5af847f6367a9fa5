"""What came of the demonstration, and whether it may stand. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

from examples.demo.phases import Act, Phase
from gracefulservice.cli.scene import Scene

MOST_ERRORS = 40
"""Twice the error budget: what a bad version may show users on a slow machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole demonstration. `lost_first` is the first lost request in words, `verdict` why v3 was condemned."""

    requests: int
    lost: int
    skipped: int
    promoted: bool
    rolled_back: bool
    errors_shown: int
    phases: tuple[Phase, ...]
    lost_first: str = ""
    verdict: str = ""
    stuck: str = ""
    """What the service said of itself when the story stopped too early; empty where it came to its end."""


def document(outcome: Outcome) -> dict[str, Any]:
    """The same for programs."""
    return {
        "requests": outcome.requests,
        "lost": outcome.lost,
        "promoted": outcome.promoted,
        "rolledBack": outcome.rolled_back,
        "errorsShown": outcome.errors_shown,
        "phases": [asdict(phase) | {"seconds": round(phase.seconds, 1)} for phase in outcome.phases],
    }


def objection(outcome: Outcome) -> str:
    """Why the demonstration failed, in one sentence; empty if it did not."""
    said = f" {outcome.stuck}" if outcome.stuck else ""
    table = (
        (outcome.lost > 0, f"{outcome.lost} of {outcome.requests:,} requests were lost{outcome.lost_first}."),
        (not outcome.promoted, f"The good version was not promoted.{said}"),
        (not outcome.rolled_back, f"The bad version was not rolled back.{said}"),
        (outcome.errors_shown < 1, "The bad version showed users no error, so nothing was put to the test."),
        (
            outcome.errors_shown > MOST_ERRORS,
            f"The bad version showed users {outcome.errors_shown} errors, more than {MOST_ERRORS}.",
        ),
    )
    return next((sentence for fails, sentence in table if fails), "")


def promoted(act: Act | None) -> bool:
    """Whether the act ended with its own version serving everybody."""
    if act is None or act.late:
        return False
    before, status = act.looks[0].scene.status.stable, act.last.status
    return status.phase == "Healthy" and status.stable != before


def rolled_back(act: Act | None) -> bool:
    """Whether the act ended with the version before it serving everybody, and its own condemned."""
    if act is None or act.late:
        return False
    before, status = act.looks[0].scene.status.stable, act.last.status
    outcome = status.history[0].outcome if status.history else ""
    return (status.phase, status.stable, outcome) == ("Degraded", before, "RolledBack")


def verdict(act: Act | None) -> str:
    """The sentence with which the act's version was condemned; empty if it was not."""
    history = act.last.status.history if act else ()
    return history[0].sentence if history and history[0].outcome == "RolledBack" else ""


def settled(scene: Scene, generation: int) -> bool:
    """Whether the operator has seen this generation of the object and nothing moves any more."""
    status = scene.status
    resting = status.phase in ("Healthy", "Invalid") or (status.phase == "Degraded" and status.waiting is None)
    return resting and (status.observed_generation or 0) >= generation
