"""What makes a revision: the fields of the spec that say what pods should be."""

from typing import Annotated

from pydantic import ConfigDict, Field

from gracefulservice.api.quantities import Duration, DurationOrAuto
from gracefulservice.api.schema_words import (
    PORT_NAME,
    Also,
    Documented,
    IntOrText,
    PortName,
    PortNumber,
    keyed,
    rule,
    rules,
)
from gracefulservice.api.template import PodTemplate

PortReference = Annotated[IntOrText, Also({"minimum": 1, "maximum": 65535, "maxLength": 15, "pattern": PORT_NAME})]
UNIQUE_RULE = rule(
    "self.all(p, self.exists_one(q, q.port == p.port))",
    says="Two ports of the Services have the same number: keep one of them.",
)
PERIOD_RULES = rules(
    rule(
        "!has(self.period) || !has(self.periodSeconds)",
        says="period and periodSeconds say the same: keep only one of the two.",
        field=".period",
    ),
    rule(
        "!has(self.period) || duration(self.period) >= duration('1s') && !self.period.contains('ms')",
        tells="'period is ' + self.period + ', but Kubernetes counts whole seconds: use 1s or more.'",
        field=".period",
    ),
)

LIVENESS_RULE = rule(
    "self.?liveness.?successThreshold.orValue(1) == 1",
    says="A liveness probe can have no successThreshold but 1: remove it.",
    field=".liveness.successThreshold",
)


class Port(Documented):
    """A port of the Services."""

    name: PortName
    """The port's name, unique in the list."""
    port: PortNumber
    """The number under which the Services offer it."""
    target_port: PortReference | None = None
    """The container port, by number or name; default: the one of the same number, else the first one."""
    app_protocol: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """What is spoken there, like kubernetes.io/h2c for gRPC through a gateway; default: HTTP/1.1."""


class Probe(Documented):
    """When a container counts as ready or alive; any other kind of probe is written in the template."""

    model_config = ConfigDict(json_schema_extra=PERIOD_RULES)

    path: Annotated[str, Field(min_length=1, max_length=1024, pattern="^/")] | None = None
    """The path of an HTTP probe; without it the probe opens a TCP connection."""
    port: PortReference | None = None
    """The container port that is asked, by number or name; default: the first one."""
    period: Duration | None = None
    """Time between two probes in whole seconds: the short form of `periodSeconds`; default 5s."""
    period_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Seconds between two probes."""
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Seconds after which an unanswered probe counts as failed; default 1."""
    initial_delay_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    """Seconds from the start of the container to the first probe; default 0."""
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many probes must fail in a row; default 3."""
    success_threshold: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many probes must succeed in a row after a failure; default 1, and always 1 for liveness."""


class Startup(Documented):
    """How long a container may take to start."""

    within: Duration | None = None
    """The longest time from the container's start to its first successful probe; default 5m."""


class Probes(Documented):
    """The probes of the container that serves, in short form; what the template says itself goes first."""

    model_config = ConfigDict(json_schema_extra=rules(LIVENESS_RULE))

    readiness: Probe | None = None
    """When a pod gets traffic; default: when a TCP connection to the first port succeeds."""
    liveness: Probe | None = None
    """When a container is restarted; default: never."""
    startup: Startup | None = None
    """How long the start may take; in force by itself where there is a liveness probe."""


class Shutdown(Documented):
    """How a pod leaves without losing a request: `delay`, then SIGTERM, then `drain`, then `margin`."""

    delay: DurationOrAuto | None = None
    """How long a leaving pod serves until everybody knows; auto: measured; 0s: no preStop hook; default 10s."""
    drain: DurationOrAuto | None = None
    """How long requests may take after SIGTERM; auto: 1.5 × their p99; default 30s, or what the grace period leaves."""
    margin: Duration | None = None
    """How long the process may take after its last answer; default 5s."""


class Pods(Documented):
    """Everything that enters a revision's identity."""

    template: PodTemplate
    """The pods, as in a Deployment; kept whole."""
    ports: Annotated[
        tuple[Port, ...] | None,
        Field(min_length=1, max_length=16, json_schema_extra=keyed("name") | rules(UNIQUE_RULE)),
    ] = None
    """The ports of the Services; default: 80 to the first container port."""
    probes: Probes | None = None
    """The probes of the container that serves, in short form."""
    shutdown: Shutdown | None = None
    """How a pod leaves without losing a request."""
    restart_token: Annotated[str, Field(max_length=253)] | None = None
    """Any text; changing it restarts all pods as a new revision."""
