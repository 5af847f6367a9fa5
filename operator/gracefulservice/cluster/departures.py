"""How containers of leaving pods ended, read from pods and kept for the next look.

A pod is gone a moment after its last container has ended, so a look alone would mostly come too late. The watch
does not: the last event about a pod carries its last state. What it tells is kept here, in memory and only if it is
worth telling; a restart of the operator loses a warning at the worst.

    deletionTimestamp − deletionGracePeriodSeconds   when the deletion began. The kubelet's own deletion at the end
                                                     sets the one to that moment and the other to 0: what is heard
                                                     from then on tells no beginning, and what was heard before counts
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gracefulservice.api.names import REVISION_LABEL
from gracefulservice.api.quantities import parse_instant
from gracefulservice.ports import Key, Object
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.sizes import Gone

UNSEEN = "ContainerStatusUnknown"
"""The kubelet's word for a container of which it does not know how it ended; the code beside it is made up."""
KEPT = 30
"""Exits kept per service. The oldest give way, and may then be told once more if they are heard of again."""
MEASURED = 8
"""Deleted pods kept per service, whose last requests may be asked for."""
SERVICES = 1000
"""Services for which exits are kept at all."""


def exits(pod: Object) -> Iterator[Exit]:
    """The containers of a leaving pod that ended with a code other than 0 after its deletion began."""
    began = _began(pod)
    if began is None:
        return
    for status, sidecar in _statuses(pod):
        ended = status.get("state", {}).get("terminated") or {}
        finished = ended.get("finishedAt")
        if not ended.get("exitCode") or ended.get("reason") == UNSEEN or not finished:
            continue
        after = parse_instant(finished) - began
        if after >= 0:
            yield Exit(
                revision=(pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""),
                container=status["name"],
                pod=pod["metadata"]["name"],
                code=ended["exitCode"],
                after=after,
                grace=float(pod["spec"].get("terminationGracePeriodSeconds", 0)),
                sidecar=sidecar,
            )


def gone(pod: Object) -> Gone | None:
    """When the deletion of a pod began and when it had ended; None while a container runs, or where nobody tells."""
    began = _began(pod)
    if began is None:
        return None
    ends = [(status.get("state", {}).get("terminated") or {}).get("finishedAt") for status, _ in _statuses(pod)]
    if not ends or not all(ends):
        return None
    ended = max(parse_instant(str(end)) for end in ends)
    return Gone(pod["metadata"]["name"], began, ended) if ended >= began else None


@dataclass(slots=True)
class _Heard:
    """What is kept for one service."""

    exits: OrderedDict[str, Exit] = field(default_factory=OrderedDict)
    gone: OrderedDict[str, Gone] = field(default_factory=OrderedDict)


class Departures:
    """What the watch heard of pods that left, by service. Used from one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, _Heard] = OrderedDict()

    def heard(self, key: Key, pod: Object) -> None:
        """A pod of the service `key` was changed or is gone; this is its newest state."""
        ended, bad = gone(pod), list(exits(pod))
        if ended is None and not bad:
            return
        kept = self._kept.setdefault(key, _Heard())
        for one in bad:
            kept.exits.setdefault(one.key, one)
        if ended is not None:
            kept.gone.setdefault(ended.pod, ended)
        _trim(kept.exits, KEPT)
        _trim(kept.gone, MEASURED)
        _trim(self._kept, SERVICES)

    def of(self, key: Key) -> tuple[Exit, ...]:
        """The ends in an error that are kept for a service."""
        return tuple(self._kept[key].exits.values()) if key in self._kept else ()

    def gone(self, key: Key) -> tuple[Gone, ...]:
        """The pods of a service that were deleted last."""
        return tuple(self._kept[key].gone.values()) if key in self._kept else ()

    def forget(self, key: Key) -> None:
        """The service is gone."""
        self._kept.pop(key, None)


def _trim(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _began(pod: Object) -> float | None:
    """When the deletion of a pod began (unix seconds); None for one that stays, or that an old record tells too
    little of."""
    metadata = pod["metadata"]
    if "deletionTimestamp" not in metadata or "deletionGracePeriodSeconds" not in metadata or "spec" not in pod:
        return None
    return parse_instant(metadata["deletionTimestamp"]) - float(metadata["deletionGracePeriodSeconds"])


def _statuses(pod: Object) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The statuses of regular containers and of native sidecars, and whether it is one of those."""
    status = pod.get("status", {})
    sidecars = native_sidecars(pod["spec"].get("initContainers") or ())
    yield from ((one, False) for one in status.get("containerStatuses") or ())
    yield from ((one, True) for one in status.get("initContainerStatuses") or () if one["name"] in sidecars)


def native_sidecars(containers: Iterable[Object]) -> set[str]:
    """The names of the init containers that run as long as the pod does."""
    return {one["name"] for one in containers if one.get("restartPolicy") == "Always"}
