"""`python -m bench simulation`: measure, show, write `build/bench.json`; the exit code says if all targets hold."""

import argparse
import sys

from rich.console import Console

from bench.figures import Figure, shown, written
from bench.simulation import RUNS, measured


def main() -> int:
    """0 when every target is met, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the judge and the ramp.")
    parser.add_argument("what", choices=["simulation"])
    parser.add_argument("--runs", type=int, default=RUNS, help=f"releases per kind of service, default {RUNS}")
    given = parser.parse_args()
    console, figures = Console(), list[Figure]()
    for figure in measured(given.runs):
        figures.append(figure)
        print(f"{figure.id}: {figure.value:.4g} {figure.unit}", file=sys.stderr, flush=True)
    shown(figures, console)
    written(figures)
    return 0 if all(figure.holds is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
