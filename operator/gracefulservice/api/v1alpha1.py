"""The resource `GracefulService`, version v1alpha1: what a user can ask for.

Defaults of what makes a revision (see `pods`) are not written here: its identity is what the user wrote, and
what that resolves to is decided once, in `gracefulservice.rollout.contract`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from gracefulservice.api.config import MOST_ENTRIES, Config
from gracefulservice.api.objectives import Metrics, Objectives, PositiveDuration
from gracefulservice.api.pod_rules import POD_RULES
from gracefulservice.api.pods import Pods
from gracefulservice.api.quantities import Duration, duration_text
from gracefulservice.api.schema_words import (
    ATOMIC,
    CRD_DEFAULT,
    Documented,
    Name,
    ObjectName,
    PortNumber,
    keyed,
    refuse,
    rules,
)
from gracefulservice.api.spec_rules import (
    ADOPT_RULE,
    ADOPTED_CONFIG,
    CANARY_RULE,
    GUARDS_UNREAD,
    NAME_RULES,
    ONE_ROUTE,
    ONE_WAY_TO_CLIMB,
    REPLICAS_WITHOUT_ROUTE,
    RISING_RULE,
    ROUTE_RULES,
    SPEC_RULES,
    START_AFTER_DEADLINE,
    STRAY_HOSTNAMES,
)
from gracefulservice.api.status import Status

Hostname = Annotated[str, Field(min_length=1, max_length=253)]


class ParentRef(Documented):
    """The Gateway, or one of its listeners, that a route is attached to."""

    name: ObjectName
    """The name of the Gateway."""
    namespace: Name | None = None
    """The namespace of the Gateway; default: that of the GracefulService."""
    section_name: ObjectName | None = None
    """The name of the listener; default: all of them."""
    port: PortNumber | None = None
    """The port of the listener; default: any."""


class GatewayAPI(Documented):
    """An HTTPRoute: the user's own, by `name`, or one made from `parentRefs` and `hostnames`."""

    model_config = ConfigDict(json_schema_extra=rules(*ROUTE_RULES))

    name: ObjectName | None = None
    """The user's HTTPRoute; only the weights of our two backends in it are changed."""
    parent_refs: Annotated[
        tuple[ParentRef, ...] | None, Field(min_length=1, max_length=32, json_schema_extra=ATOMIC)
    ] = None
    """The Gateways of the HTTPRoute that is made."""
    hostnames: Annotated[tuple[Hostname, ...] | None, Field(min_length=1, max_length=16, json_schema_extra=ATOMIC)] = (
        None
    )
    """The host names of the HTTPRoute that is made; default: those of the listener."""

    @model_validator(mode="after")
    def _one_route(self) -> Self:
        refuse((self.name is None) == (self.parent_refs is None), ONE_ROUTE)
        refuse(self.hostnames is not None and self.parent_refs is None, STRAY_HOSTNAMES)
        return self


class Route(Documented):
    """One object that splits the traffic between stable and canary."""

    name: Name
    """The name of this entry, unique in the list."""
    gateway_api: Annotated[GatewayAPI, Field(alias="gatewayAPI")]
    """The route is an HTTPRoute of the Gateway API."""


class Traffic(Documented):
    """How the traffic is split; without routes, by the number of pods behind one Service."""

    routes: Annotated[tuple[Route, ...], Field(max_length=1, json_schema_extra=keyed("name"))] = ()
    """The route that carries the weights."""


class Step(Documented):
    """One stage of a canary rollout."""

    weight: Annotated[float, Field(gt=0, le=100)]
    """The canary's share of the traffic in percent; fractions are allowed."""
    hold: Duration | None = None
    """How long the weight is kept; 0s, the default: only as long as the objectives need."""
    pause: Literal["UntilResumed"] | None = None
    """After `hold`, stop until a person resumes the rollout."""
    replicas: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many canary pods to run, where a route carries the weights; default: the weight's share of all."""


class Canary(Documented):
    """How the new revision climbs: by a budget of errors, or by explicit steps."""

    model_config = ConfigDict(json_schema_extra=rules(CANARY_RULE))

    error_budget: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """How many failures of a bad version users may see; the weights follow from it; default 20."""
    steps: Annotated[
        tuple[Step, ...] | None,
        Field(min_length=1, max_length=50, json_schema_extra=ATOMIC | rules(RISING_RULE)),
    ] = None
    """The stages, with rising weights; 100 % follows the last one by itself."""
    max_weight_change_per_second: Annotated[float, Field(gt=0, le=100)] | None = None
    """Percent by which the weight rises per second where a route carries it; it falls at once; default: no limit."""

    @model_validator(mode="after")
    def _one_way_to_climb(self) -> Self:
        refuse((self.error_budget is None) == (self.steps is None), ONE_WAY_TO_CLIMB)
        return self


