"""History and diff: what was kept, as people and as programs read it."""

import io
import json
from typing import Any

import pytest
import yaml
from rich.console import Console, RenderableType

from gracefulservice.api.quantities import parse_instant
from gracefulservice.cli import comparison, history
from tests.cli.api_server import ApiServer
from tests.cli.conftest import Run
from tests.cli.shelves import CREATED, HEALTHY, SPECS, V1, V2, V3, V4, entry, mark, of, spec, stored

NOW = parse_instant("2026-03-01T14:00:00Z")
UNDER_WAY = HEALTHY | {"stable": V3, "canary": V4, "memory": {"former": [V2, V1]}, "history": [entry(V3, 3)]}


def drawn(picture: RenderableType, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=200, **options)
    console.print(picture)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(api: ApiServer) -> list[str]:
    return [" ".join(line.split()) for line in drawn(history.page(of(api), NOW)).splitlines()]


def test_history_has_a_line_for_each_the_newest_first(api: ApiServer) -> None:
    """Also where a rollout is under way."""
    stored(api, UNDER_WAY)
    mark(api, 1, "it failed.")
    assert lines(api) == [
        "NUMBER REVISION IMAGE AGE IS LAST ROLLOUT",
        f"4 {V4} shop:4 3 h canary; target",
        f"3 {V3} shop:3 3 h stable promoted 3 h ago after 2,469 requests, 0 of them bad",
        f"2 {V2} shop:2 3 h was stable",
        f"1 {V1} shop:1 3 h was stable; condemned: it failed.",
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"by": "alice"}, "promoted 3 h ago by alice after 2,469 requests, 0 of them bad"),
        ({"sentence": f"Revision {V4} is stable now."}, "promoted 3 h ago"),
        ({"sentence": f"Revision {V4} is stable: the service has 0 replicas."}, "promoted 3 h ago"),
        ({"outcome": "RolledBack", "by": "bob", "sentence": "bob aborted the rollout."}, "rolled back 3 h ago by bob"),
        ({"outcome": "Superseded", "sentence": ""}, "superseded 3 h ago"),
        ({"outcome": "TurnedBack", "ended": "2026-02-01T11:00:00Z"}, "turned back 28 d ago"),
    ],
)
def test_history_says_how_the_last_rollout_to_it_ended(api: ApiServer, fields: Any, says: str) -> None:
    """With who, when, and how many requests speak for it."""
    stored(api, HEALTHY | {"history": [entry(V4, 4, **fields), entry(V4, 4, by="nobody")]})
    assert lines(api)[1] == f"4 {V4} shop:4 3 h stable {says}"


def test_history_needs_no_operator(api: ApiServer, run: Run) -> None:
    """Neither a status nor a record of what is asked for now; the record itself says who is stable."""
    body = stored(api, {})
    body["spec"] = spec(5)
    target = of(api).target
    found = lines(api)
    assert found[1] == f"4 {V4} shop:4 3 h stable"
    assert found[-1] == f"The spec asks for revision {target}, which has no record yet."
    assert run("history", "web").code == 0


def test_a_record_that_cannot_be_read_is_a_line_all_the_same(api: ApiServer) -> None:
    stored(api)
    del api.records[0]["data"]
    assert f"2 {V2} 3 h was stable; its record cannot be read" in lines(api)[3]


