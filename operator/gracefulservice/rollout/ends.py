"""Where the bucket of a latency limit really ends: a native histogram has a boundary near the limit, rarely at it.

Its series has the limit in the label `le`, as a classic one, and its own end in a label beside it. Counts go on only
from counts at the same end, and revisions are compared only at the same end.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gracefulservice.rollout.figures import duration
from gracefulservice.rollout.objective import Kind, Objective
from gracefulservice.rollout.samples import Cursors

ENDS = "__ends__"
"""No label of a user's own: Prometheus keeps none that begins with two underscores."""
_END = re.compile(rf'(?:^|,){ENDS}="([^"]*)"')
_BOUND = re.compile(rf'(?:^|,)(?:{ENDS}|le)="[^"]*"')

Series = Mapping[str, Mapping[str, Any]]
"""pod → series → anything"""


def end(series: str, objective: Objective) -> float:
    """Where the bucket of the objective's limit ends in this series, in seconds."""
    found = _END.search(series)
    return float(found[1]) * objective.unit if found else objective.edge or 0.0


def marked(series: Iterable[str]) -> bool:
    """Whether one of these is a bucket with an end of its own."""
    return any(_END.search(one) for one in series)


def differing(objective: Objective, part: Series, counted: Cursors) -> str | None:
    """The sentence that buckets end elsewhere than they did, or than those of other pods; None where all agree."""
    if objective.kind is not Kind.LATENCY:
        return None
    for pod, name, before in _renamed(part, counted):
        return (
            f"{objective.total} of pod {pod} was counted up to {_told(end(before, objective))} and has a bucket up to "
            f"{_told(end(name, objective))} now, so the counts do not go on: abort and retry, or change the limit of "
            f"{objective.title}, which begins them anew."
        )
    found = {end(name, objective): pod for pod, series in part.items() for name in series}
    if len(found) < 2:
        return None
    shown = " and ".join(f"{_told(at)} (pod {found[at]})" for at in sorted(found))
    return (
        f"The limit of {objective.title} is {_told(objective.edge or 0.0)}, and buckets of {objective.total} end at "
        f"{shown}, so the pods cannot be compared: set it to a limit at which all of them have one, like "
        f"{' or '.join(_told(limit) for limit in _common(objective))}."
    )


def outcome(objective: Objective, part: Cursors) -> str:
    """What a bad request did, with the boundary at which it was really counted."""
    found = _ends(objective, part)
    return f"took longer than {_told(found[-1])} (limit {_told(objective.edge or 0.0)})" if found else objective.outcome


def noted(objectives: Sequence[Objective], parts: Mapping[str, Cursors]) -> str:
    """A sentence per objective that is counted elsewhere than at its limit."""
    return "".join(
        f" The limit of {one.title} is {_told(one.edge or 0.0)}, and its native histogram is counted up to the "
        f"boundary next above, {_told(found[-1])}."
        for one in objectives
        if (found := _ends(one, parts.get(one.name, {})))
    )


def _ends(objective: Objective, part: Cursors) -> list[float]:
    if objective.kind is not Kind.LATENCY:
        return []
    return sorted({end(name, objective) for series in part.values() for name in series if _END.search(name)})


def _renamed(part: Series, counted: Cursors) -> Iterator[tuple[str, str, str]]:
    """Pod, series and the one that was counted in its place so far."""
    for pod, series in part.items():
        known = {_others(before): before for before in counted.get(pod, {})}
        for name in series:
            if name not in counted.get(pod, {}) and _others(name) in known:
                yield pod, name, known[_others(name)]


def _others(series: str) -> str:
    """The labels that do not say where a bucket ends."""
    return _BOUND.sub("", series).removeprefix(",")


def _common(objective: Objective) -> tuple[float, float]:
    """The two powers of two next to the limit, which every usual schema has as a boundary."""
    limit, above = (objective.edge or 1.0) / objective.unit, 1.0
    while above < limit:
        above *= 2
    while above / 2 >= limit:
        above /= 2
    return above / 2 * objective.unit, above * objective.unit


def _told(seconds: float) -> str:
    return duration(float(f"{seconds:.4g}"))
