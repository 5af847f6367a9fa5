"""The probes that are added to a container: short forms in core/v1's words, and the defaults."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from gracefulservice.api.pods import Pods, Probe, Probes, Startup
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.quantities import duration_text
from gracefulservice.api.template import Container
from gracefulservice.rollout.service_ports import Listening

Core = Mapping[str, Any]
"""A probe as core/v1 writes it."""

DEFAULT_PERIOD = 5
DEFAULT_START = 300.0
START_PERIOD = 2
"""Seconds: short, because nothing else is asked of a container until its startup probe has succeeded."""
ASKS = ("httpGet", "tcpSocket", "grpc", "exec")
TIMES = {"timeout_seconds", "initial_delay_seconds", "failure_threshold", "success_threshold"}


def probes_of(pods: Pods, container: Container, listening: Listening) -> dict[str, Core]:
    """What is added to `container`, by core/v1's field names; the user's own probes are never among it."""
    asked = _asked(pods, container, listening)
    found = {
        "readinessProbe": _readiness(asked, container, listening),
        "livenessProbe": core_form(asked.liveness, listening.port) if asked.liveness else None,
    }
    added = {field: probe for field, probe in found.items() if probe is not None}
    startup = _startup(asked, container, added)
    return added | ({"startupProbe": startup} if startup else {})


def probe_problems(pods: Pods, listening: Listening) -> Problems:
    """Probes given twice, ports that do not exist, and numbers that Kubernetes would refuse."""
    probes = pods.probes or Probes()
    container = next(c for c in pods.template.spec.listening if c.name == listening.container)
    asked = {"readiness": probes.readiness, "liveness": probes.liveness}
    return (
        *_given_twice(probes, container),
        *(wrong for name, probe in asked.items() if probe for wrong in _unlike_core(name, probe, container, listening)),
    )


def core_form(probe: Probe, port: str) -> dict[str, Any]:
    """A short form in core/v1's words; `port` is asked where the user names none."""
    target: dict[str, Any] = {"port": port if probe.port is None else probe.port}
    asks = {"tcpSocket": target} if probe.path is None else {"httpGet": {"path": probe.path} | target}
    period = probe.period_seconds or ceil(probe.period or DEFAULT_PERIOD)
    return asks | {"periodSeconds": period} | probe.model_dump(by_alias=True, exclude_none=True, include=TIMES)


def _asked(pods: Pods, container: Container, listening: Listening) -> Probes:
    """The short forms, for the container that serves; every other one has only what the template says."""
    return pods.probes or Probes() if container.name == listening.container else Probes()


def _readiness(asked: Probes, container: Container, listening: Listening) -> Core | None:
    """A TCP connection to the port that serves, if nothing else is said."""
    if container.name != listening.container or container.readiness_probe is not None:
        return None
    return core_form(asked.readiness or Probe(), listening.port)


def _startup(asked: Probes, container: Container, added: Mapping[str, Core]) -> Core | None:
    """Wherever a liveness probe could kill a slow start: the same question, asked often and for long."""
    liveness = added.get("livenessProbe", container.liveness_probe)
    wanted = liveness is not None or asked.startup is not None
    if not wanted or container.startup_probe is not None:
        return None
    alike = liveness or added.get("readinessProbe") or container.readiness_probe or {}
    within = (asked.startup or Startup()).within or DEFAULT_START
    kept = {field: alike[field] for field in (*ASKS, "timeoutSeconds") if field in alike}
    return kept | {"periodSeconds": START_PERIOD, "failureThreshold": max(1, ceil(within / START_PERIOD))}


def _given_twice(probes: Probes, container: Container) -> Problems:
    """A short form beside the same probe in the template."""
    pairs = {
        "readiness": (probes.readiness, container.readiness_probe),
        "liveness": (probes.liveness, container.liveness_probe),
        "startup": (probes.startup, container.startup_probe),
    }
    return tuple(
        Problem(
            field=f"spec.probes.{name}",
            sentence=f"probes.{name} and containers[{container.name}].{name}Probe in the template say the same: "
            "keep only one of the two.",
        )
        for name, (short, own) in pairs.items()
        if short is not None and own is not None
    )


def _unlike_core(name: str, probe: Probe, container: Container, listening: Listening) -> Problems:
    """What Kubernetes would refuse in the pods."""
    field, found = f"spec.probes.{name}", []
    if probe.period is not None and (probe.period < 1 or probe.period % 1):
        sentence = f"period is {duration_text(probe.period)}, but Kubernetes counts whole seconds: use 1s or more."
        found.append(Problem(field=f"{field}.period", sentence=sentence))
    if probe.period is not None and probe.period_seconds is not None:
        sentence = "period and periodSeconds say the same: keep only one of the two."
        found.append(Problem(field=f"{field}.period", sentence=sentence))
    if isinstance(probe.port, str) and probe.port not in _port_names(container, listening):
        sentence = f"port {probe.port} is the name of no port of container {container.name}."
        found.append(Problem(field=f"{field}.port", sentence=sentence))
    if name == "liveness" and probe.success_threshold not in (None, 1):
        sentence = f"successThreshold is {probe.success_threshold}, but a liveness probe can have only 1: remove it."
        found.append(Problem(field=f"{field}.successThreshold", sentence=sentence))
    return tuple(found)


def _port_names(container: Container, listening: Listening) -> set[str]:
    """The names of a container's ports, those that are added included."""
    ports = listening.container_ports.get(container.name)
    return {port["name"] for port in ports if "name" in port} if ports else {p.name for p in container.ports if p.name}
