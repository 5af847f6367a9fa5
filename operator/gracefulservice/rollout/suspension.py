"""`spec.suspend`: what is under way stays where it is, and what is new waits, until it is taken out again.

Judged it is all the same: a bad version is rolled back, crashes count, pods that serve are kept in number. A person
may abort, and stable as the target again turns back. Only the way up is barred, and every other target: the newest of
those is taken up afterwards. Pods of a Deployment that is being adopted go on changing places, pod for pod.
"""

from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan

SUSPENDED = "spec.suspend is true."
"""Why a rollout pauses, in the words of `memory.paused`."""
REFUSED = "spec.suspend is true: set it to false first."


def watched(plan: Plan, memory: Memory, now: float) -> Memory:
    """`memory`, paused while the spec says so and there is something to pause; never against another pause."""
    holds, ours = plan.suspended and waits(plan, memory), memory.paused == SUSPENDED
    if holds is ours or (holds and memory.paused):
        return memory
    after = memory.but(paused=SUSPENDED if holds else "")
    if memory.canary is None:
        return after
    if holds:
        return told(after, Reason.PAUSED, f"The rollout pauses: {SUSPENDED}", now)
    return told(after, Reason.RESUMED, f"Revision {memory.canary} goes on.", now)


def waits(plan: Plan, memory: Memory) -> bool:
    """Whether a rollout is under way, or would be."""
    target = plan.revision.id
    begins = memory.stable not in (None, target) and target not in memory.condemned
    return memory.canary is not None or begins or (memory.stable is None and plan.adopts is not None)
