"""What stored pods say of their preStop hooks, and which kubelets will obey them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from gracefulservice.cluster.kinds import NODE, Ref
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused, Unreachable
from gracefulservice.ports import Object
from gracefulservice.rollout.preparation import Hook

FRESH = 600.0
"""Seconds for which the version of a node's kubelet is believed: it changes with the node, or with an update of it."""
NEW_NODES = 4
"""Nodes asked about in one look; the others have their turn in the next ones."""


def hooks(pods: Iterable[Object], kubelets: Mapping[str, str]) -> Iterator[Hook]:
    """One per regular container of each pod that stays."""
    for pod in pods:
        for container in pod["spec"]["containers"]:
            hook = (container.get("lifecycle") or {}).get("preStop") or {}
            ports = container.get("ports") or ()
            yield Hook(
                pod=pod["metadata"]["name"],
                container=container["name"],
                serves=any(port.get("protocol", "TCP") == "TCP" for port in ports),
                sleep=(hook.get("sleep") or {}).get("seconds"),
                other=bool(hook) and "sleep" not in hook,
                kubelet=kubelets.get(node(pod), ""),
            )


def node(pod: Object) -> str:
    """The node a pod runs on; empty before it has one."""
    return str(pod["spec"].get("nodeName", ""))


class Kubelets:
    """The versions of kubelets, by node, remembered for a while. Where they may not be read they are unknown."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._known: dict[str, tuple[str, float]] = {}

    async def of(self, pods: Iterable[Object]) -> dict[str, str]:
        """Node → version, as far as known; the nodes of the newest pods first, because a canary's are among them."""
        newest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)
        nodes = [name for name in dict.fromkeys(map(node, newest)) if name]
        now = asyncio.get_running_loop().time()
        self._known = {name: (version, until) for name, (version, until) in self._known.items() if until > now}
        missing = [name for name in nodes if name not in self._known][:NEW_NODES]
        for name, version in zip(missing, await asyncio.gather(*map(self._version, missing)), strict=True):
            self._known[name] = version, now + FRESH
        return {name: self._known[name][0] for name in nodes if name in self._known}

    async def _version(self, name: str) -> str:
        """What one kubelet says of itself; empty where nobody tells: a rollout never waits for this."""
        try:
            found = await self._api.get(Ref(NODE, "", name))
        except (Refused, Unreachable):
            return ""
        return str((found or {}).get("status", {}).get("nodeInfo", {}).get("kubeletVersion", ""))
