"""The models → the CustomResourceDefinition: `python -m gracefulservice.api.schema` prints it.

A CRD takes a *structural* schema: no references, no unions, no `null`, no defaults of Python. What pydantic
says about the models is rewritten, node by node, into that form.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gracefulservice.api import names
from gracefulservice.api.schema_words import CRD_DEFAULT
from gracefulservice.api.v1alpha1 import GracefulService

Schema = dict[str, Any]

DROPPED = frozenset({"title", "default", "$defs", "$ref", "const", "additionalProperties", CRD_DEFAULT})
PRESERVE = "x-kubernetes-preserve-unknown-fields"

READY = '.status.conditions[?(@.type=="Ready")]'
COLUMNS: tuple[Schema, ...] = (
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Ready", "type": "string", "jsonPath": f"{READY}.status"},
    {"name": "Stable", "type": "string", "jsonPath": ".status.stable"},
    {"name": "Canary", "type": "string", "jsonPath": ".status.canary"},
    {"name": "Weight", "type": "number", "jsonPath": ".status.weight.observed"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas", "priority": 1},
    {"name": "Message", "type": "string", "jsonPath": f"{READY}.message", "priority": 1},
)
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


class WithoutNull(GenerateJsonSchema):
    """Optional means that a field may be absent, never that it may hold null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def structural(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """One node of pydantic's schema in structural form; what a field says goes before what its type says."""
    if "$ref" in node:
        node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **node}
    kept = {word: value for word, value in node.items() if word not in DROPPED}
    return kept | _children(node, definitions) | _translated(node)


def _children(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """The parts of a node that are schemas themselves."""
    children: Schema = {}
    if "properties" in node:
        children["properties"] = {k: structural(v, definitions) for k, v in node["properties"].items()}
    if "items" in node:
        children["items"] = structural(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        children["additionalProperties"] = structural(node["additionalProperties"], definitions)
    return children


def _translated(node: Mapping[str, Any]) -> Schema:
    """Words that a structural schema says otherwise."""
    words: Schema = {}
    if "const" in node:
        words["enum"] = [node["const"]]
    if node.get("additionalProperties") is True:
        words[PRESERVE] = True
    if "exclusiveMinimum" in node:
        words |= {"minimum": node["exclusiveMinimum"], "exclusiveMinimum": True}
    if CRD_DEFAULT in node:
        words["default"] = node[CRD_DEFAULT]
    return words


def open_api_schema() -> Schema:
    """The structural schema of the resource."""
    raw = GracefulService.model_json_schema(schema_generator=WithoutNull)
    schema: Schema = structural(raw, raw["$defs"])
    schema["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
    }
    return schema | {"required": ["spec"]}


def custom_resource_definition() -> Schema:
    """The manifest that makes an API server know the resource."""
    version = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": list(COLUMNS),
        "subresources": {"status": {}, "scale": SCALE},
        "schema": {"openAPIV3Schema": open_api_schema()},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": [names.SHORT_NAME],
                "categories": [names.CATEGORY],
            },
            "versions": [version],
        },
    }


def manifest() -> str:
    """The CustomResourceDefinition as the YAML that is kept in `crds/`."""
    head = "# Generated by `python -m gracefulservice.api.schema`: change the models, not this file.\n"
    separate = json.loads(json.dumps(custom_resource_definition()))  # equal parts would become YAML aliases
    return head + yaml.safe_dump(separate, sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    sys.stdout.write(manifest())
