"""What the operator reads of a core/v1 PodTemplateSpec; everything else in it is kept and never looked at."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gracefulservice.api.pod_rules import ours
from gracefulservice.api.schema_words import (
    ATOMIC,
    AnyObject,
    Documented,
    Name,
    PortName,
    PortNumber,
    keyed,
    rules,
)

LabelValue = Annotated[str, Field(max_length=63)]
GraceSeconds = Annotated[int, Field(ge=0, le=86_400)]


class Kept(Documented):
    """A part of the template: fields not named here are kept as they are."""

    model_config = ConfigDict(extra="allow")


class Sleep(Kept):
    """A native pause of the kubelet."""

    seconds: GraceSeconds
    """Seconds between the decision to stop the pod and its SIGTERM."""


class PreStop(Kept):
    """What happens in a container before it gets SIGTERM."""

    sleep: Sleep | None = None
    """Wait without running anything in the container."""

    @property
    def unknown_length(self) -> bool:
        """Whether nobody can tell from outside how long the hook takes: it runs a program or sends a request."""
        return self.sleep is None


class Lifecycle(Kept):
    """Hooks into the life of a container."""

    pre_stop: PreStop | None = None
    """What happens before SIGTERM; default: a sleep of `shutdown.delay`."""


class ContainerPort(Kept):
    """A port a container listens on."""

    name: PortName | None = None
    """The port's name, unique in the pod."""
    container_port: PortNumber
    """The port's number."""
    protocol: Literal["TCP", "UDP", "SCTP"] | None = None
    """The port's protocol; default TCP."""


class Container(Kept):
    """A container."""

    name: Name
    """The container's name, unique in the pod."""
    image: Annotated[str, Field(max_length=2048)] | None = None
    """The container's image."""
    ports: Annotated[tuple[ContainerPort, ...], Field(max_length=32, json_schema_extra=ATOMIC)] = ()
    """The ports the container listens on."""
    lifecycle: Lifecycle | None = None
    """Hooks into the container's life."""
    readiness_probe: AnyObject | None = None
    """When the container gets traffic."""
    liveness_probe: AnyObject | None = None
    """When the container is restarted."""
    startup_probe: AnyObject | None = None
    """How long the container may take to start."""
    restart_policy: Annotated[str, Field(max_length=16)] | None = None
    """`Always` makes an init container a sidecar, which is stopped after all regular containers."""

    @property
    def pre_stop(self) -> PreStop | None:
        """The user's own preStop hook."""
        return self.lifecycle.pre_stop if self.lifecycle else None


class Volume(Kept):
    """A volume."""

    name: Name
    """The volume's name, unique in the pod."""


class PodSpec(Kept):
    """The pods of a revision."""

    containers: Annotated[tuple[Container, ...], Field(min_length=1, max_length=16, json_schema_extra=keyed("name"))]
    """The regular containers."""
    init_containers: Annotated[tuple[Container, ...], Field(max_length=16, json_schema_extra=keyed("name"))] = ()
    """The containers that run before the regular ones, or beside them as sidecars."""
    volumes: Annotated[tuple[Volume, ...], Field(max_length=128, json_schema_extra=keyed("name"))] = ()
    """The volumes of the pod."""
    termination_grace_period_seconds: GraceSeconds | None = None
    """Seconds from the decision to stop a pod to SIGKILL; default: `delay` + `drain` + `margin` of `shutdown`."""

    @property
    def listening(self) -> tuple[Container, ...]:
        """The containers that run as long as the pod does: the regular ones and native sidecars."""
        return self.containers + tuple(c for c in self.init_containers if c.restart_policy == "Always")


class TemplateMetadata(Kept):
    """Labels and annotations of the pods."""

    model_config = ConfigDict(json_schema_extra=rules(ours("labels"), ours("annotations")))

    labels: Annotated[Mapping[str, LabelValue], Field(max_length=64)] = Field(default_factory=dict)
    """The pods' labels."""
    annotations: Annotated[Mapping[str, Annotated[str, Field(max_length=262_144)]], Field(max_length=128)] = Field(
        default_factory=dict
    )
    """The pods' annotations."""


class PodTemplate(Kept):
    """Pods, as core/v1's PodTemplateSpec describes them."""

    metadata: TemplateMetadata = TemplateMetadata()
    """Labels and annotations of the pods."""
    spec: PodSpec
    """The pods' containers, volumes and everything else."""
