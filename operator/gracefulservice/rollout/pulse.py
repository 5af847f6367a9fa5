"""Whether the request counters of a leaving revision stand still, pod by pod."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.tally import Counted


class Pulse(NamedTuple):
    """Up to which sample a pod was counted, and up to which of them its request counters had last moved."""

    seen: float
    moved: float


Fleets = Mapping[str, Mapping[str, Pulse]]
"""revision → pod that is scraped → pulse"""


def followed(fleets: Fleets, look: Look, lead: Counted) -> Iterator[tuple[str, dict[str, Pulse]]]:
    """The pulses of each revision that has pods, after a look that was counted as `lead`.

    A pod that was not followed so far may have got a request at any moment up to its newest sample. Pods that are
    not scraped any more are left out; where none is, the pulses stay as they were.
    """
    for revision in sorted({pod.revision for pod in look.pods}):
        before = fleets.get(revision, {})
        mine = [pod.name for pod in look.pods if pod.revision == revision and pod.name in lead.scraped]
        ends = {pod: max(one.at for one in lead.tally.total[pod].values()) for pod in mine if pod in lead.tally.total}
        pulses = {
            pod: Pulse(end, before[pod].moved if pod in before and pod not in lead.moved else end)
            for pod, end in ends.items()
        }
        yield revision, pulses or dict(before)


def still(pulses: Iterable[Pulse], since: float) -> float:
    """For how many seconds after `since` every one of these pods was seen to stand still, up to its newest sample."""
    return max(min(round(pulse.seen - max(since, pulse.moved), 3) for pulse in pulses), 0.0)


def of_all_pods(written: Any) -> Any:
    """Fleets as they are written, also before pods were told apart: then one pulse stood for all of a revision."""
    if not isinstance(written, Mapping):
        return written
    return {revision: _one_for_all(one) if isinstance(one, list) else one for revision, one in written.items()}


def _one_for_all(written: list[Any]) -> dict[str, Any]:
    seen, moved = written
    return {} if seen is None else {"": [seen, seen if moved is None else moved]}
