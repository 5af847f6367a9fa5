"""The answer to a command, kept so that it acts once and people can read what became of it."""

from gracefulservice.api import Command, Receipt


def receipt(command: Command, sentence: str, now: float, *, accepted: bool) -> Receipt:
    """What became of `command` at `now` (unix s): done, or refused with the reason."""
    return Receipt(
        id=command.id,
        do=command.do,
        revision=command.revision,
        by=command.by,
        result="Done" if accepted else "Refused",
        sentence=sentence,
        time=round(now, 3),
    )
