"""What a rollout keeps from its start to its end, whatever is edited meanwhile."""

from collections.abc import Mapping, Sequence
from typing import Any

from gracefulservice.api.quantities import parse_duration
from gracefulservice.rollout.capacity import reachable
from gracefulservice.rollout.memory import Idle, Memory
from gracefulservice.rollout.plan import Plan

KEPT = ("rollout", "traffic", "metrics", "objectives")
"""Fields of the spec: steps, routes and what is measured. Replicas, commands and `on…` policies act live."""


def freeze(plan: Plan) -> dict[str, Any]:
    """The kept parts of the spec as the user wrote them; a part that was absent is kept absent, as an empty one.

    (Not as None: the API server drops a null from what it is asked to remember.)
    """
    kept = {field: plan.spec.get(field) or {} for field in KEPT}
    rollout = kept["rollout"]
    if written := rollout.get("canary", {}).get("steps"):
        kept["rollout"] = rollout | {"canary": {"steps": distinct(plan, written)}}
    return kept


def distinct(plan: Plan, written: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Steps as written, where those the router cannot tell apart become one: it keeps the longest hold and any pause.

    With 4 replicas and no route, 10 % and 20 % are both 1 pod of 4.
    """
    merged: list[dict[str, Any]] = []
    for step in written:
        if merged and reachable(plan, merged[-1]["weight"]) == reachable(plan, step["weight"]):
            longest = max(merged[-1].get("hold", "0s"), step.get("hold", "0s"), key=parse_duration)
            merged[-1] |= {"hold": longest} | {key: step[key] for key in ("pause",) if key in step}
        else:
            merged.append(dict(step))
    return merged


def effective(spec: Mapping[str, Any], memory: Memory) -> dict[str, Any]:
    """The spec a rollout goes by: its kept parts from its start, everything else as it is now."""
    if isinstance(memory.state, Idle) or not memory.frozen:
        return dict(spec)
    merged = {field: value for field, value in spec.items() if field not in KEPT}
    return merged | {field: memory.frozen[field] for field in KEPT if memory.frozen.get(field)}
