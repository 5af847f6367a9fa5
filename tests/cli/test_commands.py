"""The command line as people use it: what it writes to the cluster, what it says, and its exit code."""

import json
import uuid
from pathlib import Path

import pytest
import yaml

from tests.cli.api_server import COMMAND, DEPLOYMENTS, REVIEWS, SERVICES, ApiServer, answering, status
from tests.cli.conftest import Run

CLIMBING = {"observedGeneration": 1, "phase": "Progressing", "stable": "aaaaaaaaaa", "canary": "bbbbbbbbbb"}
ORDERS = ("promote", "abort", "retry", "pause", "resume")
"""Those that need no more than a name."""
LOOKING = ("status", "plan", "history", "diff", "undo")


def given(api: ApiServer, name: str = "web") -> dict[str, object]:
    """The command that stands on a service."""
    return dict(json.loads(api.services[name]["metadata"]["annotations"][COMMAND]))


@pytest.mark.parametrize("do", ORDERS)
def test_a_command_is_written_and_its_receipt_printed(api: ApiServer, run: Run, do: str) -> None:
    api.put("web", dict(CLIMBING))
    api.patched = answering("Done", "It is done.")
    done = run(do, "web")
    assert (done.code, done.out, done.err) == (0, "It is done.\n", "")
    command = given(api)
    assert uuid.UUID(str(command.pop("id"))).version == 4
    assert command == {"do": do, "revision": "bbbbbbbbbb", "by": "somebody@example.com"}


