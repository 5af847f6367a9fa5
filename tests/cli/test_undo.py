"""Undo: what it writes, that this is the old revision to the letter, what it says, and what it refuses."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gracefulservice.api import Command
from gracefulservice.cli import undoing
from gracefulservice.cli.kept import Kept
from gracefulservice.cluster import objects
from gracefulservice.rollout.revision import FIELDS, Revision, canonical
from tests.cli.api_server import COMMAND, SERVICES, ApiServer, patched, status
from tests.cli.conftest import Run
from tests.cli.shelves import HEALTHY, SPECS, V1, V2, V3, V4, mark, record, stored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)
WRITTEN = st.dictionaries(st.sampled_from(FIELDS), JSON)
OTHERS = st.dictionaries(st.sampled_from(["replicas", "traffic", "rollout", "rollbackWindow"]), JSON)


def pruned(node: Any) -> Any:
    """As an API server stores it: once through JSON, and without what its schema does not keep (here: nulls, and b)."""
    if isinstance(node, dict):
        return {key: pruned(value) for key, value in node.items() if value is not None and key != "b"}
    return [pruned(one) for one in node] if isinstance(node, list) else node


def through(spec: Any) -> Any:
    """A spec after the API server."""
    return json.loads(json.dumps(pruned(spec)))


@given(WRITTEN, WRITTEN, OTHERS)
@example({"template": {"a": 1}}, {"template": {"a": True}}, {})
@example({"template": {"a": 1.0}}, {"template": {"a": 1}}, {})
@example({"template": {"a": {"a": 1}}}, {"template": {"a": {"aa": 1}}, "ports": [], "restartToken": "x"}, {})
@example({"template": {}, "shutdown": {}, "probes": None}, {"template": {}}, {"replicas": 4})
def test_the_spec_is_the_older_revision_to_the_letter(older: Any, present: Any, others: Any) -> None:
    """With fewer fields or with more, after the API server; and nothing else in it has changed."""
    recorded, spec = Revision.of(through(older)), through(present | others)
    body = {"metadata": {"resourceVersion": "1"}, "spec": spec}
    command = Command(id="1", do="undo", revision=recorded.id)
    kept = Kept(recorded.id, 2, json.loads(json.dumps(recorded.input)))
    after = through(patched(body, undoing.operations(body, kept, command))["spec"])
    assert Revision.of(after).id == recorded.id
    assert Revision.of(after).same_as(recorded)
    rest = [canonical({key: one[key] for key in one if key not in FIELDS}) for one in (spec, after)]
    assert rest[0] == rest[1]


def test_only_what_differs_is_written() -> None:
    """So nobody else loses the ownership of a field that is as they wrote it."""
    written = list(undoing.respelt(SPECS[3] | {"restartToken": "x"}, SPECS[4]))
    assert [(one["op"], one["path"]) for one in written] == [
        ("add", "/spec/template"),
        ("remove", "/spec/restartToken"),
    ]


def test_the_spec_and_who_asks_are_one_write(api: ApiServer, run: Run) -> None:
    body = stored(api, rollbackWindow=0, traffic={"routes": []})
    before = json.dumps({key: body["spec"][key] for key in ("replicas", "traffic", "rollbackWindow")})
    done = run("undo", "web", "--to", "2")
    says = f"Revision {V2} (number 2) is asked for again; it goes the same careful way as any other.\n"
    assert (done.code, done.out, done.err) == (0, says, "")
    found = api.services["web"]
    assert Revision.of(found["spec"]).id == V2
    assert json.dumps({key: found["spec"][key] for key in ("replicas", "traffic", "rollbackWindow")}) == before
    command = json.loads(found["metadata"]["annotations"][COMMAND])
    assert len(command.pop("id")) == 36
    assert command == {"do": "undo", "revision": V2, "by": "somebody@example.com"}
    assert [one for one in api.asked if one.startswith("PATCH")] == [f"PATCH {SERVICES}/web"]


def test_what_stands_on_the_object_besides_stays(api: ApiServer, run: Run) -> None:
    stored(api)["metadata"]["annotations"] = {"team": "a/b~c"}
    assert run("undo", "web").code == 0
    assert api.services["web"]["metadata"]["annotations"]["team"] == "a/b~c"


@pytest.mark.parametrize("words", [["--to", "2"], ["--to", V2], ["--to", V2[:4]]])
def test_a_revision_is_named_by_its_number_or_its_id(api: ApiServer, run: Run, words: list[str]) -> None:
    stored(api)
    assert V2 in run("undo", "web", *words).out


@pytest.mark.parametrize(
    ("story", "status", "present", "revision"),
    [
        ("at rest: the one before", HEALTHY, 4, V3),
        ("a rollout is under way: stable", HEALTHY | {"stable": V3, "canary": V4, "memory": {"former": [V2]}}, 4, V3),
        ("it was rolled back: stable", HEALTHY | {"stable": V3, "memory": {"former": [V2]}}, 4, V3),
        ("it came back to an older one", HEALTHY | {"stable": V2, "memory": {"former": [V4, V3]}}, 2, V4),
        ("the record of the last one is gone", HEALTHY | {"memory": {"former": ["gone", V1]}}, 4, V1),
        ("what is asked for is passed over", HEALTHY | {"stable": "gone", "memory": {"former": [V4, V2]}}, 4, V2),
        ("memory tells nothing: the history does", HEALTHY | {"memory": {}}, 4, V3),
        ("memory has another form", HEALTHY | {"memory": {"former": {"a": 1}}}, 4, V3),
        ("no status: the record says who is stable", {"memory": {"former": [V2]}}, 3, V4),
    ],
)
def test_by_itself_it_goes_back_to_what_was_stable(
    api: ApiServer, run: Run, story: str, status: Any, present: int, revision: str
) -> None:
    stored(api, status, present)
    assert run("undo", "web").code == 0, story
    assert Revision.of(api.services["web"]["spec"]).id == revision, story


CAREFUL = "it goes the same careful way as any other."
ONE_STEP = "it goes in one step, unjudged: it is one of the last 3 that were stable."


@pytest.mark.parametrize(
    ("story", "status", "fields", "to", "says"),
    [
        ("nothing special", {}, {}, "2", f"; {CAREFUL}"),
        ("within the window", {}, {"rollbackWindow": 3}, "2", f"; {ONE_STEP}"),
        ("beyond it", {}, {"rollbackWindow": 3}, "1", f"; {CAREFUL}"),
        (
            "another one climbs",
            {"stable": V3, "canary": V4},
            {},
            "1",
            f"; revision {V4} turns back first, and then {CAREFUL}",
        ),
        (
            "to stable",
            {"stable": V3, "canary": V4},
            {},
            "3",
            f": it serves users already, and revision {V4} turns back.",
        ),
        ("to stable, where another is condemned", {"stable": V3}, {}, "3", ": it serves users already."),
        ("suspended", {}, {"suspend": True}, "2", "; it waits until spec.suspend is false."),
        ("suspended, to stable", {"stable": V3}, {"suspend": True}, "3", ": it serves users already."),
    ],
)
def test_it_says_what_happens_now(
    api: ApiServer, run: Run, story: str, status: Any, fields: Any, to: str, says: str
) -> None:
    stored(api, HEALTHY | status, **fields)
    revision = {"1": V1, "2": V2, "3": V3}[to]
    assert run("undo", "web", "--to", to).out == f"Revision {revision} (number {to}) is asked for again{says}\n", story


ALL = f"1 ({V1}), 2 ({V2}), 3 ({V3}), 4 ({V4})"


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("9", f"shop/web keeps no revision 9, only {ALL}."),
        ("99", f"shop/web keeps no revision 99, only {ALL}."),
        ("", f"shop/web keeps no revision without a name, only {ALL}."),
        ("x\x1b[31m", f"shop/web keeps no revision x [31m, only {ALL}."),
        ("4", f"The spec of shop/web asks for revision {V4} (number 4) already."),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused(api: ApiServer, run: Run, to: str, says: str) -> None:
    """An id that begins with 99 is not revision 99."""
    assert V1.startswith("99")
    before = json.dumps(stored(api))
    done = run("undo", "web", f"--to={to}")
    assert (done.code, done.out, done.err) == (1, "", f"{says}\n")
    assert json.dumps(api.services["web"]) == before


def test_the_beginning_of_two_ids_is_too_short(api: ApiServer, run: Run) -> None:
    stored(api)
    twin = json.loads(json.dumps(api.records[0]))
    twin["metadata"]["labels"]["gracefulservice.dev/revision"] = V2[:9] + "x"
    api.records.append(twin | {"revision": 7})
    assert run("undo", "web", "--to", V2[:9]).err == (
        f"The ids of 2 revisions begin with {V2[:9]}: 2 ({V2}), 7 ({V2[:9]}x). Give more of it.\n"
    )


def test_with_one_revision_there_is_nothing_to_go_back_to(api: ApiServer, run: Run) -> None:
    stored(api, HEALTHY | {"memory": {}, "history": []})
    api.records = api.records[1:2]
    assert run("undo", "web").err == (
        "shop/web keeps no revision that was stable before, so there is nothing to go back to.\n"
    )


RETRY = (
    "`kubectl graceful retry web` tries it from its first step, and `kubectl graceful promote web --full` takes it "
    "unjudged.\n"
)


def test_a_condemned_revision_is_refused_with_the_way(api: ApiServer, run: Run) -> None:
    """Whether it is asked for already or not."""
    stored(api, present=2)
    mark(api, 2, "it failed\x1b.")
    assert run("undo", "web", "--to", "2").err == (
        f"The spec of shop/web asks for revision {V2} (number 2) already. It is condemned: it failed . {RETRY}"
    )
    api.services["web"]["spec"] = SPECS[4]
    assert run("undo", "web", "--to", "2").err == (
        f"Undo moves nobody to revision {V2} (number 2). It is condemned: it failed . Apply that version yourself, "
        f"then {RETRY}"
    )


@pytest.mark.parametrize(
    ("story", "change"),
    [
        ("no data", lambda one: one.pop("data")),
        ("data of another kind", lambda one: one.update(data={"spec": {}})),
        ("a contract of another version", lambda one: one["data"].update(resolved={"dreams": 1})),
        ("an input that is another revision", lambda one: one["data"]["input"].update(restartToken="x")),
        ("an input that is a list", lambda one: one["data"].update(input=[])),
    ],
)
def test_a_record_that_cannot_be_read_is_refused(api: ApiServer, run: Run, story: str, change: Any) -> None:
    """The others are kept all the same."""
    stored(api)
    change(api.records[0])
    assert run("undo", "web", "--to", "2").err == (
        f"The record of revision {V2} (number 2) cannot be read by this version of kubectl-graceful, so nobody can "
        "tell what it asked for: apply that version from your own files.\n"
    ), story
    assert run("undo", "web", "--to", "1").code == 0


def test_records_of_an_object_that_was_here_before_are_not_its_own(api: ApiServer, run: Run) -> None:
    """They bear the same name and the same label."""
    stored(api)
    api.records[0]["metadata"]["ownerReferences"][0]["uid"] = "another"
    assert "keeps no revision 2," in run("undo", "web", "--to", "2").err


def disturbed(api: ApiServer, monkeypatch: pytest.MonkeyPatch, times: int, *, spec: bool) -> None:
    """Before each of so many writes somebody else changes the object: its spec, or its status alone."""
    answer, left = api.answer, iter(range(times))

    def meanwhile(method: str, path: str, *rest: Any) -> Any:
        metadata = api.services["web"]["metadata"]
        if method == "PATCH" and next(left, None) is not None:
            metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
            metadata["generation"] += spec
        return answer(method, path, *rest)

    monkeypatch.setattr(api, "answer", meanwhile)


@pytest.mark.parametrize(("times", "spec"), [(1, True), (6, False)], ids=["of the spec", "of the status, all the time"])
def test_somebody_elses_write_in_between_is_not_overwritten(
    api: ApiServer, run: Run, monkeypatch: pytest.MonkeyPatch, times: int, spec: bool
) -> None:
    """What was decided may not hold any more."""
    stored(api)
    disturbed(api, monkeypatch, times, spec=spec)
    done = run("undo", "web")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "Somebody else changed GracefulService shop/web at the same time, so nothing was done: run it again.\n"
    )
    assert Revision.of(api.services["web"]["spec"]).id == V4


def test_a_status_that_is_written_in_between_changes_nothing(
    api: ApiServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator does so every few seconds during a rollout."""
    stored(api)
    disturbed(api, monkeypatch, 5, spec=False)
    assert run("undo", "web").code == 0
    assert Revision.of(api.services["web"]["spec"]).id == V3


