"""What the words of the command line do: read, show, send, wait for the receipt."""

import json
import time
from contextlib import suppress

import yaml

from gracefulservice.api import Command, Receipt, Verb
from gracefulservice.cli import live, orders, page
from gracefulservice.cli.connection import Connection
from gracefulservice.cli.scene import document as described
from gracefulservice.cli.scene import read_status, scene
from gracefulservice.cli.terminal import terminal
from gracefulservice.cli.words import plain
from gracefulservice.errors import Unreachable

__all__ = ["Connection", "document", "order", "show", "watch"]


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
    return json.dumps(said, indent=2) if form == "json" else yaml.safe_dump(said, sort_keys=False).rstrip()


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
