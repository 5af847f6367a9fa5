"""The way out, in both directions: promoting settles towards the canary, rolling back towards stable."""

from gracefulservice.api import HistoryEntry
from gracefulservice.api.status import Outcome
from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL, reached
from gracefulservice.rollout.happenings import KEPT, Fault, Reason, told
from gracefulservice.rollout.judge import quiet
from gracefulservice.rollout.memory import Clearing, Draining, Idle, Memory, Narrowing, Returning, TurningBack, Widening
from gracefulservice.rollout.objective import leading
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.stopwatch import Stopwatch

SETTLE = 3.0
"""Seconds for which both revisions stand in the endpoints of `<name>` before the old one leaves them."""
STILL = 5.0
"""Seconds of samples in which each leaving pod's request counters were seen to stand still: two scrapes."""
UNEVEN = 0.1
"""Seconds by which two scrapes may be closer than the scrape interval: a third one would cost a whole interval."""
QUIET = 10.0
"""Seconds a drain lasts where no counters are read."""
DRAIN_LIMIT = 60.0
"""Seconds after which a drain ends anyway: established connections are then closed by the pods themselves."""


def widening(plan: Plan, seen: Seen, memory: Memory, state: Widening, now: float) -> Memory:
    """Wait until everybody who routes by `<name>` has seen the new pods, then move the pointer."""
    both = seen.stable_service.endpoints.get(state.canary, 0) >= plan.replicas
    carried = reached(plan, seen, state.canary, memory.stable, ALL)
    runs = both and carried and not memory.paused
    visible = state.visible.run(now) if runs else state.visible.stop()
    progress = state.progress.watch(plan.replicas, seen.fleet(state.canary).ready, now)
    if not runs or visible.spent < SETTLE:
        return memory.but(state=state.model_copy(update={"visible": visible, "progress": progress}))
    return promoted(plan, seen, memory, state.canary, now)


def promoted(plan: Plan, seen: Seen, memory: Memory, canary: str, now: float) -> Memory:
    """The pointer `stable` moves: nothing is rolled a second time, and the way back is a new target."""
    old = memory.stable or canary
    sentence = f"Revision {canary} is stable now{counted(plan, memory)}."
    memory = told(memory, Reason.PROMOTED, sentence, now)
    skipped = memory.hurry == "unjudged" or not plan.bake
    bake = "It needs no bake" if skipped else f"It served everybody for {figures.span(plan.bake)}"
    memory = told(memory, Reason.BAKE_DONE, f"{bake}; revision {old} leaves.", now)
    state = Narrowing(leaving=old) if plan.weighted else Clearing(leaving=old)
    after = memory.but(stable=canary, state=state, former=formerly(memory, canary))
    by = hurrying(memory) or undoing(memory, canary, previously(memory))
    return settled(seen, after, canary, "Promoted", sentence, now, by)


def formerly(memory: Memory, stable: str) -> tuple[str, ...]:
    """What was stable before `stable` is, each once."""
    return tuple(one for one in dict.fromkeys((memory.stable, *memory.former)) if one and one != stable)[:KEPT]


def counted(plan: Plan, memory: Memory) -> str:
    """` after 812 requests, 3 of which failed`, where there is an objective that counts them."""
    if memory.evidence is None or not plan.judged:
        return ""
    tally = memory.evidence.tallies[leading(plan.objectives).name]
    return f" after {figures.number(tally.requests)} requests, {figures.number(tally.bad)} of them bad"


def settled(seen: Seen, memory: Memory, revision: str, outcome: Outcome, why: str, now: float, by: str = "") -> Memory:
    """`memory` with one more line of history, and nothing left that belonged to the rollout's way up."""
    entry = HistoryEntry(
        revision=revision,
        number=seen.records[revision].number if revision in seen.records else 0,
        outcome=outcome,
        sentence=why,
        by=by,
        started=memory.started,
        ended=round(now, 3),
    )
    return memory.but(history=(entry, *memory.history)[:KEPT], paused="", hurry="", blind=Stopwatch())


def hurrying(memory: Memory) -> str:
    """The person whose `promote` decided this rollout, or empty."""
    asked = (receipt.by for receipt in reversed(memory.receipts) if (receipt.do, receipt.result) == ("promote", "Done"))
    return next(asked, "") if memory.hurry and not memory.trusted else ""


def undoing(memory: Memory, target: str, since: float) -> str:
    """The person whose `undo` asked for `target` after the last other rollout began at `since`, or empty."""
    wanted = ("undo", "Done", target)
    found = (one for one in reversed(memory.receipts) if (one.do, one.result, one.revision) == wanted)
    return next((one.by for one in found if one.time > since), "")


