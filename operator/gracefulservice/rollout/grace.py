"""The time a pod has to leave, and the ways in which its parts can contradict each other.

Numbers the user wrote stand. Defaults give way to them: with a grace period of 30 s and nothing else, the
drain is what 10 s of delay and 5 s of margin leave of it.
"""

from dataclasses import dataclass
from math import ceil

from gracefulservice.api.names import GROUP
from gracefulservice.api.pods import Pods, Shutdown
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.quantities import duration_text
from gracefulservice.api.template import Container

DEFAULT_DELAY = 10.0
DEFAULT_DRAIN = 30.0
DEFAULT_MARGIN = 5.0
SHORTEST_DRAIN = 1.0
TEMPLATE = "spec.template"


@dataclass(frozen=True, slots=True)
class Leave:
    """How long a pod takes to leave, in seconds: `delay` of its slowest container, then SIGTERM, then the rest."""

    delay: float
    drain: float
    margin: float
    grace: int


def leave_of(pods: Pods) -> Leave:
    """The times of pods without `leave_problems`."""
    delay, margin = _delay(pods, _slowest(pods)), _or(_shutdown(pods).margin, DEFAULT_MARGIN)
    given = pods.template.spec.termination_grace_period_seconds
    left = DEFAULT_DRAIN if given is None else given - delay - margin
    drain = _or(_shutdown(pods).drain, left)
    return Leave(delay, drain, margin, ceil(delay + drain + margin) if given is None else given)


def sleep_of(pods: Pods, container: Container) -> int | None:
    """Whole seconds of the preStop sleep to add to a regular container; None: its own hook stands, or no delay."""
    if container.pre_stop is not None:
        return None
    return ceil(_asked(pods)) or None


def leave_problems(pods: Pods) -> Problems:
    """Numbers that contradict each other, and keys that are ours."""
    containers = pods.template.spec.containers
    found = (_too_short(pods), *(wrong for c in containers for wrong in (_cut_short(pods, c), _endless(pods, c))))
    return (*(problem for problem in found if problem), *_taken_keys(pods))


def _too_short(pods: Pods) -> Problem | None:
    """A grace period that ends before the drain can."""
    given = pods.template.spec.termination_grace_period_seconds
    shutdown, slowest = _shutdown(pods), _slowest(pods)
    delay, margin = _delay(pods, slowest), _or(shutdown.margin, DEFAULT_MARGIN)
    if given is None or given >= delay + _or(shutdown.drain, SHORTEST_DRAIN) + margin:
        return None
    drain = "at least 1s" if shutdown.drain is None else duration_text(shutdown.drain)
    return Problem(
        field=f"{TEMPLATE}.spec.terminationGracePeriodSeconds",
        sentence=f"terminationGracePeriodSeconds ({given}) is less than {_delay_text(pods, slowest)} + shutdown.drain "
        f"({drain}) + shutdown.margin ({duration_text(margin)}): raise it to "
        f"{ceil(delay + _or(shutdown.drain, DEFAULT_DRAIN) + margin)}, or leave it out and it is generated.",
    )


def _cut_short(pods: Pods, container: Container) -> Problem | None:
    """A sleep in the template that is shorter than the delay that was asked for."""
    own, delay = _own_sleep(container), _shutdown(pods).delay
    if own is None or delay is None or own >= delay:
        return None
    return Problem(
        field=f"{TEMPLATE}.spec.containers[{container.name}].lifecycle.preStop.sleep.seconds",
        sentence=f"containers[{container.name}].lifecycle.preStop.sleep.seconds ({own}) is less than "
        f"shutdown.delay ({duration_text(delay)}): keep only one of the two.",
    )


def _endless(pods: Pods, container: Container) -> Problem | None:
    """A hook of unknown length, and nothing that says how long it may take."""
    hook = container.pre_stop
    if hook is None or not hook.unknown_length or _shutdown(pods).delay is not None:
        return None
    return Problem(
        field=f"{TEMPLATE}.spec.containers[{container.name}].lifecycle.preStop",
        sentence=f"containers[{container.name}].lifecycle.preStop takes a time that nobody can tell from outside: "
        "say the longest it may take in shutdown.delay.",
    )


def _taken_keys(pods: Pods) -> Problems:
    """Labels and annotations that only the operator sets."""
    metadata = pods.template.metadata
    return tuple(
        Problem(
            field=f"{TEMPLATE}.metadata.{field}",
            sentence=f"The prefix {GROUP}/ is set by the operator alone: remove {key}.",
        )
        for field, keys in (("labels", metadata.labels), ("annotations", metadata.annotations))
        for key in keys
        if key.startswith(f"{GROUP}/")
    )


def _shutdown(pods: Pods) -> Shutdown:
    return pods.shutdown or Shutdown()


def _or(given: float | None, default: float) -> float:
    return default if given is None else given


def _own_sleep(container: Container) -> int | None:
    hook = container.pre_stop
    return hook.sleep.seconds if hook and hook.sleep else None


def _asked(pods: Pods) -> float:
    """The delay of every container without a hook of its own."""
    return _or(_shutdown(pods).delay, DEFAULT_DELAY)


def _delay(pods: Pods, container: Container) -> int:
    """How long a container goes on after the decision to stop its pod: the kubelet sleeps whole seconds."""
    own = _own_sleep(container)
    return ceil(_asked(pods)) if own is None else own


def _slowest(pods: Pods) -> Container:
    """The container that gets SIGTERM last."""
    return max(pods.template.spec.containers, key=lambda container: _delay(pods, container))


def _delay_text(pods: Pods, container: Container) -> str:
    """Which number a container's delay comes from, and that number."""
    own = _own_sleep(container)
    if own is not None:
        return f"containers[{container.name}].lifecycle.preStop.sleep.seconds ({own})"
    return f"shutdown.delay ({duration_text(_asked(pods))})"
