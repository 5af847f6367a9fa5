"""What is remembered of metrics that cannot be read."""

from gracefulservice.api.value import Value
from gracefulservice.rollout.stopwatch import Stopwatch


class Unread(Value):
    """How long they could not be read, and whether that was told; then nobody counts any longer."""

    waited: Stopwatch = Stopwatch()
    told: bool = False
