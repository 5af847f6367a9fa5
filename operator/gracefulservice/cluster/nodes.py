"""What is to be known of the nodes where pods run: the versions of kubelets, and which nodes are cordoned.

    a pod of ours on a node ─► the node is read ─► believed for FRESH seconds; a cordoned one is read in each look
    the watch: cordoned, or no longer ──► that node is read again, by the services that have pods on it

The watch is sent cordoned nodes only, so it is silent as long as there are none. What it says is never the answer,
only where to look: nothing is wrong for ever should it miss something. Where nodes may not be read, as within
namespaces, versions are unknown and no node counts as cordoned.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gracefulservice.cluster.kinds import NODE, Ref
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused, Unreachable
from gracefulservice.ports import Key, Object

FRESH = 600.0
"""Seconds for which a node is believed: its kubelet changes with it, or with an update of it."""
NEW_NODES = 4
"""Nodes asked about in one look; the others have their turn in the next ones."""
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
"""The taint that Kubernetes gives to a cordoned node."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `kubelet` is a version as `v1.33.2`, empty where it is not known."""

    kubelet: str = ""
    cordoned: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The nodes of one service's pods, as far as known."""

    kubelets: Mapping[str, str] = field(default_factory=dict)
    cordoned: frozenset[str] = frozenset()


class Nodes:
    """The nodes of everybody's pods, remembered for a while. Used from one thread."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._known: dict[str, tuple[Node, float]] = {}
        """Node → what it was, and until when that is believed."""
        self._heard: set[str] = set()
        self._places: dict[Key, frozenset[str]] = {}

    def heard(self, name: str) -> list[Key]:
        """A node was cordoned, or is so no longer; gives the services that had pods there when looked at last."""
        self._heard.add(name)
        self._tidy()
        return self._on(name)

    def forget(self, key: Key) -> None:
        """The service is gone."""
        self._places.pop(key, None)
        self._tidy()

    async def of(self, key: Key, pods: Iterable[Object]) -> Standing:
        """Where the pods of a service stand; what was heard of comes first, then the nodes of the newest pods, because
        a canary's are among them."""
        newest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)
        nodes = [name for name in dict.fromkeys(map(node_of, newest)) if name]
        self._places[key] = frozenset(nodes)
        self._tidy()
        await self._refresh(nodes)
        known = {name: self._known[name][0] for name in nodes if name in self._known}
        return Standing(
            kubelets={name: node.kubelet for name, node in known.items()},
            cordoned=frozenset(name for name, node in known.items() if node.cordoned),
        )

    def _on(self, name: str) -> list[Key]:
        """The services that had pods on a node when looked at last."""
        return [key for key, nodes in self._places.items() if name in nodes]

    def _tidy(self) -> None:
        """Forget the nodes that were heard of and that nobody stands on: whoever comes there reads them anew."""
        for name in [name for name in self._heard if not self._on(name)]:
            self._heard.discard(name)
            self._known.pop(name, None)

    async def _refresh(self, nodes: Iterable[str]) -> None:
        """Read some of those that are not believed (any longer), the longest unread first."""
        now = asyncio.get_running_loop().time()
        self._known = {name: (node, until) for name, (node, until) in self._known.items() if until + FRESH > now}
        until = {name: self._known[name][1] if name in self._known else 0.0 for name in nodes}
        due = [name for name in until if name in self._heard or until[name] <= now]
        due = sorted(due, key=lambda name: (name not in self._heard, until[name]))[:NEW_NODES]
        self._heard -= set(due)
        for name, (node, fresh) in zip(due, await asyncio.gather(*map(self._read, due)), strict=True):
            self._known[name] = node, now + fresh

    async def _read(self, name: str) -> tuple[Node, float]:
        """One node, and for how many seconds to believe it. Nothing ever waits for one that does not answer."""
        try:
            found = await self._api.get(Ref(NODE, "", name))
        except Refused:
            return Node(), FRESH
        except Unreachable:
            return self._known[name][0] if name in self._known else Node(), 0.0
        node = read(found or {})
        return node, 0.0 if node.cordoned else FRESH


def read(body: Object) -> Node:
    """What a node says of itself."""
    spec = body.get("spec") or {}
    tainted = any(taint.get("key") == UNSCHEDULABLE for taint in spec.get("taints") or ())
    return Node(
        kubelet=str(body.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")),
        cordoned=bool(spec.get("unschedulable")) or tainted,
    )


def node_of(pod: Object) -> str:
    """The node a pod runs on; empty before it has one."""
    return str(pod["spec"].get("nodeName", ""))
