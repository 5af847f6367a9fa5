"""How large a soak is: what the environment asks for, and what follows from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

MILLION = 1_000_000
RATE = (200.0, 500.0)
"""Requests per second of a small soak and of a whole one."""
TAIL = (10.0, 20.0)
"""Seconds between the end of an action and the next one, of a small soak and of a whole one."""
ENDS = 3
"""Times the tail, after the last action: a minute in a whole soak."""


class SizeError(ValueError):
    """A size that cannot be read; the message is for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Size:
    """Requests to be sent over the actions, and the seed of everything that is left to chance."""

    requests: int
    seed: int

    @property
    def rate(self) -> float:
        """Requests per second of one service's users."""
        return scaled(self.requests, RATE)

    @property
    def tail(self) -> float:
        """Seconds after each action: the tail of one is the head of the next."""
        return scaled(self.requests, TAIL)


def scaled(requests: int, limits: tuple[float, float]) -> float:
    """In proportion to a whole soak, within limits."""
    least, most = limits
    return min(most, max(least, most * requests / MILLION))


def read(environment: Mapping[str, str], chance: int) -> Size:
    """`SOAK_REQUESTS` (a million) and `SOAK_SEED` (`chance`)."""
    return Size(
        whole(environment, "SOAK_REQUESTS", MILLION, least=1),
        whole(environment, "SOAK_SEED", chance, least=0),
    )


def whole(environment: Mapping[str, str], name: str, default: int, least: int) -> int:
    """A whole number, with or without underscores; `SizeError` for anything else."""
    text = environment.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise SizeError(f"{name} is {text!r}: give a whole number of at least {least}, for example {default}.")
    return number
