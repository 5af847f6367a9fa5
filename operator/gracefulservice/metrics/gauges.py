"""What the answer to a guard's query means: one number, or why there is none. Pure.

A query is the user's own, so a fault of it keeps no counter from being judged: every failure here is a value.
"""

import math
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gracefulservice.metrics import prometheus
from gracefulservice.metrics.prometheus import Answer, Outage
from gracefulservice.rollout.verdict import Cause, Problem

LONGEST_QUOTE = 300
"""Characters of what Prometheus says of a query, which it may quote in full."""
_SCALAR = TypeAdapter(tuple[float, str])


def read(guard: str, answer: Answer) -> float | Problem:
    """The number in an answer to the query of a guard: a scalar, or a vector with exactly one element."""
    said = prometheus.understood(answer.body)
    if answer.status in prometheus.REFUSED and said.error:
        quoted = said.error[:LONGEST_QUOTE].rstrip(" .")
        return _unreadable(guard, f"Prometheus refuses the query of the guard {guard}: {quoted}.")
    try:
        kind, result = prometheus.answered(answer.status, said, "number")
        if kind == "scalar":
            return _finite(guard, _scalar(result))
        if kind != "vector":
            return _unreadable(
                guard, f"The query of the guard {guard} gives a {kind} where one number is expected: correct it."
            )
        rows = prometheus.series_of(result)
        if any(row.histogram for row in rows):
            return _unreadable(
                guard,
                f"The query of the guard {guard} gives a native histogram where one number is expected: put "
                "histogram_quantile(…), histogram_avg(…) or histogram_count(…) around it.",
            )
        return _only(guard, [row.value[1] for row in rows if row.value])
    except Outage as outage:
        return absent(guard, outage)


def absent(guard: str, outage: Outage) -> Problem:
    """Nobody answers, or nobody who can be relied on."""
    return Problem(cause=Cause.OUTAGE, sentence=f"The guard {guard} cannot be read: {outage}", objective=guard)


def refused(guard: str) -> Problem:
    """Whoever installed the operator keeps its Prometheus to the operator's own questions."""
    return _unreadable(
        guard,
        f"The guard {guard} may not ask the operator's Prometheus, because prometheus.guards is false in its chart: "
        "name another one in spec.metrics.prometheus.url, or take the guard out.",
    )


def _scalar(result: Any) -> str:
    try:
        return _SCALAR.validate_python(result)[1]
    except ValidationError as error:
        raise Outage("Prometheus answers with a scalar that cannot be read.") from error


def _only(guard: str, found: list[str]) -> float | Problem:
    if len(found) > 1:
        return _unreadable(
            guard,
            f"The query of the guard {guard} gives {len(found):,} series where one is expected: put sum(…), max(…) or "
            "min(…) around it.",
        )
    if not found:
        return Problem(
            cause=Cause.SERIES_MISSING,
            sentence=f"The query of the guard {guard} finds no series: correct it, or add `or vector(0)` if none is 0.",
            objective=guard,
        )
    return _finite(guard, found[0])


def _finite(guard: str, text: str) -> float | Problem:
    number = prometheus.number(text)
    if math.isfinite(number):
        return number
    return _unreadable(
        guard,
        f"The query of the guard {guard} gives {text[:LONGEST_QUOTE]}, which no threshold can be compared with: it "
        "probably divides by zero.",
    )


def _unreadable(guard: str, sentence: str) -> Problem:
    return Problem(cause=Cause.UNREADABLE, sentence=sentence, objective=guard)
