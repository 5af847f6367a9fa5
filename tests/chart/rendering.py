"""The chart as Helm renders it, and the few ways in which tests look into what came out."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
CHART = Path(__file__).parents[2] / "charts" / "gracefulservice"
KUBERNETES = "--kube-version=1.35.0"
"""Without a cluster Helm renders for the version it was built with."""


@dataclass(frozen=True)
class Helm:
    """The program, and what tests ask of it."""

    program: Path

    def run(self, *words: str, values: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """One call, with `values` besides those of the chart."""
        given = ["--values=-"] if values is not None else []
        command = [str(self.program), *words, KUBERNETES, *given]
        return subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)

    def render(self, values: Mapping[str, Any] | None = None, chart: Path = CHART) -> "Rendered":
        """Every object of release `gracefulservice` in namespace `operators`."""
        done = self.run("template", "gracefulservice", str(chart), "--namespace=operators", values=values or {})
        assert done.returncode == 0, done.stderr
        return Rendered([body for body in yaml.safe_load_all(done.stdout) if body])

    def refusal(self, values: Mapping[str, Any]) -> str:
        """What Helm says about values that it refuses."""
        done = self.run("template", "gracefulservice", str(CHART), values=values)
        assert done.returncode != 0, "these values are accepted"
        return done.stderr


@dataclass(frozen=True)
class Rendered:
    """The objects of a release."""

    objects: list[Object]

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind."""
        return [body for body in self.objects if body["kind"] == kind]

    def one(self, kind: str, name: str = "gracefulservice") -> Object:
        """The object of that kind and name."""
        (found,) = (body for body in self.all(kind) if body["metadata"]["name"] == name)
        return found

    @property
    def pod(self) -> Object:
        """The template of the operator's pods."""
        template: Object = self.one("Deployment")["spec"]["template"]
        return template

    @property
    def container(self) -> Object:
        """The operator's container."""
        (found,) = self.pod["spec"]["containers"]
        return dict(found)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are written out."""
        return {one["name"]: one["value"] for one in self.container["env"] if "value" in one}


def at(body: Any, path: str) -> Any:
    """What lies at `spec/template/0/name`; None where nothing does. `~` stands for a `/` inside a name."""
    for step in path.split("/"):
        try:
            body = body[int(step)] if isinstance(body, list) else body[step.replace("~", "/")]
        except (KeyError, IndexError):
            return None
    return body


def nested(path: str, value: Any) -> Object:
    """`{"a": {"b": value}}` for `a.b`."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return dict(value)
