"""A file in place of a cluster: what is read, and that admission's refusals are said in admission's words."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.admission import review
from gracefulservice.api.names import API_VERSION, GROUP, KIND, PLURAL
from gracefulservice.cli.manifest import read
from gracefulservice.errors import Invalid
from tests.rollout.builders import spec

SOUND: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": KIND,
    "metadata": {"name": "shop"},
    "spec": spec(objectives={"errorRate": {"max": "1%"}}),
}
CHANGES: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("replicas",), -1),
    (("replicas",), 3),
    (("template", "spec", "containers"), []),
    (("template", "spec", "terminationGracePeriodSeconds"), 3),
    (("template", "spec", "terminationGracePeriodSeconds"), 300),
    (("shutdown",), {"delay": "ten"}),
    (("shutdown",), {"drain": "2m"}),
    (("objectives", "errorRate", "max"), "0%"),
    (("objectives", "errorRate", "max"), "60%"),
    (("objectives", "custom"), [{"name": "x", "total": "rate(a[5m])", "bad": "b", "max": "1%"}]),
    (("rollout", "canary"), {"steps": [{"weight": 50}, {"weight": 20}]}),
    (("rollout", "canary"), {"steps": []}),
    (("rollout", "canary"), {}),
    (("rollout", "bake"), "soon"),
    (("rollout", "warmup"), "1s"),
    (("metrics",), {"source": "custom"}),
    (("metrics",), {"source": "envoy", "pods": {"port": 80}}),
    (("traffic", "routes"), [{"name": "web", "gatewayAPI": {}}]),
    (("onViolation",), "Ignore"),
)


def changed(changes: list[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    """A spec with some of them."""
    body = copy.deepcopy(SOUND["spec"])
    for path, value in changes:
        place = body
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    return dict(body)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(CHANGES), max_size=4, unique_by=lambda change: change[0][0]))
def test_what_admission_refuses_is_refused_in_its_words(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[tuple[str, ...], Any]]
) -> None:
    """And nothing else is."""
    body = SOUND | {"spec": changed(changes)}
    asked = {"uid": "1", "operation": "CREATE", "resource": {"group": GROUP, "resource": PLURAL}, "object": body}
    response = review.answer(review.Question.model_validate(asked))["response"]
    file = tmp_path_factory.mktemp("spec") / "shop.yaml"
    file.write_text(yaml.safe_dump(body))
    if response["allowed"]:
        assert read(str(file)).plan.spec == body["spec"]
        return
    with pytest.raises(Invalid) as refused:
        read(str(file))
    assert refused.value.sentence == response["status"]["message"]


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({}, "metadata.name: The field is missing: add it."),
        ({"name": "Shop"}, "metadata.name: at most 52 characters, of a-z, 0-9 and hyphens, the first a letter."),
        ({"name": "s" * 53}, "metadata.name: at most 52 characters, of a-z, 0-9 and hyphens, the first a letter."),
        ({"name": "shop-canary"}, "metadata.name: metadata.name ends in -canary, which names the Service of the new"),
    ],
    ids=str,
)
def test_names_are_refused_as_the_schema_refuses_them(tmp_path: Path, metadata: Any, says: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(SOUND | {"metadata": metadata}))
    with pytest.raises(Invalid) as refused:
        read(str(file))
    assert refused.value.sentence.startswith(says)


def test_a_deployment_that_the_service_would_make_cannot_be_adopted(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(SOUND | {"spec": SOUND["spec"] | {"adopt": {"name": "shop-bcdfghjklm"}}}))
    with pytest.raises(Invalid, match=r"spec.adopt.name is the name of a Deployment that this service itself"):
        read(str(file))


DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
BAD = [
    ("", f"FILE holds no {KIND} of {API_VERSION}."),
    ("{}", f"FILE holds no {KIND} of {API_VERSION}."),
    (yaml.safe_dump(DEPLOYMENT), f"FILE holds no {KIND} of {API_VERSION}, only Deployment."),
    (yaml.safe_dump_all([SOUND, SOUND]), f"FILE holds 2 objects of kind {KIND}: give a file with one."),
    (yaml.safe_dump(SOUND | {"apiVersion": f"{GROUP}/v9"}), f"apiVersion is {GROUP}/v9, and this program knows"),
    ("a: [", "FILE is not YAML: while parsing"),
    ("a: !!binary aGVsbG8=", "FILE holds what JSON cannot express:"),
    ("a: &a [*a]", "FILE holds what JSON cannot express:"),
    ("a: !!python/name:os.system", "FILE is not YAML: could not determine a constructor"),
    (yaml.safe_dump(SOUND | {"spec": ["x"]}), "spec: The value is a list."),
    (yaml.safe_dump({key: SOUND[key] for key in ("apiVersion", "kind", "metadata")}), "spec.template: The field is"),
]


@pytest.mark.parametrize(("content", "says"), BAD, ids=[says[:40] for _, says in BAD])
def test_what_is_no_service_is_said_in_a_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(content)
    with pytest.raises(Invalid) as refused:
        read(str(file))
    assert refused.value.sentence.startswith(says.replace("FILE", str(file)))


def test_files_that_cannot_be_read_are_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xe4")
    for name, says in (
        ("none", "cannot be read: No such file"),
        ("latin", "is not text"),
        ("", "cannot be read: Is a"),
    ):
        with pytest.raises(Invalid, match=says):
            read(str(tmp_path / name))


def test_other_objects_lists_and_dates_are_no_trouble(tmp_path: Path) -> None:
    """As with kubectl, `2026-01-01` in an annotation is text."""
    file, dated = tmp_path / "shop.yaml", copy.deepcopy(SOUND)
    dated["spec"]["template"]["metadata"] = {"annotations": {"since": "DATE"}}
    text = yaml.safe_dump_all([DEPLOYMENT, {"kind": "List", "items": [dated]}, None])
    file.write_text(text.replace("DATE", "2026-01-01"))
    found = read(str(file))
    assert found.name == "shop"
    assert found.plan.spec["template"]["metadata"]["annotations"]["since"] == "2026-01-01"
