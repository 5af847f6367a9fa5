"""`kubectl graceful plan`: what it says of different specs, for people and for programs, and how it fails."""

import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from gracefulservice.api.names import API_VERSION, KIND
from gracefulservice.cli import planning
from gracefulservice.forecast.outlook import Held, Question, rehearsed
from tests.cli.api_server import ApiServer
from tests.cli.conftest import Done, Run
from tests.rollout.builders import ERRORS, RAMP, spec

QUICK = {"canary": RAMP, "warmup": "2s", "bake": "5s"}


@pytest.fixture
def foretold(run: Run, tmp_path: Path) -> Any:
    """`plan` of a spec: how it ended, and its text with all white space as one blank."""

    def foretold(*words: str, **fields: Any) -> Done:
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "shop"}, "spec": spec(**fields)}
        file = tmp_path / "shop.yaml"
        file.write_text(yaml.safe_dump(body))
        done = run("plan", "-f", str(file), "--runs", "1", *words)
        return Done(done.code, re.sub(r"\s+", " ", done.out), done.err)

    return foretold


def test_a_budgeted_ramp_is_foretold(api: ApiServer, foretold: Any) -> None:
    """With its first weight, its pods, and what bad versions cost; no cluster is asked."""
    done = foretold(rollout=QUICK, objectives=ERRORS)
    assert (done.code, done.err, api.asked) == (0, "", [])
    for said in (
        "shop: a change of its pods, at 100 requests/s",
        "1. 2 pods of the new version start beside 4 of stable and must be ready for 2 s (rollout.warmup)",
        "2. The first weight is 2 %: 20 requests in the reaction time of 10 s. So the budget of 20 errors",
        "4. 100 % on 4 pods for 5 s (rollout.bake), still judged; the old version stays ready beside it.",
        "At most 8 pods at once",
        "serves for 10 s (shutdown.delay), then has 30 s for the requests it has (shutdown.drain) and 5 s to end",
        "terminationGracePeriodSeconds is 45.",
        "about 20 do at the first weight, 2 %, before it can be taken back: 100 requests/s for 10 s.",
        "1 simulated rollout of each version (seed 0), decided and judged by the operator's own code.",
        "100 requests/s, of which 0.2 % fail already now; a new pod is ready after 10 s; each of 2 pods per version",
        "(a false alarm): 0 of 1, so at most 95 % (95 % confidence); the judge is made for at most 1 %.",
        "2 % bad",
        "5 % bad",
        "20 % bad",
        "100 % bad",
        "Not found: 0 of 1, so at most 95 % (95 % confidence), of each.",
    ):
        assert said in done.out
    assert "promise that about twenty" not in done.out


def test_steps_are_foretold_with_their_pods_and_pauses(foretold: Any) -> None:
    steps = [{"weight": 10, "hold": "30s"}, {"weight": 50, "pause": "UntilResumed"}]
    done = foretold(rollout=QUICK | {"canary": {"steps": steps}}, objectives=ERRORS)
    for said in (
        "2. Step 1: 10 % on 1 pod, held for 30 s, until the objectives are surely met.",
        "3. Step 2: 50 % on 2 pods, then a pause until a person resumes it (which counts as 0 s below), until the",
        "about 100 do at the first weight, 10 %,",
        "A pause has no end of its own: a rollout waits there for a person however long that takes.",
    ):
        assert said in done.out


def test_samples_are_foretold_with_what_they_take(foretold: Any) -> None:
    """Two of 20 s, and the reaction time; nothing is promised about false alarms."""
    samples = {"interval": "20s", "consecutiveFailures": 2}
    canary = {"steps": [{"weight": 10}, {"weight": 50}], "maxWeightChangePerSecond": 5}
    done = foretold(rollout=QUICK | {"canary": canary}, objectives=ERRORS | {"samples": samples})
    for said in (
        "Step 1: 10 % on 1 pod, rising by 5 % per second, until a sample of it has passed.",
        "about 500 do at the first weight, 10 %, before it can be taken back: 100 requests/s for 50 s.",
        "(a false alarm): 0 of 1, so at most 95 % (95 % confidence).",
    ):
        assert said in done.out
    assert "surely met" not in done.out


