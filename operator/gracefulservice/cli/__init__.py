"""`kubectl graceful …`: what a person sees of a rollout, and what a person can ask of it.

program      the words of the command line
deeds        what they do
live         looking again and again
scene        what one look found, as a value           pure
page         that value as a picture for the terminal  pure
orders       a command, and its receipt                pure
kept         the revisions of a service                pure
history, comparison   those in a table, two as a diff  pure
undoing      the way back to one of them               pure
planning     a file in place of a cluster, and a forecast
manifest     that file, refused as admission would
course_words, outlook_words   the forecast in words    pure
connection   the thin half: the cluster of the user's kubeconfig
failures     whatever goes wrong there, as one sentence
"""

import sys
from collections.abc import Sequence
from io import TextIOWrapper


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with 0, 1 (refused, failed) or 2 (not understood)."""
    from gracefulservice.cli.program import app  # noqa: PLC0415 - `--help` need not wait for what it does not need
    from gracefulservice.errors import Failure  # noqa: PLC0415

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no — or ━ shows ? instead
    try:
        app(args=words, prog_name="kubectl graceful")
    except Failure as failure:
        print(failure.sentence, file=sys.stderr)
        sys.exit(1)
