"""Who a process of the operator is, and whether the one that a lease names can still be there."""

import uuid
from dataclasses import dataclass, field
from typing import Protocol, Self

import structlog

from gracefulservice.cluster.kinds import POD, Object, Ref
from gracefulservice.errors import Failure

OVER = ("Succeeded", "Failed")
"""Phases of a pod in which none of its processes runs, nor will."""

log = structlog.stdlib.get_logger(__name__)


class Pods(Protocol):
    """What is needed of the API server (`cluster.client.Client` is one)."""

    async def get(self, ref: Ref) -> Object | None:
        """One object, live; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """One process in one pod; without the pod's `uid` nobody can tell when it has ended."""

    pod: str
    uid: str = ""
    process: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __str__(self) -> str:
        """As a lease holds it. The name of a pod has no underscore."""
        return "_".join(part for part in (self.pod, self.process, self.uid) if part)

    @classmethod
    def read(cls, text: str) -> Self:
        """Who a lease names."""
        pod, _, rest = text.partition("_")
        process, _, uid = rest.partition("_")
        return cls(pod, uid, process)


class Predecessors:
    """Tells whether a holder of the lease has ended for certain, seen from the process `me` in the same namespace."""

    def __init__(self, pods: Pods, namespace: str, me: Identity) -> None:
        self._pods, self._namespace, self._me = pods, namespace, me

    async def ended(self, holder: str) -> bool:
        """Whether its container was in our own pod, or its pod is over. In doubt False.

        A pod that was deleted by force is no longer there although its process may run for a moment, or for long on
        a node that is cut off. What it still writes is tested against resource versions and the epoch on routes.
        """
        them = Identity.read(holder)
        if not them.uid:
            return False
        if (them.pod, them.uid) == (self._me.pod, self._me.uid):
            return them.process != self._me.process
        try:
            found = await self._pods.get(Ref(POD, self._namespace, them.pod))
        except Failure as failure:
            log.debug("Nobody can tell whether the leader has ended.", leader=holder, why=failure.sentence)
            return False
        return found is None or found["metadata"]["uid"] != them.uid or found["status"].get("phase") in OVER
