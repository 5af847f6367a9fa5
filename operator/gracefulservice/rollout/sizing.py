"""`auto` in `shutdown`: what the next rollout's pods are sized by, asked for just before it begins."""

from collections.abc import Iterator
from dataclasses import replace

from gracefulservice.api.quantities import AUTO, duration_text
from gracefulservice.rollout import figures
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.memory import Idle, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.sizes import P99_TIMES, Sizes, floor

Told = tuple[str, bool, str]
"""A condition's type, whether a measurement stands behind the number, and the sentence."""


def automatic(plan: Plan, field: str) -> bool:
    """Whether `delay` or `drain` is left to measurement."""
    return (plan.revision.input.get("shutdown") or {}).get(field) == AUTO


def wanted(plan: Plan, memory: Memory) -> bool:
    """Whether measurements are asked for now: at rest, while a target waits that may begin."""
    target = plan.revision.id
    begins = memory.stable not in (None, target) and target not in memory.condemned
    asked = automatic(plan, "delay") or automatic(plan, "drain")
    return asked and isinstance(memory.state, Idle) and begins and not plan.problems


def measured(seen: Seen, memory: Memory) -> Memory:
    """`memory` with what was answered."""
    sizes = memory.sizes.with_(seen.measured)
    return memory if sizes == memory.sizes else memory.but(sizes=sizes)


def sized(plan: Plan, memory: Memory) -> Plan:
    """The plan with the contract that its pods would get now. Records that exist keep theirs."""
    lowest = floor(plan.weighted)
    sizes = Sizes(p99=memory.sizes.p99, delay=max(memory.sizes.delay or 0.0, lowest))
    contract = resolve(plan.revision.input, sizes)
    return replace(plan, contract=contract) if isinstance(contract, Contract) else plan


def told(plan: Plan, seen: Seen, memory: Memory) -> Iterator[Told]:
    """What each `auto` comes to for the target's pods, and from which measurement."""
    record, now = seen.records.get(plan.revision.id), sized(plan, memory).contract
    if automatic(plan, "delay"):
        delay = now.delay if record is None or record.delay is None else record.delay
        fresh = memory.sizes.delay is not None and delay == now.delay
        why = f"by the latest request that a leaving pod still got, and never below {floor(plan.weighted):g} s"
        yield "DelayMeasured", fresh, _said(plan, "delay", delay, why if fresh else "")
    if automatic(plan, "drain"):
        drain = now.drain if record is None or record.drain is None else record.drain
        p99 = memory.sizes.p99
        fresh = p99 is not None and drain == now.drain
        why = f"{P99_TIMES:g} times the p99 latency of {figures.duration(p99)}, and within 5s and 5m" if p99 else ""
        yield "DrainMeasured", fresh, _said(plan, "drain", drain, why if fresh else "")


def _said(plan: Plan, field: str, seconds: float, why: str) -> str:
    said = f"shutdown.{field} is auto, and for revision {plan.revision.id} it is {duration_text(seconds)}"
    return f"{said}: {why}." if why else f"{said}, by what was known when its pods were made."
