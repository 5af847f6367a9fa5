"""A command as it is put on the object, and the receipt by which the operator answers. Pure."""

import uuid

from gracefulservice.api import Command, Receipt, Status, Verb

LONGEST_NAME = 253
"""Characters of the person's name that fit into a receipt."""


def given(
    do: Verb, status: Status, by: str, *, full: bool = False, step: int = 0, revision: str | None = None
) -> Command:
    """A new command for the revision in play, so that it never hits one that came after it was typed."""
    meant = revision or status.canary or status.target or ""
    return Command(id=str(uuid.uuid4()), do=do, revision=meant, by=by[:LONGEST_NAME], full=full, step=step)


def written(command: Command) -> str:
    """The command as the annotation holds it."""
    return command.model_dump_json(by_alias=True, exclude_defaults=True)


def receipt(command: Command, status: Status) -> Receipt | None:
    """The operator's answer, once it is there."""
    return next((one for one in status.commands if one.id == command.id), None)
