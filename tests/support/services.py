"""GracefulServices as the stories use them, and what a story watches of one."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support import plain
from tests.support.place import Object, Place

V1, V2 = {"VERSION": "v1"}, {"VERSION": "v2"}
SHORT = {"delay": "10s", "drain": "10s"}
"""Times of the stories: short, except the one a story is about. The delay is the default one: on a starved machine 18 %
of the changes of endpoints reach a node later than 5 s after they were made, and a delay of 5 s is then too short."""


def steps(*weights: float, hold: str = "3s") -> Object:
    """A canary with these weights."""
    return {"canary": {"steps": [{"weight": weight, "hold": hold} for weight in weights]}}


def shop(
    image: str,
    environment: Mapping[str, str],
    *,
    replicas: int = 4,
    rollout: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Object:
    """A GracefulService of the sample service; `fields` are further fields of its spec."""
    times = {"warmup": "3s", "bake": "10s", "progressDeadline": "2m"}
    return {
        "apiVersion": "gracefulservice.dev/v1alpha1",
        "kind": "GracefulService",
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": replicas,
            "template": plain.pod(image, environment),
            "probes": {"readiness": {"path": "/readyz", "period": "1s"}},
            "shutdown": SHORT,
            "rollout": times | dict(rollout if rollout is not None else steps(25, 50, 75)),
            **fields,
        },
    }


@dataclass(frozen=True)
class Shop:
    """The GracefulService `shop` of a story, as users and the API see it."""

    place: Place

    @property
    def status(self) -> Object:
        """Its status now."""
        found = self.place.get("GracefulService", "shop")
        return dict((found or {}).get("status") or {})

    @property
    def phase(self) -> str:
        """Its phase now."""
        return str(self.status.get("phase", ""))

    def change(self, environment: Mapping[str, str], **fields: Any) -> None:
        """A new template: the same image with other switches is another revision."""
        template = plain.pod(self.place.stage.shop_image, environment)
        self.place.patch("GracefulService", "shop", {"spec": {"template": template, **fields}})

    def command(self, do: str, **more: Any) -> str:
        """Ask for something as the command line does; the id of the request."""
        key = uuid.uuid4().hex
        text = json.dumps({"id": key, "do": do, "by": "a story", **more})
        self.place.patch(
            "GracefulService", "shop", {"metadata": {"annotations": {"gracefulservice.dev/command": text}}}
        )
        return key

    def receipt(self, key: str) -> Object:
        """The answer to a command."""
        return dict(
            self.place.wait("A receipt", lambda: [one for one in self.status.get("commands", ()) if one["id"] == key])[
                0
            ]
        )

    def wait_for(self, phase: str, within: float = 240.0) -> Object:
        """The status once the object is in `phase` for its present generation."""

        def seen() -> Object | None:
            found = self.place.get("GracefulService", "shop") or {}
            status = found.get("status") or {}
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return status if current and status.get("phase") == phase else None

        return dict(self.place.wait(f"Phase {phase}", seen, within))

    def wait_for_weight(self, weight: float, within: float = 180.0) -> Object:
        """The status once `weight` percent was observed on the canary."""
        return dict(
            self.place.wait(
                f"Weight {weight:g}",
                lambda: self.status if (self.status.get("weight") or {}).get("observed") == weight else None,
                within,
            )
        )

    def pods(self, version: str) -> list[Object]:
        """The pods that run `VERSION=version` and are not on their way out."""
        return [
            pod
            for pod in self.place.all("Pod", "gracefulservice.dev/name=shop")
            if version_of(pod) == version and not pod["metadata"].get("deletionTimestamp")
        ]

    def gone(self, version: str) -> bool:
        """Whether no pod of a version is left, not even one on its way out."""
        return all(version_of(pod) != version for pod in self.place.all("Pod", "gracefulservice.dev/name=shop"))

    def reasons(self) -> list[str]:
        """The reasons of the object's own events, in order."""
        found = self.place.all("Event")
        mine = [one for one in found if one["involvedObject"].get("kind") == "GracefulService"]
        return [one["reason"] for one in sorted(mine, key=lambda one: str(one.get("eventTime") or ""))]


def condition(service: Shop, kind: str, status: str, part: str = "") -> str:
    """The message of a condition once it has this status and says this."""

    def seen() -> str | None:
        found = [one for one in service.status.get("conditions", ()) if one["type"] == kind]
        said = str(found[0]["message"]) if found and found[0]["status"] == status else ""
        return said if part in said else None

    return str(service.place.wait(f"Condition {kind}={status} {part}", seen))


def version_of(pod: Mapping[str, Any]) -> str:
    """The `VERSION` a pod runs."""
    environment = pod["spec"]["containers"][0].get("env") or []
    return next((one["value"] for one in environment if one["name"] == "VERSION"), "")


def ready(pods: Sequence[Mapping[str, Any]]) -> int:
    """How many pods are ready."""
    return sum(
        any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions") or ())
        for pod in pods
    )


def leaving(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is on its way out."""
    return bool(pod["metadata"].get("deletionTimestamp"))
