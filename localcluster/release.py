"""A Helm release on the local cluster: brought to what is wanted, whatever a killed run left of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from localcluster import progress
from localcluster.addons import programs
from localcluster.artefact import ensure
from localcluster.cluster import Cluster
from localcluster.command import output, succeeds

PATIENCE = "300s"
"""How long one wait for a condition may take."""


class Action(Enum):
    """What a release needs."""

    KEEP = "it is as wanted"
    INSTALL = "install it, or upgrade it in place"
    START_OVER = "remove what a killed run left half done, then install it"


def action(release: Mapping[str, str], wanted: str) -> Action:
    """Decide from a release's ``status`` and ``description`` (empty: there is none) and the wanted one."""
    if release == {"status": "deployed", "description": wanted}:
        return Action.KEEP
    # Helm refuses to touch a release whose last change was cut off.
    settled = release.get("status", "deployed") in ("deployed", "failed")
    return Action.INSTALL if settled else Action.START_OVER


@dataclass(frozen=True, slots=True)
class Release:
    """One release; its own description says what it was made from, so nothing else has to remember it."""

    cluster: Cluster
    name: str
    namespace: str

    def bring(
        self,
        chart: Path,
        values: Sequence[str | Path],
        *,
        content: str,
        title: str,
        seconds: int,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """Install or upgrade ``chart`` with ``values`` (Helm's words) unless ``content`` is there already.

        ``first`` is what the chart needs and does not bring; where ``content`` is there, it was done before.
        """
        wanted = f"content {content}"
        needed = action(self.found(), wanted)
        if needed is Action.KEEP:
            return
        with progress.step(title, seconds):
            if needed is Action.START_OVER:
                self.helm("uninstall", self.name, "--wait")
            first()
            words = ("upgrade", "--install", self.name, chart, "--create-namespace", *values)
            self.helm(*words, "--description", wanted, "--wait", "--timeout", PATIENCE)

    def found(self) -> dict[str, str]:
        """Its status and description; empty where there is none."""
        if not succeeds(self.words("status", self.name)):
            return {}
        info = json.loads(self.helm("status", self.name, "--output", "json"))["info"]
        return {"status": info["status"], "description": info["description"]}

    def helm(self, *args: str | Path) -> str:
        """Run Helm on it."""
        return output(self.words(*args))

    def words(self, *args: str | Path) -> list[str | Path]:
        """Helm's command line."""
        place = ("--namespace", self.namespace, "--kubeconfig", self.cluster.kubeconfig)
        return [ensure(programs.helm) / "helm", *args, *place]
