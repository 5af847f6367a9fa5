"""The command line: ``python -m localcluster up | down | status | env | load | run | image | install | distclean``."""

import argparse
import os
import signal
import sys
from collections.abc import Callable

from localcluster import environment, operations, progress
from localcluster.errors import Failure


def up(arguments: argparse.Namespace) -> int:
    """Bring the cluster with its add-ons up, or what is missing of it."""
    operations.up(arguments.nodes)
    progress.say("The local cluster is up; `python -m localcluster env` prints its addresses.")
    return 0


def down(_: argparse.Namespace) -> int:
    """Take the cluster down; only the caches stay."""
    operations.down()
    return 0


def distclean(_: argparse.Namespace) -> int:
    """Take the cluster down and remove the caches, too."""
    operations.distclean()
    return 0


def status(_: argparse.Namespace) -> int:
    """Tell whether the cluster answers (exit status 0) or not (1)."""
    answers, lines = operations.status()
    print("\n".join(lines))
    return 0 if answers else 1


def env(_: argparse.Namespace) -> int:
    """Print KUBECONFIG, GATEWAY and PROMETHEUS."""
    for name, value in environment.recall().variables().items():
        print(f"{name}={value}")
    return 0


def install(_: argparse.Namespace) -> int:
    """Install the operator of this checkout by its Helm chart, or upgrade it."""
    operations.install_operator()
    return 0


def image(_: argparse.Namespace) -> int:
    """Build the operator's image and print its name."""
    print(operations.operator_image())
    return 0


def load(arguments: argparse.Namespace) -> int:
    """Copy images from the engine into every node."""
    operations.load(arguments.images)
    return 0


def run(arguments: argparse.Namespace) -> int:
    """Run a command where pod, Service and gateway addresses are real."""
    argv = operations.run_command(arguments.command)
    os.execvp(argv[0], argv)  # noqa: S606  (becomes the command, so that signals reach it)


def parser() -> argparse.ArgumentParser:
    """The commands, each with the first line of its function as help."""
    top = argparse.ArgumentParser(prog="python -m localcluster", description="A real kind cluster on this machine.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add(commands, up).add_argument("--nodes", type=int, help="nodes, the control plane included (2)")
    for plain in (down, status, env, image, install, distclean):
        add(commands, plain)
    add(commands, load).add_argument("images", nargs="+", metavar="IMAGE")
    add(commands, run).add_argument("command", nargs="+", metavar="CMD")
    return top


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    function: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """One command, named as its function."""
    command = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
    command.set_defaults(function=function)
    return command


def main() -> int:
    """Run one command; a failure is one sentence on standard error and exit status 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that running programs end with this one
    arguments = parser().parse_args()
    try:
        return int(arguments.function(arguments))
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except OSError as refused:
        print(f"The operating system refuses a step of `{arguments.function.__name__}`: {refused}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next run continues with what is missing.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
