"""Time that counts only while somebody looks, so that nobody is blamed for what passes without an operator."""

from gracefulservice.api.value import Value

LONGEST_TICK = 10.0
"""Seconds. Time between two looks counts up to here: what passes while no operator runs is nobody's waiting."""


class Stopwatch(Value):
    """Time that counts only while somebody looks. `spent` in seconds, `ticked` the last running look."""

    spent: float = 0.0
    ticked: float | None = None

    def run(self, now: float) -> "Stopwatch":
        """Let it run until `now`."""
        passed = 0.0 if self.ticked is None else min(max(now - self.ticked, 0.0), LONGEST_TICK)
        return Stopwatch(spent=round(self.spent + passed, 3), ticked=round(now, 3))

    def stop(self) -> "Stopwatch":
        """Keep what was spent and stand still."""
        return self if self.ticked is None else Stopwatch(spent=self.spent)


class Progress(Value):
    """Pods becoming ready. `waiting` counts only while some are missing; `ready` is the most seen meanwhile."""

    ready: int = 0
    waiting: Stopwatch = Stopwatch()

    def watch(self, wanted: int, ready: int, now: float) -> "Progress":
        """One look at the fleet: a further ready pod starts the waiting anew."""
        if ready >= wanted:
            return Progress(ready=ready)
        if ready > self.ready or self.waiting.ticked is None:
            return Progress(ready=ready, waiting=Stopwatch().run(now))
        return Progress(ready=self.ready, waiting=self.waiting.run(now))
