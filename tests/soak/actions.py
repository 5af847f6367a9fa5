"""What happens to a service under traffic, each until the last old pod is gone. A further action is one more function
and one more line of a table.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.soak.target import OLD, PATIENCE, RAMP, REPLICAS, Target, climb, name_of, paused_at
from tests.support import autoscaling, faults
from tests.support.services import condition, leaving, ready

Deed = Callable[[Target], None]

BAD = {"ERROR_RATE": "0.2"}
IMAGES = 5
BETWEEN_IMAGES = 12.0
"""Seconds: five images within a minute."""
GIVEN_UP = 20.0
"""Seconds without a node after everybody has been told: nothing may be lost any more."""
AWAY = 30.0
"""Seconds without the gateway's controller."""
SLOWLY_BAD = {"ERROR_RATE": "0.04"}
"""Four times what is allowed: it takes some hundred requests to be sure of it."""
LEAST, MOST, SHOULD = 2, 30, 20
"""Pods between which an autoscaler may choose, and for how many of them there is work."""
WORK = {"BUSY_MS": "0.5"}
"""Of each request, so that pods without any use far less than what an autoscaler counts as one pod's work."""
GENTLY_TO_90: dict[str, Any] = {
    "steps": [*climb(*range(10, 90, 10), hold="5s")["steps"], {"weight": 90, "pause": "UntilResumed"}],
    "errorBudget": None,
}
"""Two pods start at a time. Half a dozen beside thirty others left two processors so little for users that one run
answered after 8 s, and in another one 211 of 205,501 requests waited for more than 10 s."""
SETTLES = 45.0
"""Seconds until an autoscaler has seen the pods it asked for at work: it looks every 15 s, at a minute of it."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that happens; ``ends`` says that nothing follows."""

    name: str
    do: Deed
    ends: bool = False


def rollout_by_steps(target: Target) -> None:
    """A good version by fixed weights."""
    target.promoted(target.change(climb(10, 50)))


def rollout_by_ramp(target: Target) -> None:
    """A good version by the error budget."""
    target.promoted(target.change(RAMP))


def rollout_on_busy_processors(target: Target) -> None:
    """A good version while other pods take every processor."""
    with faults.busy_processors(target.place):
        target.promoted(target.change(climb(50)))


def rollback(target: Target) -> None:
    """A version that fails one request in five."""
    target.change(RAMP, **BAD)
    target.turned_back()


def abort(target: Target) -> None:
    """A person turns back at half the traffic."""
    target.change(paused_at(50))
    target.shop.wait_for("Paused", PATIENCE)
    commanded(target, "abort")
    target.turned_back()


def promotion(target: Target) -> None:
    """A person sends everybody to the new version from its first step."""
    version = target.change(paused_at(25))
    target.shop.wait_for("Paused", PATIENCE)
    commanded(target, "promote")
    target.promoted(version)


def commanded(target: Target, do: str) -> None:
    """Give a command that must be done."""
    receipt = target.shop.receipt(target.shop.command(do))
    assert receipt["result"] == "Done", receipt["sentence"]


def scaling(target: Target) -> None:
    """Twice the pods, then three fewer, then as before: fewer than those a rollout began with take five minutes."""
    for replicas in (2 * REPLICAS, REPLICAS + 1, REPLICAS):
        target.scale(replicas)


def pod_deletion(target: Target) -> None:
    """Three pods, one after the other."""
    for _ in range(3):
        faults.delete_pod(target.place, target.any_pod())
        time.sleep(1)
        target.whole()


def node_drain(target: Target) -> None:
    """The node with most pods is emptied by `kubectl drain`."""
    with faults.drained(target.place.stage, target.fullest_node(), f"soak={target.place.namespace}"):
        target.whole()


def kubelet_restart(target: Target) -> None:
    """The kubelet restarts while one of its pods is leaving."""
    pod = target.random.choice([pod for pod in target.pods() if not leaving(pod)])
    faults.delete_pod(target.place, name_of(pod))
    time.sleep(2)
    faults.restart_kubelet(pod["spec"]["nodeName"])
    target.whole()


def node_loss(target: Target) -> None:
    """A node with pods is cut off until the others have given it up, and comes back."""
    stage = target.place.stage
    node = faults.worker(stage)
    with faults.node_lost(node):
        target.place.wait("The node given up", lambda: not faults.node_ready(stage, node), PATIENCE)
        time.sleep(GIVEN_UP)
    target.place.wait("The node back", lambda: faults.node_ready(stage, node), PATIENCE)
    target.whole()


def supersession(target: Target) -> None:
    """Five images in a minute; the last one stays."""
    for _ in range(IMAGES - 1):
        target.change(RAMP if target.routed else climb(25, 50, 75))
        time.sleep(BETWEEN_IMAGES)
    target.promoted(target.change(climb(50)))


def operator_kill(target: Target) -> None:
    """Both replicas of the operator die while half the traffic is on the new version."""
    version = target.change(climb(50, hold="20s"))
    target.shop.wait_for_weight(50, PATIENCE)
    faults.kill_operator(target.place.stage)
    target.promoted(version)


def gateway_controller_away(target: Target) -> None:
    """Weights are patched and nothing follows them: nothing may be taken from the traffic that is still there."""
    version = target.change(climb(50, hold="10s"))
    target.shop.wait_for_weight(50, PATIENCE)
    with faults.gateway_controller_away(target.place.stage):
        time.sleep(AWAY)
    target.promoted(version)


