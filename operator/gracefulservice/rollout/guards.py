"""Gauges with a threshold (`objectives.guards`): for how long each was seen beyond it. Pure, like the judge.

A gauge is no share of requests, so it enters no odds, no bound, no α and no weight. It has a clock instead:

    a value within the threshold   the clock is back at zero
    a value beyond it              it runs on from the look before, if that had such a value too
    no value                       it stands still: what nobody can see is neither good nor bad

At most one tick is counted per look, so that a time in which nobody looked speaks against nobody. A clock that has
reached the `for` of its guard is a `Fail`; until then a gauge beyond its threshold holds the weight, and so does one
that cannot be read. Before its first weight a canary answers only for guards that look at it (`$canary`): of a queue
that is too long without it, it is not guilty, so the others hold it there and do no more.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from gracefulservice.api import Guard, GuardStatus
from gracefulservice.api.spec_rules import GUARD_WORD
from gracefulservice.api.value import Value
from gracefulservice.rollout.figures import quantity, span
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.verdict import Cause, Problem

CANARY, STABLE, NAMESPACE = "$canary", "$stable", "$namespace"
POD_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
"""What Kubernetes allows. Nothing in it ends a text of PromQL, and of regular expressions it has only the dot."""


class Gauge(Value):
    """What is known of one guard.

    `value` is the newest value there was, at the instant `at` (unix seconds). `beyond` are the seconds on its clock.
    `state` tells of the newest look: it gave the value; it gave none, because of `problem`; the query was not asked,
    because a revision that it names has no pods; or there was no look yet.
    """

    state: Literal["Unread", "Read", "Absent", "Unasked"] = "Unread"
    value: float | None = None
    at: float | None = None
    beyond: float = 0.0
    problem: Problem | None = None


class Gauges(Value):
    """What is known of all guards of a rollout. `begun`: since when they are looked at; `at`: the newest look."""

    begun: float
    at: float | None = None
    known: dict[str, Gauge] = Field(default_factory=dict)


def posed(
    guards: Iterable[Guard], pods: Sequence[PodFacts], canary: str | None, stable: str | None, namespace: str
) -> tuple[Guard, ...]:
    """The guards that can be asked about now, with the words in their queries replaced.

    `$canary` and `$stable` become a regular expression that matches the names of that revision's pods.
    """
    meant = {CANARY: _pattern(pods, canary), STABLE: _pattern(pods, stable), NAMESPACE: namespace}
    return tuple(
        guard.model_copy(update={"promql": re.sub(GUARD_WORD, lambda found: meant[found[0]], guard.promql)})
        for guard in guards
        if askable(guard, pods, canary, stable)
    )


def askable(guard: Guard, pods: Sequence[PodFacts], canary: str | None, stable: str | None) -> bool:
    """Whether every revision that the query names has a pod: without any there is nothing to ask about.

    Nothing waits for such an answer: by a replica ratio the canary has no pods before its first weight, and stable
    none at 100 %.
    """
    return all(_pattern(pods, one) for word, one in ((CANARY, canary), (STABLE, stable)) if _names(guard, word))


def of_canary(guards: Iterable[Guard]) -> tuple[Guard, ...]:
    """The guards that look at the canary itself, and not at what others have a part in as well."""
    return tuple(guard for guard in guards if _names(guard, CANARY))


def learn(
    gauges: Gauges, guards: Sequence[Guard], look: Look, canary: str | None, stable: str | None, tick: float
) -> Gauges:
    """The gauges after one look; `tick` is the time between two of them. An older look teaches nothing."""
    if gauges.at is not None and look.at < gauges.at:
        return gauges
    known = {
        guard.name: (
            _after(gauges.known.get(guard.name, Gauge()), guard, _answer(guard, look), look.at, tick)
            if askable(guard, look.pods, canary, stable)
            else _unasked(gauges.known.get(guard.name, Gauge()))
        )
        for guard in guards
    }
    return gauges.model_copy(update={"at": look.at, "known": known})


def kept(gauges: Gauges, before: Iterable[Guard], after: Iterable[Guard]) -> Gauges:
    """The gauges once the guards were edited: those that are still the same go on, all others begin anew."""
    same = {guard.name for guard in after} & {guard.name for guard in before if guard in tuple(after)}
    return gauges.model_copy(update={"known": {name: one for name, one in gauges.known.items() if name in same}})


def failed(gauges: Gauges | None, guards: Iterable[Guard]) -> str:
    """The sentence of a guard whose gauge was beyond the threshold for long enough, or empty."""
    return next((_beyond(one, guard) for guard, one in _known(gauges, guards) if _fails(one, guard)), "")


def exceeded(gauges: Gauges | None, guards: Iterable[Guard]) -> str:
    """The sentence of a guard whose gauge is beyond the threshold now, for however long; or empty."""
    return next(
        (
            _beyond(one, guard)
            for guard, one in _known(gauges, guards)
            if one.state == "Read" and _is_beyond(one, guard)
        ),
        "",
    )


def unread(gauges: Gauges | None, guards: Iterable[Guard]) -> Problem | None:
    """Why the first guard that has no value has none; None where each has one, or is not asked about."""
    return next((why for guard, one in _known(gauges, guards) if (why := _why(one, guard))), None)


def shown(gauges: Gauges | None, guards: Iterable[Guard]) -> tuple[GuardStatus, ...]:
    """Every guard, for people."""
    return tuple(
        GuardStatus(name=guard.name, value=one.value, sentence=_sentence(one, guard))
        for guard, one in _known(gauges, guards)
    )


def _names(guard: Guard, word: str) -> bool:
    return word in re.findall(GUARD_WORD, guard.promql)


def _known(gauges: Gauges | None, guards: Iterable[Guard]) -> Iterable[tuple[Guard, Gauge]]:
    found: Mapping[str, Gauge] = gauges.known if gauges else {}
    return ((guard, found.get(guard.name, Gauge())) for guard in guards)


def _pattern(pods: Iterable[PodFacts], revision: str | None) -> str:
    """`(shop-b2-x|shop-b2-y)`, whatever quotes it stands in; empty where the revision has no pods."""
    names = sorted(pod.name for pod in pods if pod.revision == revision and POD_NAME.fullmatch(pod.name))
    return f"({'|'.join(name.replace('.', '[.]') for name in names)})" if names else ""


def _answer(guard: Guard, look: Look) -> float | Problem:
    if (found := look.gauges.get(guard.name)) is not None:
        return found
    why = look.outage or f"The query of the guard {guard.name} was not answered."
    return Problem(cause=Cause.OUTAGE, sentence=why, objective=guard.name)


def _after(gauge: Gauge, guard: Guard, answer: float | Problem, at: float, tick: float) -> Gauge:
    if gauge.at is not None and at <= gauge.at:
        return gauge
    if isinstance(answer, Problem):
        return gauge.model_copy(update={"state": "Absent", "problem": answer})
    now = Gauge(state="Read", value=answer, at=at)
    if not _is_beyond(now, guard):
        return now
    runs = gauge.state == "Read" and gauge.at is not None and _is_beyond(gauge, guard)
    counted = min(at - (gauge.at or at), tick) if runs else 0.0
    return now.model_copy(update={"beyond": round(gauge.beyond + counted, 3)})


def _unasked(gauge: Gauge) -> Gauge:
    return gauge.model_copy(update={"state": "Unasked", "problem": None})


def _is_beyond(gauge: Gauge, guard: Guard) -> bool:
    if gauge.value is None:
        return False
    return (guard.max is not None and gauge.value > guard.max) or (guard.min is not None and gauge.value < guard.min)


def _fails(gauge: Gauge, guard: Guard) -> bool:
    """What was seen stays seen: a look without a value takes no `Fail` back, as it makes none."""
    return _is_beyond(gauge, guard) and gauge.beyond >= guard.lasting


def _why(gauge: Gauge, guard: Guard) -> Problem | None:
    if gauge.state == "Unread":
        said = f"The guard {guard.name} has not been read yet."
        return Problem(cause=Cause.NOT_READ_YET, sentence=said, objective=guard.name)
    return gauge.problem


def _beyond(gauge: Gauge, guard: Guard) -> str:
    """`queue-lag is 1,240, for 45 s above its maximum of 500.`, with what that is allowed to last until it fails."""
    side = "above its maximum" if guard.max is not None else "below its minimum"
    lasting = f"for {span(gauge.beyond)} " if gauge.beyond else ""
    left = "" if _fails(gauge, guard) else f"; {span(guard.lasting)} of that are too long"
    return f"{guard.name} is {quantity(gauge.value or 0.0)}, {lasting}{side} of {_limit(guard)}{left}."


def _sentence(gauge: Gauge, guard: Guard) -> str:
    if gauge.state == "Unasked":
        return f"{guard.name} is not asked about while a revision that its query names has no pods."
    if why := _why(gauge, guard):
        return why.sentence
    if _is_beyond(gauge, guard):
        return _beyond(gauge, guard)
    word = "at most" if guard.max is not None else "at least"
    return f"{guard.name} is {quantity(gauge.value or 0.0)}, and {word} {_limit(guard)} is good."


def _limit(guard: Guard) -> str:
    return quantity(guard.max if guard.max is not None else guard.min or 0.0)
