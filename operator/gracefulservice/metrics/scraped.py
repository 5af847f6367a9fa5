"""What the pages of a service's pods say: answers made of the rings, in the words of any other source."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gracefulservice.metrics.histogram import quantile
from gracefulservice.metrics.prometheus import PLACE, TARGET, Found, Series, faults
from gracefulservice.metrics.ring import Ring
from gracefulservice.ports import Key
from gracefulservice.rollout.matching import matching
from gracefulservice.rollout.plan import Page
from gracefulservice.rollout.rhythm import BY_PODS
from gracefulservice.rollout.samples import INTERVALS_UNTIL_STALE, PodFacts
from gracefulservice.rollout.verdict import Cause, Problem

AGE_OF_SILENCE = INTERVALS_UNTIL_STALE * BY_PODS.tick
"""Seconds after which the last page of a pod says nothing of now."""
TAKEN = PLACE | TARGET
"""Labels that say whose a series is: where the pod itself uses one, it gets another name, as Prometheus does it."""


@dataclass
class Target:
    """One pod that is read. `failure` is the end of a sentence: why the last page could not be read; `garbage` tells
    that there was one, and it could not be understood."""

    pod: str
    url: str
    ring: Ring = field(default_factory=Ring)
    failure: str = ""
    garbage: bool = False

    @property
    def sentence(self) -> str:
        """The failure, with pod and address."""
        return f"pod {self.pod} at {self.url}: {self.failure}."


def url_of(page: Page, pod: PodFacts) -> str | None:
    """Where a pod is read; None while it has no address."""
    port = page.port or pod.port
    if not pod.address or port is None:
        return None
    host = f"[{pod.address}]" if ":" in pod.address else pod.address
    return f"http://{host}:{port}{page.path}"


def silence(key: Key, targets: Sequence[Target], now: float) -> str:
    """The sentence that no pod can be read, or empty."""
    if any(_recent(target, now) for target in targets):
        return ""
    if why := next((target.sentence for target in targets if target.failure), ""):
        return f"No pod of {key} can be read, the first of them being {why}"
    return f"No pod of {key} has an address to be read at." if not targets else f"No pod of {key} was read lately."


def _recent(target: Target, now: float) -> bool:
    return target.ring.newest is not None and now - target.ring.newest <= AGE_OF_SILENCE


def problems(targets: Sequence[Target], at: float) -> Iterator[Problem]:
    """Pages that cannot be understood; or that reading has only just begun, so that nothing is known of `at` yet."""
    for target in targets:
        if target.garbage:
            sentence = f"The metrics of {target.sentence}"
            yield Problem(cause=Cause.UNREADABLE, sentence=sentence)
    if targets and all(target.ring.oldest is None or target.ring.oldest > at for target in targets):
        yield Problem(cause=Cause.STALE, sentence="The pods' metrics have only just begun to be read.")


def series(selector: str, namespace: str, targets: Iterable[Target], until: float) -> Found:
    """The raw samples of a selector on all these pods, or that it would take too long to find them."""
    wanted = matching(selector)
    try:
        found = tuple(
            Series({**_own(labels), "pod": target.pod, "namespace": namespace}, samples)
            for target in targets
            for labels, samples in target.ring.series(wanted, until)
        )
    except ValueError as refused:
        return Found(problem=Problem(cause=Cause.UNREADABLE, sentence=str(refused)))
    return Found(found, faults(selector, found))


def _own(labels: Mapping[str, str]) -> dict[str, str]:
    return {f"exported_{name}" if name in TAKEN else name: value for name, value in labels.items()}


def p99(buckets: str, targets: Iterable[Target], now: float) -> float | None:
    """Seconds below which 99 % of all requests took that these pods have ever had; None without any."""
    counts: dict[float, float] = defaultdict(float)
    for target in targets:
        for labels, samples in target.ring.series(matching(buckets), now):
            edge, (_, value) = _edge(labels), samples[-1]
            if edge is not None and math.isfinite(value):
                counts[edge] += value
    return quantile(0.99, counts)


def _edge(labels: Mapping[str, str]) -> float | None:
    """The upper edge of a bucket; None for what no time can be."""
    try:
        edge = float(labels.get("le", ""))
    except ValueError:
        return None
    return edge if edge > 0 else None