class Rollout(Documented):
    """How a new revision replaces the old one."""

    canary: Canary = Canary(error_budget=20)
    """Move the traffic step by step; default: a budget of 20 errors."""
    progress_deadline: PositiveDuration = 600.0
    """How long the next pod may take to be ready before the revision is rolled back; default 10m."""
    bake: Duration = 120.0
    """How long the old revision stays ready after 100 %; 0s: not at all; default 2m."""
    warmup: Duration = 30.0
    """How long the new revision is ready before its first request; 0s: not at all; default 30s."""


class Adopt(Documented):
    """The live Deployment whose place the service takes, and which serves again when the service is deleted."""

    model_config = ConfigDict(json_schema_extra=rules(ADOPT_RULE))

    name: ObjectName
    """The name of the Deployment, in the same namespace; it cannot change, but `adopt` can be removed."""


class Spec(Pods):
    """What the user asks for."""

    model_config = ConfigDict(json_schema_extra=rules(*POD_RULES, *SPEC_RULES))

    replicas: Annotated[int, Field(ge=0, le=100_000, json_schema_extra={CRD_DEFAULT: 1})] = 1
    """How many pods carry 100 % of the traffic; 0: none; default 1."""
    traffic: Traffic = Traffic()
    """How the traffic is split between the old and the new revision."""
    rollout: Rollout = Rollout()
    """How a new revision replaces the old one."""
    objectives: Objectives | None = None
    """What a revision must keep to be promoted; without objectives nothing is judged."""
    metrics: Metrics = Metrics()
    """Where the counters come from."""
    on_no_traffic: Literal["Hold", "Pause"] = "Hold"
    """What to do while the canary gets no requests; `Hold` goes on by itself when they come; default Hold."""
    on_outage: Literal["Hold", "Pause"] = "Hold"
    """What to do while metrics cannot be read; `Hold` goes on by itself when they can; default Hold."""
    on_violation: Literal["Rollback", "Pause"] = "Rollback"
    """What to do when an objective is broken; default Rollback."""
    deletion_policy: Literal["Delete", "Orphan"] = "Delete"
    """What stays when this object is deleted: `Delete`: nothing; `Orphan`: what serves users; default Delete."""
    suspend: bool = False
    """True: nothing goes on and nothing new begins; a bad version is rolled back all the same; default false."""
    adopt: Adopt | None = None
    """A live Deployment whose place this service takes, with its Service and autoscalers, without losing a request."""
    config: Annotated[tuple[Config, ...], Field(max_length=MOST_ENTRIES, json_schema_extra=keyed("name"))] = ()
    """ConfigMaps and Secrets whose data belongs to the revision: to change it is to ask for a new version."""
    history_limit: Annotated[int, Field(ge=0, le=100)] = 10
    """How many old revisions to keep besides those in play; 0: none; default 10."""
    rollback_window: Annotated[int, Field(ge=0, le=20)] = 0
    """How many of the last stable revisions, with the present one, are taken back in one step, unjudged; default 0."""

    @model_validator(mode="after")
    def _in_accord(self) -> Self:
        steps = self.rollout.canary.steps or ()
        refuse(not self.traffic.routes and any(step.replicas is not None for step in steps), REPLICAS_WITHOUT_ROUTE)
        refuse(self.adopt is not None and bool(self.config), ADOPTED_CONFIG)
        refuse(self.metrics.source == "pods" and bool(self.objectives and self.objectives.guards), GUARDS_UNREAD)
        startup = self.probes.startup if self.probes else None
        if startup and startup.within is not None and "progress_deadline" in self.rollout.model_fields_set:
            deadline = self.rollout.progress_deadline
            texts = duration_text(startup.within), duration_text(deadline)
            refuse(startup.within > deadline, START_AFTER_DEADLINE % texts)
        return self


class Metadata(Documented):
    """What the operator reads of an object's metadata."""

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: str | None = None


class GracefulService(Documented):
    """A service whose versions replace each other without losing a request."""

    model_config = ConfigDict(json_schema_extra=rules(*NAME_RULES))

    metadata: Metadata
    spec: Spec
    """What is asked for."""
    status: Status = Status()
    """What is true."""
