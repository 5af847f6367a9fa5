"""What the operator tells about a GracefulService, and what it can be told to do."""

from typing import Annotated, Literal

from pydantic import Field

from gracefulservice.api.quantities import Instant
from gracefulservice.api.schema_words import ATOMIC, AnyObject, Documented, Person, Sentence, Word, keyed, shortened

Phase = Literal["Pending", "Progressing", "Paused", "Healthy", "Degraded", "Invalid", "Terminating"]
Verb = Literal["abort", "retry", "pause", "resume", "promote", "jump", "undo"]
Result = Literal["Done", "Refused"]
Outcome = Literal["Promoted", "RolledBack", "Superseded", "TurnedBack"]
Truth = Literal["True", "False", "Unknown"]

RevisionId = Annotated[str, Field(max_length=10)]


class Command(Documented):
    """What a person asks for: the JSON in the annotation `gracefulservice.dev/command`."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    """Tells commands apart: a known id is never carried out a second time."""
    do: Verb
    """What to do."""
    revision: RevisionId = ""
    """The revision it is meant for; empty means the one in play."""
    by: Person = ""
    """Who asks."""
    full: bool = False
    """With `promote`: go on without waiting for the judge."""
    step: int = 0
    """With `jump`: the step to go to, counted from 1."""


class Receipt(Documented):
    """What became of one command."""

    id: Annotated[str, Field(max_length=64)]
    """The id of the command."""
    do: Word
    """What was asked for."""
    revision: RevisionId = ""
    """The revision it was meant for."""
    by: Person = ""
    """Who asked."""
    result: Result
    """Whether it was carried out."""
    sentence: Sentence
    """What was done, or why it was refused."""
    time: Instant
    """When it was read."""


class Condition(Documented):
    """One aspect of the state, in the form all of Kubernetes uses."""

    type: Annotated[str, Field(max_length=316)]
    """The name of the aspect."""
    status: Truth
    """Whether it holds."""
    reason: Annotated[str, Field(max_length=1024)]
    """The cause in one word, for programs."""
    message: Annotated[str, Field(max_length=32768), shortened(32768)]
    """The cause in a sentence, for people."""
    last_transition_time: Instant
    """When `status` changed last."""
    observed_generation: int | None = None
    """The generation of the spec it speaks about."""


class WeightStatus(Documented):
    """The canary's share of the traffic, in percent."""

    wanted: Annotated[float, Field(ge=0, le=100)]
    """What the route or the numbers of pods are asked to give."""
    observed: Annotated[float, Field(ge=0, le=100)] | None = None
    """What they give, as far as the router has acknowledged it."""


class StepStatus(Documented):
    """The stage of the rollout."""

    index: Annotated[int, Field(ge=1)]
    """The number of the step, from 1."""
    count: Annotated[int, Field(ge=1)]
    """How many steps there are."""


class EvidenceStatus(Documented):
    """What the judge knows, as betting odds against the canary."""

    odds: float
    """The odds, as in 12 to 1, that the canary breaks an objective."""
    limit: float
    """The odds at which it is rolled back."""
    sentence: Sentence
    """The same in words, with the numbers it rests on."""
    requests: float = 0
    """Requests the canary has answered in this rollout."""
    errors: float = 0
    """How many of them failed."""


class GuardStatus(Documented):
    """One guard of the rollout."""

    name: Annotated[str, Field(max_length=63)]
    """The guard's name."""
    value: float | None = None
    """The newest value that its query gave."""
    sentence: Sentence
    """How it compares with the threshold, or why there is no value."""


class Waiting(Documented):
    """What the rollout waits for."""

    sentence: Sentence
    """The cause in words."""
    until: Instant | None = None
    """When it ends by itself, where that is known."""


class HistoryEntry(Documented):
    """One rollout that is over."""

    revision: RevisionId
    """The revision it moved to."""
    number: int
    """The number of that revision, counted from 1."""
    outcome: Outcome
    """How it ended."""
    sentence: Sentence
    """Why it ended so."""
    by: Person = ""
    """The person whose command decided it, if one did."""
    started: Instant
    """When it began."""
    ended: Instant
    """When it ended."""


class Status(Documented):
    """What is true now, and all that survives a restart of the operator."""

    observed_generation: int | None = None
    """The generation of the spec that everything here speaks about."""
    phase: Phase | None = None
    """The state in one word, derived from the conditions."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=32, json_schema_extra=keyed("type"))] = ()
    """The state in detail; `Ready`, `Reconciling` and `Stalled` are read by every tool that knows kstatus."""
    stable: RevisionId | None = None
    """The revision that serves users."""
    canary: RevisionId | None = None
    """The revision a rollout is moving to."""
    target: RevisionId | None = None
    """The revision the spec asks for."""
    weight: WeightStatus | None = None
    """The canary's share of the traffic."""
    step: StepStatus | None = None
    """The stage of a rollout with explicit steps."""
    evidence: EvidenceStatus | None = None
    """What the judge knows about the canary."""
    guards: Annotated[tuple[GuardStatus, ...], Field(max_length=8, json_schema_extra=keyed("name"))] = ()
    """What the guards of the objectives show during a rollout."""
    waiting: Waiting | None = None
    """What the rollout waits for."""
    replicas: int | None = None
    """How many pods `selector` matches."""
    selector: Annotated[str, Field(max_length=1024)] | None = None
    """The labels of the pods that count for autoscaling, written as a query."""
    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=100, json_schema_extra=ATOMIC)] = ()
    """The last rollouts, the newest first."""
    commands: Annotated[tuple[Receipt, ...], Field(max_length=20, json_schema_extra=ATOMIC)] = ()
    """Receipts of the last commands, the newest last."""
    memory: AnyObject | None = None
    """What the operator must remember; its form is its own affair and may change."""
