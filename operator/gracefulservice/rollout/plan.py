"""The spec, resolved once into what the heart works with, or every problem in it at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from gracefulservice.api import Guard, Metrics, Objectives, Problem, Samples, ScrapedPods, Spec
from gracefulservice.api import Step as StepSpec
from gracefulservice.api.problems import Problems, problems_of
from gracefulservice.rollout import config, lint
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.counters import counters_of
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.objectives import objectives_of
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.rhythm import BY_PODS, BY_PROMETHEUS, Rhythm

LADDER = (20.0, 50.0)
"""Weights of a rollout that counts no share of requests and has no steps of its own, so each is only held.

So it is with guards alone, too. The ramp by a budget reckons with a rate of requests and with what share of them may be
bad; a gauge tells neither. It can hold a weight and take it back, and that it does to these as well.
"""
LADDER_HOLD = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: `weight` in percent, `hold` in seconds, then a pause until a person resumes."""

    weight: float
    hold: float = 0.0
    pause: bool = False
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class RouteRef:
    """The HTTPRoute in play. `ours` tells whether we create it, then with `parent_refs` and `hostnames`."""

    name: str
    ours: bool
    parent_refs: tuple[Mapping[str, Any], ...] = ()
    hostnames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Where each pod shows its metrics; without a `port` the first one that serves."""

    port: int | None
    path: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user asks for. Times in seconds, weights in percent."""

    revision: Revision
    contract: Contract
    replicas: int
    route: RouteRef | None
    steps: tuple[Step, ...]
    """Empty: the budgeted ramp."""
    budget: int
    slope: float | None
    """The most by which a weight rises, in percent per second; None: no limit."""
    progress_deadline: float
    bake: float
    warmup: float
    objectives: tuple[Objective, ...]
    prometheus: str | None
    """The address to ask; None: the one in the operator's settings."""
    on_no_traffic: str
    on_outage: str
    on_violation: str
    history_limit: int
    rollback_window: int
    """So many of the revisions that were stable last need no steps and no judge; the present one is among them."""
    orphans: bool
    """Whether stable and its Services stay when the service is deleted."""
    spec: Mapping[str, Any]
    """What it was built from, as the user wrote it."""
    adopts: str | None = None
    """The Deployment whose place the service takes."""
    suspended: bool = False
    """Whether nothing may go on, and nothing begin."""
    requests: str = ""
    """The counter of all requests; empty where there is none."""
    buckets: str = ""
    """The histogram of the time that they take; empty where there is none."""
    unit: float = 1.0
    """What 1 in that histogram means, in seconds."""
    guards: tuple[Guard, ...] = ()
    """Gauges with a threshold, besides the objectives, which are shares."""
    sampling: Samples | None = None
    """How shares are judged by samples; None: by odds."""
    page: Page | None = None
    """What is scraped of each pod by the operator itself; None: a Prometheus is asked."""
    warnings: Problems = ()
    """What Kubernetes accepts in the pods and what costs requests all the same."""
    problems: Problems = ()
    """What is wrong with the spec as it is now: then this is the plan of the last sound one, and nothing begins."""

    @property
    def weighted(self) -> bool:
        """Whether a route splits the traffic; else the number of pods does."""
        return self.route is not None

    @property
    def rhythm(self) -> Rhythm:
        """How often the counters are asked for."""
        return BY_PODS if self.page else BY_PROMETHEUS

    @property
    def judged(self) -> bool:
        """Whether there is any share of requests to judge a revision by: guards alone are no evidence, see `LADDER`."""
        return bool(self.objectives)

    @property
    def measured(self) -> bool:
        """Whether metrics are asked for anything during a rollout."""
        return self.judged or bool(self.guards)


def build(name: str, written: Mapping[str, Any]) -> Plan | Problems:
    """The plan for the GracefulService `name` whose spec is `written`, or all that is wrong with it."""
    try:
        spec = Spec.model_validate(written)
    except ValidationError as error:
        return problems_of(error, "spec")
    revision = Revision.of(written)
    contract = resolve(revision.input)
    objectives, problems = objectives_of(spec)
    refused = contract if isinstance(contract, tuple) else ()
    problems = (*refused, *problems, *step_problems(spec), *sample_problems(spec), *config.problems(written))
    if problems or isinstance(contract, tuple):
        return problems
    return planned(spec, revision, contract, objectives, route_of(name, spec), dict(written))


