"""When a cluster is made anew, and which engine is used."""

import json
from pathlib import Path

import pytest

from localcluster import engine_choice, lifecycle, private_engine
from localcluster.engine import Engine
from localcluster.lifecycle import Found
from localcluster.machine import Machine

CONFIGURATION = "# node:1\nkind: Cluster\nnodes:\n- role: control-plane\n- role: worker\n"
STARTS = "# /a 02:28:20\n# /b 02:28:21\n"
BOTH = ("a", "b")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Found(BOTH, BOTH, CONFIGURATION + STARTS, STARTS), ""),
        (Found((), (), "", ""), "there is none"),
        (Found(BOTH, ("a",), CONFIGURATION + STARTS, STARTS), "1 of its 2 nodes do not run"),
        (Found(BOTH, BOTH, "", STARTS), "it was not finished, or its engine was started anew"),
        (
            Found(BOTH, BOTH, CONFIGURATION.replace("node:1", "node:2") + STARTS, STARTS),
            "its configuration has changed",
        ),
        (Found(BOTH, BOTH, CONFIGURATION + "- role: worker\n" + STARTS, STARTS), "its nodes were restarted or removed"),
        (
            Found(BOTH, BOTH, CONFIGURATION + STARTS, STARTS.replace(":21", ":59")),
            "its nodes were restarted or removed",
        ),
        (Found(("a",), ("a",), CONFIGURATION + STARTS, "# /a 02:28:20\n"), "its nodes were restarted or removed"),
    ],
)
def test_what_does_not_answer_or_differs_is_made_anew(found: Found, reason: str) -> None:
    assert lifecycle.reason_to_create(found, CONFIGURATION) == reason


def test_every_docker_command_of_the_path_is_a_candidate(tmp_path: Path) -> None:
    for folder, mode in (("one", 0o755), ("two", 0o755), ("three", 0o644)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "docker").write_text("#!/bin/sh\n")
        (tmp_path / folder / "docker").chmod(mode)
    path = ":".join(f"{tmp_path}/{folder}" for folder in ("one", "three", "two", "absent", "one"))
    found = engine_choice.clients(f"{path}::")
    assert found == [tmp_path / "one" / "docker", tmp_path / "two" / "docker"]


def test_an_engine_is_found_by_every_program_that_is_started_for_it() -> None:
    environment = Engine(Path("/opt/new/docker"), "unix:///run/x/docker.sock").environment
    assert environment["DOCKER_HOST"] == "unix:///run/x/docker.sock"
    assert environment["PATH"].split(":")[0] == "/opt/new"
    assert environment["DOCKER_BUILDKIT"] == "0"
    assert "DOCKER_HOST" not in Engine(Path("/usr/bin/docker")).environment


def test_the_private_engine_keeps_to_its_own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRACEFULSERVICE_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("GRACEFULSERVICE_STATE", str(tmp_path / "state"))
    settings = private_engine.settings(Machine(raises_limits=True, cgroup_v1=False))
    places = [settings[name] for name in ("data-root", "exec-root", "pidfile")]
    assert all(str(place).startswith(str(tmp_path)) for place in places)
    assert "runtimes" not in settings
    json.dumps(settings)


def test_the_runtime_is_wrapped_only_where_limits_cannot_be_raised() -> None:
    settings = private_engine.settings(Machine(raises_limits=False, cgroup_v1=True))
    assert settings["default-runtime"] in settings["runtimes"]  # type: ignore[operator]
