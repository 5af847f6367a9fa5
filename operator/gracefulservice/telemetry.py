"""What the operator says about itself: metrics, logs, and whether it is alive and ready.

Labels are drawn from closed sets (verbs, kinds, codes, results), so that the number of series does not grow with the
number of services; names of objects are among them only where `GRACEFULSERVICE_METRICS_PER_SERVICE` asks for that.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import structlog
from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Failure
from gracefulservice.ports import Notifier, Owner
from gracefulservice.rollout.happenings import Fault
from gracefulservice.rollout.memory import Happening

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Edges of the histograms of durations."""
AGES = (1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Edges of the histogram of ages."""
RESULTS = ("ok", "Bug", *sorted(failure.__name__ for failure in Failure.__subclasses__()))
"""How a look can end."""
Series = Mapping[tuple[str, ...], float]
"""The values of a gauge's labels → its number."""


class Survey(Collector):
    """One gauge whose series come and go. What was read last is shown as a whole: no scrape ever sees a part of it."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], read: Callable[[], Series]) -> None:
        self._words, self._read = (name, meaning, None, labels), read
        self._family = GaugeMetricFamily(*self._words)

    def refresh(self) -> None:
        """Read all of it anew."""
        family = GaugeMetricFamily(*self._words)
        for values, number in self._read().items():
            family.add_metric(values, number)
        self._family = family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What was read last."""
        return (self._family,)


class Telemetry:
    """The metrics of one operator process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._watched: dict[str, tuple[Gauge, Callable[[], float]]] = {}
        self._surveys: list[Survey] = []
        self._looks = self._histogram("reconcile_seconds", "Duration of one look at one object.", "result")
        self._calls = self._counter("api_requests", "Requests to the Kubernetes API.", "verb", "kind", "code")
        self._call_seconds = self._histogram("api_request_seconds", "Duration of such a request.", "verb")
        self._answers = self._histogram("admission_seconds", "Duration of one answer of the webhook.", "result")
        self._attempts = self._counter("lease_attempts", "Attempts to take or renew the lease.", "held")
        self._happenings = self._counter("happenings", "What rollouts went through, as their events say.", "reason")
        self._errors = self._counter(
            "errors_exposed", "Bad answers of canaries to users, until the verdict that rolled them back."
        )
        self._rollbacks = self._counter(
            "rollbacks", "Rollbacks by their cause; those by a verdict kept a bad version from everybody.", "cause"
        )
        self._ages = self._histogram("evidence_age_seconds", "Age of the newest sample at a look.", edges=AGES)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Series that alerts watch are there before anything happens, or their first increase would not be one."""
        for result in RESULTS:
            self._looks.labels(result)
        for fault in Fault:
            self._rollbacks.labels(fault)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"gracefulservice_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, *labels: str, edges: Sequence[float] = SECONDS) -> Histogram:
        return Histogram(f"gracefulservice_{name}", meaning, labels, registry=self.registry, buckets=edges)

    def called(self, request: Request, code: str, seconds: float) -> None:
        """One request to the API server has ended."""
        self._calls.labels(request.verb, request.kind.name, code).inc()
        self._call_seconds.labels(request.verb).observe(seconds)

    def looked(self, result: str, seconds: float) -> None:
        """One reconcile has ended: `ok`, or the name of the failure."""
        self._looks.labels(result).observe(seconds)

    def answered(self, result: str, seconds: float) -> None:
        """The webhook has answered: `allowed`, `refused`, `unreadable` or `late`."""
        self._answers.labels(result).observe(seconds)

    def campaigned(self, held: bool) -> None:
        """One attempt at the lease has ended."""
        self._attempts.labels(str(held).lower()).inc()

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Show a number that is read when somebody asks: `gracefulservice_<name>`. A part that begins anew has its
        number read anew.
        """
        known = self._watched.get(name)
        gauge = known[0] if known else Gauge(f"gracefulservice_{name}", meaning, registry=self.registry)
        self._watched[name] = gauge, read

    def survey(self, name: str, meaning: str, labels: Sequence[str], read: Callable[[], Series]) -> None:
        """The same for a gauge with labels: `read` gives all of its series, those that are gone no more."""
        survey = Survey(f"gracefulservice_{name}", meaning, labels, read)
        self._surveys.append(survey)
        self.registry.register(survey)

    def aged(self, seconds: float) -> None:
        """A look at metrics found a newest sample of that age."""
        self._ages.observe(seconds)

    def happened(self, happening: Happening) -> None:
        """One happening was told."""
        self._happenings.labels(happening.reason).inc()
        if happening.fault:
            self._rollbacks.labels(happening.fault).inc()
        self._errors.inc(happening.errors)

    async def render(self) -> bytes:
        """All of it as Prometheus reads it. Written in a thread, because thousands of series take a while."""
        for gauge, read in self._watched.values():
            gauge.set(read())
        for survey in self._surveys:
            survey.refresh()
        return await asyncio.to_thread(generate_latest, self.registry)


class Counted:
    """The port `Notifier`: counts what another one has told."""

    def __init__(self, notifier: Notifier, telemetry: Telemetry) -> None:
        self._notifier, self._telemetry = notifier, telemetry

    async def tell(self, owner: Owner, happening: Happening) -> None:
        """Tell it, then count it."""
        await self._notifier.tell(owner, happening)
        self._telemetry.happened(happening)


@dataclass(frozen=True, slots=True)
class Health:
    """What `/livez` and `/readyz` answer: the sentences of all that is wrong; none means well."""

    alive: Callable[[], Sequence[str]] = field(default=tuple)
    ready: Callable[[], Sequence[str]] = field(default=tuple)


@asynccontextmanager
async def serving(telemetry: Telemetry, health: Health, port: int) -> AsyncIterator[None]:
    """Answer `/livez`, `/readyz` and `/metrics` on every interface.

    An event loop that is stuck answers nothing, which a probe counts as dead as well.
    """
    application = web.Application()
    application.router.add_get("/livez", _probe(health.alive))
    application.router.add_get("/readyz", _probe(health.ready))
    application.router.add_get("/metrics", _metrics(telemetry))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()


Handler = Callable[[web.Request], Any]


def _probe(troubles: Callable[[], Sequence[str]]) -> Handler:
    """200 when nothing is wrong, else 503 with one sentence per line."""

    async def answer(_request: web.Request) -> web.Response:
        wrong = troubles()
        return web.Response(text="\n".join(wrong) or "ok", status=503 if wrong else 200)

    return answer


def _metrics(telemetry: Telemetry) -> Handler:
    """The metrics as text."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=await telemetry.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def configure_logs(level: str, form: Literal["json", "text"]) -> None:
    """One shape for every line: ours, kopf's and aiohttp's. Lines are objects on stderr, or text for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow={"k8s_ref"}), _name_object],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


def _renderer(form: Literal["json", "text"]) -> structlog.typing.Processor:
    """How a line looks."""
    if form == "text":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(serializer=lambda line, **_: orjson.dumps(line, default=str).decode())


def _name_object(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """kopf hangs a reference to the object on its lines; ours say `key`."""
    if reference := line.pop("k8s_ref", None):
        line["key"] = f"{reference.get('namespace')}/{reference.get('name')}"
    return line