@pytest.mark.parametrize(("form", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_history_for_programs(api: ApiServer, run: Run, form: str, load: Any) -> None:
    """What one is not is left out."""
    stored(api, UNDER_WAY)
    mark(api, 2, "it failed.")
    found = load(run("history", "web", "-o", form).out)
    assert (found["namespace"], found["name"], found["target"]) == ("shop", "web", V4)
    assert [one["number"] for one in found["revisions"]] == [4, 3, 2, 1]
    assert found["revisions"][1]["lastRollout"]["ended"] == CREATED
    assert found["revisions"][2] == {
        "number": 2,
        "revision": V2,
        "is": ["former", "condemned"],
        "condemned": "it failed.",
        "images": ["shop:2"],
        "created": CREATED,
    }


def test_nothing_in_a_record_is_obeyed_by_the_terminal(api: ApiServer) -> None:
    stored(api, HEALTHY | {"history": [entry(V4, 4, by="x\x1b[31m[bold]")]})
    mark(api, 2, "[red]it\x9b2J\nfailed")
    found = drawn(history.page(of(api), NOW))
    assert "by x [31m[bold] after" in found
    assert "condemned: [red]it 2J failed" in found
    assert not {"\x1b", "\x9b"} & set(found)


@pytest.mark.parametrize(("number", "colour"), [(4, "36"), (3, "32"), (1, "31")])
def test_what_a_revision_is_has_its_colour(api: ApiServer, number: int, colour: str) -> None:
    stored(api, UNDER_WAY)
    mark(api, 1, "it failed.")
    found = drawn(history.page(of(api), NOW), force_terminal=True, color_system="standard").splitlines()
    assert f"\x1b[{colour}m" in found[5 - number]
    assert "\x1b" not in drawn(history.page(of(api), NOW))


FOUR_TO_TWO = f"""--- {V4} (number 4)
+++ {V2} (number 2)
@@ -1,10 +1,9 @@
-probes:
-  readiness:
-    path: /readyz
+shutdown:
+  delay: 5s
 template:
   spec:
     containers:
-    - image: shop:4
+    - image: shop:2
       name: app
       ports:
       - containerPort: 8080
"""


def test_diff_is_a_unified_diff_of_what_the_user_wrote(api: ApiServer, run: Run) -> None:
    stored(api)
    assert run("diff", "web", "4", "--to", V2).out == FOUR_TO_TWO


@pytest.mark.parametrize(
    ("story", "status", "words", "sooner", "later"),
    [
        ("at rest: the one before against stable", HEALTHY, (), V3, V4),
        ("under way: stable against target", UNDER_WAY, (), V3, V4),
        ("one is named: against the target", HEALTHY, ("1",), V1, V4),
        ("only the other is named", HEALTHY, ("--to", "2"), V3, V2),
        ("both are named", HEALTHY, ("4", "--to", "1"), V4, V1),
    ],
)
def test_diff_compares_what_is_meant(
    api: ApiServer, run: Run, story: str, status: Any, words: tuple[str, ...], sooner: str, later: str
) -> None:
    stored(api, status)
    first, second = run("diff", "web", *words).out.splitlines()[:2]
    assert (first.split()[1], second.split()[1]) == (sooner, later), story


def test_diff_knows_a_target_that_has_no_record_yet(api: ApiServer, run: Run) -> None:
    """The operator is down, and the spec was changed: what will it do?"""
    stored(api)["spec"] = spec(5)
    out = run("diff", "web").out
    assert out.startswith(f"--- {V4} (number 4)\n+++ {of(api).target}\n")
    assert "+    - image: shop:5\n" in out


def test_diff_says_where_nothing_differs(api: ApiServer, run: Run) -> None:
    stored(api)
    named = f"{V4} (number 4)"
    assert run("diff", "web", "4", "--to", "4").out == f"Revisions {named} and {named} ask for the same pods.\n"


def test_diff_refuses_what_it_cannot_know(api: ApiServer, run: Run) -> None:
    stored(api, HEALTHY | {"memory": {}, "history": []})
    del api.records[0]["data"]
    assert run("diff", "web").err == ("shop/web keeps no revision that was stable before: name the two to compare.\n")
    assert run("diff", "web", "2").err == (
        f"The record of revision {V2} (number 2) cannot be read, so nobody can tell what it asked for.\n"
    )
    assert run("diff", "web", "3", "--to", "8").code == 1


def test_long_lines_stay_whole_and_nothing_is_obeyed(api: ApiServer, run: Run) -> None:
    stored(api)["spec"] = spec(5, restartToken="x" * 500 + "\x1b[31m")
    (line,) = (one for one in run("diff", "web").out.splitlines() if "restartToken" in one)
    assert line.startswith('+restartToken: "' + "x" * 500 + "\\e[31m")


def test_a_change_in_a_script_is_a_line(api: ApiServer, run: Run) -> None:
    stored(api)["spec"] = spec(4, restartToken="set -e\nexec shop\n")
    assert [one for one in run("diff", "web", "4").out.splitlines()[2:] if one.startswith("+")] == [
        "+restartToken: |",
        "+  set -e",
        "+  exec shop",
    ]


def test_a_diff_is_coloured_on_a_terminal_alone(api: ApiServer) -> None:
    stored(api)
    picture = comparison.page(*comparison.pair(of(api), None, None))
    found = drawn(picture, force_terminal=True, color_system="standard")
    assert "\x1b[31m-    - image: shop:3\x1b[0m" in found
    assert "\x1b[32m+    - image: shop:4\x1b[0m" in found
    assert "\x1b" not in drawn(picture)


@pytest.mark.parametrize("command", ["history", "diff", "undo"])
def test_a_service_that_is_not_there_is_said_not_to_be(api: ApiServer, run: Run, command: str) -> None:
    assert (run(command, "web").code, run(command, "web").err) == (1, "GracefulService shop/web does not exist.\n")


def test_the_input_is_compared_as_it_was_written(api: ApiServer) -> None:
    stored(api)
    assert yaml.safe_load(comparison.text(of(api).chosen("2"))) == {
        key: value for key, value in SPECS[2].items() if key != "replicas"
    }
