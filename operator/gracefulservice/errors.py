"""What can go wrong with the outside world, named for what the caller must do.

    Failure
    ├── Stale          somebody was faster: nothing was done, look again
    ├── Unreachable    nobody answers: hold everything where it is, back off
    ├── Refused        the answer is no, and will be tomorrow: say so in a condition, retry slowly
    └── Invalid        the user's wish cannot become a plan: say so, wait for another wish

The set is closed: adapters translate everything they meet into one of these four at the door, once. Each
carries one full sentence for the user. Anything else that is raised is a bug.
"""

# ruff: noqa: N818 - named for what the caller must do, not for being an error


class Failure(Exception):
    """One of the four. `sentence` is for the user: plain, full, present tense."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Stale(Failure):
    """A precondition does not hold any more (conflict, already there, gone). Nothing was done; look again."""


class Unreachable(Failure):
    """The API server, Prometheus or a gateway does not answer (time-out, connection, 429, 5xx).

    Whether a write was done is not known. `retry_after` is the pause in seconds asked for by the other side.
    """

    def __init__(self, sentence: str, *, retry_after: float = 0.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Refused(Failure):
    """Understood and denied: rights, quota, admission, an object the API server calls invalid."""


class Invalid(Failure):
    """What the user (or the operator's environment) asks for contradicts itself or cannot be read."""