def planned(
    spec: Spec,
    revision: Revision,
    contract: Contract,
    objectives: tuple[Objective, ...],
    route: RouteRef | None,
    written: dict[str, Any],
) -> Plan:
    """The plan for a spec in which nothing is wrong."""
    counters, own = counters_of(spec.metrics), spec.objectives or Objectives()
    return Plan(
        revision=revision,
        contract=contract,
        replicas=spec.replicas,
        route=route,
        steps=steps_of(spec, bool(objectives)),
        budget=spec.rollout.canary.error_budget or 20,
        slope=spec.rollout.canary.max_weight_change_per_second,
        progress_deadline=spec.rollout.progress_deadline,
        bake=spec.rollout.bake,
        warmup=spec.rollout.warmup,
        objectives=objectives,
        prometheus=spec.metrics.prometheus.url if spec.metrics.prometheus else None,
        on_no_traffic=spec.on_no_traffic,
        on_outage=spec.on_outage,
        on_violation=spec.on_violation,
        history_limit=spec.history_limit,
        rollback_window=spec.rollback_window,
        orphans=spec.deletion_policy == "Orphan",
        spec=written,
        adopts=spec.adopt.name if spec.adopt else None,
        suspended=spec.suspend,
        requests=counters.total,
        buckets=counters.buckets,
        unit=counters.unit,
        guards=own.guards,
        sampling=own.samples,
        page=page_of(spec.metrics),
        warnings=lint.found(spec),
    )


def sample_problems(spec: Spec) -> tuple[Problem, ...]:
    """Samples that nobody could take, or that no weight would wait for."""
    if spec.objectives is None or spec.objectives.samples is None:
        return ()
    shares = spec.objectives.error_rate or spec.objectives.latency or spec.objectives.custom
    lacks = {
        "spec.objectives": (not shares, "name a share that they are judged by: errorRate, latency or custom."),
        "spec.rollout.canary.steps": (not spec.rollout.canary.steps, "give steps, because a budget is spent by odds."),
    }
    said = "spec.objectives.samples is set: "
    return tuple(Problem(field=field, sentence=said + why) for field, (lacking, why) in lacks.items() if lacking)


def page_of(metrics: Metrics) -> Page | None:
    """Where the pods are scraped, if they are."""
    if metrics.source != "pods":
        return None
    pods = metrics.pods or ScrapedPods()
    return Page(pods.port, pods.path)


def route_of(name: str, spec: Spec) -> RouteRef | None:
    """The route that carries the weights, if there is one."""
    if not spec.traffic.routes:
        return None
    route = spec.traffic.routes[0].gateway_api
    if route.name:
        return RouteRef(name=route.name, ours=False)
    parents = tuple(ref.model_dump(by_alias=True, exclude_none=True) for ref in route.parent_refs or ())
    return RouteRef(name=name, ours=True, parent_refs=parents, hostnames=route.hostnames or ())


def steps_of(spec: Spec, judged: bool) -> tuple[Step, ...]:
    """The stages as written; a service that asks for none and is not `judged` by any share gets a short ladder."""
    canary = spec.rollout.canary
    if canary.steps is None and not judged:
        return tuple(Step(weight=weight, hold=LADDER_HOLD) for weight in LADDER)
    return tuple(step_of(step) for step in canary.steps or ())


def step_of(step: StepSpec) -> Step:
    """One stage as it was written."""
    return Step(weight=step.weight, hold=step.hold or 0.0, pause=step.pause is not None, replicas=step.replicas)


def step_problems(spec: Spec) -> tuple[Problem, ...]:
    """Weights that do not rise."""
    weights = [step.weight for step in spec.rollout.canary.steps or ()]
    return tuple(
        Problem(
            field=f"spec.rollout.canary.steps[{place}].weight",
            sentence=f"The weight {after:g} does not rise above {before:g} of the step before: "
            "let the weights of the steps rise.",
        )
        for place, (before, after) in enumerate(pairwise(weights), start=1)
        if after <= before
    )
