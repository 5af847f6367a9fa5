"""Lost at the gateway: 5xx that it gave to users and that no pod has counted. Pure, like the judge.

Pods that cannot be reached, that reset connections or that die with their counters fail users without a trace in what
the judge reads. A gateway counts what users got, but of both revisions together: that is evidence against neither, so
it condemns nobody. It holds the weight, and is told.

    failed    5xx that the gateway had counted two scrapes ago
    counted   5xx that pods have counted up to now: later, so that what is merely not scraped yet is no loss

As far as `failed` was ever ahead of `counted`, requests are lost. What pods answer to callers who pass the gateway by
can hide as many losses, and never makes one up.
"""

from collections.abc import Container, Mapping
from typing import NamedTuple

from pydantic import Field

from gracefulservice.api.value import Value

MINUTE = 60.0
"""Seconds of losses that count: a gateway that was quiet for so long holds nothing up."""
FEWEST = 10.0
"""Losses in a minute that nobody needs to know of: gateways lose a request now and then, whatever is behind them."""
USUAL = 2.0
"""How many times as many as before the first weight are still the usual ones."""


class Totals(NamedTuple):
    """What a gateway had counted at the instant `at` (unix seconds): (rule of the route from 0, proxy) → 5xx.

    A proxy that counted nothing yet is there with 0; one that was not scraped is not there.
    """

    at: float
    failed: Mapping[tuple[int, str], float]


class Mark(NamedTuple):
    """How many were lost up to the look `at`."""

    at: float
    lost: float


class Uncounted(Value):
    """What is known of one rollout. `begun`: when the evidence began whose errors are counted from `since` on.

    `base` are the errors that it knew then, `newest` is what each proxy was seen to have counted last, `usual` the
    losses per second before the first weight; `alarmed`: whether it was told that there are too many.
    """

    begun: float
    since: float
    base: float
    newest: dict[str, float] = Field(default_factory=dict)
    failed: float = 0.0
    recent: tuple[Mark, ...] = ()
    usual: float = 0.0
    alarmed: bool = False

    @property
    def lost(self) -> float:
        """Since counting began."""
        return self.recent[-1].lost if self.recent else 0.0

    @property
    def lately(self) -> float:
        """In the last minute."""
        return self.lost - self.recent[0].lost if self.recent else 0.0

    def too_many(self, due: float, share: float) -> float:
        """How many in a minute are, where `due` requests of it were the canary's and `share` of those may be bad."""
        return max(FEWEST, due * share, USUAL * self.usual * MINUTE)


def begin(begun: float, at: float, errors: float) -> Uncounted:
    """From the look `at` on; pods had counted `errors` until then."""
    return Uncounted(begun=begun, since=at, base=errors)


def learn(
    known: Uncounted, totals: Totals, rules: Container[int], at: float, errors: float, *, weightless: bool
) -> Uncounted:
    """After the look `at`, by which pods had counted `errors`.

    Each proxy is counted from when it is met. One that is not scraped for a while has counted on; one whose counter
    fell began anew, and is believed less.
    """
    if totals.at < known.since or (known.recent and at <= known.recent[-1].at):
        return known
    found = {f"{proxy}/{rule}": value for (rule, proxy), value in totals.failed.items() if rule in rules}
    met = known.newest.keys() & found.keys()
    failed = known.failed + sum(max(found[one] - known.newest[one], 0.0) for one in met)
    lost = max(known.lost, failed - (errors - known.base))
    after = known.model_copy(
        update={
            "newest": {**known.newest, **found},
            "failed": failed,
            "recent": _last_minute((*known.recent, Mark(at, lost))),
        }
    )
    return after.model_copy(update={"usual": round(lost / (at - known.since), 6)}) if weightless else after


def _last_minute(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """The marks of the last minute, and the one just before it, from which it is counted."""
    before = sum(mark.at <= marks[-1].at - MINUTE for mark in marks)
    return marks[max(before - 1, 0) :]
