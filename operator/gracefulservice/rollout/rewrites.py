"""What others did to the weights of a rollout, as far as it must be remembered."""

from gracefulservice.api.value import Value


class Rewrites(Value):
    """How often, and what is done about it.

    `by` is who wrote the route last (`RouteSeen.set_by`) when its weight was as wanted, or when a foreign one was
    answered: whoever stands there later has written since. `gone`: the route was not there at the last look. While a
    revision leaves it stays so until there is a route again: then `spec.traffic` acts as it is.
    """

    by: str = ""
    times: int = 0
    asserting: bool = False
    """Whether our weight is being written once more."""
    holds: bool = False
    """Whether the rollout leaves the weight to the others and waits."""
    sentence: str = ""
    """What happened last, with who, when and both weights."""
    gone: bool = False

    @property
    def open(self) -> bool:
        """Whether the foreign weight is still there."""
        return self.asserting or self.holds
