"""The pods a service needs while a rollout changes who serves: never fewer than carried everybody at its start.

An autoscaler looks at stable's pods. A rollout moves the load away from them, so it finds them idle and asks for
fewer; a rollback would then end on a fleet that is too small. Against that stands a floor:

    spec.replicas  8 ────╮ the autoscaler: stable is idle      ╭── stable is busy again
                         ╰── 2 ────────────────────────────────╯
    capacity       8 ───────────────────────────────────────────── max(spec.replicas, floor)
                   rollout begins        bad: everybody goes back      5 min later the floor is gone

The floor follows the requests: half of those at the start need half of the pods, once that has been so for five
minutes. Above the start it rises only where an autoscaler counts pods (whoever writes a fixed number means it),
never above that autoscaler's maximum and never above twice the start. Without counters it is the value at the
start. `replicas: 0` means 0.
"""

from dataclasses import replace
from math import ceil

from gracefulservice.rollout import figures
from gracefulservice.rollout.judge import RATE_SPAN, Evidence, rate
from gracefulservice.rollout.memory import Floor, Idle, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch

KEPT = 300.0
"""Seconds for which the floor stays once users belong to one revision again, and fewer pods must have been enough."""
TOLERANCE = 0.1
"""The part by which the request rate may differ from that at the start and still count as the same, as an HPA's."""
STEEPEST = 2
"""The floor never exceeds so many times the replicas at the start, whatever the request rate does."""


def kept(plan: Plan, memory: Memory) -> Plan:
    """`plan` with the replicas that 100 % of the traffic really needs now: what is asked for, or the floor."""
    if memory.floor is None or not plan.replicas or memory.floor.pods <= plan.replicas:
        return plan
    return replace(plan, replicas=memory.floor.pods)


def tracked(asked: Plan, seen: Seen, before: Memory, after: Memory, now: float) -> Memory:
    """`after` with the floor of this moment. `asked` is the plan as the user, or an autoscaler, wrote it."""
    floor = standing(asked, seen, before, after, now)
    if floor is not None:
        floor = measured(floor, after.evidence, seen.ceiling, now)
    return after if floor == after.floor else after.but(floor=floor)


def standing(asked: Plan, seen: Seen, before: Memory, after: Memory, now: float) -> Floor | None:
    """The floor before it is measured: begun with a rollout, left behind by it, or gone."""
    floor = after.floor
    if not asked.replicas or after.stable is None:
        return None
    if lost(seen, before):
        return Floor.of(max(asked.replicas, *(fleet.wanted for fleet in seen.fleets.values())))
    if after.canary is not None:
        return begun(asked, floor) if before.canary is None else floor
    if floor is None or floor.until is None:
        return None if floor is None else floor.model_copy(update={"until": round(now + KEPT, 3)})
    return None if isinstance(after.state, Idle) and now >= floor.until else floor


def begun(asked: Plan, floor: Floor | None) -> Floor:
    """The floor of a rollout that begins; one that still stands goes on, or it would grow from one to the next."""
    if floor is None or floor.replicas < asked.replicas:
        return Floor.of(asked.replicas)
    return floor.model_copy(update={"until": None})


def lost(seen: Seen, before: Memory) -> bool:
    """Whether the memory was wiped although the world is there: then nobody knows what the rollout began with."""
    return before.stable is None and before.state == Idle() and bool(seen.fleets)


def measured(floor: Floor, evidence: Evidence | None, ceiling: int | None, now: float) -> Floor:
    """The floor after a look at the request rate. It rises at once, and falls when that was right for `KEPT`."""
    requests = steady(evidence)
    if not requests:
        return floor
    if not floor.rate:
        return floor.model_copy(update={"rate": requests})
    needed = pods_for(floor, requests, ceiling)
    if needed >= floor.pods:
        return floor.model_copy(update={"pods": needed, "enough": needed, "lower": Stopwatch()})
    lower = floor.lower.run(now)
    enough = needed if floor.lower == Stopwatch() else max(needed, floor.enough)
    if lower.spent < KEPT:
        return floor.model_copy(update={"enough": enough, "lower": lower})
    return floor.model_copy(update={"pods": enough, "enough": enough, "lower": Stopwatch()})


def steady(evidence: Evidence | None) -> float:
    """User requests/s over a whole minute; 0 where that is not known: a shorter time says too little."""
    if evidence is None or not evidence.flow:
        return 0.0
    return rate(evidence) if evidence.flow[-1].at - evidence.flow[0].at >= RATE_SPAN else 0.0


def pods_for(floor: Floor, requests: float, ceiling: int | None) -> int:
    """The pods that `requests` per second need, if those of the start were right for the rate then."""
    ratio = requests / floor.rate
    pods = floor.replicas if abs(ratio - 1) <= TOLERANCE else ceil(floor.replicas * ratio - 1e-9)
    most = min(max(ceiling or 0, floor.replicas), STEEPEST * floor.replicas)
    return min(max(pods, 1), most)


def carries(plan: Plan, memory: Memory, ready: int) -> bool:
    """Whether so many ready pods carry the load as it was measured; all of the plan's, where it was not."""
    floor = memory.floor
    if floor is None or not floor.enough:
        return ready >= plan.replicas
    return ready >= min(floor.enough, plan.replicas)


def ends_in(memory: Memory, now: float) -> float | None:
    """In how many seconds the floor of a service at rest is gone; None where there is none."""
    if memory.floor is None or memory.floor.until is None:
        return None
    return max(memory.floor.until - now, 0.0)


def sentence(asked: Plan, memory: Memory) -> str:
    """Why there are more pods than were asked for, or empty."""
    more = kept(asked, memory)
    if memory.floor is None or more is asked:
        return ""
    few = f"spec.replicas asks for {figures.pods(asked.replicas)} and {more.replicas} are kept"
    why = f"the rollout began with {memory.floor.replicas}, and those who serve must be able to take everybody at once"
    return f"{few}: {why}. They go {figures.span(KEPT)} after it has ended."
