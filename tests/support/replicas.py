"""The operator's replicas: which of them leads, and what can happen to it."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from localcluster import operations
from localcluster.operator_release import NAMESPACE, RELEASE
from tests.support import turns
from tests.support.faults import OPERATOR, done
from tests.support.place import PATIENCE, POLL, Object, Stage

INSTALLED = ("deployment", RELEASE, "-n", NAMESPACE)
REPLICAS = 2
RETURNS = 120
"""Seconds after which a replica is let back in whatever has become of the run."""


@dataclass(frozen=True)
class Replica:
    """One pod of the operator, and where it runs."""

    name: str
    uid: str
    node: str
    address: str


def holder(stage: Stage) -> str:
    """The pod that holds the lease; empty when nobody does."""
    return str(lease(stage).get("holderIdentity", "")).partition("_")[0]


def lease(stage: Stage) -> Object:
    """What the lease says."""
    return dict(json.loads(done(stage, "get", "lease", RELEASE, "-n", NAMESPACE, "-o", "json"))["spec"])


def replicas(stage: Stage) -> dict[str, Replica]:
    """The pods that run, by name."""
    pods = json.loads(done(stage, "get", "pods", *OPERATOR, "-o", "json"))["items"]
    found = [
        Replica(pod["metadata"]["name"], pod["metadata"]["uid"], pod["spec"]["nodeName"], pod["status"]["podIP"])
        for pod in pods
        if pod["status"]["phase"] == "Running"
    ]
    return {one.name: one for one in found}


def leader(stage: Stage) -> Replica:
    """The replica that leads, as soon as one of those that run does."""
    until = time.monotonic() + PATIENCE
    while True:
        name, running = holder(stage), replicas(stage)
        if name in running:
            return running[name]
        assert time.monotonic() < until, f"{name or 'nobody'} holds the lease; {', '.join(running)} run."
        time.sleep(POLL)


def succeeded(stage: Stage, before: Replica) -> tuple[Replica, float]:
    """Who leads after it, and the seconds until that was seen."""
    since = time.monotonic()
    while (now := holder(stage)) in ("", before.name):
        assert time.monotonic() < since + PATIENCE, f"{now or 'Nobody'} still holds the lease."
        time.sleep(POLL)
    return leader(stage), time.monotonic() - since


def on_node(node: str, shell: str) -> str:
    """What a shell on a node says."""
    return str(operations.found().engine.docker("exec", node, "bash", "-c", shell, timeout=60)).strip()


@contextmanager
def frozen(replica: Replica) -> Iterator[None]:
    """Its process stands still, as on a machine that is suspended; at the end, or after a killed run, it goes on."""
    own = f"GRACEFULSERVICE_POD_NAME={replica.name}"
    process = on_node(replica.node, f"grep -lzx '{own}' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | head -1")
    assert process.isdigit(), f"No process of {replica.name} on {replica.node}."
    on_node(
        replica.node, f"kill -STOP {process}; nohup sh -c 'sleep {RETURNS}; kill -CONT {process}' >/dev/null 2>&1 &"
    )
    try:
        yield
    finally:
        on_node(replica.node, f"kill -CONT {process} || true")


@contextmanager
def cut_off(stage: Stage, replica: Replica) -> Iterator[None]:
    """Nothing that it sends reaches the API server. It is let in again at the end, and by itself after a killed run."""
    server = done(stage, "get", "service", "kubernetes", "-n", "default", "-o", "jsonpath={.spec.clusterIP}")
    mark = f"lost-{uuid.uuid4().hex[:6]}"
    rule = f"PREROUTING -s {replica.address} -d {server} -m comment --comment {mark} -j DROP"
    back = f"iptables -w -t raw -D {rule}"
    on_node(replica.node, f"iptables -w -t raw -I {rule}; nohup sh -c 'sleep {RETURNS}; {back}' >/dev/null 2>&1 &")
    try:
        yield
    finally:
        on_node(replica.node, f"{back} || true")


@contextmanager
def all_away(stage: Stage) -> Iterator[None]:
    """Nobody runs: every replica is killed, and none starts again until the end."""
    done(stage, "scale", *INSTALLED, "--replicas=0")
    try:
        done(stage, "delete", "pod", *OPERATOR, "--grace-period=0", "--force")
        yield
    finally:
        back(stage)


def back(stage: Stage) -> None:
    """As many replicas as the chart makes."""
    done(stage, "scale", *INSTALLED, f"--replicas={REPLICAS}")


def restored(stage: Stage) -> None:
    """Undo what a killed run left; while another story has the lock, who is missing is missing on purpose."""
    with turns.OPERATOR.if_free() as free:
        if free and done(stage, "get", *INSTALLED, "-o", "jsonpath={.spec.replicas}") == "0":
            back(stage)
            whole(stage)


def whole(stage: Stage) -> None:
    """Wait until as many replicas as wanted are ready."""
    done(stage, "rollout", "status", *INSTALLED, "--timeout=110s")


def renewed(stage: Stage, replica: Replica) -> None:
    """Another pod in the place of one that was mistreated, so that nobody takes its restarts for a fault."""
    found = stage.kubectl("get", "pod", "-n", NAMESPACE, replica.name, "-o", "jsonpath={.metadata.uid}")
    if found.stdout == replica.uid:
        done(stage, "delete", "pod", "-n", NAMESPACE, replica.name, "--grace-period=0", "--force")
    whole(stage)
