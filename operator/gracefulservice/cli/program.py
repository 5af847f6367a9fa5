"""The words of the command line: `kubectl graceful status | plan | history | promote | abort | undo | …`."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from gracefulservice.api import Verb

app = typer.Typer(
    help="Foresee, watch and steer rollouts of GracefulServices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """Forms of output for programs."""

    JSON = "json"
    YAML = "yaml"


Name = Annotated[str, typer.Argument(metavar="NAME", help="The GracefulService.")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Its namespace; default: the context's own.")]
Context = Annotated[str | None, typer.Option(help="The context of the kubeconfig; default: the current one.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the operator's answer.")]
Timeout = Annotated[float, typer.Option(min=0, help="How many seconds to wait for the operator's answer.")]

REVISION = "A revision's number, or its id or the beginning of it"

PATIENCE = 30.0
HIGHEST_RATE = 10_000_000.0


@app.command(epilog="Example: kubectl graceful status web --watch")
def status(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The GracefulService; default: all of the namespace.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing what changes, until Ctrl-C.")] = False,
    output: Annotated[Format | None, typer.Option("--output", "-o", help="For programs.")] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what a rollout does, what it waits for, and what the judge knows."""
    if watch and output:
        raise typer.BadParameter("--watch draws for people; leave --output out.")
    from gracefulservice.cli import deeds  # noqa: PLC0415 - imports the official client, which takes its time

    connection = deeds.Connection(context, namespace)
    if output:
        print(deeds.document(connection, name, output.value))
    elif watch:
        deeds.watch(connection, name)
    else:
        deeds.show(connection, name)


@app.command(epilog="Example: kubectl graceful plan -f gracefulservice.yaml --rate 250")
def plan(
    file: Annotated[str, typer.Option("--file", "-f", help="A file with one GracefulService; - is standard input.")],
    rate: Annotated[float, typer.Option(min=0, max=HIGHEST_RATE, help="Requests/s of all users.")] = 100.0,
    error_rate: Annotated[
        str | None,
        typer.Option(help="The share of bad requests already now; default: 0.2%, or a fifth of what is allowed."),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Simulated rollouts of each version; default: 40, fewer of long ones."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another simulation.")] = 0,
    start: Annotated[str, typer.Option(help="How long a new pod takes until it is ready.")] = "10s",
    output: Annotated[Format | None, typer.Option("--output", "-o", help="For programs.")] = None,
) -> None:
    """Tell what a change would do, how long it takes, and what bad versions cost. Asks no cluster."""
    from gracefulservice.api.quantities import parse_duration  # noqa: PLC0415 - `--help` need not wait for it
    from gracefulservice.cli import planning  # noqa: PLC0415 - the same

    given = rate, usual(error_rate), parsed(parse_duration, start, "--start"), runs, seed
    try:
        if output:
            print(planning.document(file, *given, output.value))
        else:
            planning.show(file, *given)
    except planning.Interrupted as interrupted:
        print(interrupted, file=sys.stderr)
        raise typer.Exit(1) from interrupted


def usual(error_rate: str | None) -> float | None:
    """The share that `--error-rate` says."""
    from gracefulservice.api.quantities import parse_percent  # noqa: PLC0415 - `--help` need not wait for it

    share = None if error_rate is None else parsed(parse_percent, error_rate, "--error-rate")
    if share is not None and share >= 1:
        raise typer.BadParameter(f"--error-rate {error_rate}: some requests must succeed: write less than 100%.")
    return share


def parsed(parse: "Callable[[str], float]", text: str, option: str) -> float:
    """The number in an option."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from error


@app.command(epilog="Example: kubectl graceful promote web --full")
def promote(
    name: Name,
    full: Annotated[bool, typer.Option("--full", help="Go on without the judge and the bake.")] = False,
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Skip the steps that are left: all traffic goes to the new revision, which is judged there."""
    order("promote", name, namespace, context, no_wait, timeout, full=full)


