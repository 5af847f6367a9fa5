"""What happened and must be told: reasons are one enum, sentences carry the numbers."""

from enum import StrEnum
from typing import Any

from gracefulservice.rollout.memory import Happening, Memory

KEPT = 20
"""Happenings and receipts that are remembered."""


class Reason(StrEnum):
    """Why something is told: the `reason` of Events and, where they fit, of conditions."""

    FIRST_REVISION_READY = "FirstRevisionReady"
    ADOPTION_STARTED = "AdoptionStarted"
    ADOPTED = "Adopted"
    DEPLOYMENT_MISSING = "DeploymentMissing"
    DEPLOYMENT_OWNED = "DeploymentOwned"
    DEPLOYMENT_PAUSED = "DeploymentPaused"
    LABEL_RESERVED = "LabelReserved"
    POD_TEMPLATE_DIFFERS = "PodTemplateDiffers"
    NOT_ROLLED_OUT = "NotRolledOut"
    TOO_FEW_REPLICAS = "TooFewReplicas"
    SERVICE_DIFFERS = "ServiceDiffers"
    AUTOSCALER_CONTESTED = "AutoscalerContested"
    DEPLOYMENT_SCALED = "DeploymentScaled"
    NOT_ADOPTED = "NotAdopted"
    GIVING_BACK = "GivingBack"
    ROLLOUT_STARTED = "RolloutStarted"
    WEIGHT_OBSERVED = "WeightObserved"
    WEIGHT_CONTESTED = "WeightContested"
    ROUTE_RETURNED = "RouteReturned"
    WEIGHT_NOT_EFFECTIVE = "WeightNotEffective"
    WEIGHT_EFFECTIVE = "WeightEffective"
    WEIGHT_WITHDRAWN = "WeightWithdrawn"
    LOST_AT_GATEWAY = "LostAtGateway"
    METRICS_UNREADABLE = "MetricsUnreadable"
    METRICS_READABLE = "MetricsReadable"
    CANARY_NOT_READY = "CanaryNotReady"
    PROMOTED = "Promoted"
    BAKE_DONE = "BakeDone"
    OLD_REVISION_SCALED_DOWN = "OldRevisionScaledDown"
    ROLLED_BACK = "RolledBack"
    TURNED_BACK = "TurnedBack"
    CANARY_SCALED_DOWN = "CanaryScaledDown"
    PAUSED = "Paused"
    RESUMED = "Resumed"
    RETRIED = "Retried"
    OBJECTIVES_EDITED = "ObjectivesEdited"
    CLOCK_WENT_BACK = "ClockWentBack"
    SIGNALS_IGNORED = "SignalsIgnored"
    EXITED_WITH_ERROR = "ExitedWithError"
    NODE_CORDONED = "NodeCordoned"
    SURGE_GIVEN_UP = "SurgeGivenUp"
    COMMAND_REFUSED = "CommandRefused"


class Fault(StrEnum):
    """What a revision is condemned for."""

    VERDICT = "Verdict"
    """The judge's, that of samples, or a guard beyond its threshold."""
    DEADLINE = "Deadline"
    CRASH_LOOP = "CrashLoop"
    ABORT = "Abort"


def told(memory: Memory, reason: Reason, sentence: str, now: float, *, warning: bool = False, **more: Any) -> Memory:
    """`memory` with one more thing to tell, and what else is known of it."""
    last = memory.happenings[-1].id if memory.happenings else memory.told
    news = Happening(id=last + 1, reason=reason, sentence=sentence, at=round(now, 3), warning=warning, **more)
    return memory.but(happenings=(*memory.happenings, news)[-KEPT:])
