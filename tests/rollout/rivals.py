"""What the attack demands where others write the weights, reckoned from the schedule and the writes alone."""

from dataclasses import dataclass, field

from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.memory import Baking, Climbing, Memory
from gracefulservice.rollout.seen import Seen


@dataclass
class Rivals:
    """Who was answered in the rollout in play: writers whose weight was overwritten on the way up.

    One answer is right, and one more for each time that a person resumed; a person's `promote` always is.
    """

    begun: float = 0.0
    answered: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    away: bool = False

    def watch(self, seen: Seen, before: Memory, after: Memory, desired: Desired) -> str:
        """One decision: what is wrong with it, or nothing."""
        if after.share is not None and after.share.effective is False:
            return f"an alarm although every gateway does what the route says: {after.share}"
        if after.started != self.begun or before == Memory():
            self.begun, self.answered, self.excused = after.started, set(), set()
        route = seen.route
        if route is None or route.weight is None:
            self.away = True
            return ""
        if self.away or not isinstance(before.state, Climbing | Baking) or self.right(before, route.weight):
            self.excused.add(route.set_by)
        self.away = False
        served = seen.stable_service.serves and seen.canary_service.serves
        wrote = route.set_by not in {"", *self.excused} and desired.weight != route.weight
        if wrote and served and isinstance(after.state, Climbing | Baking) and not after.hurry:
            self.answered.add(route.set_by)
        resumed = sum((one.do, one.result) == ("resume", "Done") for one in after.receipts)
        return f"{len(self.answered)} answers to others" if len(self.answered) > 1 + resumed else ""

    @staticmethod
    def right(memory: Memory, found: float) -> bool:
        """Whether the route carries what the rollout wants, whoever wrote it."""
        return abs(found - (memory.state.weight if isinstance(memory.state, Climbing) else 100.0)) < 0.1
