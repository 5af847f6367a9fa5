"""What stored pods say of their preStop hooks, and which kubelets will obey them."""

from collections.abc import Iterable, Iterator, Mapping

from gracefulservice.cluster.nodes import node_of
from gracefulservice.ports import Object
from gracefulservice.rollout.preparation import Hook


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
                kubelet=kubelets.get(node_of(pod), ""),
            )
