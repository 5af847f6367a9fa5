"""What a rollout keeps from its start to its end, and what is gone by where the present spec is not sound.

spec as it is now ─► effective: the kept parts of a rollout laid over it ─► a plan?
                                                                  yes │    │ no
                                                   that is the plan ◄─┘    └─► the frozen spec, its problems told
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gracefulservice.api.problems import Problems
from gracefulservice.api.quantities import duration_text, parse_duration
from gracefulservice.rollout.capacity import reachable
from gracefulservice.rollout.memory import Adopting, Founding, GivingBack, Idle, Memory
from gracefulservice.rollout.plan import Plan, build

TRAFFIC = "traffic"
KEPT = ("rollout", TRAFFIC, "metrics")
"""Fields of the spec: steps, routes, and where counters come from. All else acts live, as long as it is sound."""
OBJECTIVES = "objectives"
"""Live while somebody is judged; once a revision leaves, its counters are read as they were."""
LIVE = (
    "replicas",
    "onNoTraffic",
    "onOutage",
    "onViolation",
    "historyLimit",
    "rollbackWindow",
    "deletionPolicy",
    "suspend",
)
"""Fields that act live even where others of the spec are not sound."""


def freeze(plan: Plan) -> dict[str, Any]:
    """The spec as it was written, with the steps that the rollout takes: those without a difference become one."""
    written = dict(plan.spec)
    rollout = written.get("rollout") or {}
    if plan.steps:
        steps = (rollout.get("canary") or {}).get("steps") or ladder(plan)
        written["rollout"] = rollout | {"canary": {"steps": distinct(plan, steps)}}
    return written


def ladder(plan: Plan) -> list[dict[str, Any]]:
    """The plan's steps in the words of the spec, where the user wrote none."""
    return [{"weight": step.weight, "hold": duration_text(step.hold)} for step in plan.steps]


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


def in_force(name: str, written: Mapping[str, Any], memory: Memory, unusable: Problems = ()) -> Plan | Problems:
    """The plan to go by for the GracefulService `name` whose spec is now `written`, or all that is wrong with it.

    Where something is wrong and there is a spec from before, the plan is that one's, with the problems in it.
    `unusable` is what is wrong with the objects that `spec.config` names.
    """
    plan = build(name, effective(written, memory))
    if unusable:
        plan = (*(plan if isinstance(plan, tuple) else ()), *unusable)
    if isinstance(plan, Plan) or "template" not in memory.frozen:
        return plan
    before = build(name, acting(name, written, memory.frozen))
    return replace(before, problems=plan) if isinstance(before, Plan) else plan


def effective(spec: Mapping[str, Any], memory: Memory) -> dict[str, Any]:
    """The spec a rollout goes by: its kept parts from its start, everything else as it is now."""
    if isinstance(memory.state, Idle | Founding | Adopting | GivingBack) or not memory.frozen:
        return dict(spec)
    fields = KEPT if memory.leaving is None else (*KEPT, OBJECTIVES)
    kept = [field for field in fields if field != TRAFFIC or not unrouted(memory)]
    merged = {field: value for field, value in spec.items() if field not in kept}
    return merged | {field: memory.frozen[field] for field in kept if memory.frozen.get(field)}


def unrouted(memory: Memory) -> bool:
    """Whether the route of a rollout that is on its way out is gone, so that waiting for it would have no end."""
    return memory.leaving is not None and memory.rewrites.gone


def rerouted(plan: Plan, memory: Memory) -> Memory:
    """`memory` in which the traffic that acts in place of a lost route is what the rollout keeps from now on."""
    if not unrouted(memory) or plan.problems or plan.spec.get(TRAFFIC) == memory.frozen.get(TRAFFIC):
        return memory
    others = {field: value for field, value in memory.frozen.items() if field != TRAFFIC}
    return memory.but(frozen=others | {field: plan.spec[field] for field in (TRAFFIC,) if plan.spec.get(field)})


def acting(name: str, written: Mapping[str, Any], frozen: Mapping[str, Any]) -> dict[str, Any]:
    """The frozen spec with each live field that is sound by itself."""
    spec = dict(frozen)
    for field in LIVE:
        if field in written and isinstance(build(name, changed := spec | {field: written[field]}), Plan):
            spec = changed
    return spec
