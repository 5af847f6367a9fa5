"""The catalogue of hazards says where each is shown: it names what is there, and everything that is there."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tests.soak import actions
from tests.soak.control import CONTROLS
from tests.soak.size import Size
from tests.soak.soak import KINDS, Soak

if TYPE_CHECKING:
    from tests.support.place import Stage

ROOT = Path(__file__).parents[2]
CATALOGUE = (ROOT / "docs" / "hazards.md").read_text()
SCENARIOS = (ROOT / "docs" / "scenarios.md").read_text()
TOLD = re.compile(r"^def (test_[a-z0-9_]+)\(", re.MULTILINE)
STORIES = "".join(path.read_text() for path in sorted((ROOT / "tests" / "e2e").glob("test_hazards*.py")))
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
    names = {one.name for one in actions.EVERY}
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
    names = [one.name for one in actions.EVERY]
    assert len(set(names)) == len(names)
    assert {one.name for one in actions.BY_RATIO} <= set(names)
    assert CONTROLS.keys() & set(names)


def test_what_nobody_can_keep_happens_only_when_it_is_asked_for() -> None:
    """By its name; everything else happens without a name as well."""
    (limit,) = (one.name for one in actions.LIMITS)
    size = Size(requests=1, seed=1)
    everything, chosen = (Soak(cast("Stage", None), size, names) for names in ([], [limit]))
    assert [one.name for one in actions.EVERY if not everything.takes(one.name)] == [limit]
    assert [one.name for one in actions.EVERY if chosen.takes(one.name)] == [limit]


def test_a_sequence_is_done_whole_and_in_its_order() -> None:
    """What is given back was taken over before."""
    (taken,) = (kind for kind in KINDS if not kind.shuffled)
    size = Size(requests=1, seed=1)
    for names in ([], ["giving-back"]):
        assert Soak(cast("Stage", None), size, names).possible(taken) == list(actions.TAKEN_OVER)
    assert Soak(cast("Stage", None), size, ["abort"]).possible(taken) == []


def test_every_action_says_what_happens() -> None:
    """In a sentence of its own."""
    assert all((one.do.__doc__ or "").endswith(".") for one in actions.EVERY)


def test_every_story_of_a_scenario_is_told_and_every_told_one_is_listed() -> None:
    """By its whole name."""
    listed = set(re.findall(r"`(test_[a-z0-9_]+)`", SCENARIOS))
    told = {name for path in (ROOT / "tests" / "e2e").glob("test_*.py") for name in TOLD.findall(path.read_text())}
    assert listed
    assert listed <= told
    assert {name for name in told if re.match(r"test_a\d", name)} <= listed
