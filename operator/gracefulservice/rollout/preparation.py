"""Whether the pods that really stand in the cluster wait before SIGTERM, as their contract asks.

What was asked for can get lost on two ways: an API server before 1.30 drops a preStop sleep from what it
stores, a kubelet before 1.30 passes over it. And somebody else's webhook can add containers that know nothing of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gracefulservice.rollout.contract import Contract
from gracefulservice.rollout.seen import Delay

FIRST_KUBELET = (1, 30)
"""The first minor version in which the kubelet sleeps without being told so by a feature gate."""
FALL_BACK = (
    "write a preStop hook of another kind (exec or httpGet) into the template, and the longest it may take into "
    "shutdown.delay"
)


@dataclass(frozen=True, slots=True)
class Hook:
    """What a stored pod says of one regular container, and the kubelet that looks after it."""

    pod: str
    container: str
    serves: bool
    """Whether it names a TCP port."""
    sleep: int | None = None
    """Seconds of its preStop sleep."""
    other: bool = False
    """Whether it has a preStop hook of another kind."""
    kubelet: str = ""
    """The version (`v1.33.2`) of its node's kubelet; empty where that is not known."""


def delay_of(contract: Contract, hooks: Sequence[Hook]) -> Delay | None:
    """Whether the contract's delay is in effect in these containers; None where none is asked for or there are none."""
    if not hooks or not contract.delay:
        return None
    if wrong := next((said for hook in hooks if (said := _lacking(contract, hook))), ""):
        return Delay(holds=False, sentence=wrong)
    known = sorted({hook.kubelet for hook in hooks if hook.kubelet})
    kubelets = f"their kubelets ({', '.join(known)}) obey it" if known else "the versions of their kubelets are unknown"
    pods = len({hook.pod for hook in hooks})
    return Delay(
        holds=True,
        sentence=f"The preStop hook stands in every container of {pods} stored pods that needs it, and {kubelets}.",
    )


def _lacking(contract: Contract, hook: Hook) -> str:
    """Why a container gets SIGTERM too early, or empty."""
    added = contract.containers.get(hook.container)
    wanted = contract.delay if added is None else added.sleep
    place = f"Container {hook.container} of pod {hook.pod}"
    if added is None and (hook.other or not hook.serves):
        return ""
    if wanted is not None and (hook.sleep or 0) < wanted:
        return _stranger(place, wanted, hook) if added is None else _dropped(place, wanted, hook)
    if hook.sleep and _too_old(hook.kubelet):
        return (
            f"{place} runs under kubelet {hook.kubelet}, which passes over a preStop sleep, so SIGTERM comes at once: "
            f"update the node to Kubernetes 1.30 or later, or {FALL_BACK}."
        )
    return ""


def _dropped(place: str, wanted: float, hook: Hook) -> str:
    found = f"sleeps {hook.sleep} s" if hook.sleep else "has another hook" if hook.other else "has no hook"
    return (
        f"{place} {found} where a preStop sleep of {wanted:g} s was asked for, because the API server or a webhook "
        f"changed it: update Kubernetes to 1.30 or later, exempt these pods from the webhook, or {FALL_BACK}."
    )


def _stranger(place: str, wanted: float, hook: Hook) -> str:
    found = f"sleeps {hook.sleep} s" if hook.sleep else "has no preStop hook"
    return (
        f"{place} was added by somebody else, listens on a port and {found}, so it stops before the pod has served "
        f"for {wanted:g} s more: have it added as a native sidecar, or with a preStop sleep of {wanted:g} s."
    )


def _too_old(version: str) -> bool:
    """Whether a kubelet of this version passes over a sleep; one whose version cannot be read is trusted."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) < FIRST_KUBELET
