"""The time a pod has to leave, and the ways in which its parts can contradict each other.

Numbers the user wrote stand. Defaults give way to them: with a grace period of 30 s and nothing else, the
drain is what 10 s of delay and 5 s of margin leave of it.
"""

from dataclasses import dataclass
from math import ceil

from gracefulservice.api.names import GROUP
from gracefulservice.api.pods import Pods, Shutdown
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.quantities import AUTO, duration_text
from gracefulservice.api.template import Container
from gracefulservice.rollout.sizes import NOTHING, Sizes

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


def leave_of(pods: Pods, sizes: Sizes) -> Leave:
    """The times of pods without `leave_problems`. `sizes` say what `auto` comes to."""
    delay, margin = _delay(pods, _slowest(pods, sizes), sizes), _or(_shutdown(pods).margin, DEFAULT_MARGIN)
    given = pods.template.spec.termination_grace_period_seconds
    left = DEFAULT_DRAIN if given is None else given - delay - margin
    written = _shutdown(pods).drain
    drain = sizes.drain if written == AUTO else _or(_number(written), left)
    return Leave(delay, drain, margin, ceil(delay + drain + margin) if given is None else given)


def sleep_of(pods: Pods, container: Container, sizes: Sizes) -> int | None:
    """Whole seconds of the preStop sleep to add to a regular container; None: its own hook stands, or no delay."""
    if container.pre_stop is not None:
        return None
    return ceil(_asked(pods, sizes)) or None


def leave_problems(pods: Pods) -> Problems:
    """Numbers that contradict each other, and keys that are ours."""
    containers = pods.template.spec.containers
    hooks = (wrong for c in containers for wrong in (_cut_short(pods, c), _endless(pods, c)))
    found = (_no_room(pods) or _too_short(pods), *hooks)
    return (*(problem for problem in found if problem), *_taken_keys(pods))


def _no_room(pods: Pods) -> Problem | None:
    """A drain that is measured, in a time that is fixed."""
    given = pods.template.spec.termination_grace_period_seconds
    measured = [name for name in ("delay", "drain") if getattr(_shutdown(pods), name) == AUTO]
    if given is None or not measured:
        return None
    return Problem(
        field=f"{TEMPLATE}.spec.terminationGracePeriodSeconds",
        sentence=f"shutdown.{measured[0]} is auto, but terminationGracePeriodSeconds ({given}) leaves it no room to "
        "follow the service: leave terminationGracePeriodSeconds out and it is generated.",
    )


def _too_short(pods: Pods) -> Problem | None:
    """A grace period that ends before the drain can."""
    given = pods.template.spec.termination_grace_period_seconds
    asked, slowest = _number(_shutdown(pods).drain), _slowest(pods)
    delay, margin = _delay(pods, slowest), _or(_shutdown(pods).margin, DEFAULT_MARGIN)
    if given is None or given >= delay + _or(asked, SHORTEST_DRAIN) + margin:
        return None
    drain = "at least 1s" if asked is None else duration_text(asked)
    return Problem(
        field=f"{TEMPLATE}.spec.terminationGracePeriodSeconds",
        sentence=f"terminationGracePeriodSeconds ({given}) is less than {_delay_text(pods, slowest)} + shutdown.drain "
        f"({drain}) + shutdown.margin ({duration_text(margin)}): raise it to "
        f"{ceil(delay + _or(asked, DEFAULT_DRAIN) + margin)}, or leave it out and it is generated.",
    )


def _cut_short(pods: Pods, container: Container) -> Problem | None:
    """A sleep in the template that is shorter than the delay that was asked for."""
    own, delay = _own_sleep(container), _number(_shutdown(pods).delay)
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
    if hook is None or not hook.unknown_length or _number(_shutdown(pods).delay) is not None:
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


def _number(written: float | str | None) -> float | None:
    """A time that the user wrote as a number."""
    return None if isinstance(written, str) else written


def _or(given: float | None, default: float) -> float:
    return default if given is None else given


def _own_sleep(container: Container) -> int | None:
    hook = container.pre_stop
    return hook.sleep.seconds if hook and hook.sleep else None


def _asked(pods: Pods, sizes: Sizes = NOTHING) -> float:
    """The delay of every container without a hook of its own."""
    written = _shutdown(pods).delay
    return _or(sizes.delay if written == AUTO else _number(written), DEFAULT_DELAY)


def _delay(pods: Pods, container: Container, sizes: Sizes = NOTHING) -> int:
    """How long a container goes on after the decision to stop its pod: the kubelet sleeps whole seconds."""
    own = _own_sleep(container)
    return ceil(_asked(pods, sizes)) if own is None else own


def _slowest(pods: Pods, sizes: Sizes = NOTHING) -> Container:
    """The container that gets SIGTERM last."""
    return max(pods.template.spec.containers, key=lambda container: _delay(pods, container, sizes))


def _delay_text(pods: Pods, container: Container) -> str:
    """Which number a container's delay comes from, and that number."""
    own = _own_sleep(container)
    if own is not None:
        return f"containers[{container.name}].lifecycle.preStop.sleep.seconds ({own})"
    return f"shutdown.delay ({duration_text(_asked(pods))})"
