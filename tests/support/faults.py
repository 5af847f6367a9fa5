"""What goes wrong in a real cluster, each as one small deed done to the real thing."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.client.exceptions import ApiException

from localcluster import operations
from tests.support.place import Object, Place, Stage

OPERATOR = ("-n", "gracefulservice-system", "-l", "app.kubernetes.io/name=gracefulservice")
GATEWAY_CONTROLLER = ("-n", "envoy-gateway-system", "deployment/envoy-gateway")
TOO_MANY_REQUESTS = 429
"""The API's answer while a PodDisruptionBudget allows no further eviction."""
PATIENCE = 180.0
NODE_RETURNS = 300
"""Seconds after which a lost node is let back in whatever has become of the run."""


def done(stage: Stage, *words: str) -> str:
    """What kubectl prints; an `AssertionError` with its complaint where it fails."""
    finished = stage.kubectl(*words)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def kill_operator(stage: Stage) -> None:
    """Both replicas of the operator at once, without a moment to clean up."""
    done(stage, "delete", "pod", *OPERATOR, "--grace-period=0", "--force")


def operator_restarts(stage: Stage) -> int:
    """How often a container of the operator's present pods has ended and begun again."""
    pods = json.loads(done(stage, "get", "pods", *OPERATOR, "-o", "json"))["items"]
    assert pods, "The operator has no pod."
    return sum(one["restartCount"] for pod in pods for one in pod["status"].get("containerStatuses", ()))


def operator_figure(stage: Stage, series: str) -> float:
    """The highest number that a replica of the operator shows for `name{labels}`; 0 where none does, or answers."""
    pods = json.loads(done(stage, "get", "pods", *OPERATOR, "-o", "json"))["items"]
    names = [(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods]
    paths = [f"/api/v1/namespaces/{namespace}/pods/{name}:8080/proxy/metrics" for namespace, name in names]
    pages = [stage.kubectl("get", "--raw", path).stdout for path in paths]
    lines = (line for page in pages for line in page.splitlines() if line.startswith(f"{series} "))
    return max((float(line.rpartition(" ")[2]) for line in lines), default=0.0)


def delete_pod(place: Place, name: str) -> None:
    """As a person does: with the pod's own grace period, and without waiting for its end."""
    done(place.stage, "delete", "pod", "-n", place.namespace, name, "--wait=false")


def evict(place: Place, name: str, within: float = PATIENCE) -> int:
    """Ask until the pod's budget allows it, as `kubectl drain` does; how often it did not."""
    begun, refused = time.monotonic(), 0
    while not evicted(place, name):
        refused += 1
        assert time.monotonic() - begun < within, f"No eviction of pod {name} is allowed within {within:.0f} s."
        time.sleep(1)
    return refused


def evicted(place: Place, name: str) -> bool:
    """Whether the eviction was allowed."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": place.namespace},
    }
    pods = place.kind("Pod")
    try:
        pods.eviction.create(name=name, namespace=place.namespace, body=body)
    except ApiException as refused:
        if refused.status == TOO_MANY_REQUESTS:
            return False
        raise
    return True


@contextmanager
def drained(stage: Stage, node: str, selector: str) -> Iterator[None]:
    """`kubectl drain` of a node, of the pods with these labels only; at the end pods may come there again.

    The labels are there because one gateway serves the whole local cluster: without it there is no traffic to count.
    """
    try:
        done(stage, "drain", node, f"--pod-selector={selector}", "--ignore-daemonsets", "--timeout=110s")
        yield
    finally:
        done(stage, "uncordon", node)


def restart_kubelet(node: str) -> None:
    """The kubelet of a node; its containers run on."""
    operations.found().engine.docker("exec", node, "systemctl", "restart", "kubelet", timeout=60)


def worker(stage: Stage) -> str:
    """The name of a node that is not the control plane."""
    names = done(stage, "get", "nodes", "-l", "!node-role.kubernetes.io/control-plane", "-o", "name").split()
    assert names, "The local cluster has no worker."
    return names[0].removeprefix("node/")


def node_ready(stage: Stage, node: str) -> bool:
    """Whether the API server still believes in a node."""
    path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    return done(stage, "get", "node", node, "-o", path) == "True"


@contextmanager
def node_lost(node: str) -> Iterator[None]:
    """Nothing reaches a node, as if it had no power. It returns at the end, and by itself after a killed run."""
    engine = operations.found().engine
    rule = ("PREROUTING", "-i", "eth0", "-m", "comment", "--comment", f"lost-{uuid.uuid4().hex[:6]}", "-j", "DROP")
    back = ("iptables", "-w", "-t", "raw", "-D", *rule)
    engine.docker("exec", "--detach", node, "sh", "-c", f"sleep {NODE_RETURNS}; {' '.join(back)}", timeout=60)
    engine.docker("exec", node, "iptables", "-w", "-t", "raw", "-I", *rule, timeout=60)
    try:
        yield
    finally:
        engine.docker("exec", node, *back, timeout=60)


@contextmanager
def gateway_controller_away(stage: Stage) -> Iterator[None]:
    """Nobody hands new routes and endpoints to the gateway, which serves on with what it knows."""
    done(stage, "scale", *GATEWAY_CONTROLLER, "--replicas=0")
    try:
        done(stage, "wait", "pod", "-n", "envoy-gateway-system", "-l", "control-plane=envoy-gateway", "--for=delete")
        yield
    finally:
        done(stage, "scale", *GATEWAY_CONTROLLER, "--replicas=1")
        done(stage, "rollout", "status", *GATEWAY_CONTROLLER, "--timeout=110s")


@contextmanager
def busy_processors(place: Place, count: int = 2) -> Iterator[None]:
    """So many pods that compute without end, on the nodes where the services run."""
    image = operator_image(place.stage)
    names = [f"busy-{uuid.uuid4().hex[:6]}" for _ in range(count)]
    place.apply(*(busy(name, image) for name in names))
    try:
        yield
    finally:
        done(place.stage, "delete", "pod", "-n", place.namespace, *names, "--grace-period=0", "--force")


def busy(name: str, image: str) -> Object:
    """A pod that computes without end."""
    program = {
        "name": "busy",
        "image": image,
        "command": ["/opt/gracefulservice/bin/python", "-c", "while True: pass"],
        "resources": {"requests": {"cpu": "100m", "memory": "16Mi"}},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [program]}}


def operator_image(stage: Stage) -> str:
    """The image the operator runs: it is on every node, and it has an interpreter."""
    found = json.loads(done(stage, "get", "deployment", *OPERATOR, "-o", "json"))["items"]
    return str(found[0]["spec"]["template"]["spec"]["containers"][0]["image"])
