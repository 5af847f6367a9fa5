"""The same without any contract: a plain Deployment of a service that exits at once, and what happens to it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.soak.target import PATIENCE, PORTS, REPLICAS, deployed, name_of, served
from tests.support import faults, plain
from tests.support.place import Place
from tests.support.services import ready, version_of

NAME = "plain"
HASTY = {"EXIT_AT_ONCE": "1"}


@dataclass
class Control:
    """A Deployment, its Service and a route, as people write them."""

    place: Place
    random: Random
    made: int = field(default=1, init=False)

    @property
    def host(self) -> str:
        """Its name behind the gateway."""
        return f"{self.place.namespace}.test"

    def start(self) -> None:
        """The first version, ready, behind its route."""
        service = plain.service(NAME)
        service["spec"]["ports"] = list(PORTS)
        self.place.apply(service, served(plain.route(NAME, self.host, {NAME: 1})))
        self.write()
        self.whole()

    def write(self) -> None:
        """Apply the present version."""
        self.place.apply(deployed(self.place, NAME, HASTY | {"VERSION": f"v{self.made}"}))

    def whole(self, replicas: int = REPLICAS) -> None:
        """Wait for exactly so many pods of the present version, all ready."""

        def seen() -> bool:
            pods = self.place.all("Pod", f"app={NAME}")
            current = {version_of(pod) for pod in pods} == {f"v{self.made}"}
            return current and len(pods) == ready(pods) == replicas

        self.place.wait(f"{replicas} ready pods of v{self.made}", seen, PATIENCE)

    def scale(self, replicas: int) -> None:
        """So many pods, and no other left."""
        self.place.patch("Deployment", NAME, {"spec": {"replicas": replicas}})
        self.whole(replicas)


def rollout(control: Control) -> None:
    """Another version, by the Deployment's own rolling update."""
    control.made += 1
    control.write()
    control.whole()


def scaling(control: Control) -> None:
    """More pods, then as before."""
    for replicas in (REPLICAS + 4, REPLICAS):
        control.scale(replicas)


def pod_deletion(control: Control) -> None:
    """Three pods, one after the other."""
    for _ in range(3):
        pods = control.place.all("Pod", f"app={NAME}")
        faults.delete_pod(control.place, control.random.choice([name_of(pod) for pod in pods]))
        time.sleep(1)
        control.whole()


def node_drain(control: Control) -> None:
    """The node with most pods is emptied by `kubectl drain`."""
    nodes = [pod["spec"]["nodeName"] for pod in control.place.all("Pod", f"app={NAME}")]
    fullest = max(sorted(set(nodes)), key=nodes.count)
    with faults.drained(control.place.stage, fullest, f"soak={control.place.namespace}"):
        control.whole()


CONTROLS: dict[str, Callable[[Control], None]] = {
    "rollout": rollout,
    "scaling": scaling,
    "pod-deletion": pod_deletion,
    "node-drain": node_drain,
}
