"""What `kubectl graceful plan` does: read a file, compute, tell. No cluster."""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import yaml
from rich.console import Console, Group, RenderableType
from rich.progress import Progress
from rich.table import Table

from gracefulservice.cli import course_words, outlook_words, page
from gracefulservice.cli.course_words import Said
from gracefulservice.cli.manifest import Manifest, read
from gracefulservice.cli.terminal import terminal
from gracefulservice.forecast.course import Course, course
from gracefulservice.forecast.faults import usual_share
from gracefulservice.forecast.outlook import RUNS, Held, Kind, Question, outlook, rehearsed
from gracefulservice.rollout.plan import Plan


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The person who waited does so no more. The message is a sentence for them."""


def show(file: str, rate: float, usual: float | None, start: float, runs: int | None, seed: int) -> None:
    """Tell what will happen at once, and what it comes to as soon as that is known."""
    manifest, console = read(file), terminal()
    plan = manifest.plan
    way = course(plan, rate)
    said = [*course_words.told(manifest.name, plan, way, rate), *warned(plan)]
    console.print(Group(page.words(f"{manifest.name}: a change of its pods, at {rate:g} requests/s"), "", parts(said)))
    question = Question(plan, rate, usual_share(plan.objectives) if usual is None else usual, start, seed)
    if not forecast_wanted(question):
        return
    kinds = computed(question, runs)
    console.print("", forecast(question, kinds))


def document(file: str, rate: float, usual: float | None, start: float, runs: int | None, seed: int, form: str) -> str:
    """The same as JSON or YAML. Times in seconds, shares 0 to 1, weights in percent."""
    manifest = read(file)
    plan = manifest.plan
    way = course(plan, rate)
    question = Question(plan, rate, usual_share(plan.objectives) if usual is None else usual, start, seed)
    kinds = computed(question, runs) if forecast_wanted(question) else None
    said = described(manifest, question, way, kinds)
    return json.dumps(said, indent=2) if form == "json" else yaml.safe_dump(said, sort_keys=False).rstrip()


def forecast_wanted(question: Question) -> bool:
    """Whether there is anything to rehearse: pods, and somebody who calls, or nobody who judges."""
    return question.plan.replicas > 0 and question.rate > 0


def computed(question: Question, runs: int | None) -> tuple[Kind, ...]:
    """The figures. Raises `Interrupted`."""
    held: list[Held] = []
    total = len(question.kinds) * (runs or RUNS)
    try:
        with progress(total) as advance:
            for one in rehearsed(question, runs):
                held.append(one)
                advance()
    except KeyboardInterrupt as stop:
        done = f"Interrupted after {len(held):,} of {total:,} rehearsals"
        raise Interrupted(f"{done}: the forecast is left out; --runs sets a smaller number.") from stop
    return outlook(held)


@contextmanager
def progress(total: int) -> Iterator[Any]:
    """How far it is, on standard error and only where somebody looks."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Rehearsing", total=total)
        yield lambda: bar.advance(task)


def warned(plan: Plan) -> Iterator[Said]:
    """What admission would warn of."""
    return (("Warnings", f"{one.field}: {one.sentence}") for one in plan.warnings)


def forecast(question: Question, kinds: tuple[Kind, ...]) -> RenderableType:
    """The figures of all versions."""
    before, after = outlook_words.before(question, kinds), outlook_words.after(question, kinds)
    return Group(parts([*before]), "", table(kinds[1:]), "", parts([*after])) if kinds[1:] else parts([*before])


def table(bad: Sequence[Kind]) -> Table:
    """A line for each bad version."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in outlook_words.HEADINGS:
        drawn.add_column(heading, no_wrap=True)
    for row in outlook_words.rows(bad):
        drawn.add_row(*map(page.words, row))
    return drawn


def parts(said: list[Said]) -> Table:
    """The sentences beside their headings, each heading once."""
    headings = [heading for heading, _ in said]
    shown = (("" if headings[:place].count(one) else one, words) for place, (one, words) in enumerate(said))
    return page.grid((heading, page.words(sentence)) for heading, sentence in shown)


def described(manifest: Manifest, question: Question, way: Course, kinds: tuple[Kind, ...] | None) -> dict[str, Any]:
    """Everything, for programs."""
    plan = manifest.plan
    contract = plan.contract
    sentences = [*course_words.told(manifest.name, plan, way, question.rate)]
    if kinds is not None:
        sentences += [*outlook_words.before(question, kinds), *outlook_words.after(question, kinds)]
    return {
        "name": manifest.name,
        "rate": question.rate,
        "stages": [stage_document(one) for one in map(asdict, way.stages)],
        "firstWeight": asdict(way.first) if way.first else None,
        "mostPods": way.most_pods,
        "reaction": way.reaction,
        "warmup": float(plan.warmup) if plan.weighted else 0.0,
        "bake": float(plan.bake),
        "leaving": {
            "delay": float(contract.delay),
            "drain": float(contract.drain),
            "margin": float(contract.margin),
            "terminationGracePeriod": contract.grace,
        },
        "forecast": None if kinds is None else figures_of(question, kinds),
        "sentences": [{"about": about, "sentence": sentence} for about, sentence in sentences],
        "warnings": [{"field": one.field, "sentence": one.sentence} for one in plan.warnings],
    }


def stage_document(stage: dict[str, Any]) -> dict[str, Any]:
    """One weight of the way up."""
    return {
        "weight": stage["weight"],
        "pods": stage["pods"],
        "hold": float(stage["hold"]),
        "pause": stage["pause"],
        "steps": list(stage["numbers"]),
        "asked": list(stage["asked"]),
    }


def figures_of(question: Question, kinds: tuple[Kind, ...]) -> dict[str, Any]:
    """The figures of all versions; null where a time was not reached."""
    return {
        "runs": kinds[0].runs,
        "seed": question.seed,
        "usual": question.usual,
        "start": question.start,
        "longest": question.longest,
        "healthy": version(kinds[0]),
        "bad": [version(one) for one in kinds[1:]],
    }


def version(kind: Kind) -> dict[str, Any]:
    """The figures of one version."""
    return {
        "badness": kind.badness,
        "gate": {"median": number(kind.gate.median), "p95": number(kind.gate.p95)},
        "promoted": kind.promoted,
        "found": kind.found,
        "foundAtMost": round(kind.found_at_most, 6),
        "notFound": kind.missed,
        "notFoundAtMost": round(kind.missed_at_most, 6),
        "foundAfter": None
        if kind.found_after is None
        else {"median": number(kind.found_after.median), "p95": number(kind.found_after.p95)},
        "badRequests": {"mean": round(kind.errors, 3), "p99": kind.p99, "worst": kind.worst},
        "unfinished": kind.unfinished,
        "standsAt": list(kind.stands) if kind.stands else None,
    }


def number(seconds: float) -> float | None:
    """JSON has no infinity."""
    return None if math.isinf(seconds) else round(seconds, 3)
