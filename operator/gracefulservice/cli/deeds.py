"""What the words of the command line do: read, show, send, wait for the receipt."""

import json
import time
from collections.abc import Callable
from contextlib import suppress

import yaml

from gracefulservice.api import Command, Receipt, Verb
from gracefulservice.cli import comparison, history, live, orders, page, undoing
from gracefulservice.cli.connection import Connection, Object
from gracefulservice.cli.kept import Shelf, shelf
from gracefulservice.cli.scene import document as described
from gracefulservice.cli.scene import read_status, scene
from gracefulservice.cli.terminal import terminal
from gracefulservice.cli.words import plain
from gracefulservice.errors import Stale, Unreachable

__all__ = ["Connection", "compare", "document", "order", "revisions", "show", "undo", "watch"]

RETRIES = 5
"""Writes that are tried anew because the status has changed meanwhile."""


def now() -> float:
    """Unix seconds."""
    return time.time()  # noqa: TID251 - ages and times left are told by the clock of whoever looks


def show(connection: Connection, name: str | None) -> None:
    """Print one service, or all of the namespace."""
    scenes = next(live.one(connection, name) if name else live.every(connection))
    if not scenes:
        print(f"There is no GracefulService in namespace {connection.namespace}.")
    else:
        terminal().print((page.one if name else page.every)(scenes, now()))


def watch(connection: Connection, name: str | None) -> None:
    """Show it until interrupted."""
    looks = live.one(connection, name) if name else live.every(connection)
    with suppress(KeyboardInterrupt):
        live.show(looks, page.one if name else page.every, terminal(), now)


def document(connection: Connection, name: str | None, form: str) -> str:
    """One service, or a list of all, as JSON or YAML."""
    if name:
        said: object = described(*live.look(connection, name))
    else:
        said = {"items": [described(body, scene(body)) for body in connection.list_all()[0]]}
    return formed(said, form)


def formed(said: object, form: str) -> str:
    """What is said to programs, as JSON or YAML."""
    return json.dumps(said, indent=2) if form == "json" else yaml.safe_dump(said, sort_keys=False).rstrip()


def read(connection: Connection, name: str) -> tuple[Object, Shelf]:
    """A service, and the revisions of it that are kept."""
    body = connection.get(name)
    return body, shelf(body, connection.records(name))


def revisions(connection: Connection, name: str, form: str | None) -> None:
    """Print the revisions that are kept."""
    _, found = read(connection, name)
    if form:
        print(formed(history.document(found), form))
    else:
        terminal().print(history.page(found, now()))


def compare(connection: Connection, name: str, before: str | None, after: str | None) -> None:
    """Print what changed between two revisions."""
    _, found = read(connection, name)
    terminal().print(comparison.page(*comparison.pair(found, before, after)), soft_wrap=True)


def undo(connection: Connection, name: str, revision: str | None) -> tuple[str, str]:
    """Ask for an older revision again; what happens then, and a warning or nothing."""
    body, found = read(connection, name)
    wanted = undoing.wanted(found, revision)
    command = orders.given("undo", found.status, connection.person(), revision=wanted.id)
    write(connection, body, lambda seen: undoing.operations(seen, wanted, command))
    return undoing.sentence(found, wanted), undoing.put_back(body)


def write(connection: Connection, body: Object, change: Callable[[Object], list[Object]]) -> None:
    """Change an object as it was seen. Only its spec counts for that: the operator writes the status all the time."""
    name, generation = body["metadata"]["name"], body["metadata"]["generation"]
    for last in (*[False] * RETRIES, True):
        try:
            connection.change(name, change(body))
            return
        except Stale:
            body = connection.get(name)
            if last or body["metadata"]["generation"] != generation:
                raise


def order(
    connection: Connection, name: str, do: Verb, timeout: float | None, *, full: bool = False, step: int = 0
) -> tuple[bool, str]:
    """Give a command; whether it was done, and the operator's own sentence about it. `timeout` None waits for nothing.

    Raises `Unreachable` if there is no answer within so many seconds; the command stands all the same.
    """
    command = orders.given(do, read_status(connection.get(name)), connection.person(), full=full, step=step)
    connection.order(name, orders.written(command))
    if timeout is None:
        return True, f"The command stands on {connection.namespace}/{name}: {do}."
    receipt = answer(connection, name, command, timeout)
    return receipt.result == "Done", plain(receipt.sentence)


def answer(connection: Connection, name: str, command: Command, timeout: float) -> Receipt:
    """The receipt, as soon as it stands in the status."""
    until = time.monotonic() + timeout
    while True:
        body = connection.get(name)
        if receipt := orders.receipt(command, read_status(body)):
            return receipt
        left = until - time.monotonic()
        if left <= 0:
            raise Unreachable(
                f"The operator has not answered within {timeout:g} s. The command stands on "
                f"{connection.namespace}/{name}, and is carried out as soon as an operator looks at it."
            )
        connection.await_change(body["metadata"]["resourceVersion"], left, name)