def previously(memory: Memory) -> float:
    """When the last rollout in history began."""
    return memory.history[0].started if memory.history else 0.0


def turned_back(
    seen: Seen,
    memory: Memory,
    why: str,
    now: float,
    *,
    condemn: Fault | None = None,
    superseded: bool = False,
    by: str = "",
) -> Memory:
    """Every user goes back to stable. Only a condemned revision is not tried again."""
    canary = memory.canary
    if canary is None:
        return memory
    outcome: Outcome = "RolledBack" if condemn else "Superseded" if superseded else "TurnedBack"
    reason = Reason.ROLLED_BACK if condemn else Reason.TURNED_BACK
    marks = memory.condemned | ({canary: why} if condemn else {})
    sentence = f"Revision {canary} goes back to {memory.stable}: {why}"
    blame = {"fault": condemn, "errors": exposed(memory)} if condemn else {}
    memory = told(memory, reason, sentence, now, warning=bool(condemn), **blame)
    memory = memory.but(state=TurningBack(leaving=canary), condemned=marks)
    return settled(seen, memory, canary, outcome, why, now, by)


def exposed(memory: Memory) -> float:
    """Bad answers of the canary to users, by the objective that counts the most."""
    tallies = memory.evidence.tallies.values() if memory.evidence else ()
    return max((tally.bad for tally in tallies), default=0.0)


def narrowing(plan: Plan, seen: Seen, memory: Memory, state: Narrowing) -> Memory:
    """The old revision must have left the endpoints of `<name>` before the weight returns there."""
    if alone(plan, seen, memory):
        return memory.but(state=Returning(leaving=state.leaving))
    return memory


def returning(seen: Seen, memory: Memory, state: Returning) -> Memory:
    """The gateways must have taken the weight back."""
    return memory.but(state=Draining(leaving=state.leaving)) if weightless(seen) else memory


def weightless(seen: Seen) -> bool:
    """Whether no gateway sends anything to `<name>-canary`; always so without a route."""
    return seen.route is None or (seen.route.acknowledged and seen.route.weight == 0)


def alone(plan: Plan, seen: Seen, memory: Memory) -> bool:
    """Whether `<name>` leads to ready pods of stable and to no others; with 0 replicas, to no others."""
    stable = memory.stable or ""
    return seen.stable_service.only(stable) or (not plan.replicas and seen.stable_service.free_of_others(stable))


def away(plan: Plan, seen: Seen, memory: Memory) -> bool:
    """Whether no new load can reach any revision but stable."""
    return weightless(seen) and alone(plan, seen, memory)


def turning_back(plan: Plan, seen: Seen, memory: Memory, state: TurningBack) -> Memory:
    """Done when the weight is 0 and `<name>` leads to stable alone; the pods stay until then."""
    if away(plan, seen, memory) and (plan.weighted or seen.stable_service.selects == memory.stable):
        return memory.but(state=Draining(leaving=state.leaving))
    return memory


def draining(plan: Plan, seen: Seen, memory: Memory, state: Draining, now: float) -> Memory:
    """Wait for the leaving revision's counters to stand still; load that comes back begins the wait anew."""
    if not away(plan, seen, memory):
        return memory.but(state=Draining(leaving=state.leaving))
    waited = state.waited.run(now)
    since = now if state.since is None else state.since
    seen_still = memory.evidence is not None and quiet(memory.evidence, state.leaving, since) >= STILL - UNEVEN
    unseen = memory.evidence is None and waited.spent >= QUIET
    if seen_still or unseen or waited.spent >= DRAIN_LIMIT or not seen.fleet(state.leaving).pods:
        return memory.but(state=Clearing(leaving=state.leaving))
    return memory.but(state=Draining(leaving=state.leaving, since=round(since, 3), waited=waited))


def clearing(seen: Seen, memory: Memory, state: Clearing, now: float) -> Memory:
    """The rollout ends when the last pod of the leaving revision is gone."""
    fleet = seen.fleet(state.leaving)
    if fleet.pods or fleet.wanted:
        return memory
    last = memory.history[0] if memory.history else None
    won = last is not None and last.outcome == "Promoted"
    reason = Reason.OLD_REVISION_SCALED_DOWN if won else Reason.CANARY_SCALED_DOWN
    memory = told(memory, reason, f"The last pod of revision {state.leaving} is gone.", now)
    known = {one: why for one, why in memory.condemned.items() if one in seen.records or one == state.leaving}
    return memory.but(state=Idle(), evidence=None, condemned=known)
