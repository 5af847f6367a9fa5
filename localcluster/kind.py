"""The kind command, pointed at one engine and one cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcluster import command, node_programs, paths
from localcluster.artefact import ensure
from localcluster.command import Log
from localcluster.engine import Engine

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
ROLE_LABEL = "io.x-k8s.kind.role"


@dataclass(frozen=True, slots=True)
class Kind:
    """kind for the cluster ``name`` on ``engine``."""

    engine: Engine
    name: str

    def create(self, config: Path, image: str) -> None:
        """Create the cluster; returns before the nodes are Ready, because the pod network comes after."""
        options: list[str | Path] = ["--image", image, "--kubeconfig", paths.run_folder() / "kubeconfig.kind"]
        self._run("create", "cluster", "--name", self.name, "--config", config, *options)

    def kubeconfig(self) -> str:
        """The kubeconfig for the engine's own loopback."""
        return command.output([*self._argv(), "get", "kubeconfig", "--name", self.name], env=self.engine.environment)

    def load(self, references: Sequence[str]) -> None:
        """Copy images from the engine into every node."""
        archive = paths.state_folder() / "load.tar"
        archive.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.engine.save(references, archive)
            self._run("load", "image-archive", "--name", self.name, archive)
        finally:
            archive.unlink(missing_ok=True)

    def nodes(self, *, running: bool) -> list[str]:
        """The names of the nodes' containers, the control plane first; all, or only those that run."""
        every = [] if running else ["--all"]
        chosen = ["--filter", f"label={CLUSTER_LABEL}={self.name}"]
        columns = ["--format", f'{{{{.Label "{ROLE_LABEL}"}}}} {{{{.Names}}}}']
        listed = self.engine.docker("ps", *every, *chosen, *columns)
        return [line.split()[1] for line in sorted(listed.splitlines())]

    def starts(self) -> str:
        """When each node's container was last started, as YAML comments."""
        nodes = self.nodes(running=False)
        return self.engine.docker("inspect", "--format", "# {{.Name}} {{.State.StartedAt}}", *nodes) + "\n"

    def delete(self) -> None:
        """Remove the nodes with their volumes; kind's network stays, as kind itself leaves it."""
        if nodes := self.nodes(running=False):
            self.engine.docker("rm", "--force", "--volumes", *nodes)

    def _run(self, *args: str | Path) -> None:
        log = Log(paths.cache_folder() / "logs" / "kind.log")
        log.run([*self._argv(), *args], env={**self.engine.environment, "KUBECONFIG": ""})

    def _argv(self) -> list[str | Path]:
        """kind looks for a free port itself, so it must see the engine's network."""
        enter = ["nsenter", f"--net={self.engine.namespace}"] if self.engine.namespace else []
        return [*enter, ensure(node_programs.kind) / "kind"]
