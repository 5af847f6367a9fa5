"""What the judge says of a rollout at this moment, or that there is nobody to ask."""

from gracefulservice.rollout.figures import chances
from gracefulservice.rollout.judge import ALPHA, LIMIT, assess
from gracefulservice.rollout.judge import suspected as suspects
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.verdict import Assessment, Cause, Verdict

UNMEASURED = frozenset({Cause.NO_TRAFFIC, Cause.LEARNING, Cause.SUSPECTED, Cause.SHARED})
"""Causes that say nothing against the metrics themselves."""


def assessment(plan: Plan, memory: Memory, now: float) -> Assessment | None:
    """The judge's word on the evidence so far; None when no objective is set, and once it is decided who serves."""
    if not plan.judged or memory.evidence is None or memory.canary is None:
        return None
    return assess(memory.evidence, plan.objectives, now)


def unreadable(plan: Plan, memory: Memory, now: float) -> str:
    """Why the objectives cannot be read now (outage, stale or missing series), or empty."""
    judged = assessment(plan, memory, now)
    if judged is None or memory.evidence is None:
        return ""
    if memory.evidence.at is None and memory.evidence.outage is None:
        return "The metrics have not been read yet."
    return "" if judged.cause is None or judged.cause in UNMEASURED else judged.sentence


def exhausted(plan: Plan, memory: Memory) -> str:
    """Why no evidence could speak against the canary any more, or empty: its objectives were edited too often."""
    evidence = memory.evidence
    if not plan.judged or evidence is None or evidence.carried >= ALPHA:
        return ""
    return (
        f"The objectives were edited so often in this rollout that only odds above {chances(LIMIT * LIMIT)} could "
        "still speak against the canary: abort and retry it, or promote it in full."
    )


def obstructed(plan: Plan, memory: Memory, now: float) -> str:
    """Why the judge cannot carry a rollout on, though people call: unreadable metrics, or no α left; or empty."""
    return unreadable(plan, memory, now) or exhausted(plan, memory)


def unproven(plan: Plan, memory: Memory, now: float) -> bool:
    """Whether objectives are set that are not surely met yet, for whatever reason."""
    judged = assessment(plan, memory, now)
    return judged is not None and (not judged.gate_open or bool(exhausted(plan, memory)))


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
    """The sentence of a `Fail` verdict, or empty."""
    judged = assessment(plan, memory, now)
    return judged.sentence if judged is not None and judged.verdict is Verdict.FAIL else ""
