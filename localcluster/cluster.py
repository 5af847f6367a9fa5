"""The cluster as a whole: brought up, asked how it is, taken down."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcluster import command, network, paths
from localcluster.engine import Engine
from localcluster.kind import Kind


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that runs; ``nodes`` are its nodes' names (and their containers'), control plane first."""

    engine: Engine
    name: str
    nodes: tuple[str, ...]

    @property
    def kubeconfig(self) -> Path:
        """Works on this machine."""
        return paths.run_folder() / "kubeconfig"

    @property
    def inside_kubeconfig(self) -> Path:
        """Works in the cluster's network, that is under ``prefix``."""
        return paths.run_folder() / "kubeconfig.inside"

    @property
    def kubectl(self) -> Path:
        """A kubectl of the cluster's own version."""
        return paths.run_folder() / "kubectl"

    def kubectl_output(self, *args: str | Path, stdin: str = "", timeout: float | None = None) -> str:
        """Run kubectl on this machine and return what it prints; ``Failure`` where it fails."""
        env = {"KUBECONFIG": str(self.kubeconfig)}
        return command.output([self.kubectl, *args], env=env, stdin=stdin, timeout=timeout)

    def answers(self) -> bool:
        """Whether the API server says that it is ready, asked by the kubeconfig for this machine."""
        env = {"KUBECONFIG": str(self.kubeconfig)}
        ask: list[str | Path] = [self.kubectl, "get", "--raw", "/readyz", "--request-timeout=5s"]
        return self.kubectl.exists() and self.kubeconfig.exists() and command.succeeds(ask, env=env, timeout=10)

    def load(self, references: Sequence[str]) -> None:
        """Copy images from the engine into every node that lacks them.

        Images that are built here carry their content in their tag, so having the name is having the image;
        any other name is always copied.
        """
        if lacking := [name for name in references if not self._has(name)]:
            Kind(self.engine, self.name).load(lacking)

    def _has(self, reference: str) -> bool:
        if not reference.startswith("localhost/gracefulservice/"):
            return False
        ask = ("ctr", "--namespace=k8s.io", "images", "list", "--quiet", f"name=={reference}")
        return all(self.engine.docker("exec", node, *ask) for node in self.nodes)

    def prefix(self) -> list[str]:
        """What to put before a command line to run it where pod, Service and gateway addresses are real."""
        namespace = network.node_namespace(self.engine, self.nodes[0])
        return network.prefix(namespace, self.inside_kubeconfig)

    def take_kubectl(self) -> None:
        """Copy kubectl out of the control plane."""
        partial = self.kubectl.with_name("kubectl.partial")
        self.engine.docker("cp", f"{self.nodes[0]}:/usr/bin/kubectl", partial)
        shutil.move(partial, self.kubectl)
