"""All that is remembered between two looks: written to status before anything is changed.

The rollout is a union of small states, each with its own timers, so that a timer can never be read by a
state it was not started for:

    Idle ──► Founding ─────────────────────────────────────────────► Idle      (the first revision)
    Idle ──► Adopting ─────────────────────────────────────────────► Idle      (it takes a Deployment's place)
    Idle ──► GivingBack                                                        (and gives it back at its end)
    Idle ──► Warming ──► Climbing ──► Baking ──► Widening ──► Narrowing ──► Returning ─┐
               └────────────┴───────────┴───────────┴─► TurningBack ──► Draining ◄─────┘
                                                                           └─► Clearing ──► Idle

Before `Narrowing` the way back is `TurningBack`; the write that decides `Narrowing` moves the pointer
`stable`, and from there on only a new target goes back. A replica ratio has no warm-up without traffic and
no route to give back: it goes Idle ► Warming ► Climbing ► Baking ► Clearing, where Warming has no pods and
waits for readable metrics; without objectives it is skipped.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator

from gracefulservice.api import HistoryEntry, Receipt
from gracefulservice.api.value import Value
from gracefulservice.rollout.guards import Gauges
from gracefulservice.rollout.judge import Evidence
from gracefulservice.rollout.rewrites import Rewrites
from gracefulservice.rollout.sampling import Sampling
from gracefulservice.rollout.share import Share
from gracefulservice.rollout.sizes import NOTHING, Sizes
from gracefulservice.rollout.stopwatch import Progress, Stopwatch
from gracefulservice.rollout.uncounted import Uncounted
from gracefulservice.rollout.unread import Unread
from gracefulservice.rollout.withdrawn import Withdrawn


class Floor(Value):
    """The pods that a service keeps during a rollout and for a while after it, whatever `spec.replicas` says."""

    replicas: int
    """What `spec.replicas` was when the rollout began."""
    rate: float = 0.0
    """Requests/s over its first whole minute; 0 until that was counted."""
    pods: int
    """What the floor is now."""
    enough: int = 0
    """What the measured load needs, the most since that has been fewer than `pods`; 0 until it was measured."""
    lower: Stopwatch = Stopwatch()
    """How long fewer have been enough."""
    until: float | None = None
    """When it ends (unix seconds); None while users can still go either way."""

    @classmethod
    def of(cls, replicas: int) -> "Floor":
        """The floor of a rollout that begins with so many."""
        return cls(replicas=replicas, pods=replicas)


class Surge(Value):
    """One pod more than a fleet needs, as long as one of its pods stands on a cordoned node."""

    progress: Progress = Progress()
    given_up: bool = False
    """Whether no further pod became ready in time; then the fleet does without until its nodes are others."""


class Idle(Value):
    """At rest: everybody is served by `stable`."""

    kind: Literal["Idle"] = "Idle"


class Founding(Value):
    """The first revision starts, without any step. It is stable once all of its pods serve, or once something else
    is wanted while some of them do."""

    kind: Literal["Founding"] = "Founding"
    revision: str


class Handing(Value):
    """Pods of a Deployment and of a revision change places; `replicas` of them serve throughout."""

    deployment: str
    revision: str
    replicas: int


class Adopting(Handing):
    """The first revision takes the place of the pods of a live Deployment."""

    kind: Literal["Adopting"] = "Adopting"
    gone: dict[str, Stopwatch] = Field(default_factory=dict)
    """How long each of the Deployment's pods has been out of the endpoints."""


class GivingBack(Handing):
    """The service is being deleted: the Deployment that it took the place of serves again."""

    kind: Literal["GivingBack"] = "GivingBack"


class Warming(Value):
    """The canary's pods start and warm up without any weight; by a replica ratio it has none as yet."""

    kind: Literal["Warming"] = "Warming"
    canary: str
    progress: Progress = Progress()
    warm: Stopwatch = Stopwatch()


class Climbing(Value):
    """The canary carries `weight` percent, or is about to. `held` counts only while that was observed."""

    kind: Literal["Climbing"] = "Climbing"
    canary: str
    weight: float
    start: float = 0.0
    """The weight from which it rises to that, where it may not do so at once."""
    eased: Stopwatch = Stopwatch()
    """How long it has been rising."""
    step: int = 0
    progress: Progress = Progress()
    observed_at: float | None = None
    held: Stopwatch = Stopwatch()
    resumed: bool = False
    served: bool = False
    """Whether any weight was observed on it, also where it has lost that since."""


class Baking(Value):
    """Everybody is on the canary; the old revision is kept warm and the judge watches."""

    kind: Literal["Baking"] = "Baking"
    canary: str
    progress: Progress = Progress()
    baked: Stopwatch = Stopwatch()


class Widening(Value):
    """`<name>` selects both revisions until everybody who routes by it has seen the new pods."""

    kind: Literal["Widening"] = "Widening"
    canary: str
    progress: Progress = Progress()
    visible: Stopwatch = Stopwatch()


class Narrowing(Value):
    """The pointer has moved: `<name>` selects the new revision only, the old one leaves its endpoints."""

    kind: Literal["Narrowing"] = "Narrowing"
    leaving: str


