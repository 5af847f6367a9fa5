"""A native histogram as an application has it, and as Prometheus shows it: what tests of latency limits look at."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Native:
    """Exponential of a schema, or custom where there are `bounds` (the last bucket has no end)."""

    schema: int = 3
    bounds: Sequence[float] = ()
    zero: float = 0.0
    counts: Counter[int] = field(default_factory=Counter)
    zeros: int = 0
    strange: int = 0
    """Observations that are no numbers: they are in no bucket."""

    def observe(self, seconds: float, times: int = 1) -> None:
        """So many requests that took so long."""
        if math.isnan(seconds):
            self.strange += times
        elif self.bounds:
            place = next((place for place, end in enumerate(self.bounds) if seconds <= end), len(self.bounds))
            self.counts[place] += times
        elif seconds <= self.zero:
            self.zeros += times
        else:
            self.counts[math.ceil(round(math.log2(seconds) * 2.0**self.schema, 9))] += times

    def coarsen(self) -> None:
        """Two buckets become one."""
        self.schema -= 1
        merged: Counter[int] = Counter()
        for place, count in self.counts.items():
            merged[math.ceil(place / 2)] += count
        self.counts = merged

    def wire(self) -> dict[str, Any]:
        """One sample in an answer of Prometheus, which leaves out empty buckets."""
        buckets = [[3, f"{-self.zero!r}", f"{self.zero!r}", f"{self.zeros}"]] if self.zeros else []
        for place in sorted(place for place, count in self.counts.items() if count):
            lower, upper = self._ends(place)
            rule = 3 if lower == -math.inf else 0
            buckets.append([rule, _text(lower), _text(upper), f"{self.counts[place]}"])
        count = self.counts.total() + self.zeros + self.strange
        return {"count": f"{count}", "sum": "1.5"} | ({"buckets": buckets} if buckets else {})

    def _ends(self, place: int) -> tuple[float, float]:
        if self.bounds:
            ends = (-math.inf, *self.bounds, math.inf)
            return ends[place], ends[place + 1]
        return 2.0 ** ((place - 1) / 2.0**self.schema), 2.0 ** (place / 2.0**self.schema)


def _text(value: float) -> str:
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))
