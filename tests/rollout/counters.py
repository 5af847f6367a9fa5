"""An application with real counters, and a Prometheus that scrapes it: what the judge's tests look at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gracefulservice.rollout.judge import Evidence, assess, begin, learn
from gracefulservice.rollout.objective import Counts, Objective, custom, error_rate, latency
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.verdict import Assessment, Problem

BEGUN = 10_000.0
INTERVAL = 5.0
REQUESTS = "http_requests_total"
DURATIONS = "http_request_duration_seconds_bucket"
EDGES = ("0.1", "0.30", "0.5", "1", "+Inf")
ERRORS = error_rate(0.01, REQUESTS)
P99 = latency("p99", 0.3, DURATIONS, warmup=30.0)
ORDERS = custom("orders", 0.02, "orders_total", 'orders_total{result="ok"}', Counts.GOOD)
ALL = (ERRORS, P99, ORDERS)


@dataclass
class App:
    """One pod of the application. Series appear with their first count, as labelled counters do."""

    name: str
    revision: str
    created: float = BEGUN + 1
    ready_since: float | None = BEGUN + 4
    restarts: int = 0
    started: float | None = BEGUN + 2
    edges: Sequence[str] = EDGES
    counters: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, selector: str, series: str, times: int) -> None:
        self.counters.setdefault(selector, Counter())[series] += times

    def serve(self, times: int, code: str = "200", seconds: float = 0.05) -> None:
        self.count(REQUESTS, f'code="{code}"', times)
        for edge in self.edges:
            self.count(DURATIONS, f'le="{edge}"', times if seconds <= float(edge) else 0)

    def restart(self, at: float) -> None:
        self.restarts, self.started, self.counters = self.restarts + 1, at, {}

    @property
    def facts(self) -> PodFacts:
        return PodFacts(self.name, self.revision, self.created, self.ready_since, self.restarts, self.started)


class Prometheus:
    """Keeps what it scraped and answers for an instant with all raw samples of the last 30 s."""

    def __init__(self) -> None:
        self.samples: dict[str, list[Sample]] = {}

    def scrape(self, at: float, apps: Iterable[App]) -> None:
        for app in apps:
            for selector, series in app.counters.items():
                kept = self.samples.setdefault(selector, [])
                kept += [Sample(app.name, name, at, value) for name, value in series.items()]
        recent = {name: [one for one in kept if one.at > at - 60] for name, kept in self.samples.items()}
        self.samples = recent

    def look(self, at: float, apps: Iterable[App], problems: tuple[Problem, ...] = ()) -> Look:
        recent = {
            selector: tuple(sample for sample in kept if at - 30 < sample.at <= at)
            for selector, kept in self.samples.items()
        }
        return Look(at, INTERVAL, tuple(app.facts for app in apps), recent, problems=problems)


def stable(name: str = "stable-1", age: float = 9000.0) -> App:
    born = BEGUN - age
    return App(name, "stable", created=born, ready_since=born + 3, started=born + 1)


@dataclass
class Rollout:
    """A rollout watched by the judge: serve, then `tick`; the evidence is what a real one would have."""

    objectives: Sequence[Objective] = (ERRORS,)
    apps: list[App] = field(default_factory=lambda: [stable(), App("canary-1", "canary")])
    weight: float = 10.0
    now: float = BEGUN + 10
    prometheus: Prometheus = field(default_factory=Prometheus)
    looks: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.evidence: Evidence = begin(self.objectives, BEGUN)
        self.stable, self.canary = self.apps[0], self.apps[-1]

    def tick(self, scraped: Iterable[App] | None = None, problems: tuple[Problem, ...] = ()) -> Evidence:
        """One scrape and one look at it, `INTERVAL` seconds after the last one."""
        self.now += INTERVAL
        self.prometheus.scrape(self.now, self.apps if scraped is None else scraped)
        look = self.prometheus.look(self.now, self.apps, problems)
        self.looks.append(look)
        self.evidence = learn(self.evidence, self.objectives, look, "canary", self.weight)
        return self.evidence

    def run(self, ticks: int, stable: tuple[int, int] = (90, 0), canary: tuple[int, int] = (10, 0)) -> Evidence:
        """Ticks in each of which the two pods answer (good, failed) requests."""
        for _ in range(ticks):
            for app, (good, failed) in ((self.stable, stable), (self.canary, canary)):
                if good:
                    app.serve(good)
                if failed:
                    app.serve(failed, code="500")
            self.tick()
        return self.evidence


def said(rollout: Rollout, later: float = 6.0) -> Assessment:
    """The assessment `later` seconds after the newest look's instant: looks are one scrape late."""
    return assess(rollout.evidence, rollout.objectives, rollout.now + later)


def three(rollout: Rollout, errors: int = 0, slow: int = 0, failed_orders: int = 0) -> None:
    """One tick in which all three objectives are fed, 10 requests and orders on the canary."""
    rollout.canary.serve(10 - errors - slow)
    if errors:
        rollout.canary.serve(errors, code="500")
    if slow:
        rollout.canary.serve(slow, seconds=0.7)
    rollout.stable.serve(90)
    for app, good, total in ((rollout.stable, 90, 90), (rollout.canary, 10 - failed_orders, 10)):
        app.count("orders_total", "", total)
        app.count('orders_total{result="ok"}', 'result="ok"', good)
    rollout.tick()
