"""What a rollout does about requests that are lost at the gateway: it holds, and says so."""

from gracefulservice.rollout import figures
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judge import rate
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.objective import Kind
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.uncounted import MINUTE, Uncounted, begin, learn


def watched(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` with what this look shows; told once when there are too many, and again after a time without."""
    known = learned(seen, memory)
    if known is None:
        return memory
    after = memory if known is memory.uncounted else memory.but(uncounted=known)
    alarm = bool(held(plan, after))
    if alarm is known.alarmed:
        return after
    after = after.but(uncounted=known.model_copy(update={"alarmed": alarm}))
    return told(after, Reason.LOST_AT_GATEWAY, held(plan, after), now, warning=True) if alarm else after


def learned(seen: Seen, memory: Memory) -> Uncounted | None:
    """What is known after this look; the same where it could not be compared, None where it never could.

    Errors that pods counted meanwhile are not known while a part of them is unreadable.
    """
    look, evidence, known = seen.metrics, memory.evidence, memory.uncounted
    rules = seen.route.rules if seen.route else ()
    if memory.canary is None or evidence is None or look is None or look.gateway is None or not rules:
        return known
    if evidence.at != look.at or evidence.problems or evidence.outage:
        return known
    if known is None or known.begun != evidence.begun:
        return begin(evidence.begun, look.at, evidence.errors)
    return learn(known, look.gateway, rules, look.at, evidence.errors, weightless=not evidence.weight)


def held(plan: Plan, memory: Memory) -> str:
    """Why no weight may rise: too many requests of the last minute were lost at the gateway; or empty."""
    known, evidence = memory.uncounted, memory.evidence
    if known is None or evidence is None or memory.canary is None or not evidence.weight:
        return ""
    share = next((one.max_share for one in plan.objectives if one.kind is Kind.ERROR_RATE), None)
    if share is None:
        return ""
    calls, lost = rate(evidence) * MINUTE, figures.number(known.lately)
    limit = known.too_many(calls * evidence.weight / 100, share)
    if known.lately < limit:
        return ""
    return (
        f"Lost at the gateway: {lost} of the {figures.number(calls)} requests of the last minute were answered with a "
        f"5xx that no pod counted, and {figures.number(limit)} are too many. Pods cannot be reached, reset "
        "connections, or end before their counters are read."
    )
