"""What one pod showed in the last half minute: raw samples of every series, kept small.

The heads of a page rarely change from scrape to scrape, so one tuple of them is shared by all pages that have the same,
and a page itself is one array of numbers: 2,000 series of a pod take half a megabyte.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gracefulservice.metrics.exposition import Labels, labels
from gracefulservice.rollout.matching import Matching

KEPT = 30.0
"""Seconds, as many as Prometheus is asked for."""
MOST_PAGES = 60
"""However the clock jumps."""


@dataclass(frozen=True, slots=True)
class _Page:
    at: float
    heads: tuple[str, ...]
    values: "array[float]"


class Ring:
    """The newest pages of one pod, oldest first."""

    def __init__(self) -> None:
        self._pages: deque[_Page] = deque(maxlen=MOST_PAGES)
        self._labels: dict[str, Labels] = {}

    @property
    def newest(self) -> float | None:
        """When the newest page was asked for, in unix seconds; None without any."""
        return self._pages[-1].at if self._pages else None

    @property
    def oldest(self) -> float | None:
        """The same of the oldest one."""
        return self._pages[0].at if self._pages else None

    def add(self, at: float, found: Mapping[str, float]) -> None:
        """Keep a page that was asked for at the unix second `at`. Raises ValueError where a head cannot be read.

        Pages come in the order of time: one that is not newer than the newest (a clock was set back) takes its place.
        """
        heads = tuple(found)
        read = {head: known if (known := self._labels.get(head)) is not None else labels(head) for head in heads}
        while self._pages and self._pages[-1].at >= at:
            self._pages.pop()
        if self._pages and self._pages[-1].heads == heads:
            heads = self._pages[-1].heads
        self._pages.append(_Page(at, heads, array("d", found.values())))
        while self._pages[0].at < at - KEPT:
            self._pages.popleft()
        self._labels = {**self._kept(), **read}

    def series(self, wanted: Matching, until: float) -> list[tuple[Labels, Sequence[tuple[float, float]]]]:
        """Labels and raw samples (unix seconds, value) of the series that are meant, up to `until`, oldest first."""
        found: dict[str, list[tuple[float, float]]] = {}
        places = {id(page.heads): self._places(page.heads, wanted) for page in self._layouts()}
        for page in self._pages:
            if page.at <= until:
                for place in places[id(page.heads)]:
                    found.setdefault(page.heads[place], []).append((page.at, page.values[place]))
        return [(self._labels[head], samples) for head, samples in found.items()]

    def _places(self, heads: tuple[str, ...], wanted: Matching) -> list[int]:
        return [
            place
            for place, head in enumerate(heads)
            if named(head) == wanted.metric and wanted.matches(self._labels[head])
        ]

    def _kept(self) -> dict[str, Labels]:
        """What is known of the heads of all pages."""
        return {head: self._labels[head] for page in self._layouts() for head in page.heads if head in self._labels}

    def _layouts(self) -> Iterable[_Page]:
        """One page for each tuple of heads."""
        return {id(page.heads): page for page in self._pages}.values()


def named(head: str) -> str:
    """The name of the metric in the head of a line."""
    return head.partition("{")[0].strip()
