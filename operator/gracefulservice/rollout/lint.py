"""Mistakes in pods that Kubernetes accepts and that lose requests all the same: warnings, never refusals.

    a shell that starts the program     gets SIGTERM in its place and tells nobody
    a preStop that runs `sleep`         fails where the image has no such program, and then there is no delay
    a delay of almost nothing           the endpoints are still being told when the pod goes
    liveness that asks as readiness     a dependency that is down kills every pod, not only their traffic
    a headless Service                  its clients keep addresses for longer than a pod keeps serving
    SIGKILL as the stop signal          no program can finish anything

What a template cannot show (a program that ignores SIGTERM, an image without `sleep`) is seen when pods leave.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from gracefulservice.api.pods import Pods, Shutdown
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.quantities import duration_text
from gracefulservice.api.template import Container
from gracefulservice.rollout.container_probes import probes_of
from gracefulservice.rollout.grace import DEFAULT_DELAY
from gracefulservice.rollout.service_ports import listen

SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})
SCRIPT_FLAG = re.compile(r"^-[a-z]*c$")
HANDS_OVER = re.compile(r"(^|[\s;&|({])(exec|trap)\s")
"""A script that puts the program in its own place, or sees to the signals itself."""
LAST_COMMAND = re.compile(r"[;&|\n]+")
SLEEPS = re.compile(r"(^|[\s;&|/])sleep\s+(\d+)")
SHORTEST_DELAY = 2.0
"""Seconds. kube-proxy takes a second to gather changes, after everybody before it had to hear of them."""
DNS_MEMORY = 30.0
"""Seconds for which cluster DNS lets its clients keep an address."""
PATIENCE = 3
"""How much longer than readiness a liveness probe that asks the same must go on failing."""
ASKS = ("httpGet", "grpc", "exec")
"""Questions that can reach a dependency; whether a port is open depends on nothing else."""


def warnings(written_spec: Mapping[str, Any]) -> Problems:
    """Everything worth a warning in a spec as the user wrote it; nothing where it cannot be read at all."""
    try:
        return found(Pods.model_validate(written_spec))
    except ValidationError:
        return ()


def found(pods: Pods) -> Problems:
    """Everything worth a warning, in the order of the fields."""
    return (
        *(wrong for place, one in _containers(pods) for wrong in _of_container(place, one)),
        *_liveness_as_readiness(pods),
        *_short_delay(pods),
        *_headless(pods),
    )


def _containers(pods: Pods) -> Iterator[tuple[str, Container]]:
    """The containers that run as long as the pod, each with its path."""
    for container in pods.template.spec.listening:
        regular = container in pods.template.spec.containers
        yield f"spec.template.spec.{'containers' if regular else 'initContainers'}[{container.name}]", container


def _of_container(place: str, container: Container) -> Iterator[Problem]:
    """What is wrong with one container by itself."""
    if program := _unheard(container):
        said = f"{place.rpartition('.')[2]}.command runs a shell that stays the first process and passes on no SIGTERM"
        yield Problem(
            field=f"{place}.command",
            sentence=f"{said}, so the program is killed at the end of its grace period: begin its last command with "
            f"exec (exec {program} …).",
        )
    if seconds := _exec_sleep(container):
        yield Problem(
            field=f"{place}.lifecycle.preStop.exec",
            sentence=f"preStop runs the program sleep for {seconds} s; in an image without it the hook fails and "
            f"SIGTERM comes at once: write sleep: {{seconds: {seconds}}} in its place, which needs no program.",
        )
    if _extra(container.lifecycle, "stopSignal") == "SIGKILL":
        yield Problem(
            field=f"{place}.lifecycle.stopSignal",
            sentence="stopSignal is SIGKILL, at which no program can finish what it has begun: use SIGTERM.",
        )


def _unheard(container: Container) -> str:
    """The last program of a script whose shell keeps it from hearing of SIGTERM, or empty."""
    script = _script([*_words(container, "command"), *_words(container, "args")])
    return "" if HANDS_OVER.search(script) else " ".join(LAST_COMMAND.split(script)[-1].split()[:1])


def _script(words: list[str]) -> str:
    """The script in `sh -c script`; empty for everything else, a script in a file among it: nobody sees that here."""
    if not words or words[0].rpartition("/")[2] not in SHELLS:
        return ""
    flag = next((place for place, word in enumerate(words) if SCRIPT_FLAG.match(word)), len(words))
    return "".join(words[flag + 1 : flag + 2]).strip(" \n;&")


def _exec_sleep(container: Container) -> str:
    """The seconds for which a preStop program sleeps, as they are written, or empty."""
    asked = _extra(container.pre_stop, "exec")
    command = asked.get("command") if isinstance(asked, Mapping) else None
    match = SLEEPS.search(" ".join(map(str, command))) if isinstance(command, list) else None
    return match.group(2) if match else ""


def _liveness_as_readiness(pods: Pods) -> Iterator[Problem]:
    """Containers in which both probes ask one question, and the one that kills hardly waits longer."""
    for place, container in _containers(pods):
        added = _added(pods, container)
        live, ready = ({**(added.get(f"{one}Probe") or _own(container, one))} for one in ("liveness", "readiness"))
        asked = next((ask for ask in ASKS if ask in live), "")
        if not asked or live[asked] != ready.get(asked) or _patience(live) >= PATIENCE * _patience(ready):
            continue
        short = "livenessProbe" in added
        yield Problem(
            field="spec.probes.liveness" if short else f"{place}.livenessProbe",
            sentence=f"Liveness asks the same as readiness ({_question(live[asked])}), so while something it depends "
            "on is down, every pod is restarted and not only left out: ask whether the process itself is alive, or "
            f"raise failureThreshold to {_raised(live, ready)}.",
        )


def _added(pods: Pods, container: Container) -> Mapping[str, Mapping[str, Any]]:
    """The probes made from short forms, and defaults."""
    listening = listen(pods)
    regular = container in pods.template.spec.containers
    return probes_of(pods, container, listening) if regular and not isinstance(listening, tuple) else {}


def _own(container: Container, probe: str) -> Mapping[str, Any]:
    """A probe as the template has it."""
    return (container.liveness_probe if probe == "liveness" else container.readiness_probe) or {}


def _period(probe: Mapping[str, Any]) -> float:
    return _number(probe.get("periodSeconds"), 10)


def _patience(probe: Mapping[str, Any]) -> float:
    """Seconds of failing until a probe has its effect."""
    return _period(probe) * _number(probe.get("failureThreshold"), 3)


def _raised(live: Mapping[str, Any], ready: Mapping[str, Any]) -> int:
    """The failureThreshold from which liveness waits long enough."""
    return int(-(-PATIENCE * _patience(ready) // _period(live)))


def _number(given: Any, otherwise: float) -> float:
    """A number of a probe, which is only the API server's to check."""
    return float(given) if isinstance(given, int | float) and given > 0 else otherwise


