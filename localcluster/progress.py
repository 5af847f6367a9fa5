"""Says what is being done, how long it usually takes and how long it has taken.

On a terminal one line is kept up to date; elsewhere (a CI log) there is a line at the start, one every minute
and one at the end. All of it goes to standard error: standard output belongs to results such as ``env``.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_PERIOD = 60.0
"""Seconds between two signs of life where there is no terminal."""


def duration(seconds: float) -> str:
    """Seconds in words: ``4 s``, ``1 min 5 s``."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def say(sentence: str) -> None:
    """Print one line for the person who waits."""
    _line(sentence, lasting=True)


@contextmanager
def step(what: str, estimate: float | None = None) -> Iterator[None]:
    """Show ``what`` (``Building kind``) while the body runs, with an estimate in seconds if there is one.

    Steps may be nested; only the innermost one shows signs of life.
    """
    begun = time.monotonic()
    over = threading.Event()
    title = what if estimate is None else f"{what} (about {duration(estimate)})"
    ticker = threading.Thread(target=_tick, args=(title, begun, over), daemon=True)
    _under_way.append(over)
    _line(f"{title} ...", lasting=not _terminal())
    ticker.start()
    result = "failed"
    try:
        yield
        result = "done"
    finally:
        over.set()
        ticker.join()
        _under_way.remove(over)
        _line(f"{what}: {result} in {duration(time.monotonic() - begun)}.", lasting=True)


def _tick(title: str, begun: float, over: threading.Event) -> None:
    while not over.wait(1.0 if _terminal() else QUIET_PERIOD):
        if _under_way[-1:] == [over]:
            _line(f"{title} ... {duration(time.monotonic() - begun)}", lasting=not _terminal())


def _line(text: str, *, lasting: bool) -> None:
    """Print a line; on a terminal over the one before, unless that was to last."""
    start = "\r\033[K" if _terminal() else ""
    print(f"{start}{text}", end="\n" if lasting else "", file=sys.stderr, flush=True)


def _terminal() -> bool:
    return sys.stderr.isatty()


_under_way: list[threading.Event] = []
