"""The catalogue of hazards says where each is shown: it names what is there, and everything that is there."""

import re
from pathlib import Path

from tests.soak import actions
from tests.soak.control import CONTROLS

ROOT = Path(__file__).parents[2]
CATALOGUE = (ROOT / "docs" / "hazards.md").read_text()
STORIES = (ROOT / "tests" / "e2e" / "test_hazards.py").read_text()
ROWS = dict(re.findall(r"^\| ([HG]-\d+) \| .*? \| .*? \| (.*?) \|", CATALOGUE, re.MULTILINE))
"""Where each hazard is shown."""


def stories() -> set[str]:
    """The numbers of the hazards that have a story."""
    return {
        f"{letter.upper()}-{int(number)}"
        for letter, number in re.findall(r"^def test_([hg])(\d+)_", STORIES, re.MULTILINE)
    }


def test_every_story_stands_in_the_catalogue_and_the_other_way_round() -> None:
    """By its number."""
    assert stories() == {number for number, where in ROWS.items() if "`e2e`" in where} - {"H-7"}


def test_every_action_that_is_named_exists() -> None:
    """A renamed action takes its rows along."""
    names = {one.name for one in actions.BEHIND_GATEWAY}
    named = {name for where in ROWS.values() for name in re.findall(r"\b[a-z]+(?:-[a-z]+)+\b", where)}
    assert named
    assert named <= names


def test_every_file_that_is_named_exists() -> None:
    """Among the tests of the rules."""
    named = {name for where in ROWS.values() for name in re.findall(r"\btest_[a-z_]+\b", where)}
    assert named
    assert named <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}


def test_actions_have_names_of_their_own() -> None:
    """The seed orders them and the report tells them apart by name."""
    names = [one.name for one in actions.BEHIND_GATEWAY]
    assert len(set(names)) == len(names)
    assert {one.name for one in actions.BY_RATIO} <= set(names)
    assert CONTROLS.keys() & set(names)


def test_every_action_says_what_happens() -> None:
    """In a sentence of its own."""
    assert all((one.do.__doc__ or "").endswith(".") for one in actions.BEHIND_GATEWAY)