def test_by_pod_ratio_steps_merge_and_the_promise_is_not_made(foretold: Any) -> None:
    steps = [{"weight": 5}, {"weight": 10, "hold": "20s"}, {"weight": 60}]
    done = foretold("--rate", "20", weighted=False, rollout=QUICK | {"canary": {"steps": steps}}, objectives=ERRORS)
    for said in (
        "1. 1 pod of the new version starts; by pod ratio it takes requests as soon as ready, without any warm-up",
        "2. Steps 1 and 2 ask for 5 % and 10 %, which are all 25 % here, so they are one step: 25 % on 1 pod, held for",
        "3. Step 3: 50 % on 2 pods (60 % is asked for; this is the nearest there is), until the objectives",
        "the old version has no pods any more",
        "At most 6 pods at once",
        "The promise that about twenty requests meet a bad version is made for weighted routers only.",
        "the smallest weight is a pod, here 25 %.",
    ):
        assert said in done.out


def test_without_objectives_nothing_is_found_and_that_is_said(foretold: Any) -> None:
    done = foretold(rollout={"warmup": "2s", "bake": "5s"})
    for said in (
        "2. Stage 1, taken because neither steps nor objectives are set: 20 % on 1 pod, held for 10 s.",
        "Nothing is judged, because spec.objectives is not set: a bad version reaches everybody.",
        "No objective counts bad requests, so each is promoted",
        "never 1 of 1",
    ):
        assert said in done.out
    assert "false alarm" not in done.out


def test_guards_alone_are_named(foretold: Any) -> None:
    guards = {"guards": [{"name": "queue", "promql": "q", "max": 5}]}
    done = foretold(rollout={"warmup": "2s", "bake": "5s"}, objectives=guards)
    assert "a bad version reaches everybody unless it breaks queue." in done.out
    assert "every guard keeps its threshold" in done.out


def test_without_replicas_nothing_moves(foretold: Any) -> None:
    done = foretold(replicas=0, objectives=ERRORS)
    assert done.code == 0
    assert "The service has 0 replicas, so no pod starts" in done.out
    assert "simulated" not in done.out


def test_one_replica_is_halved(foretold: Any) -> None:
    done = foretold(replicas=1, weighted=False, rollout=QUICK, objectives=ERRORS)
    assert "The first weight is 50 %: 500 requests in the reaction time of 10 s. It is the smallest weight" in done.out
    assert "and more than the budget of 20 errors (rollout.canary.errorBudget) if all of them fail." in done.out
    assert "At most 2 pods at once" in done.out


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"rollout": QUICK}, "the rollout holds at 0 % until some come, however long that takes (onNoTraffic: Hold)."),
        ({"rollout": QUICK, "onNoTraffic": "Pause"}, "and after 1 min of that pauses for a person"),
        ({"rollout": QUICK | {"canary": {"steps": [{"weight": 30}]}}}, "the rollout holds at 30 % until some come"),
        ({"rollout": QUICK, "weighted": False}, "the rollout holds at 25 % until some come"),
    ],
    ids=["ramp", "pause", "steps", "ratio"],
)
def test_without_requests_it_holds(foretold: Any, fields: Any, says: str) -> None:
    done = foretold("--rate", "0", objectives=ERRORS, **fields)
    assert done.code == 0
    assert says in done.out
    assert "simulated" not in done.out


def test_what_else_the_spec_says_is_told(foretold: Any) -> None:
    fields = {"suspend": True, "shutdown": {"delay": "auto"}, "onViolation": "Pause", "adopt": {"name": "old"}}
    done = foretold("--rate", "40", rollout=QUICK, objectives={"errorRate": {"max": "5%"}}, **fields)
    for said in (
        "1. Once, before the first change, the service takes the place of Deployment old.",
        "spec.suspend is true: nothing begins before it is false.",
        "shutdown.delay is auto: these are the numbers before anything was measured.",
        "onViolation is Pause: the rollout stops at its weight",
        "Paused all the same (a false alarm)",
        "2 % and 5 % bad keep the objective of 5 % (error rate): only the comparison with stable can tell.",
    ):
        assert said in done.out


def test_a_service_that_breaks_its_objective_already_is_told_so(foretold: Any) -> None:
    done = foretold("--error-rate", "4%", rollout=QUICK, objectives=ERRORS)
    assert "4 % break the objective of 1 % (error rate): a version like stable is held or taken back" in done.out
    assert "2 % bad" not in done.out


def test_warnings_of_admission_are_told(foretold: Any) -> None:
    done = foretold(rollout=QUICK, shutdown={"delay": "0s"}, replicas=0)
    assert "Warnings" in done.out
    assert "spec.shutdown.delay:" in done.out


