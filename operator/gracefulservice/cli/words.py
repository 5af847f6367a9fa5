"""Text that came from elsewhere, made fit for a terminal. Pure."""

import re

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
"""A pod's message may hold anything; on a terminal some of it would move the cursor or worse."""


def plain(text: str) -> str:
    """The text on one line, without control characters.

    >>> plain("one\\n\\x1b[31mtwo")
    'one [31mtwo'
    """
    return CONTROLS.sub(" ", text).strip()