@pytest.mark.parametrize(
    ("manager", "warns"),
    [
        ("argocd-controller", True),
        ("kustomize-controller", True),
        ("helm-controller", True),
        ("kubectl-client-side-apply", False),
        ("gracefulservice", False),
    ],
)
def test_where_git_writes_the_spec_it_warns(api: ApiServer, run: Run, manager: str, warns: bool) -> None:
    """It is done all the same: in the night that may be minutes won."""
    entries = [{"manager": "kubectl", "subresource": "scale"}, {"manager": manager, "operation": "Apply"}]
    stored(api)["metadata"]["managedFields"] = entries
    done = run("undo", "web")
    says = f"Warning: {manager} writes this object from Git and will put the newer version back: go back there as well."
    assert (done.code, done.err) == (0, f"{says}\n" if warns else "")


def test_without_the_right_to_read_records_it_is_said(api: ApiServer, run: Run) -> None:
    stored(api)
    api.refusals["/apis/apps/v1"] = 403, status("controllerrevisions.apps is forbidden")
    assert run("undo", "web").err == "You may not do this (403): controllerrevisions.apps is forbidden.\n"


CONFIG: Any = [{"name": "settings", "configMap": {"name": "shop-settings"}}]


def configured(api: ApiServer, *digests: str) -> list[str]:
    """The service with configuration, and a record for the data of each digest; the last one is stable."""
    body = stored(api, config=CONFIG)
    template = {**SPECS[4]["template"], "spec": {**SPECS[4]["template"]["spec"], "volumes": VOLUMES}}
    written = [{**SPECS[4], "template": template, "config": [{**CONFIG[0], "digest": one}]} for one in digests]
    ids = [Revision.of(one).id for one in written]
    body["spec"]["template"] = template
    body["status"] = {**HEALTHY, "stable": ids[-1], "target": ids[-1], "memory": {"former": ids[:-1]}}
    api.records = [record(body, one, place, stable=False) for place, one in enumerate(written, start=1)]
    return ids