def test_promote_can_go_on_without_the_judge(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    api.patched = answering("Done", "It is done.")
    assert run("promote", "web", "--full").code == 0
    assert given(api)["full"] is True


def test_a_jump_names_its_step(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    api.patched = answering("Done", "It is done.")
    assert run("jump", "web", "2").code == 0
    assert (given(api)["do"], given(api)["step"]) == ("jump", 2)


@pytest.mark.parametrize("step", [[], ["0"], ["two"]])
def test_a_jump_to_nowhere_is_not_written(api: ApiServer, run: Run, step: list[str]) -> None:
    api.put("web", dict(CLIMBING))
    done = run("jump", "web", *step)
    assert (done.code, "STEP" in done.err, COMMAND in api.services["web"]["metadata"].get("annotations", {})) == (
        2,
        True,
        False,
    )


def test_every_command_is_a_new_one(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    ids = []
    for _ in range(2):
        run("abort", "web", "--no-wait")
        ids.append(given(api)["id"])
    assert len(set(ids)) == 2


def test_at_rest_the_command_is_for_the_target(api: ApiServer, run: Run) -> None:
    api.put("web", {"observedGeneration": 1, "stable": "aaaaaaaaaa", "target": "cccccccccc"})
    run("retry", "web", "--no-wait")
    assert given(api)["revision"] == "cccccccccc"


def test_a_refusal_is_the_operators_own_sentence(api: ApiServer, run: Run) -> None:
    api.put("web")
    api.patched = answering("Refused", "No rollout is under way, so there is nothing to abort.")
    done = run("abort", "web")
    assert (done.code, done.out) == (1, "")
    assert done.err == "No rollout is under way, so there is nothing to abort.\n"


def test_the_receipt_is_watched_for(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    api.watched = answering("Done", "It is done.")
    assert run("pause", "web").out == "It is done.\n"


def test_receipts_of_other_commands_are_not_mistaken_for_it(api: ApiServer, run: Run) -> None:
    other = {"id": "1", "do": "pause", "result": "Refused", "sentence": "No.", "time": "2026-03-01T12:00:00Z"}
    api.put("web", {**CLIMBING, "commands": [other]})
    api.watched = answering("Done", "It is done.")
    assert run("pause", "web").out == "It is done.\n"


def test_without_an_answer_in_time_it_says_that_the_command_stands(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    done = run("abort", "web", "--timeout", "0")
    assert done.code == 1
    assert done.err == (
        "The operator has not answered within 0 s. The command stands on shop/web, and is carried out as soon as an "
        "operator looks at it.\n"
    )
    assert given(api)["do"] == "abort"


def test_without_waiting_nothing_is_read_after_the_command(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    done = run("abort", "web", "--no-wait")
    assert (done.code, done.out) == (0, "The command stands on shop/web: abort.\n")
    assert api.asked[-1] == f"PATCH {SERVICES}/web"


def test_where_the_cluster_does_not_say_who_we_are_the_kubeconfig_does(api: ApiServer, run: Run) -> None:
    api.put("web")
    api.refusals[REVIEWS] = 403, status("no")
    assert run("abort", "web", "--no-wait").code == 0
    assert given(api)["by"] == "somebody"


FAILURES = [
    ({}, "GracefulService shop/web does not exist."),
    (
        {SERVICES: (404, "404 page not found")},
        "The cluster does not know GracefulService (gracefulservice.dev/v1alpha1): install the operator's chart first.",
    ),
    (
        {SERVICES: (403, status('gracefulservices "web" is forbidden: User "somebody" cannot get it', "web"))},
        'You may not do this (403): gracefulservices "web" is forbidden: User "somebody" cannot get it.',
    ),
    (
        {SERVICES: (401, status("Unauthorized"))},
        "The API server does not know you (401): log in to the cluster again.",
    ),
    ({SERVICES: (500, status("etcd is full."))}, "The API server fails (500): etcd is full."),
    (
        {SERVICES: (422, status("a is invalid: b", "web"))},
        "The API server refuses (422) a request about GracefulService shop/web: a is invalid: b.",
    ),
    (
        {SERVICES: (502, "<html>\x1b[31mBad\nGateway</html>")},
        "The API server fails (502): <html> [31mBad Gateway</html>.",
    ),
]


@pytest.mark.parametrize("words", [("status", "web"), ("abort", "web"), ("status", "web", "--watch")], ids=" ".join)
@pytest.mark.parametrize(("refusals", "says"), FAILURES, ids=lambda part: part[:30] if isinstance(part, str) else "")
def test_whatever_fails_is_one_sentence(
    api: ApiServer, run: Run, words: tuple[str, ...], refusals: dict[str, tuple[int, object]], says: str
) -> None:
    api.refusals.update(refusals)  # type: ignore[arg-type]
    done = run(*words)
    assert (done.code, done.out, done.err) == (1, "", f"{says}\n")


def test_a_cluster_that_is_not_there_is_one_sentence(run: Run) -> None:
    done = run("status", "--context", "dead")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "The API server http://127.0.0.1:9 cannot be reached: Failed to establish a new connection: Connection "
        "refused.\n"
    )


def test_a_context_that_is_not_there_is_told_with_those_that_are(run: Run) -> None:
    done = run("status", "--context", "lost")
    assert done.code == 1
    assert done.err == "The kubeconfig cannot be used: it has no context lost, only dead, here, other.\n"


@pytest.mark.parametrize("content", ["", "a: [", "{}"], ids=["empty", "no YAML", "no context"])
def test_a_kubeconfig_that_cannot_be_used_is_one_sentence(kubeconfig: Path, run: Run, content: str) -> None:
    kubeconfig.write_text(content)
    done = run("status")
    assert done.code == 1
    assert done.err.startswith("The kubeconfig cannot be used: ")
    assert done.err.count("\n") == 1


def test_a_missing_kubeconfig_is_one_sentence(kubeconfig: Path, run: Run) -> None:
    kubeconfig.unlink()
    assert run("status").err == "The kubeconfig cannot be used: Invalid kube-config file. No configuration found.\n"


@pytest.mark.parametrize(
    "words",
    [
        ("abort",),
        ("abort", "web", "api"),
        ("abort", "web", "--full"),
        ("abort", "web", "--timeout", "-1"),
        ("launch", "web"),
        ("status", "web", "-o", "xml"),
        ("status", "web", "-w", "-o", "json"),
        ("undo",),
        ("undo", "web", "2"),
        ("history", "web", "-o", "xml"),
        ("diff", "web", "2", "3"),
    ],
    ids=" ".join,
)
def test_what_is_not_understood_ends_with_2(api: ApiServer, run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out, api.asked) == (2, "", [])
    assert "Usage: kubectl graceful" in done.err


def test_the_namespace_can_be_chosen(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    assert "shop/web" in run("status", "web", "--context", "other", "-n", "shop").out
    assert run("status", "web", "-n", "elsewhere").code == 1
    assert "namespaces/elsewhere/" in api.asked[-1]


def test_without_a_namespace_it_is_default(api: ApiServer, run: Run) -> None:
    api.refusals["/"] = 404, status("not found", "web")
    assert run("status", "web", "--context", "other").err == "GracefulService default/web does not exist.\n"


def test_status_lists_the_namespace(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    api.put("api")
    lines = run("status").out.splitlines()
    assert lines[0].split() == ["NAME", "PHASE", "WEIGHT", "STABLE", "CANARY", "WHAT", "IT", "DOES"]
    assert [line.split()[:2] for line in lines[1:]] == [["api", "Pending"], ["web", "Progressing"]]


def test_an_empty_namespace_is_said_to_be_empty(api: ApiServer, run: Run) -> None:
    assert run("status").out == "There is no GracefulService in namespace shop.\n"


def test_what_may_not_be_read_is_left_out_and_said(api: ApiServer, run: Run) -> None:
    api.put("web", dict(CLIMBING))
    api.refusals[DEPLOYMENTS] = 403, status("deployments.apps is forbidden")
    done = run("status", "web")
    assert done.code == 0
    assert "Not shown   You may not do this (403): deployments.apps is forbidden." in done.out


def test_a_status_from_another_version_is_said_to_be_unknown(api: ApiServer, run: Run) -> None:
    api.put("web", {"phase": "Dreaming"})
    done = run("status", "web")
    assert done.code == 1
    assert done.err.startswith("status.phase of shop/web says something that kubectl-graceful")


@pytest.mark.parametrize(("form", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_status_for_programs(api: ApiServer, run: Run, form: str, load: type) -> None:
    api.put("web", {**CLIMBING, "memory": {"secret": 1}})
    labels = {"gracefulservice.dev/name": "web", "gracefulservice.dev/revision": "aaaaaaaaaa"}
    api.deployments = [{"metadata": {"labels": labels}, "spec": {"replicas": 4}, "status": {"readyReplicas": 3}}]
    api.events = [{"metadata": {}, "eventTime": "2026-03-01T12:00:00Z", "reason": "Promoted", "message": "It is."}]
    one = load(run("status", "web", "-o", form).out)
    assert one == {
        "namespace": "shop",
        "name": "web",
        "status": CLIMBING,
        "pods": [{"revision": "aaaaaaaaaa", "role": "stable", "wanted": 4, "ready": 3}],
        "events": [{"reason": "Promoted", "message": "It is.", "warning": False}],
    }
    assert [item["status"] for item in load(run("status", "-o", form).out)["items"]] == [CLIMBING]


def test_version_asks_no_cluster(api: ApiServer, run: Run) -> None:
    from gracefulservice import __version__

    assert run("version").out == f"kubectl-graceful {__version__}\n"
    assert api.asked == []


@pytest.mark.parametrize("command", ["version", "jump", *LOOKING, *ORDERS])
def test_help_has_an_example(run: Run, command: str) -> None:
    assert f"Example: kubectl graceful {command}" in run(command, "--help").out


def test_help_names_every_command(run: Run) -> None:
    out = run("--help").out
    assert all(f" {command} " in out for command in ("version", "jump", *LOOKING, *ORDERS))
