"""What is remembered of weights that were taken back."""

from gracefulservice.api.value import Value
from gracefulservice.rollout.stopwatch import Stopwatch


class Withdrawn(Value):
    """A weight that was taken back because nothing of it arrived: how often in this rollout, and what was told."""

    times: int = 0
    sentence: str = ""
    waited: Stopwatch = Stopwatch()
    """How long it has been 0 since."""
