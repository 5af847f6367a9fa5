"""Where counting begins on a pod that is met for the first time, and the rate of requests of the first look.

A look holds several scrapes of each pod. From the oldest of them that can be relied on a pod is counted to its
newest one, so that the request rate is known from the very first look:

    scrapes of a pod        t₀    t₁    t₂    t₃    t₄ │ the look
                            └────── counted ────────┘
    container started, pod Ready  ▲ not from before: nobody called it then, and the rate would be too low

In doubt a pod is not counted yet: a rate that is too low would make the first weight, and with it the damage of
a bad version, too large.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.reading import Look, Ranges, Reading, read
from gracefulservice.rollout.samples import CLOCK_SLACK, INTERVALS_UNTIL_STALE, Cursor, PodFacts, Sample


class Pace(NamedTuple):
    """So many requests per second of all pods together, over the last `span` seconds."""

    rate: float
    span: float


def scrapes(pod: PodFacts, reading: Reading, look: Look) -> list[float]:
    """The times of all scrapes from which a pod can be counted, oldest first, with the newest one at the end.

    Less than two of them say that its growth is not known. Each holds all series of the pod, numerator and
    denominator, so that both begin and end at the same time. There are none where a value fell in between (then
    it is not known what came before), where a series ended, or where the pod is not scraped any more; and none
    from before the container's start, or from before the users can have found the pod: one interval after Ready.
    """
    total, part = (role.get(pod.name, {}) for role in (reading.total_range, reading.part_range))
    if not total or pod.ready_since is None or pod.started is None:
        return []
    series = [*total.values(), *part.values()]
    last = max(one[-1].at for one in series)
    if look.at - last > INTERVALS_UNTIL_STALE * look.interval:
        return []
    if any(one[-1].at != last or _falls(one) for one in series):
        return []
    settled = max(pod.ready_since + look.interval, pod.started) + CLOCK_SLACK
    common = set.intersection(*({sample.at for sample in one} for one in series))
    return sorted(at for at in common if at >= settled)


def cursors_at(found: Ranges, starts: Mapping[PodFacts, float]) -> dict[str, dict[str, Cursor]]:
    """The cursors that pods would have if they had been looked at when they were scraped at `starts`."""
    return {
        pod.name: {
            series: Cursor(at, _value(several, at), pod.restarts, pod.started)
            for series, several in found.get(pod.name, {}).items()
        }
        for pod, at in starts.items()
    }


def pace(objective: Objective, look: Look, canary: str, weight: float) -> Pace | None:
    """R from one look alone: the sum of what each pod got per second of its own scrapes.

    None while this is not known of a pod that is scraped; only canary pods need not be known while they have no
    `weight` (percent). Traffic that has only just begun is not averaged away: if the newest scrapes alone show
    more than all of them do, that counts.
    """
    reading = read(objective, look, canary)
    known = {pod: scrapes(pod, reading, look) for pod in look.pods if pod.name in reading.total}
    unknown = (pod for pod, times in known.items() if len(times) < 2)
    if any(weight or pod.revision != canary for pod in unknown):
        return None
    counted = [(reading.total_range[pod.name], times) for pod, times in known.items() if len(times) > 1]
    if not counted:
        return None
    whole = sum(_per_second(series.values(), times[0], times[-1]) for series, times in counted)
    latest = sum(_per_second(series.values(), times[-2], times[-1]) for series, times in counted)
    return Pace(max(whole, latest), max(times[-1] - times[0] for _, times in counted))


def _per_second(series: Iterable[Sequence[Sample]], since: float, until: float) -> float:
    return sum(_value(one, until) - _value(one, since) for one in series) / (until - since)


def _value(several: Sequence[Sample], at: float) -> float:
    return next(sample.value for sample in several if sample.at == at)


def _falls(several: Sequence[Sample]) -> bool:
    return any(later.value < sooner.value for sooner, later in pairwise(several))
