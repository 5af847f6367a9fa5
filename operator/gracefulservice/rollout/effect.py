"""Whether the weight that a route carries has an effect on the traffic: watched per weight, told when it changes.

A weight counts as seen by the data plane only by what it does: gateways acknowledge a route before, and
sometimes without, sending anything by it. So the first weight is given once the canary's pods stand in the
endpoints of `<name>-canary`, have warmed up, and the gateways have accepted the route; it is small; and no
further one is given while surely nothing of it arrives. (Where objectives are set, each further weight also needs
requests that were counted on the canary; where none are, nobody counts, and time alone decides.)
"""

from datetime import UTC, datetime

from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL, reached
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.memory import (
    Baking,
    Clearing,
    Climbing,
    Draining,
    Memory,
    TurningBack,
    Warming,
)
from gracefulservice.rollout.objective import leading
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.share import Share, counted

Aspect = tuple[bool | None, str, str]
"""Whether the weight has an effect (None: unknown), the reason in one word, the sentence."""


def watched(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` with what this look shows of the weight's effect; a weight newly observed is watched anew."""
    expected = weight_expected(memory) if plan.weighted else None
    if expected is None:
        return memory if memory.share is None else memory.but(share=None)
    share = at_weight(memory.share, *expected)
    there = seen.stable_service.serves and reached(plan, seen, expected[0], memory.stable, expected[1])
    if not there:
        return memory.but(share=Share(canary=share.canary, weight=share.weight, touched=share.touched))
    if share.since is None:
        share = share.model_copy(update={"since": round(now, 3)})
    if memory.evidence is not None and memory.evidence.at is not None:
        share = counted(share, fresh_calls(plan, memory.evidence), memory.evidence.at, memory.evidence.interval)
    return turned(memory, share, now)


def weight_expected(memory: Memory) -> tuple[str, float] | None:
    """The canary and the weight that only the route gives it; None where there is none, or `<name>` leads there too.

    A revision on its way out is watched after a rollback: at weight 0 nothing should reach it any more.
    """
    match memory.state:
        case Warming(canary=canary):
            return canary, 0.0
        case Climbing(canary=canary, weight=weight):
            return canary, weight
        case Baking(canary=canary):
            return canary, ALL
        case TurningBack(leaving=leaving) | Draining(leaving=leaving) | Clearing(leaving=leaving):
            return (leaving, 0.0) if memory.share is not None and memory.share.canary == leaving else None
        case _:
            return None


def at_weight(share: Share | None, canary: str, weight: float) -> Share:
    """The share watched so far, or a new one where the revision or its weight is another."""
    if share is None or share.canary != canary:
        return Share(canary=canary, weight=weight)
    if share.weight == weight:
        return share
    strangers = share.touched or (share.weight == 0 and share.requests > 0)
    after = Share(canary=canary, weight=weight, touched=strangers)
    if not share.weight or not weight:
        return after
    return after.model_copy(update={name: getattr(share, name) for name in ("missed", "missed_since", "heard")})


def fresh_calls(plan: Plan, evidence: Evidence) -> dict[str, float] | None:
    """New requests per revision in the newest look; None where not every pod's are known up to then."""
    if not evidence.calls or evidence.at is None:
        return None
    total = evidence.tallies[leading(plan.objectives).name].total
    ends = [max(cursor.at for cursor in series.values()) for series in total.values() if series]
    late = any(end < evidence.at - 2 * evidence.interval for end in ends)
    return None if late else evidence.calls


def turned(memory: Memory, share: Share, now: float) -> Memory:
    """Remember the share; tell that a weight has no effect, or more than it should, and when it surely has its own."""
    news = not isinstance(memory.state, Warming) and share.effective is not None and share.effective is share.alarmed
    if not news:
        return memory.but(share=share)
    after = memory.but(share=share.model_copy(update={"alarmed": not share.alarmed}))
    if share.alarmed:
        return told(after, Reason.WEIGHT_EFFECTIVE, sentence(memory, share), now)
    return told(after, Reason.WEIGHT_NOT_EFFECTIVE, sentence(memory, share), now, warning=True)


def held(memory: Memory) -> str:
    """Why a rollout must not go on from its present weight, or empty."""
    return sentence(memory, memory.share) if memory.share is not None and memory.share.holds else ""


def aspect(plan: Plan, memory: Memory) -> Aspect | None:
    """What the condition `WeightEffective` says; None where no weight is meant to have an effect."""
    if not plan.weighted or isinstance(memory.state, Warming):
        said = memory.withdrawn.sentence if isinstance(memory.state, Warming) else ""
        return (False, "Withdrawn", said) if said else None
    if not plan.judged:
        said = "Nobody counts requests, because no objective is set: only the gateways say that the weight is in force."
        return (None, "NotCounted", said) if isinstance(memory.state, Climbing | Baking) else None
    share = memory.share
    if share is None or (memory.canary is None and share.effective is not False):
        return None
    lacking = "NoEffect" if share.holds else "LittleEffect"
    reasons = {True: "Effective", None: "Counting", False: "MoreThanWanted" if share.too_large else lacking}
    return share.effective, reasons[share.effective], sentence(memory, share)


def sentence(memory: Memory, share: Share) -> str:
    """What was wanted, what arrived since when, and what that means."""
    if share.since is None:
        return f"Weight {figures.weight(share.weight)} wanted, not observed yet."
    arrived = came(share)
    if share.too_large:
        return f"{arrived}: a gateway sends it more than the route says, or somebody calls its Service directly."
    if share.without_effect and share.holds:
        return (
            f"{arrived}: the gateway does not apply the route, Prometheus does not scrape these pods, or nobody calls "
            "through the gateway."
        )
    if share.without_effect:
        return (
            f"{arrived}: the gateway does not apply the weight, or most callers pass it by and use the Service of "
            f"{memory.stable} directly."
        )
    return f"{arrived}." if share.effective else f"{arrived}: too few to tell whether the weight has an effect."


def came(share: Share) -> str:
    """What was wanted, and what arrived since when."""
    since = f" since {datetime.fromtimestamp(int(share.since), UTC):%H:%M:%S} UTC" if share.since else ""
    return (
        f"Weight {figures.weight(share.weight)} wanted, {figures.number(share.requests)} of "
        f"{figures.number(share.total)} requests reached revision {share.canary} ({100 * share.realised:.1f} %){since}"
    )
