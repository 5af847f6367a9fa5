"""Run the soak: `python -m tests.soak [ACTION …]`; without a name every action is done.

`SOAK_REQUESTS` (1_000_000) and `SOAK_SEED` say how much and in which order. Exit status 0: nothing was lost, and the
control lost some; 1: something was; 2: it could not begin.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from localcluster.errors import Failure
from tests.soak import actions, page
from tests.soak.control import CONTROLS
from tests.soak.outcome import Outcome
from tests.soak.size import SizeError, read
from tests.soak.soak import Soak
from tests.support.stage import ROOT, standing

BUILD = ROOT / "build"


def write(outcome: Outcome, folder: Path) -> None:
    """The page, its text, and its twin for machines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.json").write_text(json.dumps(outcome.document(), indent=2) + "\n")
    (folder / "soak.html").write_text(page.html(outcome))
    (folder / "soak.txt").write_text(page.text(outcome))


def unknown(chosen: Sequence[str]) -> list[str]:
    """Words that name no action."""
    names = {one.name for one in actions.EVERY} | set(CONTROLS)
    return sorted(set(chosen) - names)


def main(chosen: Sequence[str]) -> int:
    """Run it and report; the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that users and namespaces end with this
    begun = time.time()
    try:
        size = read(os.environ, int(begun))
        if words := unknown(chosen):
            raise SizeError(f"There is no action {', '.join(words)}.")
        soak = Soak(standing(), size, chosen)
    except (SizeError, Failure) as refused:
        print(refused, file=sys.stderr)
        return 2
    print(f"{size.requests:,} requests, {size.rate:.0f} a second, seed {size.seed}.", flush=True)
    soak.run()
    outcome = Outcome(
        rows=soak.rows,
        wanted=soak.wanted,
        seed=size.seed,
        minutes=(time.time() - begun) / 60,
        limits=frozenset(one.name for one in actions.LIMITS),
        began=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(begun)),
    )
    write(outcome, BUILD)
    print("\n" + page.text(outcome) + f"\n{BUILD / 'soak.html'}")
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
