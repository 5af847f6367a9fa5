"""What a person sees: from the status of an object to the lines on the terminal."""

import io
import re
from typing import Any

import pytest
from rich.console import Console, RenderableType

from gracefulservice.api.quantities import parse_instant
from gracefulservice.cli import page
from gracefulservice.cli.scene import Scene, scene
from tests.support.stage import ROOT

NOW = parse_instant("2026-03-01T12:00:00Z")
STABLE, CANARY, OLD = "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"
HOLDING = "Holding 20 % for 40 s more: 3 of 812 canary requests failed, stable 2 of 3,310."


def service(status: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "web", "generation": generation}, "status": status}


def fleet(revision: str, wanted: int, ready: int | None = None) -> dict[str, Any]:
    status = {"replicas": wanted} | ({} if ready is None else {"readyReplicas": ready})
    labels = {"gracefulservice.dev/revision": revision}
    return {"metadata": {"labels": labels}, "spec": {"replicas": wanted}, "status": status}


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    at = "2026-03-01T11:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def told(second: int, reason: str, message: str, **more: str) -> dict[str, Any]:
    return {"metadata": {}, "eventTime": f"2026-03-01T11:59:{second:02}Z", "reason": reason, "message": message, **more}


def text(drawn: RenderableType, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=160, **options)
    console.print(drawn)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(found: Scene) -> list[str]:
    return [" ".join(line.split()) for line in text(page.one([found], NOW)).splitlines() if line.strip()]


CLIMBING = service(
    {
        "observedGeneration": 1,
        "phase": "Progressing",
        "stable": STABLE,
        "canary": CANARY,
        "target": CANARY,
        "weight": {"wanted": 20, "observed": 12.5},
        "step": {"index": 2, "count": 5},
        "evidence": {
            "odds": 10,
            "limit": 100,
            "requests": 812,
            "errors": 3,
            "sentence": "3 of 812 canary requests failed, stable 2 of 3,310.",
        },
        "waiting": {"sentence": HOLDING, "until": "2026-03-01T12:00:40Z"},
        "conditions": [
            condition("Ready", "False", "Progressing", HOLDING),
            condition("Available", "True", "Endpoints", "5 ready endpoints serve users."),
        ],
    }
)


def test_a_climbing_rollout_says_everything_once() -> None:
    fleets = [fleet(CANARY, 2, 1), fleet(STABLE, 4, 4), fleet(OLD, 0), fleet("dddddddddd", 1)]
    events = [told(50, "WeightObserved", "The canary carries 20 %."), told(5, "RolloutStarted", "It starts.")]
    assert lines(scene(CLIMBING, fleets, events)) == [
        "shop/web Progressing",
        HOLDING,
        "Weight wanted ━━━━╸ 20 %",
        "observed ━━━ 12.5 %",
        "step 2 of 5",
        "Evidence odds ━━━━━━━━━━━━ 10 : 1 against the canary, rolled back at 100 : 1",
        "812 requests to the canary, 3 failed",
        "Pods stable aaaaaaaaaa 4 of 4 ready",
        "canary bbbbbbbbbb 1 of 2 ready",
        "old dddddddddd 0 of 1 ready",
        "Time left 40 s",
        "Conditions Ready False Progressing",
        "Available True Endpoints: 5 ready endpoints serve users.",
        "Events 55 s ago RolloutStarted It starts.",
        "10 s ago WeightObserved The canary carries 20 %.",
    ]


@pytest.mark.parametrize(
    ("status", "generation", "says"),
    [
        ({}, 1, ["shop/web Pending", "No operator has looked at it yet."]),
        ({"observedGeneration": 1}, 1, ["shop/web Pending"]),
        (
            {"observedGeneration": 1, "phase": "Healthy"},
            2,
            ["shop/web Healthy", "The operator has yet to see the latest change."],
        ),
        (
            {
                "observedGeneration": 1,
                "phase": "Healthy",
                "conditions": [condition("Ready", "True", "Healthy", "Good.")],
            },
            1,
            ["shop/web Healthy", "Good.", "Conditions Ready True Healthy"],
        ),
        (
            {"observedGeneration": 1, "phase": "Progressing", "weight": {"wanted": 0}},
            1,
            ["shop/web Progressing", "Weight wanted 0 %", "observed not yet"],
        ),
        (
            {"observedGeneration": 1, "waiting": {"sentence": "Over.", "until": "2026-03-01T11:00:00Z"}},
            1,
            ["shop/web Pending", "Over."],
        ),
        (
            {
                "observedGeneration": 1,
                "waiting": {"sentence": "Holding 25 %: lag is 501."},
                "guards": [{"name": name, "sentence": f"{name} is 501."} for name in ("lag", "pool", "queue")],
                "conditions": [condition("MetricsReadable", "True", "Readable", "pool is 501.")],
            },
            1,
            [
                "shop/web Pending",
                "Holding 25 %: lag is 501.",
                "Guards pool is 501.",
                "queue is 501.",
                "Conditions MetricsReadable True Readable",
            ],
        ),
        (
            {"observedGeneration": 1, "evidence": {"odds": 240.4, "limit": 100, "sentence": "5 of 20 failed."}},
            1,
            [
                "shop/web Pending",
                "Evidence odds ━━━━━━━━━━━━━━━━━━━━━━━━ 240 : 1 against the canary, rolled back at 100 : 1",
                "0 requests to the canary, 0 failed",
                "5 of 20 failed.",
            ],
        ),
    ],
    ids=["empty", "bare", "stale", "healthy", "not yet observed", "time is over", "guarded", "condemned"],
)
def test_what_is_not_there_is_not_drawn(status: dict[str, Any], generation: int, says: list[str]) -> None:
    assert lines(scene(service(status, generation))) == says


