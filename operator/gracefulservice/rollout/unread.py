"""What is remembered of metrics that cannot be read."""

from gracefulservice.api.value import Value
from gracefulservice.rollout.stopwatch import Stopwatch


class Unread(Value):
    """Since when they could not be read (unix seconds), how long somebody looked in vain, and whether that was told;
    then nobody counts any longer."""

    since: float | None = None
    waited: Stopwatch = Stopwatch()
    told: bool = False
