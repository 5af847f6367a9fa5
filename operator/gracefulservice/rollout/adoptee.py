"""The Deployment that a service takes the place of, as one look finds it, and what is wanted of it.

Adoptee ── pods          each by the part it plays: Own, Serving or Leaving
        ├─ mark          what we wrote on the Deployment when its adoption began: it outlives a lost status
        ├─ service       whose the Service `<name>` is
        └─ autoscalers   those that lead to the Deployment, and those that we lead elsewhere

Handover               the complete wish for all of these, in the same words
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from gracefulservice.api.value import Value


class Part(StrEnum):
    """What a pod of the adopted Deployment does for the service."""

    OWN = "Own"
    """It bears nothing of ours."""
    SERVING = "Serving"
    """It bears the service's name, so that our Service finds it."""
    LEAVING = "Leaving"
    """It was taken out of the endpoints again and finishes the requests it has; the first to be deleted."""


class Whose(StrEnum):
    """Whose the Service `<name>` is."""

    NOBODYS = "Nobodys"
    """There is none."""
    THEIRS = "Theirs"
    """It leads where its users let it lead."""
    OURS = "Ours"
    """It bears our reference and selects by our labels."""


class Mark(Value):
    """What stands on the Deployment from the first moment of its adoption to the end of its return."""

    revision: str
    """The revision for which the Deployment's own pod template stands."""
    replicas: int
    """How many pods it had."""


@dataclass(frozen=True, slots=True)
class OldPod:
    """One pod of the Deployment. `visible`: it is a ready endpoint of the Service in the EndpointSlices."""

    name: str
    ready: bool = False
    visible: bool = False
    part: Part = Part.OWN
    stopping: bool = False
    """Whether its deletion has begun."""

    @property
    def serves(self) -> bool:
        """Whether users reach it."""
        return self.part == Part.SERVING and self.visible and self.ready and not self.stopping


@dataclass(frozen=True, slots=True)
class OldPort:
    """A port of the Service as it was found. `leads_to`: the container port's number, None where there is no such."""

    number: int
    leads_to: int | None


@dataclass(frozen=True, slots=True)
class Adoptee:
    """One look at the Deployment `name` and what belongs to it. Without `exists` nothing but the name is known."""

    name: str
    exists: bool = True
    wanted: int = 0
    """`spec.replicas`."""
    updated: int = 0
    """Ready pods of its present template, as far as its controller has noticed; all of them when it is rolled out."""
    rolled_out: bool = True
    paused: bool = False
    controller: str = ""
    """What owns it ("Rollout shop"), or empty."""
    images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of its containers, by name."""
    reserved: str = ""
    """A label or annotation in its pod template that bears our prefix, or empty."""
    mark: Mark | None = None
    """Ours."""
    rival: str = ""
    """The other GracefulService that has marked it, or empty."""
    pods: tuple[OldPod, ...] = ()
    service: Whose = Whose.NOBODYS
    headless: bool = False
    ports: tuple[OldPort, ...] = ()
    strangers: tuple[str, ...] = ()
    """Ready endpoints of the Service that are neither pods of the Deployment nor of ours."""
    autoscalers: tuple[str, ...] = ()
    """HorizontalPodAutoscalers that lead to the Deployment."""
    contested: tuple[str, ...] = ()
    """Those of them that we had led to the GracefulService before."""
    led: tuple[str, ...] = ()
    """Those that we lead to the GracefulService."""

    @property
    def alive(self) -> tuple[OldPod, ...]:
        """Its pods whose deletion has not begun."""
        return tuple(pod for pod in self.pods if not pod.stopping)

    def of(self, part: Part) -> tuple[OldPod, ...]:
        """Its living pods that play this part."""
        return tuple(pod for pod in self.alive if pod.part == part)

    @property
    def serving(self) -> tuple[OldPod, ...]:
        """Its pods that users reach."""
        return tuple(pod for pod in self.pods if pod.serves)


@dataclass(frozen=True, slots=True)
class Handover:
    """Everything that should be true of the Deployment and what belongs to it."""

    deployment: str
    revision: str
    """That of our pods beside the Deployment's."""
    mark: Mark | None
    pods: Mapping[str, Part]
    """By name; a pod that is missing stays as it is."""
    replicas: int | None = None
    """None: as many as it has."""
    ours: bool | None = None
    """Whether the Service and the autoscalers lead to us (True), or to the Deployment (False); None: as they do."""
    template: str | None = None
    """The revision whose pods the Deployment is to have; None: those it has."""
