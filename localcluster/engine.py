"""A Docker engine: one client by its full path, one address, and the few things asked of it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcluster import command, paths
from localcluster.command import Log

PATH_IN_TREES = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers.

    ``client`` is the docker command, ``host`` the engine's address (empty: the client's own default),
    ``private`` says that it is ours: it has no outside network and ends with ``down``.
    ``namespace`` is the file that pins the network namespace of a private engine.
    """

    client: Path
    host: str = ""
    private: bool = False
    namespace: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs (kind, for one) to find this engine and this client first."""
        path = f"{self.client.parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        host = {"DOCKER_HOST": self.host} if self.host else {}
        return {**host, "PATH": path, "DOCKER_BUILDKIT": "0"}

    def docker(self, *args: str | Path, stdin: str = "", timeout: float | None = None) -> str:
        """Run the client and return what it prints; ``Failure`` where it fails."""
        return command.output([self.client, *args], env=self.environment, stdin=stdin, timeout=timeout)

    def run(self, log: Log, *args: str | Path, stdin: Path | None = None) -> None:
        """Run the client with its output in a log."""
        log.run([self.client, *args], env=self.environment, stdin=stdin)

    def answers(self, *args: str, timeout: float = 30.0) -> bool:
        """Whether the client succeeds with these arguments."""
        return command.succeeds([self.client, *args], env=self.environment, timeout=timeout)

    def has_image(self, tag: str) -> bool:
        """Whether the engine has an image of that name."""
        return self.answers("image", "inspect", tag)

    def import_tree(self, tar: Path, tag: str, changes: Sequence[str] = ()) -> None:
        """Make an image of a file tree; ``changes`` are Dockerfile lines such as ``USER 65532``."""
        options = [word for change in (PATH_IN_TREES, *changes) for word in ("--change", change)]
        self.docker("import", *options, tar, tag)

    def build(
        self, context: Path, tag: str, build_args: Mapping[str, str] | None = None, log: Log | None = None
    ) -> None:
        """Build the Dockerfile in ``context`` without any network: all it needs lies in the context."""
        args = [word for name, value in (build_args or {}).items() for word in ("--build-arg", f"{name}={value}")]
        log = log or Log(paths.cache_folder() / "logs" / "docker-build.log")
        self.run(log, "build", "--network", "none", *args, "--tag", tag, context)

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name."""
        self.docker("tag", image, name)

    def save(self, tags: Sequence[str], tar: Path) -> None:
        """Write images into one archive."""
        self.docker("save", "--output", tar, *tags)

    def load(self, tar: Path) -> None:
        """Read images from an archive."""
        self.docker("load", "--input", tar)
