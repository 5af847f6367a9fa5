"""The last page: what came of it, how long it took, and how to look around. Pure."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from examples.demo.objects import NAME
from examples.demo.outcome import MOST_ERRORS, Outcome
from gracefulservice.rollout import figures


def summary(outcome: Outcome) -> RenderableType:
    """What users got, the seconds of each phase, and the sentence with which the bad version was condemned."""
    parts: list[RenderableType] = [Text(), results(outcome), Text(), durations(outcome)]
    if outcome.verdict:
        parts += [Text(), Text.assemble(("v3 was condemned: ", "bold"), outcome.verdict)]
    return Group(*parts)


def results(outcome: Outcome) -> Table:
    """What users got."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value, good in counted(outcome):
        table.add_row(name, Text(value, style="bold green" if good else "bold red"))
    return table


def counted(outcome: Outcome) -> Iterator[tuple[str, str, bool]]:
    """Every result: its name, its value, and whether it is as it should be."""
    yield "Requests sent through the gateway", figures.number(outcome.requests), True
    yield "Requests lost", figures.number(outcome.lost), outcome.lost == 0
    if outcome.skipped:
        yield "Requests this machine was too slow to send", figures.number(outcome.skipped), False
    yield "The good version (v2) was promoted", answer(outcome.promoted), outcome.promoted
    yield "The bad version (v3) was rolled back", answer(outcome.rolled_back), outcome.rolled_back
    few = 1 <= outcome.errors_shown <= MOST_ERRORS
    yield "Errors the bad version showed users", figures.number(outcome.errors_shown), few


def answer(holds: bool) -> str:
    """A word for a fact."""
    return "yes" if holds else "no"


def durations(outcome: Outcome) -> Table:
    """The seconds of each phase."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Phase")
    table.add_column("seconds", justify="right")
    for phase in outcome.phases:
        table.add_row(phase.name, f"{phase.seconds:.1f}")
    return table


def around(kubeconfig: Path, kubectl: Path, plugin: Path, namespace: str, host: str) -> str:
    """Commands with which to look around; `plugin` is the folder of kubectl-graceful."""
    return f"""
The cluster stays up. To look around:

  export KUBECONFIG={kubeconfig} PATH="$PATH:{kubectl.parent}:{plugin}"
  kubectl get gsvc -n {namespace}
  kubectl describe gsvc {NAME} -n {namespace}
  kubectl graceful status {NAME} -n {namespace}
  {plugin}/python -m localcluster run -- sh -c 'curl -si -H "Host: {host}" http://$GATEWAY/'

`make demo` again starts over in a namespace of its own, `make clean` takes the cluster down.
"""