class Returning(Value):
    """The weight goes from `<name>-canary` back to `<name>`; both select the same pods."""

    kind: Literal["Returning"] = "Returning"
    leaving: str


class TurningBack(Value):
    """Every user goes back to `stable`; the canary keeps its pods meanwhile."""

    kind: Literal["TurningBack"] = "TurningBack"
    leaving: str


class Draining(Value):
    """No new load goes to the leaving revision since `since`; its request counters must come to rest."""

    kind: Literal["Draining"] = "Draining"
    leaving: str
    since: float | None = None
    waited: Stopwatch = Stopwatch()


class Clearing(Value):
    """The leaving revision's pods go."""

    kind: Literal["Clearing"] = "Clearing"
    leaving: str


State = Annotated[
    Idle
    | Founding
    | Adopting
    | GivingBack
    | Warming
    | Climbing
    | Baking
    | Widening
    | Narrowing
    | Returning
    | TurningBack
    | Draining
    | Clearing,
    Field(discriminator="kind"),
]
Judged = Warming | Climbing | Baking | Widening
"""The states from which a rollout can still go back."""
Leaving = Narrowing | Returning | TurningBack | Draining | Clearing
"""The states in which a revision is on its way out."""


class Happening(Value):
    """Something to tell: kept until told, so that a crash between remembering and telling loses nothing."""

    id: int
    reason: str
    sentence: str
    at: float
    warning: bool = False
    fault: str = ""  # of a rollback: what it was for, in one word
    errors: float = 0.0  # of a rollback: bad answers of the canary that were counted until then


class Memory(Value):
    """Everything that survives the operator."""

    stable: str | None = None
    former: tuple[str, ...] = ()
    """The revisions that were stable before, the newest first."""
    state: State = Idle()
    paused: str = ""
    """Why a person, or a policy, stopped the rollout; empty when it runs."""
    hurry: Literal["", "judged", "unjudged"] = ""
    """`promote` skips what is left of the steps; `promote` with `full` also the judge."""
    trusted: bool = False
    """Whether the rollout goes back to a revision that was stable lately, which is why it hurries."""
    wished: str = ""
    """The revision that is to be promoted without being judged once its rollout starts, because somebody said so."""
    blind: Stopwatch = Stopwatch()
    """How long the judge has lacked what it needs, where the user prefers a pause to waiting."""
    unread: Unread = Unread()
    condemned: dict[str, str] = Field(default_factory=dict)
    frozen: dict[str, Any] = Field(default_factory=dict)
    """The spec of the last rollout begun, or that rest was last found in, its steps already merged: a rollout keeps
    parts of it, and where the present spec is not sound all of it is gone by. Its `objectives` are those the
    evidence was begun for. It is written as one text, which keeps its nulls and numbers exactly as they are."""
    carried: float = 1.0
    """What earlier objectives of this rollout have left of the judge's α: 1 is all of it."""
    started: float = 0.0
    """When the rollout began, in unix seconds."""
    floor: Floor | None = None
    """The capacity that is kept although fewer pods are asked for."""
    surges: dict[str, Surge] = Field(default_factory=dict)
    """Revisions whose pods are about to be evicted."""
    evidence: Evidence | None = None
    sampling: Sampling | None = None
    """What samples have shown; None where none was looked at, and outside of a rollout."""
    gauges: Gauges | None = None
    """What the guards have shown; None where there are none, and outside of a rollout."""
    share: Share | None = None
    """What the weight observed now has done to the traffic."""
    uncounted: Uncounted | None = None
    """What the gateway counted and no pod did; None where nobody says, and outside of a rollout."""
    rewrites: Rewrites = Rewrites()
    withdrawn: Withdrawn = Withdrawn()
    receipts: tuple[Receipt, ...] = ()
    """Answers to the commands that were seen, the newest last."""
    happenings: tuple[Happening, ...] = ()
    told: int = 0
    """The id of the last happening that was told."""
    sizes: Sizes = NOTHING
    """What was measured for pods that are sized by it."""
    departed: tuple[str, ...] = ()
    """What was told of pods that left in an error, as long as their exits are still seen."""
    history: tuple[HistoryEntry, ...] = ()

    @field_validator("frozen", mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        return json.loads(written) if isinstance(written, str) else written

    @field_serializer("frozen", when_used="json")
    def _write(self, frozen: dict[str, Any]) -> str:
        return json.dumps(frozen, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def but(self, **changes: Any) -> "Memory":
        """A copy in which the named fields are different."""
        return self.model_copy(update=changes)

    @property
    def canary(self) -> str | None:
        """The revision a rollout moves to, while it can still go back."""
        return self.state.canary if isinstance(self.state, Judged) else None

    @property
    def leaving(self) -> str | None:
        """The revision on its way out."""
        return self.state.leaving if isinstance(self.state, Leaving) else None

    @property
    def rolled(self) -> str | None:
        """The revision that a rollout is about, from its start until the last pod that leaves is gone."""
        return self.history[0].revision if self.leaving and self.history else self.canary or self.leaving
