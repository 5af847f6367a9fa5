"""What one pod showed in the last half minute: raw samples of every series, kept small.

The heads of a page rarely change from scrape to scrape, so one tuple of them is shared by all pages that have the same,
and a page itself is one array of numbers: half a minute of 2,000 such series takes half a megabyte. Heads that do
change cost the operator time and memory, so what is read of them is rationed: a pod whose labels are new at every
scrape is refused by name, so one pod costs all other services some hundredths of a second per scrape at most.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gracefulservice.metrics.exposition import MOST_CHARACTERS, Labels, labels
from gracefulservice.rollout.matching import Matching

KEPT = 30.0
"""Seconds, as many as Prometheus is asked for."""
MOST_PAGES = 60
"""However the clock jumps."""
NEW_CHARACTERS = 64 * 2**10
"""Of heads that were not seen before, per scrape. What is not used is saved up, to as much as a page can have."""
MOST_ANSWERS = 64
"""Selectors whose answer is remembered of each head: more than a service can have at a time."""


@dataclass(slots=True)
class _Head:
    """The head of a line, how many pages have it, and which selectors mean it."""

    text: str
    labels: Labels
    pages: int = 0
    answers: dict[str, bool] = field(default_factory=dict)

    def meant(self, wanted: Matching) -> bool:
        """Whether the series is meant; found out once. Raises ValueError where that takes too long."""
        answer = self.answers.get(wanted.selector)
        if answer is None:
            answer = named(self.text) == wanted.metric and wanted.matches(self.labels)
            if len(self.answers) >= MOST_ANSWERS:
                self.answers.clear()
            self.answers[wanted.selector] = answer
        return answer


@dataclass(frozen=True, slots=True)
class _Page:
    at: float
    heads: tuple[str, ...]
    values: "array[float]"


class Ring:
    """The newest pages of one pod, oldest first."""

    def __init__(self) -> None:
        self._pages: deque[_Page] = deque()
        self._heads: dict[str, _Head] = {}
        self._ration = MOST_CHARACTERS

    @property
    def newest(self) -> float | None:
        """When the newest page was asked for, in unix seconds; None without any."""
        return self._pages[-1].at if self._pages else None

    @property
    def oldest(self) -> float | None:
        """The same of the oldest one."""
        return self._pages[0].at if self._pages else None

    def add(self, at: float, found: Mapping[str, float]) -> None:
        """Keep a page that was asked for at the unix second `at`. Raises ValueError where a head cannot be read, or
        where too much of the page was never seen before.

        Pages come in the order of time: one that is not newer than the newest (a clock was set back) takes its place.
        """
        self._heads.update(self._read([head for head in found if head not in self._heads]))
        heads = tuple(self._heads[head].text for head in found)
        for head in heads:
            self._heads[head].pages += 1
        while self._pages and self._pages[-1].at >= at:
            self._drop(self._pages.pop())
        if self._pages and self._pages[-1].heads == heads:
            heads = self._pages[-1].heads
        self._pages.append(_Page(at, heads, array("d", found.values())))
        while self._pages[0].at < at - KEPT or len(self._pages) > MOST_PAGES:
            self._drop(self._pages.popleft())

    def series(self, wanted: Matching, until: float) -> list[tuple[Labels, Sequence[tuple[float, float]]]]:
        """Labels and raw samples (unix seconds, value) of the series that are meant, up to `until`, oldest first.

        Raises ValueError with a sentence where it takes too long to tell which those are.
        """
        meant = {head for head, known in self._heads.items() if known.meant(wanted)}
        found: dict[str, list[tuple[float, float]]] = {}
        places = {
            id(page.heads): [place for place, head in enumerate(page.heads) if head in meant]
            for page in self._layouts()
        }
        for page in self._pages:
            if page.at <= until:
                for place in places[id(page.heads)]:
                    found.setdefault(page.heads[place], []).append((page.at, page.values[place]))
        return [(self._heads[head].labels, samples) for head, samples in found.items()]

    def _read(self, new: Sequence[str]) -> dict[str, _Head]:
        """Heads that were not seen before, as far as the ration goes."""
        length = sum(map(len, new))
        self._ration = min(self._ration + NEW_CHARACTERS, MOST_CHARACTERS)
        if length > self._ration:
            raise ValueError(
                f"its labels change at every scrape: {length:,} characters of them are new, and {NEW_CHARACTERS:,} per "
                "scrape are read"
            )
        self._ration -= length
        return {head: _Head(head, labels(head)) for head in new}

    def _drop(self, page: _Page) -> None:
        """Forget what only this page has shown."""
        for head in page.heads:
            known = self._heads[head]
            known.pages -= 1
            if not known.pages:
                del self._heads[head]

    def _layouts(self) -> Iterable[_Page]:
        """One page for each tuple of heads."""
        return {id(page.heads): page for page in self._pages}.values()


def named(head: str) -> str:
    """The name of the metric in the head of a line."""
    return head.partition("{")[0].strip()
