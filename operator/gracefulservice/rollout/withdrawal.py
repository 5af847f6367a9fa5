"""A weight of which nothing arrives is taken back, and given again a few times before a person is asked.

Where a policy, a certificate or a port keeps a gateway from pods that are ready, what it sends them is lost, and no
pod counts it. The same is to be seen where a gateway does not follow its route, or where nobody scrapes these pods:
then nothing is lost, and nothing is learnt either. None of it says that the version is bad, so nobody is condemned;
at weight 0 nobody is harmed while it lasts.
"""

from gracefulservice.rollout import effect, figures
from gracefulservice.rollout.capacity import ALL
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.share import Share
from gracefulservice.rollout.withdrawn import Withdrawn

DUE = 40.0
"""Requests that were due at the weight: twice what a bad version may cost. Where half of all callers pass the route by,
one arrives all the same with a probability of 1 - e^-20; where nine in ten do, of 98 %."""
DUE_AGAIN = 5 * DUE
"""The same where some have arrived before: of a long rollout there are many such times."""
TIME = 15.0
"""Seconds in which a gateway must begin to follow a route that it has accepted."""
WAITS = (60.0, 120.0)
"""Seconds at weight 0 before it is given again: after the first time, and after the second."""


def due(share: Share | None) -> bool:
    """Whether so much should have arrived by now that something would have."""
    if share is None or share.at is None or share.missed_since is None:
        return False
    return share.missed >= (DUE_AGAIN if share.heard else DUE) and share.at - share.missed_since >= TIME


def swallowed(memory: Memory) -> bool:
    """Whether everybody was sent where nothing had arrived, as when stable was gone for a moment, and nothing does."""
    share = memory.share
    if share is None or share.since is None or share.at is None or not memory.withdrawn.times:
        return False
    return share.weight >= ALL and not share.requests and share.at - share.since >= TIME


def withdrawn(memory: Memory, now: float) -> Memory:
    """`memory`, which goes back to weight 0 where a weight was given and nothing of it arrives (any more)."""
    state, share = memory.state, memory.share
    if not isinstance(state, Climbing | Baking) or share is None or not (due(share) or swallowed(memory)):
        return memory
    times = memory.withdrawn.times + 1
    last = times > len(WAITS)
    missed = f"none of the last {figures.number(share.missed)} that were due"
    sentence = (
        f"{effect.came(share)}, and {missed if share.missed else 'nothing at its last weight either'}: {CAUSES}. "
        f"The weight is 0 again, after {figures.tries(times)}."
    )
    follows = (
        "Resume the rollout to try once more." if last else f"The next one is in {figures.span(WAITS[times - 1])}."
    )
    after = memory.but(
        state=Warming(canary=state.canary, progress=state.progress),
        withdrawn=Withdrawn(times=times, sentence=sentence),
        paused=sentence if last else memory.paused,
    )
    return told(after, Reason.WEIGHT_WITHDRAWN, f"{sentence} {follows}", now, warning=True)


CAUSES = (
    "something keeps the gateway from these pods (a policy, a certificate), it does not apply the route, or nobody "
    "scrapes them"
)


def waited(memory: Memory, now: float) -> Memory:
    """`memory` after one more look at weight 0."""
    known = memory.withdrawn
    return memory.but(withdrawn=known.model_copy(update={"waited": known.waited.run(now)})) if known.times else memory


def left(memory: Memory) -> float:
    """Seconds until a weight that was taken back is given again; a person's `resume` decides after the last time."""
    times = memory.withdrawn.times
    return max(WAITS[times - 1] - memory.withdrawn.waited.spent, 0.0) if 0 < times <= len(WAITS) else 0.0
