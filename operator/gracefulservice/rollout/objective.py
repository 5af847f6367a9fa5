"""An objective: an allowed share of bad requests, and which counters say how many there were and how many bad."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pydantic import Field

from gracefulservice.api.value import Value
from gracefulservice.rollout.figures import duration


class Kind(StrEnum):
    """Where the bad ones are found: by status code, beyond a bucket edge, or in a counter of their own."""

    ERROR_RATE = "errorRate"
    LATENCY = "latency"
    CUSTOM = "custom"


class Counts(StrEnum):
    """Whether the part counter of an objective counts its bad or its good requests."""

    BAD = "bad"
    GOOD = "good"


class Objective(Value):
    """At most `max_share` of the requests may be bad. Made by `error_rate`, `latency` and `custom`.

    `total` and `part` are the selectors to ask for: all requests, and the bad or the good among them. Where
    they are equal, one answer holds both. `edge` is the latency limit in seconds, `unit` what 1 in the label `le` of
    its buckets means in seconds; `warmup` are the seconds
    of each pod after Ready that a latency objective leaves out; `label` carries the status code.
    """

    name: str
    kind: Kind
    max_share: float = Field(gt=0, le=0.5)
    total: str
    part: str
    counts: Counts = Counts.BAD
    label: str = "code"
    edge: float | None = None
    unit: float = 1.0
    warmup: float = 0.0

    @property
    def title(self) -> str:
        """What sentences call it."""
        titles = {Kind.ERROR_RATE: "error rate", Kind.LATENCY: f"latency {self.name}"}
        return titles.get(self.kind, self.name)

    @property
    def outcome(self) -> str:
        """What a bad request did: "7 of 52 canary requests …"."""
        if self.kind is Kind.ERROR_RATE:
            return "failed"
        return f"took longer than {duration(self.edge)}" if self.edge else f"were bad for {self.name}"


def error_rate(max_share: float, counter: str, label: str = "code") -> Objective:
    """Bad are the answers in `counter` whose `label` is a 5xx status code."""
    return Objective(
        name="errorRate", kind=Kind.ERROR_RATE, max_share=max_share, total=counter, part=counter, label=label
    )


def latency(quantile: str, edge: float, histogram: str, warmup: float, unit: float = 1.0) -> Objective:
    """`p99` ≤ `edge` seconds: at most 1 % of the requests counted in the buckets `histogram` take longer."""
    return Objective(
        name=quantile,
        kind=Kind.LATENCY,
        max_share=share_beyond(quantile),
        total=histogram,
        part=histogram,
        counts=Counts.GOOD,
        edge=edge,
        unit=unit,
        warmup=warmup,
    )


def custom(name: str, max_share: float, total: str, part: str, counts: Counts) -> Objective:
    """Two counters of the user's own: `part` counts the bad or the good ones among `total`."""
    return Objective(name=name, kind=Kind.CUSTOM, max_share=max_share, total=total, part=part, counts=counts)


def share_beyond(quantile: str) -> float:
    """The share of requests that may be slower than a latency quantile.

    >>> share_beyond("p50"), share_beyond("p99"), share_beyond("p999")
    (0.5, 0.01, 0.001)
    """
    return round(1 - float("0." + quantile.removeprefix("p")), 9)


def leading(objectives: Sequence[Objective]) -> Objective:
    """The objective whose total says how many requests there are: the error rate, else the first."""
    return next((one for one in objectives if one.kind is Kind.ERROR_RATE), objectives[0])


def selectors(objectives: Iterable[Objective]) -> tuple[str, ...]:
    """Every selector to ask for, each once, in a stable order."""
    return tuple(dict.fromkeys(one for objective in objectives for one in (objective.total, objective.part)))


def limits(objectives: Iterable[Objective], selector: str) -> frozenset[float]:
    """The latency limits that are read from a histogram, in its own unit; none of what is no histogram.

    >>> limits([latency("p99", 0.3, "d_ms_bucket", 30.0, unit=0.001)], "d_ms_bucket")
    frozenset({300.0})
    """
    return frozenset(round(one.edge / one.unit, 9) for one in objectives if one.edge and one.total == selector)