def rollback_without_gateway_controller(target: Target) -> None:
    """A version turns out to be bad while its weight cannot be taken away: its pods stay until that has happened."""
    version = target.change(climb(10, hold="120s"), **SLOWLY_BAD)
    target.shop.wait_for_weight(10, PATIENCE)
    had = len(target.shop.pods(version))
    with faults.gateway_controller_away(target.place.stage):
        target.shop.wait_for("Degraded", PATIENCE)
        with autoscaling.sampled(lambda: ready(target.shop.pods(version))) as seen:
            time.sleep(AWAY)
    assert min(seen) >= had, f"{min(seen)} of {had} pods were left under a weight that was still in force"
    target.turned_back()


def rollback_under_autoscaler(target: Target) -> None:
    """At 90 % an autoscaler finds stable idle; then everybody comes back at once, to as many pods as there were."""
    place, shop = target.place, target.shop
    target.promoted(target.change(climb(50), **WORK))
    time.sleep(SETTLES)
    load = place.wait("The pods' work measured", lambda: autoscaling.used(place, f"soak={place.namespace}"), PATIENCE)
    each = f"{max(round(load / SHOULD), 1)}m"
    place.apply(autoscaling.autoscaler(autoscaling.SERVICE, LEAST, MOST, each))
    try:
        place.wait("Many more pods asked for", lambda: autoscaling.asked(shop) >= SHOULD // 2, PATIENCE)
        time.sleep(SETTLES)
        place.wait("All of them ready", lambda: ready(shop.pods(target.stable)) == autoscaling.asked(shop), PATIENCE)
        abandoned_at_90(target, each)
    finally:
        faults.done(place.stage, "delete", "hpa", "-n", place.namespace, autoscaling.NAME)


def abandoned_at_90(target: Target, each: str) -> None:
    """A rollout that a person ends when the autoscaler has long asked for fewer of stable's pods."""
    shop, began = target.shop, autoscaling.asked(target.shop)
    with autoscaling.sampled(lambda: len(shop.pods(target.stable))) as seen:
        version = target.change(GENTLY_TO_90, **WORK)
        shop.wait_for_weight(90, PATIENCE)
        target.place.apply(autoscaling.autoscaler(autoscaling.SERVICE, LEAST, MOST, each, patience=0))
        target.place.wait("Fewer pods asked for", lambda: autoscaling.asked(shop) < began, PATIENCE)
        condition(shop, "CapacityKept", "True", f"the rollout began with {began}")
        commanded(target, "abort")
        shop.wait_for("Degraded", PATIENCE)
        target.place.wait("The canary gone", lambda: not shop.pods(version), PATIENCE)
    assert min(seen) >= began, f"stable fell to {min(seen)} of the {began} pods that everybody needs"


def orphaning(target: Target) -> None:
    """The object is deleted while half the traffic is on the new version; stable's pods and Services serve on."""
    target.place.patch("GracefulService", "shop", {"spec": {"deletionPolicy": "Orphan"}})
    target.change(paused_at(50))
    target.shop.wait_for("Paused", PATIENCE)
    target.removed()
    target.whole()


def adoption(target: Target) -> None:
    """A Deployment, its Service and its autoscaler are taken over, pod by pod."""
    target.place.apply(target.wanted(adopt={"name": OLD}))
    target.shop.wait_for("Healthy", PATIENCE)
    target.whole()


def giving_back(target: Target) -> None:
    """The object is deleted: the Deployment serves again, with the newest version."""
    target.removed()
    target.whole()


EVERYWHERE: tuple[Action, ...] = (
    Action("rollout-by-steps", rollout_by_steps),
    Action("rollback", rollback),
    Action("abort", abort),
    Action("pod-deletion", pod_deletion),
    Action("node-drain", node_drain),
    Action("supersession", supersession),
    Action("operator-kill", operator_kill),
)
BEHIND_GATEWAY: tuple[Action, ...] = (
    *EVERYWHERE,
    Action("rollout-by-ramp", rollout_by_ramp),
    Action("promotion", promotion),
    Action("scaling", scaling),
    Action("rollout-on-busy-processors", rollout_on_busy_processors),
    Action("kubelet-restart", kubelet_restart),
    Action("gateway-controller-away", gateway_controller_away),
    Action("rollback-without-gateway-controller", rollback_without_gateway_controller),
    Action("rollback-under-autoscaler", rollback_under_autoscaler, ends=True),
)
"""Last, because the pods of the autoscaler stay for five minutes."""
BY_RATIO: tuple[Action, ...] = (*EVERYWHERE, Action("orphaning", orphaning, ends=True))
TAKEN_OVER: tuple[Action, ...] = (
    Action("adoption", adoption),
    Action("rollout-of-what-was-adopted", rollout_by_steps),
    Action("giving-back", giving_back),
)
"""One after the other: each stands on the one before."""
LIMITS: tuple[Action, ...] = (Action("node-loss", node_loss),)
"""What nobody can keep, by pod ratio and only when asked for by name: its losses are measured and are no failure."""
EVERY = tuple(dict.fromkeys((*BEHIND_GATEWAY, *BY_RATIO, *TAKEN_OVER, *LIMITS)))
