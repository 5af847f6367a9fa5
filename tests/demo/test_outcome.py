"""What came of it: the report for programs, the exit status, the last page."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from examples.demo import closing
from examples.demo.outcome import Outcome, document, objection, promoted, rolled_back, settled, verdict
from examples.demo.phases import Phase
from tests.demo.scenes import BACK, FORWARD, NEW, OLD, WHY, scene

KEPT = Outcome(
    requests=21_600,
    lost=0,
    skipped=0,
    promoted=True,
    rolled_back=True,
    errors_shown=14,
    phases=(Phase("setup", 4.04), Phase("v1 → v2, at 0 %", 9.96)),
    verdict=WHY,
)


def page(outcome: Outcome) -> str:
    """The last page as a log shows it."""
    console = Console(width=120, force_terminal=False)
    with console.capture() as captured:
        console.print(closing.summary(outcome))
    return captured.get()


def test_the_report_for_programs() -> None:
    assert document(KEPT) == {
        "requests": 21_600,
        "lost": 0,
        "promoted": True,
        "rolledBack": True,
        "errorsShown": 14,
        "phases": [{"name": "setup", "seconds": 4.0}, {"name": "v1 → v2, at 0 %", "seconds": 10.0}],
    }


def test_a_kept_promise_is_no_failure() -> None:
    assert objection(KEPT) == ""


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"lost": 3, "lost_first": ", the first after 7.2 s: reset"}, "3 of 21,600 requests were lost, the first"),
        ({"promoted": False, "stuck": "Holding 2 %."}, "The good version was not promoted. Holding 2 %."),
        ({"rolled_back": False}, "The bad version was not rolled back."),
        ({"errors_shown": 0}, "no error"),
        ({"errors_shown": 41}, "41 errors, more than 40"),
    ],
)
def test_a_broken_promise_is_one_sentence(broken: dict[str, object], sentence: str) -> None:
    said = objection(replace(KEPT, **broken))  # type: ignore[arg-type]
    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize("shown", [1, 40])
def test_the_bad_version_may_show_a_few_errors(shown: int) -> None:
    assert objection(replace(KEPT, errors_shown=shown)) == ""


def test_the_last_page_says_all_of_it() -> None:
    said = page(KEPT)
    for part in ("21,600", "Requests lost", "14", "setup", "10.0", WHY):
        assert part in said
    assert "too slow" not in said
    assert "too slow to send" in page(replace(KEPT, skipped=5))


def test_how_to_look_around_names_real_places() -> None:
    said = closing.around(Path("/r/kubeconfig"), Path("/r/kubectl"), Path("/v/bin"), "demo-1", "demo-1.test")
    assert 'export KUBECONFIG=/r/kubeconfig PATH="$PATH:/r:/v/bin"' in said
    assert "kubectl get gsvc -n demo-1" in said
    assert "Host: demo-1.test" in said


def test_the_story_reads_its_acts() -> None:
    assert promoted(FORWARD)
    assert not promoted(BACK)
    assert not promoted(None)
    assert rolled_back(BACK)
    assert not rolled_back(FORWARD)
    assert verdict(BACK) == WHY
    assert verdict(FORWARD) == ""


def test_an_act_that_was_not_over_in_time_counts_for_nothing() -> None:
    assert not promoted(replace(FORWARD, late=True))
    assert not rolled_back(replace(BACK, late=True))


@pytest.mark.parametrize(
    ("phase", "waits", "generation", "rests"),
    [
        ("Healthy", False, 1, True),
        ("Healthy", False, 2, False),
        ("Progressing", True, 1, False),
        ("Degraded", True, 1, False),
        ("Degraded", False, 1, True),
        ("Invalid", False, 1, True),
    ],
)
def test_an_act_ends_when_nothing_moves(phase: str, waits: bool, generation: int, rests: bool) -> None:
    waiting = {"sentence": "Revision bbbbbbbbbb drains."} if waits else None
    assert settled(scene(phase, NEW if phase == "Healthy" else OLD, waiting=waiting), generation) is rests
