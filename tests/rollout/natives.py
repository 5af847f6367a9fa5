"""The application of `counters`, with a native histogram, and a Prometheus whose answers go all the way through it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from gracefulservice.metrics import prometheus
from gracefulservice.metrics.prometheus import Answer
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.verdict import Problem
from tests.rollout.counters import BEGUN, DURATIONS, EDGES, INTERVAL, REQUESTS, App, Prometheus
from tests.support.native_histogram import Native

NATIVE = DURATIONS.removesuffix("_bucket")


def custom() -> Native:
    """The edges of the classic one."""
    return Native(bounds=[float(edge) for edge in EDGES[:-1]])


@dataclass
class NativeApp(App):
    """A pod whose durations are in a native histogram."""

    native: Native = field(default_factory=Native)

    def serve(self, times: int, code: str = "200", seconds: float = 0.05) -> None:
        """The same requests as of any application."""
        self.count(REQUESTS, f'code="{code}"', times)
        self.native.observe(seconds, times)

    def restart(self, at: float) -> None:
        """A new life, with a new histogram."""
        super().restart(at)
        self.native = Native(self.native.schema, self.native.bounds, self.native.zero)


def native(name: str, revision: str, histogram: Native, age: float = -1.0) -> NativeApp:
    """A pod, born in the rollout unless it has an age."""
    born = BEGUN - age
    return NativeApp(name, revision, created=born, ready_since=born + 3, started=born + 1, native=histogram)


@dataclass
class NativePrometheus(Prometheus):
    """Shows histograms in the JSON of its API. `limits` are those of the objectives."""

    limits: frozenset[float] = frozenset({0.3})
    histograms: dict[str, list[tuple[float, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def scrape(self, at: float, apps: Iterable[App]) -> None:
        """Counters and histograms of the same moment."""
        apps = list(apps)
        super().scrape(at, apps)
        for app in apps:
            if isinstance(app, NativeApp):
                self.histograms.setdefault(app.name, []).append((at, app.native.wire()))

    def look(self, at: float, apps: Iterable[App], problems: tuple[Problem, ...] = ()) -> Look:
        """What the reader makes of an answer, beside what there is of classic buckets."""
        apps = list(apps)
        known = super().look(at, apps, problems)
        found = {NATIVE: prometheus.read(NATIVE, self._answer(at), self.limits)}
        read = prometheus.look(at, INTERVAL, known.pods, found)
        durations = (*known.samples.get(DURATIONS, ()), *read.samples.get(NATIVE, ()))
        return replace(
            known, samples={**known.samples, DURATIONS: durations}, problems=(*known.problems, *read.problems)
        )

    def _answer(self, at: float) -> Answer:
        rows = [
            {
                "metric": {"__name__": NATIVE, "namespace": "shop", "pod": pod},
                "histograms": [one for one in found if at - 30 < one[0] <= at],
            }
            for pod, found in self.histograms.items()
        ]
        shown = [row for row in rows if row["histograms"]]
        said = {"status": "success", "data": {"resultType": "matrix", "result": shown}}
        return Answer(200, json.dumps(said).encode())
