"""When a soak holds, and what its page says."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.soak import __main__ as program
from tests.soak import page
from tests.soak.outcome import Outcome
from tests.soak.size import SizeError, read
from tests.soak.windows import Latency, Row, Worst

GOOD = Row(
    action="rollout",
    service="behind the gateway",
    requests=900,
    seconds=51.2,
    tail=60.0,
    worst=Worst(1012.0, 15, 0, 17.25),
    before=Latency(1.0, 2.0),
    during=Latency(1.5, 2500.0),
    curve=[(10, 0), (12, 3)],
)
REST = Row(action="at-rest", service="behind the gateway", rest=True, requests=100)
CONTROL = Row(action="rollout", service="a plain Deployment", control=True, requests=300, lost=7, kinds={"refused": 7})


def outcome(*rows: Row, wanted: int = 900) -> Outcome:
    """A soak with these rows."""
    return Outcome(rows=rows, wanted=wanted, seed=7, minutes=31.4, began="2026-01-02 03:04:05")


def test_it_holds_when_nothing_is_lost_and_the_control_loses_some() -> None:
    """Requests at rest and of the control are not among those that were asked for."""
    held = outcome(REST, GOOD, CONTROL)
    assert (held.requests, held.lost, held.problems(), held.exit_code) == (900, 0, [], 0)


def test_losses_that_nobody_can_keep_are_measured_and_fail_nothing() -> None:
    """Those of an action that is no limit fail it all the same."""
    gone = dataclasses.replace(GOOD, action="node-loss", lost=40, kinds={"connect-timeout": 40})
    held = dataclasses.replace(outcome(gone, CONTROL), limits=frozenset({"node-loss"}))
    assert (held.lost, held.problems(), held.document()["scenarios"][0]["lost"]) == (0, [], 40)
    assert outcome(gone, CONTROL).lost == 40
    assert dataclasses.replace(outcome(dataclasses.replace(GOOD, lost=1)), limits=held.limits).exit_code == 1


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((GOOD, dataclasses.replace(REST, lost=1, kinds={"reset": 1}), CONTROL), r"at-rest: 1 of 100 .*\(1 reset\)"),
        ((dataclasses.replace(GOOD, lost=2, kinds={"timeout": 2}), CONTROL), r"rollout: 2 of 900 .*\(2 timeout\)"),
        ((GOOD, dataclasses.replace(CONTROL, lost=0)), r"control loses nothing in rollout \(1 times\)"),
        ((GOOD, dataclasses.replace(GOOD, requests=0, failure="It hangs."), CONTROL), "It hangs"),
        ((dataclasses.replace(GOOD, requests=899), CONTROL), "Only 899 of the 900 requests"),
    ],
)
def test_each_fault_fails_it_with_a_sentence(rows: tuple[Row, ...], says: str) -> None:
    """One fault, one sentence, exit status 1."""
    failed = outcome(*rows)
    (problem,) = failed.problems()
    assert re.search(says, problem)
    assert failed.exit_code == 1


def test_what_is_lost_at_rest_is_lost() -> None:
    """Nothing was done, and all the same a user got no answer."""
    assert outcome(GOOD, dataclasses.replace(REST, lost=1), CONTROL).lost == 1


def test_a_control_may_need_several_tries() -> None:
    """One try that loses is enough."""
    assert outcome(GOOD, dataclasses.replace(CONTROL, lost=0), CONTROL).exit_code == 0


def test_another_controls_losses_are_not_this_ones() -> None:
    """Each action of the control must be able to lose."""
    harmless = dataclasses.replace(CONTROL, action="node-drain", lost=0)
    assert outcome(GOOD, CONTROL, harmless).exit_code == 1


def test_the_twin_for_machines_has_the_promised_fields(tmp_path: Path) -> None:
    """`build/soak.json` {requests, lost, scenarios}."""
    program.write(outcome(REST, GOOD, CONTROL), tmp_path)
    found: dict[str, Any] = json.loads((tmp_path / "soak.json").read_text())
    assert (found["requests"], found["lost"], found["holds"], found["seed"]) == (900, 0, True, 7)
    ids = [one["id"] for one in found["scenarios"]]
    assert ids == ["behind the gateway: at-rest", "behind the gateway: rollout", "a plain Deployment: rollout"]
    assert found["scenarios"][1]["worst"] == {"unix": 1012.0, "sent": 15, "lost": 0, "p99_ms": 17.25}


def test_the_text_shows_every_row_and_the_verdict() -> None:
    """Also for a soak that fails."""
    said = page.text(outcome(REST, GOOD, dataclasses.replace(CONTROL, lost=0)))
    assert "0 of 900 requests lost over 1 actions in 31 minutes (began 2026-01-02 03:04:05, seed 7)." in said
    assert re.search(r"rollout +900 +0 +0 +51 +1\.0 / 2\.0 +1\.5 / 2,500 +0 of 15 lost, 17\.2 ms", said)
    assert "a plain Deployment (control: must lose)" in said
    assert said.rstrip().endswith("so a loss would not be seen.")


def test_the_page_needs_nothing_but_a_browser() -> None:
    """No address is loaded, both colour schemes are there, and names cannot become markup."""
    said = page.html(outcome(dataclasses.replace(GOOD, action="<b>&"), CONTROL))
    assert "http" not in said
    assert "prefers-color-scheme: dark" in said
    assert "<b>&" not in said
    assert "&lt;b&gt;&amp;" in said
    assert "the soak holds" in said


def test_the_curve_shows_each_lossy_second() -> None:
    """A line over all seconds, a bar where something was lost, never too small to see."""
    drawn = page.curve([(100, 0), (100, 1), (100, 50)])
    assert drawn.count("<rect") == 2
    assert drawn.count(",") == 3
    assert 'y="24.0" width="50.0" height="2.0"' in drawn
    assert page.curve([]) == ""


def test_a_whole_soak_is_the_default_and_a_small_one_is_slower() -> None:
    """A million requests at the full rate; a small soak at less than half of it, with short tails."""
    whole, small = read({}, 5), read({"SOAK_REQUESTS": "50_000", "SOAK_SEED": "3"}, 5)
    assert (whole.requests, whole.seed, whole.rate, whole.tail) == (1_000_000, 5, 500.0, 20.0)
    assert (small.requests, small.seed, small.rate, small.tail) == (50_000, 3, 200.0, 10.0)


@pytest.mark.parametrize("text", ["many", "0", "-3"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    """With what to give in its place."""
    with pytest.raises(SizeError, match=f"SOAK_REQUESTS is '{text}': give a whole number"):
        read({"SOAK_REQUESTS": text}, 5)


def test_an_action_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    assert program.main(["rollbak"]) == 2
    assert "rollbak" in capsys.readouterr().err
