"""What one look at a GracefulService found, as a value. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gracefulservice import __version__
from gracefulservice.api import Status
from gracefulservice.api.names import REVISION_LABEL
from gracefulservice.api.quantities import parse_instant
from gracefulservice.errors import Invalid

Object = Mapping[str, Any]

EVENTS = 5
"""How many of the last events are shown."""


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one revision: what it is (`stable`, `canary`, `target`, `old`), wanted and ready."""

    revision: str
    role: str
    wanted: int
    ready: int


@dataclass(frozen=True, slots=True)
class Told:
    """One event; `at` is unix seconds."""

    at: float
    reason: str
    sentence: str
    warning: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """One GracefulService. `unreadable` says what else could not be read, and why."""

    namespace: str
    name: str
    status: Status
    pods: tuple[Pods, ...] = ()
    events: tuple[Told, ...] = ()
    looked_at: bool = True
    unreadable: str = ""

    @property
    def headline(self) -> str:
        """What it does and why, in words."""
        ready = next((one.message for one in self.status.conditions if one.type == "Ready"), "")
        said = (self.status.waiting.sentence if self.status.waiting else "") or ready
        if self.status.observed_generation is None:
            return "No operator has looked at it yet."
        return said if self.looked_at else f"The operator has yet to see the latest change. {said}".strip()


def scene(
    body: Object, deployments: Sequence[Object] = (), events: Sequence[Object] = (), unreadable: str = ""
) -> Scene:
    """The object and what belongs to it. Raises `Invalid` for a status of a form that is not known here."""
    metadata, status = body["metadata"], read_status(body)
    return Scene(
        namespace=metadata["namespace"],
        name=metadata["name"],
        status=status,
        pods=tuple(sorted(pods(status, deployments), key=lambda one: (one.role != "stable", one.role, one.revision))),
        events=tuple(sorted(map(told, events), key=lambda one: one.at)[-EVENTS:]),
        looked_at=status.observed_generation == metadata.get("generation"),
        unreadable=unreadable,
    )


def read_status(body: Object) -> Status:
    """The status of an object."""
    try:
        return Status.model_validate(body.get("status") or {})
    except ValidationError as error:
        metadata, field = body["metadata"], ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Invalid(
            f"status.{field} of {metadata['namespace']}/{metadata['name']} says something that kubectl-graceful "
            f"{__version__} does not know: install the version of the operator."
        ) from error


def pods(status: Status, deployments: Sequence[Object]) -> Iterator[Pods]:
    """The pods of each revision that has or should have any."""
    for deployment in deployments:
        revision = deployment["metadata"]["labels"].get(REVISION_LABEL, "")
        wanted, found = deployment["spec"].get("replicas", 1), deployment.get("status") or {}
        if wanted or found.get("replicas"):
            yield Pods(revision, role(status, revision), wanted, found.get("readyReplicas", 0))


def role(status: Status, revision: str) -> str:
    """What a revision is in the rollout."""
    return {status.target: "target", status.canary: "canary", status.stable: "stable"}.get(revision, "old")


def told(event: Object) -> Told:
    """One event of core/v1, of whatever age."""
    at = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    return Told(parse_instant(at), event.get("reason", ""), event.get("message", ""), event.get("type") == "Warning")


def document(body: Object, seen: Scene) -> dict[str, Any]:
    """The same for programs: the status as it stands (but for the operator's own memory), pods and events."""
    status = {key: value for key, value in (body.get("status") or {}).items() if key != "memory"}
    return {
        "namespace": seen.namespace,
        "name": seen.name,
        "status": status,
        "pods": [{"revision": p.revision, "role": p.role, "wanted": p.wanted, "ready": p.ready} for p in seen.pods],
        "events": [{"reason": one.reason, "message": one.sentence, "warning": one.warning} for one in seen.events],
    }
