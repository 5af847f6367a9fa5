"""The pod network of node images that bring none: the standard CNI plugins, and a route to each node's pods.

Nodes of kind share one layer-2 network, so a route is all that pods on two nodes need. Laid again by every
``up``: routes do not survive a node's restart.
"""

import json
from dataclasses import dataclass

from localcluster.engine import Engine

CONFIGURATION = "/etc/cni/net.d/10-pods.conflist"


@dataclass(frozen=True, slots=True)
class Node:
    """A node's name (also its container's), its own address and its pods' range (IPv4, CIDR notation)."""

    name: str
    address: str
    pods: str


def parse_nodes(listing: str) -> list[Node]:
    """Nodes from the JSON of ``kubectl get nodes``."""
    return [
        Node(item["metadata"]["name"], _internal_address(item["status"]["addresses"]), item["spec"]["podCIDR"])
        for item in json.loads(listing)["items"]
    ]


def _internal_address(addresses: list[dict[str, str]]) -> str:
    return next(entry["address"] for entry in addresses if entry["type"] == "InternalIP")


def plugin_configuration(pods: str) -> str:
    """The CNI configuration of one node: a veth pair for each pod, with an address from the node's range."""
    ipam = {
        "type": "host-local",
        "dataDir": "/run/cni-ipam-state",
        "routes": [{"dst": "0.0.0.0/0"}],
        "ranges": [[{"subnet": pods}]],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}, indent=2)


def routes(node: Node, nodes: list[Node]) -> list[str]:
    """The commands that lead from one node to the pods of all others."""
    return [f"ip route replace {other.pods} via {other.address}" for other in nodes if other != node]


def lay(engine: Engine, nodes: list[Node]) -> None:
    """Write every node's CNI configuration and routes; harmless where they are there already."""
    for node in nodes:
        script = [
            f"cat >{CONFIGURATION}.new",
            f"mv {CONFIGURATION}.new {CONFIGURATION}",
            *routes(node, nodes),
        ]
        command = ["sh", "-c", " && ".join(script)]
        engine.docker("exec", "--interactive", node.name, *command, stdin=plugin_configuration(node.pods))
