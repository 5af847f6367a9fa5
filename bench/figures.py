"""Figures with their targets: as a table for people, and as `build/bench.json`."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

WRITTEN = Path("build/bench.json")


@dataclass(frozen=True)
class Figure:
    """One measured number; `target` is the most that it may be, None where it is only shown beside others."""

    id: str
    value: float
    unit: str
    target: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met."""
        return None if self.target is None else self.value <= self.target


def shown(figures: Iterable[Figure], console: Console) -> None:
    """The table."""
    table = Table("figure", "measured", "target", "unit", "")
    for one in figures:
        target = "" if one.target is None else f"≤ {one.target:g}"
        word = {None: "", True: "holds", False: "[bold red]missed"}[one.holds]
        table.add_row(one.id, f"{one.value:.4g}", target, one.unit, word)
    console.print(table)


def written(figures: Iterable[Figure], path: Path = WRITTEN) -> None:
    """The file that reports and acceptance read: what was measured now takes the place of what bears its name there."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    before = json.loads(path.read_text())["figures"] if path.exists() else []
    rows = {one["id"]: one for one in before} | {one.id: asdict(one) | {"holds": one.holds} for one in figures}
    path.parent.mkdir(exist_ok=True)
    document = {"figures": list(rows.values()), "machine": machine}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
