"""The contract a revision's pods keep to: what its input resolves to, once, or everything wrong with it.

    removal decided ─► endpoint goes, `delay`: the pod still serves ─► SIGTERM ─► `drain` ─► `margin` ─► SIGKILL
                       └──────────────────── terminationGracePeriodSeconds ────────────────────┘

The sleep goes on every regular container, because one that stops early cannot serve what still arrives at
the pod. Native sidecars get none: the kubelet stops them after all regular containers.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from gracefulservice.api.pods import Pods
from gracefulservice.api.problems import Problems, problems_of
from gracefulservice.api.quantities import Duration
from gracefulservice.api.template import Container
from gracefulservice.api.value import Value
from gracefulservice.rollout.container_probes import probe_problems, probes_of
from gracefulservice.rollout.grace import leave_of, leave_problems, sleep_of
from gracefulservice.rollout.service_ports import Listening, ServicePort, listen
from gracefulservice.rollout.sizes import NOTHING, Sizes


class ContainerContract(Value):
    """What is added to one container; everything else stays as the user wrote it."""

    sleep: int | None = None
    """Seconds of the preStop sleep; None: no hook is added."""
    probes: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Probes by core/v1's field names (`readinessProbe`), in core/v1's form."""
    ports: tuple[Mapping[str, Any], ...] | None = None
    """All of the container's ports in core/v1's form; None: they stay as they are."""


class Contract(Value):
    """What every pod of a revision keeps to. Written to the revision's record and never computed again."""

    delay: Duration
    """How long the slowest container keeps serving before its SIGTERM."""
    drain: Duration
    """How long requests in flight may take after SIGTERM."""
    margin: Duration
    """How long the process may take after its last answer."""
    grace: int
    """`terminationGracePeriodSeconds`."""
    containers: Mapping[str, ContainerContract]
    """What is added, by the container's name."""
    ports: tuple[ServicePort, ...]
    """The ports of the Services."""

    @property
    def port_names(self) -> frozenset[str]:
        """The names of the container ports that the Services lead to."""
        return frozenset(port.target_port for port in self.ports)


def resolve(written: Mapping[str, Any], sizes: Sizes = NOTHING) -> Contract | Problems:
    """The contract of a revision's input, or all that is wrong with it: then a tuple of problems.

    `sizes` are what was measured of the service, for what the input leaves to measurement.
    """
    try:
        pods = Pods.model_validate(written)
    except ValidationError as error:
        return problems_of(error, "spec")
    listening = listen(pods)
    if isinstance(listening, tuple):
        return (*leave_problems(pods), *listening)
    return (*leave_problems(pods), *probe_problems(pods, listening)) or _contract(pods, listening, sizes)


def _contract(pods: Pods, listening: Listening, sizes: Sizes) -> Contract:
    """The contract of pods without problems."""
    leave, containers = leave_of(pods, sizes), pods.template.spec.listening
    return Contract(
        delay=leave.delay,
        drain=leave.drain,
        margin=leave.margin,
        grace=leave.grace,
        containers={container.name: _added(pods, container, listening, sizes) for container in containers},
        ports=listening.ports,
    )


def _added(pods: Pods, container: Container, listening: Listening, sizes: Sizes) -> ContainerContract:
    """What is added to one container; a native sidecar gets nothing but names for its ports."""
    ports = listening.container_ports.get(container.name)
    if container not in pods.template.spec.containers:
        return ContainerContract(ports=ports)
    probes = probes_of(pods, container, listening)
    return ContainerContract(sleep=sleep_of(pods, container, sizes), probes=probes, ports=ports)
