"""Whether a soak holds what it promises, and its machine-readable form. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.soak.windows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A whole soak; ``wanted`` requests were asked for, and only those sent over the actions on our services count."""

    rows: Sequence[Row]
    wanted: int
    seed: int
    minutes: float
    began: str
    limits: frozenset[str] = frozenset()
    """Actions whose losses are measured and are no failure."""

    @property
    def ours(self) -> list[Row]:
        """The rows of services under the contract."""
        return [row for row in self.rows if not row.control]

    @property
    def requests(self) -> int:
        """Requests sent over the actions; those at rest are not among them."""
        return sum(row.requests for row in self.ours if not row.rest)

    @property
    def lost(self) -> int:
        """Requests lost by services under the contract that could be kept, those at rest included."""
        return sum(row.lost for row in self.ours if row.action not in self.limits)

    @property
    def skipped(self) -> int:
        """Requests this machine was too slow to send."""
        return sum(row.skipped for row in self.ours)

    def problems(self) -> list[str]:
        """Everything that makes this soak fail, a sentence each."""
        return [*self._losses(), *self._unfinished(), *self._harmless_controls(), *self._too_few()]

    @property
    def exit_code(self) -> int:
        """0 if it holds, else 1."""
        return 1 if self.problems() else 0

    def _losses(self) -> Iterable[str]:
        for row in self.ours:
            if row.lost and row.action not in self.limits:
                kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(row.kinds.items()))
                yield f"{row.service}, {row.action}: {row.lost} of {row.requests:,} requests are lost ({kinds})."

    def _unfinished(self) -> Iterable[str]:
        for row in self.rows:
            if row.failure:
                yield f"{row.service}, {row.action}: {row.failure}"

    def _harmless_controls(self) -> Iterable[str]:
        controls = [row for row in self.rows if row.control and not row.rest]
        for action in sorted({row.action for row in controls}):
            tries = [row for row in controls if row.action == action]
            if not sum(row.lost for row in tries):
                yield f"The control loses nothing in {action} ({len(tries)} times), so a loss would not be seen."

    def _too_few(self) -> Iterable[str]:
        if self.requests < self.wanted:
            yield f"Only {self.requests:,} of the {self.wanted:,} requests asked for were sent over the actions."

    def document(self) -> dict[str, Any]:
        """`build/soak.json`."""
        return {
            "requests": self.requests,
            "lost": self.lost,
            "skipped": self.skipped,
            "wanted": self.wanted,
            "seed": self.seed,
            "minutes": round(self.minutes, 1),
            "began": self.began,
            "holds": not self.problems(),
            "problems": self.problems(),
            "scenarios": [scenario(row) for row in self.rows],
        }


def scenario(row: Row) -> dict[str, Any]:
    """One row; its curve stands on the page only."""
    fields = {"id": f"{row.service}: {row.action}", **asdict(row)}
    del fields["curve"]
    return fields
