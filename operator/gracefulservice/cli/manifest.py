"""A GracefulService in a file, read as the API server would read it, and refused as it would be. No cluster."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gracefulservice.api.names import API_VERSION, CANARY_SUFFIX, GROUP, KIND, LONGEST_NAME, REVISION_ALPHABET
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.spec_rules import NAME_RULES
from gracefulservice.cli.words import plain
from gracefulservice.errors import Invalid
from gracefulservice.rollout.plan import Plan, build

STDIN = "-"
TIMESTAMP = "tag:yaml.org,2002:timestamp"
LONGEST_QUOTE = 300


@dataclass(frozen=True)
class Manifest:
    """What a file says: the name of the service, and its plan."""

    name: str
    plan: Plan


class _Loader(yaml.SafeLoader):
    """Dates are text, as in Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(file: str) -> Manifest:
    """The one GracefulService in `file` (`-`: standard input). Raises `Invalid`."""
    body = only(documents(content(file), file), file)
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    plan = build(str(name or ""), body.get("spec") or {})
    problems = (*name_problems(name, body.get("spec")), *(plan if isinstance(plan, tuple) else ()))
    if problems or isinstance(plan, tuple):
        raise Invalid(refused(problems))
    return Manifest(str(name), plan)


def content(file: str) -> str:
    """The text of the file."""
    try:
        return sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{called(file)} is not text in UTF-8.") from error
    except OSError as error:
        raise Invalid(f"{called(file)} cannot be read: {error.strerror or type(error).__name__}.") from error


def called(file: str) -> str:
    """What a sentence calls the file."""
    return "Standard input" if file == STDIN else plain(file)


def documents(text: str, file: str) -> list[Any]:
    """The objects in YAML or JSON, in the form of JSON."""
    try:
        found = list(yaml.load_all(text, _Loader))
        return list(json.loads(json.dumps(found, allow_nan=False)))
    except yaml.YAMLError as error:
        said = plain(str(error))[:LONGEST_QUOTE]
        raise Invalid(f"{called(file)} is not YAML: {said}.") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"{called(file)} holds what JSON cannot express: {plain(str(error))[:LONGEST_QUOTE]}.") from error


def only(found: Iterable[Any], file: str) -> Mapping[str, Any]:
    """The one GracefulService among them; those of a List count."""
    objects = list(unfolded(found))
    ours = [one for one in objects if one.get("kind") == KIND and str(one.get("apiVersion")).startswith(f"{GROUP}/")]
    if len(ours) > 1:
        raise Invalid(f"{called(file)} holds {len(ours)} objects of kind {KIND}: give a file with one.")
    if not ours:
        kinds = ", ".join(sorted({plain(str(one.get("kind"))) for one in objects if one.get("kind")}))
        raise Invalid(f"{called(file)} holds no {KIND} of {API_VERSION}{f', only {kinds}' if kinds else ''}.")
    if ours[0]["apiVersion"] != API_VERSION:
        raise Invalid(f"apiVersion is {plain(ours[0]['apiVersion'])}, and this program knows {API_VERSION}.")
    return ours[0]


def unfolded(found: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Each object, also those in a List."""
    for one in found:
        if isinstance(one, Mapping) and isinstance(one.get("items"), list):
            yield from unfolded(one["items"])
        elif isinstance(one, Mapping):
            yield one


def name_problems(name: object, spec: object) -> Iterator[Problem]:
    """What the API server refuses about the name: its rules are written for it alone, so they are read here again."""
    if not isinstance(name, str) or not name:
        yield Problem(field="metadata.name", sentence="The field is missing: add it.")
        return
    adopted = _adopted(spec)
    own_child = rf"{re.escape(name)}-[{REVISION_ALPHABET}]{{10}}"
    broken = (
        len(name) > LONGEST_NAME or not re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", name),
        name.endswith(CANARY_SUFFIX),
        bool(re.fullmatch(own_child, adopted)),
    )
    for rule, breaks in zip(NAME_RULES, broken, strict=True):
        if breaks:
            field = rule["fieldPath"].removeprefix(".")
            yield Problem(field=field, sentence=rule["message"].removeprefix(f"{field}: "))


def _adopted(spec: object) -> str:
    adopt = spec.get("adopt") if isinstance(spec, Mapping) else None
    return str(adopt.get("name", "")) if isinstance(adopt, Mapping) else ""


def refused(problems: Problems) -> str:
    """All that is wrong, in the words of admission."""
    lines = [f"{one.field}: {plain(one.sentence)}" for one in problems]
    return lines[0] if len(lines) == 1 else "\n- ".join([f"{len(lines)} things are wrong:", *lines])
