"""A node that takes no new pods for a while: one story at a time, undone whatever happens.

Other stories go on meanwhile, so it is always the control plane's node, where only pods run that ask for it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.soak.target import EVERYWHERE
from tests.support import plain
from tests.support.faults import done
from tests.support.place import Object, Place, Stage
from tests.support.turns import NODES

MARK = "stories.gracefulservice.dev/cordoned"
"""The label by which the next run finds the node that a killed one left cordoned."""
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@contextmanager
def cordoned(stage: Stage, node: str) -> Iterator[None]:
    """`kubectl cordon`, and `kubectl uncordon` at the end."""
    with NODES.alone():
        done(stage, "label", "node", node, f"{MARK}=", "--overwrite")
        try:
            done(stage, "cordon", node)
            yield
        finally:
            give_back(stage)


def restored(stage: Stage) -> None:
    """Undo what a killed run left; while another story has the lock, its node is cordoned on purpose."""
    with NODES.if_free() as free:
        if free:
            give_back(stage)


def give_back(stage: Stage) -> None:
    """Every node that a story cordoned."""
    for node in json.loads(done(stage, "get", "nodes", "-l", MARK, "-o", "json"))["items"]:
        done(stage, "uncordon", node["metadata"]["name"])
        done(stage, "label", "node", node["metadata"]["name"], f"{MARK}-")


def drain(place: Place, node: str) -> None:
    """`kubectl drain`, of the pods of one story only; it returns when the last of them is gone."""
    done(place.stage, "drain", node, f"--pod-selector=story={place.namespace}", "--ignore-daemonsets", "--timeout=115s")


def template(place: Place, environment: Mapping[str, str]) -> Object:
    """Pods that rather run on the control plane's node, and bear a label of their story."""
    pod: dict[str, Any] = plain.pod(place.stage.shop_image, environment)
    pod["metadata"]["labels"] = {"story": place.namespace}
    there = {"matchExpressions": [{"key": CONTROL_PLANE, "operator": "Exists"}]}
    rather = [{"weight": 100, "preference": there}]
    pod["spec"] |= {
        "tolerations": EVERYWHERE,
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": rather}},
    }
    return pod


def control_plane(stage: Stage) -> str:
    """The name of its node."""
    found = json.loads(done(stage, "get", "nodes", "-l", CONTROL_PLANE, "-o", "json"))["items"]
    return str(found[0]["metadata"]["name"])
