"""Pod network, kubeconfigs and the forward of the API."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from localcluster import api_access, network, paths, pod_network
from localcluster.pod_network import Node

NODES = [
    Node("a-control-plane", "172.18.0.3", "10.244.0.0/24"),
    Node("a-worker", "172.18.0.2", "10.244.1.0/24"),
    Node("a-worker2", "172.18.0.4", "10.244.2.0/24"),
]

KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: c2VydmVyOiBodHRwczovLw==
    server: https://127.0.0.1:36249
  name: kind-a
"""


def listing(nodes: list[Node]) -> str:
    return json.dumps(
        {
            "items": [
                {
                    "metadata": {"name": node.name},
                    "spec": {"podCIDR": node.pods},
                    "status": {
                        "addresses": [
                            {"type": "Hostname", "address": node.name},
                            {"type": "InternalIP", "address": node.address},
                        ]
                    },
                }
                for node in nodes
            ]
        }
    )


def test_nodes_are_read_from_kubectl() -> None:
    assert pod_network.parse_nodes(listing(NODES)) == NODES


def test_a_node_has_a_route_to_every_other_nodes_pods() -> None:
    assert pod_network.routes(NODES[1], NODES) == [
        "ip route replace 10.244.0.0/24 via 172.18.0.3",
        "ip route replace 10.244.2.0/24 via 172.18.0.4",
    ]
    assert pod_network.routes(NODES[0], NODES[:1]) == []


def test_pods_get_addresses_of_their_own_node() -> None:
    plugins = json.loads(pod_network.plugin_configuration("10.244.1.0/24"))["plugins"]
    assert plugins[0]["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}]]
    assert [plugin["type"] for plugin in plugins] == ["ptp", "portmap"]


def test_the_inside_kubeconfig_differs_by_the_server_only() -> None:
    changed = yaml.safe_load(api_access.with_server(KUBECONFIG, "172.18.0.3:6443"))
    original = yaml.safe_load(KUBECONFIG)
    assert changed["clusters"][0]["cluster"].pop("server") == "https://172.18.0.3:6443"
    assert original["clusters"][0]["cluster"].pop("server") == "https://127.0.0.1:36249"
    assert changed == original


def test_the_port_of_the_api_server() -> None:
    assert api_access.server_port(KUBECONFIG) == 36249
    with pytest.raises(ValueError, match="names no server"):
        api_access.server_port("clusters: []")


def test_the_prefix_enters_the_namespace_and_leaves_proxies_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    prefix = network.prefix(Path("/proc/7/ns/net"), Path("/run/x/kubeconfig.inside"))
    assert prefix[:3] == ["nsenter", "--net=/proc/7/ns/net", "env"]
    assert {"NO_PROXY=*", "no_proxy=*", "KUBECONFIG=/run/x/kubeconfig.inside"} < set(prefix[3:])


def test_only_root_needs_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    prefix = network.prefix(Path("/proc/7/ns/net"), Path("/run/x/kubeconfig.inside"))
    assert prefix[:3] == ["sudo", "--preserve-env", "nsenter"]


def shout(listener: socket.socket) -> None:
    """Answer one whole request, once it has ended, in capitals."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(everything(connection).upper())


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def forwarding(target: int) -> Iterator[int]:
    """The real forward to a port, as a process; the port that it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = [sys.executable, "-m", api_access.FORWARD, str(listener.fileno()), str(target)]
        process = subprocess.Popen(words, pass_fds=[listener.fileno()], cwd=paths.REPOSITORY)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def test_the_forward_carries_both_ways_and_passes_each_end_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=shout, args=(listener,), daemon=True)
        answering.start()
        with forwarding(listener.getsockname()[1]) as port, socket.create_connection(("127.0.0.1", port)) as near:
            near.sendall(b"a" * 300_000)
            near.shutdown(socket.SHUT_WR)
            assert everything(near) == b"A" * 300_000


def test_the_forward_hangs_up_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        unused = closed.getsockname()[1]
    with forwarding(unused) as port, socket.create_connection(("127.0.0.1", port)) as near:
        assert everything(near) == b""
