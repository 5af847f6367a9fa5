"""The CRD: the committed file is what the models say, and its schema is structural, bounded and documented."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gracefulservice.api import names, schema
from gracefulservice.api.v1alpha1 import GracefulService

COMMITTED = Path(__file__).parents[2] / "crds" / "gracefulservice.yaml"
SCHEMA = schema.open_api_schema()
PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"

Node = Mapping[str, Any]


def nodes(node: Node = SCHEMA, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every schema in the schema, with its path."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if word in node:
            yield from nodes(node[word], f"{path}[]")


def at(path: str) -> Node:
    """The schema of one field."""
    return dict(nodes())[path]


def test_the_committed_crd_is_what_the_models_say() -> None:
    """`python -m gracefulservice.api.schema > crds/gracefulservice.yaml` was run after the last change."""
    assert COMMITTED.read_text() == schema.manifest()


def test_the_manifest_is_yaml_of_the_definition() -> None:
    """No alias, no tag: any reader of YAML sees the same thing, and it fits a client-side apply."""
    text = schema.manifest()
    assert yaml.safe_load(text) == schema.custom_resource_definition()
    assert "&id" not in text
    assert len(text) < 256 * 1024


def test_every_node_has_one_type_and_no_word_that_is_not_structural() -> None:
    """The API server refuses references, unions and `additionalProperties: false` beside properties."""
    allowed = {
        *("type", "description", "properties", "items", "additionalProperties", "required", "enum", "default"),
        *("format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum"),
        *("minItems", "maxItems", "minProperties", "maxProperties", "x-kubernetes-validations"),
        *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", PRESERVE),
    }
    for path, node in nodes():
        if node.get(INT_OR_STRING):
            assert node["anyOf"] == [{"type": "integer"}, {"type": "string"}], path
            assert "type" not in node, path
        else:
            assert isinstance(node.get("type"), str), path
            assert not node.keys() - allowed, path
        assert node.get("type") != "null", path
        assert isinstance(node.get("exclusiveMinimum", True), bool), path


def test_everything_is_bounded() -> None:
    """Unbounded lists, maps and texts are counted as endless in the cost of a rule, and fill etcd."""
    for path, node in nodes():
        if node.get("type") == "array":
            assert "maxItems" in node, path
        if node.get("type") == "object" and "additionalProperties" in node:
            assert "maxProperties" in node, path
        if node.get("type") == "string" and path.startswith((".spec", ".status")):
            assert node.keys() & {"maxLength", "enum", "format"}, path


def test_every_list_says_how_it_is_merged() -> None:
    """A list of objects with names is merged by them; the keys are required, or the API server refuses the schema."""
    for path, node in nodes():
        if node.get("type") != "array":
            continue
        kind = node["x-kubernetes-list-type"]
        assert kind in ("map", "atomic"), path
        for key in node.get("x-kubernetes-list-map-keys", ()):
            assert key in node["items"]["required"], path
        assert (kind == "map") == ("x-kubernetes-list-map-keys" in node), path


def test_every_field_is_documented_in_one_sentence() -> None:
    """`kubectl explain` answers for every field."""
    for path, node in nodes():
        if path.startswith((".spec", ".status")) and not path.endswith("[]"):
            description = node.get("description", "")
            assert description.endswith("."), path
            assert "\n" not in description, path
            assert ". " not in description, path


def test_nothing_that_enters_a_revision_has_a_default_of_the_api_server() -> None:
    """A default written into the object would become part of what the user wrote: only `replicas` has one."""
    assert [path for path, node in nodes() if "default" in node] == [".spec.replicas"]


def test_the_template_is_kept_whole() -> None:
    """Every object in the template keeps the fields that are not named here, so pods of later versions work."""
    parts = [
        (path, node) for path, node in nodes() if path.startswith(".spec.template") and node.get("type") == "object"
    ]
    assert len(parts) > 10
    for path, node in parts:
        assert node.get(PRESERVE) or "additionalProperties" in node, path


def test_elsewhere_unknown_fields_are_unknown() -> None:
    """A typing mistake outside the template is refused or pruned, never kept; only the memory is free."""
    free = {path for path, node in nodes() if node.get(PRESERVE) and not path.startswith(".spec.template")}
    assert free == {".status.memory"}


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (".spec.template.spec.containers", ["name"]),
        (".spec.template.spec.initContainers", ["name"]),
        (".spec.template.spec.volumes", ["name"]),
        (".spec.ports", ["name"]),
        (".spec.traffic.routes", ["name"]),
        (".spec.objectives.custom", ["name"]),
        (".spec.objectives.guards", ["name"]),
        (".status.guards", ["name"]),
        (".status.conditions", ["type"]),
    ],
)
def test_lists_with_names_are_keyed_by_them(path: str, keys: list[str]) -> None:
    """So that two parties may each own one of the items."""
    assert at(path)["x-kubernetes-list-map-keys"] == keys


def test_only_what_is_built_can_be_asked_for() -> None:
    """Words of later versions are unknown now: asking for them is an error, never silence."""
    assert set(at(".spec")["properties"]) == {
        *("replicas", "template", "ports", "probes", "shutdown", "traffic", "rollout", "objectives", "metrics"),
        *("onNoTraffic", "onOutage", "onViolation", "restartToken", "historyLimit", "deletionPolicy"),
        *("adopt", "suspend", "rollbackWindow", "config"),
    }
    assert set(at(".spec.traffic.routes[]")["properties"]) == {"name", "gatewayAPI"}
    assert set(at(".spec.rollout.canary")["properties"]) == {"errorBudget", "steps", "maxWeightChangePerSecond"}
    assert set(at(".spec.rollout.canary.steps[]")["properties"]) == {"weight", "hold", "pause", "replicas"}
    assert at(".spec.metrics.source")["enum"] == ["app", "pods", "istio", "linkerd", "envoy", "custom"]
    assert set(at(".spec.metrics.pods")["properties"]) == {"port", "path"}


def test_scale_and_columns_read_fields_that_exist() -> None:
    """A path that leads nowhere would silently show nothing, or let an autoscaler read zero."""
    fields = dict(nodes())
    for path in schema.SCALE.values():
        assert path in fields
    for column in schema.COLUMNS:
        path = column["jsonPath"].split("[?")[0]
        assert path in fields or path == ".metadata.creationTimestamp"


def test_rules_name_fields_that_exist() -> None:
    """`fieldPath` of a rule is where the user looks first."""
    fields = dict(nodes())
    pointed = [
        (path, rule["fieldPath"])
        for path, node in nodes()
        for rule in node.get("x-kubernetes-validations", ())
        if "fieldPath" in rule
    ]
    assert pointed
    for path, field in pointed:
        assert path + field in fields


def test_every_rule_says_something() -> None:
    """A rule without words would answer with its own expression."""
    rules = [rule for _, node in nodes() for rule in node.get("x-kubernetes-validations", ())]
    assert len(rules) > 20
    for rule in rules:
        assert rule.get("message") or rule.get("messageExpression")
        assert rule.get("message", ".").endswith(".")


def test_the_model_is_the_resource() -> None:
    """Group, kind and the two halves of the object."""
    definition = schema.custom_resource_definition()
    assert definition["metadata"]["name"] == f"{names.PLURAL}.{names.GROUP}"
    assert definition["spec"]["names"]["kind"] == GracefulService.__name__
    assert SCHEMA["required"] == ["spec"]
