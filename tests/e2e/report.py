"""What ran on the real cluster: one row per scenario, as a table and as `build/e2e.json`; and what was measured there,
beside the simulated figures in `build/bench.json`.

`python -m tests.e2e.report begin` forgets the rows of an earlier run, `… end` gathers and prints those of this one.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Figure, written

BUILD = Path(__file__).parents[2] / "build"
ROWS = BUILD / "e2e"
FIGURES = ROWS / "figures"
STARTED = ROWS / "started"


def write(scenario: str, *, requests: int, lost: int, control: bool) -> None:
    """Keep one scenario's row; stories run in several processes, so each has a file of its own."""
    ROWS.mkdir(parents=True, exist_ok=True)
    row = {"id": scenario, "requests": requests, "lost": lost, "control": control}
    (ROWS / f"{scenario}{'-control' if control else ''}.json").write_text(json.dumps(row))


def measured(figure: Figure) -> None:
    """Keep one figure: its `id` begins with the number of what it is held against."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{figure.id}.json").write_text(json.dumps(asdict(figure)))


def begin() -> None:
    """Forget what an earlier run wrote."""
    ROWS.mkdir(parents=True, exist_ok=True)
    for old in (*ROWS.glob("*.json"), *FIGURES.glob("*.json")):
        old.unlink()
    STARTED.write_text(str(time.time()))


def gathered() -> list[dict[str, Any]]:
    """All rows, by scenario."""
    rows = [json.loads(path.read_text()) for path in ROWS.glob("*.json")]
    return sorted(rows, key=lambda row: (row["control"], row["id"]))


def end() -> None:
    """Write the report and print it."""
    rows = gathered()
    (BUILD / "e2e.json").write_text(json.dumps({"scenarios": rows}, indent=2) + "\n")
    print("\nOn the real cluster, with real traffic:")
    for row in rows:
        role = "  (control: must lose)" if row["control"] else ""
        print(f"  {row['id']:<14} {row['requests']:>7,} requests  {row['lost']:>4} lost{role}")
    figures = [Figure(**json.loads(path.read_text())) for path in sorted(FIGURES.glob("*.json"))]
    written(figures, BUILD / "bench.json")
    for one in figures:
        beside = "" if one.target is None else f"  (at most {one.target:g}: {'holds' if one.holds else 'missed'})"
        print(f"  {one.id:<60} {one.value:>8.4g} {one.unit}{beside}")
    print(f"  in {(time.time() - float(STARTED.read_text())) / 60:.1f} minutes")


if __name__ == "__main__":
    {"begin": begin, "end": end}[sys.argv[1]]()