VOLUMES = [{"name": "settings", "configMap": {"name": "shop-settings"}}]


def test_data_is_the_persons_to_put_back(api: ApiServer, run: Run) -> None:
    """Two versions that differ in the data of a ConfigMap alone: the spec of both is the same."""
    older, _ = configured(api, "a" * 32, "b" * 32)
    done = run("undo", "web")
    copy = objects.template_of("web", Revision(older, api.records[0]["data"]["input"]))["spec"]["volumes"][0]
    assert (done.code, done.out) == (1, "")
    assert f"Revision {older} (number 1) had other configuration than there is now, and undo writes no data" in done.err
    assert f"ConfigMap {copy['configMap']['name']} holds what shop-settings had" in done.err
    assert not [one for one in api.asked if one.startswith("PATCH")]


def test_the_present_configuration_is_no_hindrance(api: ApiServer, run: Run) -> None:
    """What is asked for already is told so, although the command line does not read the data."""
    *_, present = configured(api, "a" * 32, "b" * 32)
    done = run("undo", "web", "--to", "2")
    assert f"asks for revision {present} (number 2) already" in done.err


def test_a_target_that_nobody_has_looked_at_is_gone_back_from(api: ApiServer, run: Run) -> None:
    """A new template that cannot be read for now: what served before it is the way back, and its data is as it was."""
    older, stable = configured(api, "a" * 32, "b" * 32)
    body = api.services["web"]
    body["spec"]["template"] = {**SPECS[3]["template"], "metadata": {"labels": {"tier": "new"}}}
    done = run("undo", "web")
    assert done.code == 0, done.err
    assert f"Revision {stable} (number 2) is asked for again" in done.out
    assert api.services["web"]["spec"]["template"] == api.records[1]["data"]["input"]["template"]
    assert older not in done.out
