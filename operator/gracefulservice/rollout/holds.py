"""What holds a rollout under way, read from its status: figures say it in the words that its conditions say it in."""

from enum import StrEnum
from typing import NamedTuple

from gracefulservice.api import Condition, Status


class Hold(StrEnum):
    """What can hold a rollout; several at once where several do."""

    METRICS_UNREADABLE = "MetricsUnreadable"
    NO_TRAFFIC = "NoTraffic"
    LOST_AT_GATEWAY = "LostAtGateway"
    WEIGHT_CONTESTED = "WeightContested"
    WEIGHT_WITHOUT_EFFECT = "WeightWithoutEffect"
    """Next to nothing of it arrives, or more than was wanted, or it was withdrawn."""
    PAUSED = "Paused"


class Sign(NamedTuple):
    """The condition that shows a hold: its type, its status, and its reasons; none where any of them does."""

    type: str
    status: str
    reasons: frozenset[str] = frozenset()

    def shown(self, condition: Condition) -> bool:
        """Whether this condition is one."""
        found = (condition.type, condition.status) == (self.type, self.status)
        return found and (not self.reasons or condition.reason in self.reasons)

    def since(self, condition: Condition) -> float | None:
        """Since when; None where the reason matters, because a condition has the time of its status alone."""
        return None if self.reasons else condition.last_transition_time


SIGNS = {
    Hold.METRICS_UNREADABLE: Sign("MetricsReadable", "False"),
    Hold.NO_TRAFFIC: Sign("MetricsReadable", "True", frozenset({"NoTraffic"})),
    Hold.LOST_AT_GATEWAY: Sign("LostAtGateway", "True"),
    Hold.WEIGHT_CONTESTED: Sign("WeightContested", "True", frozenset({"Held"})),
    Hold.WEIGHT_WITHOUT_EFFECT: Sign(
        "WeightEffective", "False", frozenset({"NoEffect", "MoreThanWanted", "Withdrawn"})
    ),
}
OF_THE_WEIGHT = frozenset({Hold.WEIGHT_CONTESTED, Hold.WEIGHT_WITHOUT_EFFECT})
"""What does not hold a rollout that somebody promotes."""


def holds(status: Status) -> dict[Hold, float | None]:
    """What holds the rollout, each with the unix second since which it does; None where the status does not say."""
    hurry = (status.memory or {}).get("hurry", "")
    if status.canary is None or hurry == "unjudged":
        return {}
    shown = {
        hold: sign.since(condition)
        for hold, sign in SIGNS.items()
        for condition in status.conditions
        if sign.shown(condition) and not (hurry and hold in OF_THE_WEIGHT)
    }
    return shown | ({Hold.PAUSED: None} if status.phase == "Paused" else {})
