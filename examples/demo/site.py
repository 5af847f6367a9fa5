"""A namespace of the demonstration's own, and users in front of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from examples.demo.ground import Ground
from examples.demo.objects import NAME
from examples.traffic.client import Load, Second, Traffic
from gracefulservice.api.names import NAME_LABEL, REVISION_LABEL

LABEL = "app.kubernetes.io/part-of=gracefulservice-demo"
RATE = 100.0
"""Requests per second."""
PATIENCE = 120.0
"""Seconds for the gateway to learn a host name."""
FLOWING = 100
"""Answers after which users count as being served."""


@dataclass(frozen=True, slots=True)
class Site:
    """The demonstration's namespace; `host` is what users call."""

    ground: Ground
    namespace: str

    @property
    def host(self) -> str:
        """A name that only this namespace's route answers to."""
        return f"{self.namespace}.test"

    def apply(self, text: str) -> int:
        """Apply one object given as YAML; its generation. `Failure` has the API server's words."""
        words = ("apply", "--namespace", self.namespace, "--filename", "-", "--output=jsonpath={.metadata.generation}")
        return int(self.ground.cluster.kubectl_output(*words, stdin=text) or 0)

    def leaving(self, stable: str | None) -> list[str]:
        """Names of the pods of every other revision than `stable`, those on their way out included."""
        labels = f"{NAME_LABEL}={NAME},{REVISION_LABEL}!={stable}"
        words = ("get", "pods", "--namespace", self.namespace, "--selector", labels, "--output=name")
        return self.ground.cluster.kubectl_output(*words).split()

    def users(self, rate: float = RATE) -> Traffic:
        """Users who call through the gateway, half of them over kept connections."""
        load = Load(url=f"http://{self.ground.gateway}/", host=self.host, rate=rate, connections="mixed")
        return Traffic(self.ground.users, load, through=self.ground.prefix)

    def await_gateway(self) -> None:
        """Wait until the gateway serves the host, which it has only just learnt."""
        with self.users(rate=10) as first:
            first.wait_for(
                lambda seconds: bool(seconds) and seconds[-1].answered > 0 and not seconds[-1].lost, PATIENCE
            )


def fresh(ground: Ground) -> Site:
    """A new namespace; those of earlier demonstrations go, without being waited for."""
    kubectl = ground.cluster.kubectl_output
    kubectl("delete", "namespace", "--selector", LABEL, "--wait=false")
    namespace = f"demo-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, LABEL)
    return Site(ground, namespace)


def flowing(seconds: Sequence[Second]) -> bool:
    """Users have been answered for a while."""
    return sum(second.answered for second in seconds) >= FLOWING
