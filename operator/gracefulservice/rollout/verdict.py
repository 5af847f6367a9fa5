"""What the judge says: a verdict, its cause when there is none yet, the numbers behind it, and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gracefulservice.api.value import Value


class Verdict(StrEnum):
    """Good enough for all traffic; surely bad; or neither yet."""

    PASS = "Pass"  # noqa: S105 – a verdict, not a password
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


class Cause(StrEnum):
    """Why a verdict is inconclusive. None of these is ever good and none is ever bad."""

    NOT_READ_YET = "NotReadYet"
    OUTAGE = "Outage"
    SERIES_MISSING = "SeriesMissing"
    LABEL_MISSING = "LabelMissing"
    BUCKET_MISMATCH = "BucketMismatch"
    UNREADABLE = "Unreadable"
    STALE = "Stale"
    NO_TRAFFIC = "NoTraffic"
    LEARNING = "Learning"
    SUSPECTED = "Suspected"
    SHARED = "SharedIncident"


class Problem(Value):
    """Something that keeps an objective from being counted, as a sentence for the user."""

    cause: Cause
    sentence: str
    objective: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict at one moment. Shares are 0..1, `rate` is requests/s, `newest` unix seconds.

    `odds` against the canary condemn it at `limit`. `bounds` holds the upper bound on the bad share per objective,
    `bound` the largest; `excess` is how far one of them lies above stable's share, at most. The counts, `extra` and
    `reference` (stable's bad share over ten minutes) are those of the leading objective; `worst` names the objective
    with the highest odds. `extra` says how many more canary requests were bad than at stable's share, both without
    the times in which stable broke the objective.
    """

    verdict: Verdict
    cause: Cause | None
    sentence: str
    odds: float
    limit: float
    worst: str
    bounds: Mapping[str, float]
    excess: float
    rate: float
    reference: float
    extra: float
    requests: float
    errors: float
    stable_requests: float
    stable_errors: float
    newest: float | None

    @property
    def gate_open(self) -> bool:
        """Whether every objective is surely met within a factor of two, on fresh and complete data."""
        return self.verdict is Verdict.PASS

    @property
    def bound(self) -> float:
        """U of the gate: the largest upper bound over the objectives."""
        return max(self.bounds.values())
