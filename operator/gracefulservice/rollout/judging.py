"""What the judge says of a rollout at this moment, or that there is nobody to ask."""

from dataclasses import replace

from gracefulservice.api import GuardStatus, Samples
from gracefulservice.rollout import ends, guards, losses, sampling
from gracefulservice.rollout.figures import chances
from gracefulservice.rollout.judge import ALPHA, LIMIT, assess, obstacle
from gracefulservice.rollout.judge import suspected as suspects
from gracefulservice.rollout.memory import Memory, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.verdict import Assessment, Cause, Problem, Verdict

UNMEASURED = frozenset({Cause.NO_TRAFFIC, Cause.LEARNING, Cause.SUSPECTED, Cause.SHARED})
"""Causes that say nothing against the metrics themselves."""


def assessment(plan: Plan, memory: Memory, now: float) -> Assessment | None:
    """The judge's word on the evidence so far; None when no objective is set, and once it is decided who serves."""
    if not plan.judged or memory.evidence is None or memory.canary is None:
        return None
    judged = assess(memory.evidence, plan.objectives, now)
    return judged if plan.sampling is None else sampled(plan, plan.sampling, memory, judged, now)


def sampled(plan: Plan, policy: Samples, memory: Memory, judged: Assessment, now: float) -> Assessment:
    """The same with the word of the samples, where the user goes by them; what cannot be read stays unreadable."""
    found, said = sampling.verdict(memory.sampling, policy), sampling.sentence(memory.sampling, policy)
    why = obstacle(memory.evidence, plan.objectives, now) if memory.evidence and found is not Verdict.FAIL else None
    if why:
        return replace(judged, verdict=Verdict.INCONCLUSIVE, cause=why.cause, sentence=why.sentence)
    cause = Cause.LEARNING if found is Verdict.INCONCLUSIVE else None
    return replace(judged, verdict=found, cause=cause, sentence=said)


def unreadable(plan: Plan, memory: Memory, now: float) -> str:
    """Why the objectives or the guards cannot be read now (outage, stale or missing series), or empty."""
    why = unread(plan, memory, now)
    return why.sentence if why else ""


def unread(plan: Plan, memory: Memory, now: float) -> Problem | None:
    """The same with its cause; None where everything can be read."""
    judged = assessment(plan, memory, now)
    if judged is None or memory.evidence is None:
        return unread_guard(plan, memory)
    if memory.evidence.at is None and memory.evidence.outage is None:
        return Problem(cause=Cause.NOT_READ_YET, sentence="The metrics have not been read yet.")
    if judged.cause is None or judged.cause in UNMEASURED:
        return unread_guard(plan, memory)
    return Problem(cause=judged.cause, sentence=judged.sentence)


def unread_guard(plan: Plan, memory: Memory) -> Problem | None:
    """Why a guard has no value; None once it is decided who serves."""
    return None if memory.canary is None else guards.unread(memory.gauges, plan.guards)


def exceeded(plan: Plan, memory: Memory) -> str:
    """Which guard's gauge is beyond its threshold now, for however long: then no weight rises; or empty."""
    return "" if memory.canary is None else guards.exceeded(memory.gauges, plan.guards)


def shown(plan: Plan, memory: Memory) -> tuple[GuardStatus, ...]:
    """Every guard, while there is a revision that they could turn back."""
    return () if memory.canary is None else guards.shown(memory.gauges, plan.guards)


def readable(plan: Plan, memory: Memory, now: float) -> tuple[bool, str, str] | None:
    """What the condition `MetricsReadable` says; None while nothing is measured."""
    judged, gauges = assessment(plan, memory, now), shown(plan, memory)
    if judged is None and not gauges:
        return None
    if why := unread(plan, memory, now):
        return False, why.cause.value, why.sentence
    if judged is None or memory.evidence is None:
        return True, "Readable", " ".join(one.sentence for one in gauges)
    reason = Cause.NO_TRAFFIC.value if judged.cause is Cause.NO_TRAFFIC else "Readable"
    parts = {name: tally.part for name, tally in memory.evidence.tallies.items()}
    return True, reason, judged.sentence + ends.noted(plan.objectives, parts)


def exhausted(plan: Plan, memory: Memory) -> str:
    """Why no evidence could speak against the canary any more, or empty: its objectives were edited too often."""
    evidence = memory.evidence
    if not plan.judged or plan.sampling or evidence is None or evidence.carried >= ALPHA:
        return ""
    return (
        f"The objectives were edited so often in this rollout that only odds above {chances(LIMIT * LIMIT)} could "
        "still speak against the canary: abort and retry it, or promote it in full."
    )


def obstructed(plan: Plan, memory: Memory, now: float) -> str:
    """Why the judge cannot carry a rollout on, though people call: unreadable metrics, no α left, a guard, or
    what is lost at the gateway; or empty."""
    why = unreadable(plan, memory, now) or exhausted(plan, memory) or exceeded(plan, memory)
    return why or losses.held(plan, memory)


def unproven(plan: Plan, memory: Memory, now: float) -> bool:
    """Whether objectives are set that are not surely met yet, or guards that are not kept, for whatever reason."""
    judged = assessment(plan, memory, now)
    return (judged is not None and not judged.gate_open) or bool(obstructed(plan, memory, now))


def uncalled(plan: Plan, memory: Memory, now: float) -> str:
    """The sentence that no request can be counted, or empty."""
    judged = assessment(plan, memory, now)
    return judged.sentence if judged is not None and judged.cause is Cause.NO_TRAFFIC else ""


def unwatched(plan: Plan, memory: Memory, now: float) -> bool:
    """Whether nobody can say at this moment how the canary does: no traffic, unreadable metrics, or no α left."""
    return bool(uncalled(plan, memory, now) or obstructed(plan, memory, now))


def suspected(plan: Plan, memory: Memory) -> bool:
    """Whether the newest look condemns the canary, unless the next one shows the same fault on stable."""
    return plan.judged and memory.evidence is not None and suspects(memory.evidence, plan.objectives)


def failed(plan: Plan, memory: Memory, now: float) -> str:
    """The sentence of a `Fail` verdict, of the judge or of a guard; or empty."""
    judged = assessment(plan, memory, now)
    if judged is not None and judged.verdict is Verdict.FAIL:
        return judged.sentence
    if memory.canary is None:
        return ""
    answers_for = guards.of_canary(plan.guards) if isinstance(memory.state, Warming) else plan.guards
    return guards.failed(memory.gauges, answers_for)
