"""Where the cluster is to be found: what ``env`` prints and what ``run`` gives to its command."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from localcluster import paths
from localcluster.errors import Failure


@dataclass(frozen=True, slots=True)
class Environment:
    """Addresses of a running cluster.

    ``kubeconfig`` works on this machine. ``gateway`` (``ADDRESS:PORT``) and ``prometheus`` (a URL) are real
    addresses of the cluster's network: they answer under ``run``.
    """

    kubeconfig: Path
    gateway: str
    prometheus: str

    def addresses(self) -> dict[str, str]:
        """The addresses in the cluster's network, as environment variables."""
        return {"GATEWAY": self.gateway, "PROMETHEUS": self.prometheus}

    def variables(self) -> dict[str, str]:
        """All of it, as environment variables of this machine."""
        return {"KUBECONFIG": str(self.kubeconfig), **self.addresses()}


def _file() -> Path:
    return paths.run_folder() / "environment.json"


def remember(environment: Environment) -> None:
    """Keep it for the commands that come after ``up``."""
    paths.write(_file(), json.dumps({name: str(value) for name, value in asdict(environment).items()}, indent=2))


def recall() -> Environment:
    """What the last ``up`` found; ``Failure`` where no cluster is up."""
    try:
        known = json.loads(_file().read_text())
    except FileNotFoundError:
        raise Failure("No local cluster is up; `python -m localcluster up` brings one up.") from None
    return Environment(Path(known["kubeconfig"]), known["gateway"], known["prometheus"])