@pytest.mark.parametrize(("weight", "length"), [(0, 0), (0.1, 1), (2, 1), (50, 12), (100, 24)])
def test_a_small_weight_is_seen_as_one(weight: float, length: int) -> None:
    drawn = lines(scene(service({"observedGeneration": 1, "weight": {"wanted": weight}})))[1]
    assert drawn.count("━") + drawn.count("╸") == length


def test_the_first_revision_is_the_target_until_it_serves() -> None:
    found = scene(service({"observedGeneration": 1, "target": STABLE}), [fleet(STABLE, 4, 1)])
    assert lines(found)[-1] == "Pods target aaaaaaaaaa 1 of 4 ready"


@pytest.mark.parametrize(
    ("odds", "limit", "percent"),
    [(0.5, 100, 0), (1, 100, 0), (10, 100, 50), (100, 100, 100), (1e9, 100, 100), (5, 1, 0), (2, 4, 50)],
)
def test_odds_fill_their_bar_by_doublings(odds: float, limit: float, percent: float) -> None:
    assert page.toward(odds, limit) == pytest.approx(percent)


def test_only_the_last_events_are_shown_the_newest_at_the_end() -> None:
    found = scene(service({}), events=[told(second, f"R{second}", "") for second in (9, 3, 7, 1, 5, 8, 2)])
    assert [one.reason for one in found.events] == ["R3", "R5", "R7", "R8", "R9"]


def test_old_events_are_counted_in_hours() -> None:
    event = told(0, "Promoted", "It is.") | {"eventTime": None, "lastTimestamp": "2026-03-01T09:00:00Z"}
    assert "3 h ago Promoted It is." in lines(scene(service({}), events=[event]))[-1]


def test_nothing_that_came_from_a_pod_is_obeyed() -> None:
    event = told(50, "Failed", "[bold]x[/red]\x1b[31m\ny\x9b2J", type="Warning")
    drawn = text(page.one([scene(service({}), events=[event])], NOW))
    assert "[bold]x[/red] [31m y 2J" in drawn
    assert "\x1b" not in drawn


@pytest.mark.parametrize(
    ("phase", "colour"),
    [("Healthy", "32"), ("Progressing", "36"), ("Paused", "33"), ("Degraded", "31"), ("Invalid", "31")],
)
def test_phases_are_coloured_on_a_terminal_alone(phase: str, colour: str) -> None:
    drawn = page.one([scene(service({"observedGeneration": 1, "phase": phase}))], NOW)
    assert f"\x1b[{colour}m{phase}\x1b[0m" in text(drawn, force_terminal=True, color_system="standard")
    assert "\x1b" not in text(drawn)


@pytest.mark.parametrize(
    ("kind", "status", "colour"),
    [
        ("Ready", "True", "32"),
        ("Ready", "False", "33"),
        ("Stalled", "False", "32"),
        ("Stalled", "True", "33"),
        ("MetricsReadable", "Unknown", "33"),
        ("Reconciling", "True", ""),
    ],
)
def test_conditions_are_coloured_by_what_is_wished(kind: str, status: str, colour: str) -> None:
    found = scene(service({"observedGeneration": 1, "conditions": [condition(kind, status, "R", "M")]}))
    drawn = text(page.one([found], NOW), force_terminal=True, color_system="standard")
    assert (f"\x1b[{colour}m{status}" in drawn) == bool(colour)


def test_a_log_has_a_line_for_each_service() -> None:
    assert page.line(scene(CLIMBING)) == f"shop/web  Progressing  12.5 %  {HOLDING}"
    assert page.line(scene(service({}))) == "shop/web  Pending  No operator has looked at it yet."


def test_the_list_says_what_could_not_be_read() -> None:
    drawn = text(page.every([scene(CLIMBING), scene(service({}), unreadable="The API server is away.")], NOW))
    table = [" ".join(line.split()) for line in drawn.splitlines()]
    assert table[1:] == [
        f"web Progressing 12.5 % {STABLE} {CANARY} {HOLDING}",
        "web Pending No operator has looked at it yet.",
        "The API server is away.",
    ]


def test_conditions_are_coloured_as_the_guide_for_the_night_reads_them() -> None:
    """`**True**` there means trouble, so False is wished for; a dash means that either is fine."""
    text = (ROOT / "docs" / "at-night.md").read_text().partition("## Conditions")[2]
    rows = re.findall(r"^\| (`.*?`) \| (\*\*True\*\*|False|—) \|", text, re.MULTILINE)
    wished = {"**True**": "False", "—": "", "False": "True"}
    told = {kind: wished[trouble] for kinds, trouble in rows for kind in re.findall(r"`(\w+)`", kinds)}
    assert told == {kind: page.WISHED.get(kind, "True") for kind in told}
    assert page.WISHED.keys() <= told.keys()
