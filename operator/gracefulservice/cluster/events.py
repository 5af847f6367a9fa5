"""Happenings told as Kubernetes events: each once, however often it is told."""

import hashlib
from collections.abc import Mapping
from typing import Any

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import EVENT, Object
from gracefulservice.cluster.times import micro_time, whole_time
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Stale
from gracefulservice.ports import Owner
from gracefulservice.rollout.memory import Happening

LONGEST_MESSAGE = 1024
"""Characters: the API server refuses longer ones."""
TICK = 1e-6
"""Seconds by which the next happening of the same instant is later, so that their order can be read."""
TICKS = 1000
COMPONENT = "gracefulservice.dev/operator"


class Recorder:
    """The port `Notifier`, as Kubernetes events. `instance` names this process."""

    def __init__(self, api: ApiServer, instance: str) -> None:
        self._api, self._instance = api, instance

    async def tell(self, owner: Owner, happening: Happening) -> None:
        """Tell of one happening. Told again, it is recognised by its name. Raises what the API server means."""
        try:
            await self._api.send(requests.create(EVENT, event(owner, happening, self._instance)))
        except Stale:
            return


def event(owner: Owner, happening: Happening, instance: str) -> Object:
    """The event as an object; always the same for the same happening of the same object.

    core/v1 rather than events.k8s.io/v1, because it alone carries the times that `kubectl get events` and
    `kubectl describe` sort by, beside the microseconds that keep the order within one second.
    """
    metadata = owner.body["metadata"]
    at = happening.at + happening.id % TICKS * TICK
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"namespace": metadata["namespace"], "name": _name(metadata, happening)},
        "involvedObject": {
            "apiVersion": owner.body["apiVersion"],
            "kind": owner.body["kind"],
            **{field: metadata[field] for field in ("namespace", "name", "uid", "resourceVersion")},
        },
        "type": "Warning" if happening.warning else "Normal",
        "reason": happening.reason,
        "action": happening.reason,
        "message": happening.sentence[:LONGEST_MESSAGE],
        "eventTime": micro_time(at),
        "firstTimestamp": whole_time(at),
        "lastTimestamp": whole_time(at),
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }


def _name(metadata: Mapping[str, Any], happening: Happening) -> str:
    """A name that the same happening of the same object always has, and no other: numbers begin anew with a memory."""
    identity = f"{metadata['uid']} {happening.reason} {happening.id} {micro_time(happening.at)}"
    return f"{metadata['name']}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