def _question(asked: Any) -> str:
    """What a probe asks, as briefly as it can be said."""
    if not isinstance(asked, Mapping):
        return "one and the same"
    path, port = asked.get("path"), asked.get("port")
    return " ".join(map(str, asked.get("command") or ())) or " on port ".join(str(one) for one in (path, port) if one)


def _short_delay(pods: Pods) -> Iterator[Problem]:
    """A delay in which not even the nearest data plane has heard of the pod's end."""
    delay = _delay(pods)
    if delay < SHORTEST_DELAY:
        yield Problem(
            field="spec.shutdown.delay",
            sentence=f"shutdown.delay is {duration_text(delay)}, but new requests reach a pod for a second or more "
            f"after its deletion began and are refused: use 5s or more, or leave it out for {DEFAULT_DELAY:g}s.",
        )


def _headless(pods: Pods) -> Iterator[Problem]:
    """`subdomain` names a headless Service, by which clients find pods in DNS and keep what they found."""
    subdomain, delay = _extra(pods.template.spec, "subdomain"), _delay(pods)
    if subdomain and delay < DNS_MEMORY:
        yield Problem(
            field="spec.template.spec.subdomain",
            sentence=f"The headless Service {subdomain} gives clients the pods' own addresses, which they keep for "
            f"{DNS_MEMORY:g} s or longer, but a leaving pod serves for {duration_text(delay)} only: raise "
            f"shutdown.delay above {DNS_MEMORY:g}s, or have clients use the Service of the GracefulService.",
        )


def _delay(pods: Pods) -> float:
    """`shutdown.delay`, or the default for it, which one that is measured may be more or less than."""
    delay = (pods.shutdown or Shutdown()).delay
    return DEFAULT_DELAY if delay is None or isinstance(delay, str) else delay


def _words(container: Container, field: str) -> list[str]:
    """`command` or `args`; nothing where it is not a list of texts, which the API server will say itself."""
    given = _extra(container, field)
    return given if isinstance(given, list) and all(isinstance(word, str) for word in given) else []


def _extra(part: Any, field: str) -> Any:
    """A field of the template that no model of ours names."""
    return (part.model_extra or {}).get(field) if part is not None else None