def test_programs_get_figures(foretold: Any) -> None:
    steps = [{"weight": 10, "hold": "30s", "pause": "UntilResumed"}]
    given: dict[str, Any] = {"rollout": QUICK | {"canary": {"steps": steps}}, "objectives": ERRORS}
    said = json.loads(foretold("-o", "json", "--seed", "3", **given).out)
    assert said["stages"] == [
        {"weight": 10, "pods": 1, "hold": 30, "pause": True, "steps": [1], "asked": [10]},
        {"weight": 100, "pods": 4, "hold": 0, "pause": False, "steps": [], "asked": []},
    ]
    assert (said["name"], said["rate"], said["mostPods"], said["firstWeight"]) == ("shop", 100, 8, None)
    assert said["leaving"] == {"delay": 10, "drain": 30, "margin": 5, "terminationGracePeriod": 45}
    forecast = said["forecast"]
    assert (forecast["runs"], forecast["seed"], forecast["usual"]) == (1, 3, 0.002)
    assert forecast["healthy"]["gate"]["median"] > 12 + 30
    assert (forecast["healthy"]["found"], forecast["healthy"]["foundAtMost"]) == (0, 0.95)
    assert [one["badness"] for one in forecast["bad"]] == [0.02, 0.05, 0.2, 1.0]
    assert all(one["badRequests"]["worst"] >= one["badRequests"]["mean"] > 0 for one in forecast["bad"])
    assert forecast["bad"][3]["gate"]["median"] is None
    assert {one["about"] for one in said["sentences"]} >= {"In order", "Pods", "Limits", "Basis", "Healthy", "Bad"}
    assert json.loads(foretold("-o", "json", "--seed", "3", **given).out) == said


def test_yaml_says_the_same(run: Run, foretold: Any, tmp_path: Path) -> None:
    said = json.loads(foretold("-o", "json", rollout=QUICK, objectives=ERRORS).out)
    done = run("plan", "-f", str(tmp_path / "shop.yaml"), "--runs", "1", "-o", "yaml")
    assert yaml.safe_load(done.out) == said


def test_a_service_can_come_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "piped"}, "spec": spec(replicas=0)}
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump(body)))
    assert run("plan", "-f", "-").out.startswith("piped: a change of its pods")


def test_what_admission_refuses_ends_with_1_and_its_sentences(foretold: Any) -> None:
    done = foretold(rollout={"bake": "soon"}, objectives={"errorRate": {"max": "0%"}})
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "2 things are wrong:\n"
        "- spec.rollout.bake: 'soon' is not a duration: write it like 300ms, 30s, 5m or 1h30m.\n"
        "- spec.objectives.errorRate.max: A limit of 0% can never be shown to be kept: use 0.01%.\n"
    )


def test_a_file_that_is_not_there_ends_with_1(run: Run) -> None:
    done = run("plan", "-f", "/nowhere/shop.yaml")
    assert (done.code, done.out, done.err) == (1, "", "/nowhere/shop.yaml cannot be read: No such file or directory.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--error-rate", "much"), "is not a percentage"),
        (("--error-rate", "100%"), "some requests must succeed"),
        (("--start", "soon"), "is not a duration"),
        (("--rate", "-1"), "--rate"),
        (("--rate", "nan"), "--rate"),
        (("--rate", "inf"), "--rate"),
        (("--runs", "0"), "--runs"),
        (("-o", "xml"), "--output"),
    ],
    ids=" ".join,
)
def test_what_is_not_understood_ends_with_2(foretold: Any, words: Any, says: str) -> None:
    done = foretold(*(words if isinstance(words, tuple) else (words,)), rollout=QUICK, objectives=ERRORS)
    assert (done.code, done.out) == (2, "")
    assert says in re.sub(r"[\s│]+", " ", done.err)


def test_without_a_file_nothing_is_understood(run: Run) -> None:
    assert run("plan").code == 2


@pytest.mark.parametrize("form", [(), ("-o", "json")], ids=["people", "programs"])
def test_ctrl_c_ends_it_in_one_sentence(foretold: Any, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]) -> None:
    """What is certain was told before; programs get nothing at all."""

    def interrupted(question: Question, runs: int | None) -> Iterator[Held]:
        yield from islice(rehearsed(question, runs), 3)
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "rehearsed", interrupted)
    done = foretold(*form, rollout=QUICK, objectives=ERRORS)
    assert done.code == 1
    assert done.err == "Interrupted after 3 of 5 rehearsals: the forecast is left out; --runs sets a smaller number.\n"
    assert ("At most 8 pods" in done.out) is (not form)
    assert "simulated" not in done.out


def test_progress_is_shown_to_people_only(
    foretold: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, and only where that is a terminal."""
    assert foretold(rollout=QUICK, objectives=ERRORS).err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    done = foretold(rollout=QUICK, objectives=ERRORS)
    assert "Rehearsing" in done.err
    assert "Rehearsing" not in done.out
