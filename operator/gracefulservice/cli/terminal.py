"""Where words and pictures go."""

import sys

from rich.console import Console

WIDE = 240
"""Characters of a line where nobody says how long a line is."""


def terminal() -> Console:
    """Colours only on a terminal; elsewhere no line is broken."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)