@app.command(epilog="Example: kubectl graceful abort web")
def abort(
    name: Name,
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Move all traffic back to stable, and do not try this revision again."""
    order("abort", name, namespace, context, no_wait, timeout)


@app.command(epilog="Example: kubectl graceful retry web")
def retry(
    name: Name,
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Try a condemned revision again, from its first step."""
    order("retry", name, namespace, context, no_wait, timeout)


@app.command(epilog="Example: kubectl graceful pause web")
def pause(
    name: Name,
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Keep the weight where it is. The judge goes on watching, and rolls back if it must."""
    order("pause", name, namespace, context, no_wait, timeout)


@app.command(epilog="Example: kubectl graceful resume web")
def resume(
    name: Name,
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Go on after a pause."""
    order("resume", name, namespace, context, no_wait, timeout)


@app.command(epilog="Example: kubectl graceful jump web 2")
def jump(
    name: Name,
    step: Annotated[int, typer.Argument(min=1, metavar="STEP", help="The step to go to, counted from 1.")],
    namespace: Namespace = None,
    context: Context = None,
    no_wait: NoWait = False,
    timeout: Timeout = PATIENCE,
) -> None:
    """Go to any of the explicit steps, forward or back; the present one is done once more."""
    order("jump", name, namespace, context, no_wait, timeout, step=step)


@app.command(epilog="Example: kubectl graceful history web")
def history(
    name: Name,
    output: Annotated[Format | None, typer.Option("--output", "-o", help="For programs.")] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """List the revisions that are kept, and what became of each. Needs no operator."""
    from gracefulservice.cli import deeds  # noqa: PLC0415 - imports the official client, which takes its time

    deeds.revisions(deeds.Connection(context, namespace), name, output.value if output else None)


@app.command(epilog="Example: kubectl graceful diff web 2 --to 4")
def diff(
    name: Name,
    revision: Annotated[
        str | None,
        typer.Argument(
            metavar="[REV]", help=f"{REVISION}; default: stable, and where that is asked for the one before."
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="REV", help="What it is compared with; default: what the spec asks for.")
    ] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what changed between two revisions of what was asked for. Needs no operator."""
    from gracefulservice.cli import deeds  # noqa: PLC0415 - imports the official client, which takes its time

    deeds.compare(deeds.Connection(context, namespace), name, revision, to)


@app.command(epilog="Example: kubectl graceful undo web --to 2")
def undo(
    name: Name,
    to: Annotated[
        str | None,
        typer.Option(metavar="REV", help=f"{REVISION}; default: the one that was stable before what is asked for now."),
    ] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Ask for an older revision again: a rollout as any other, to what the service was then."""
    from gracefulservice.cli import deeds  # noqa: PLC0415 - imports the official client, which takes its time

    sentence, warning = deeds.undo(deeds.Connection(context, namespace), name, to)
    print(sentence)
    if warning:
        print(f"Warning: {warning}", file=sys.stderr)


@app.command(epilog="Example: kubectl graceful version")
def version() -> None:
    """Print the version of this program."""
    from gracefulservice import __version__  # noqa: PLC0415 - reads the package's metadata

    print(f"kubectl-graceful {__version__}")


def order(
    do: "Verb",
    name: str,
    namespace: str | None,
    context: str | None,
    no_wait: bool,
    timeout: float,
    *,
    full: bool = False,
    step: int = 0,
) -> None:
    """Give a command, and print what became of it; ends with 1 if it was refused."""
    from gracefulservice.cli import deeds  # noqa: PLC0415 - imports the official client, which takes its time

    connection, patience = deeds.Connection(context, namespace), None if no_wait else timeout
    done, sentence = deeds.order(connection, name, do, patience, full=full, step=step)
    print(sentence, file=sys.stdout if done else sys.stderr)
    if not done:
        raise typer.Exit(1)
