"""``python -m examples.demo`` from the repository's root; exit status 0 only if the promise was kept."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from examples.demo import closing, objects, story
from examples.demo.ground import Ground, prepare
from examples.demo.outcome import Outcome, document, objection
from examples.demo.phases import Phase
from examples.demo.screen import now
from examples.demo.site import RATE, Site, fresh
from examples.traffic.client import TrafficError
from gracefulservice.errors import Failure as Refusal
from localcluster import lock, paths
from localcluster.errors import Failure

REPORT = paths.REPOSITORY / "build" / "demo.json"


def demonstrate(console: Console) -> str:
    """Set up, play, sum up; why it failed in one sentence, empty if it did not."""
    begun = now()
    REPORT.unlink(missing_ok=True)
    ground = prepare()
    os.environ["KUBECONFIG"] = str(ground.cluster.kubeconfig)
    site = fresh(ground)
    introduce(console, site)
    setup = Phase("setup", now() - begun)
    played = story.play(site, console)
    outcome = replace(played, phases=(setup, *played.phases, Phase("in all", now() - begun)))
    conclude(console, ground, site, outcome)
    return objection(outcome)


def introduce(console: Console, site: Site) -> None:
    """Print what is about to be applied, in full, and apply what is the user's own."""
    route, shop = objects.route(site.host), objects.shop(site.ground.image, objects.FIRST)
    site.apply(route)
    for text in (route, shop):
        console.print(f"\n{text}", soft_wrap=True, markup=False, highlight=console.is_terminal)
    said = f"v2 differs in VERSION, v3 in ERROR_RATE={objects.BAD.error_rate:g}, too. Users send {RATE:g} requests/s."
    console.print(f"{said}\n", soft_wrap=True, highlight=False)


def conclude(console: Console, ground: Ground, site: Site, outcome: Outcome) -> None:
    """Print the last page, and write the same for programs."""
    paths.write(REPORT, json.dumps(document(outcome), indent=2) + "\n")
    console.print(closing.summary(outcome))
    cluster, programs = ground.cluster, Path(sys.executable).parent
    around = closing.around(cluster.kubeconfig, cluster.kubectl, programs, site.namespace, site.host)
    console.print(around, soft_wrap=True, markup=False, highlight=False)


def main() -> int:
    """Run it; whatever goes wrong is one sentence on standard error and exit status 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the client ends with this process
    console = Console()
    if not console.is_terminal:
        console.width = 120
    try:
        with lock.held(paths.state_folder() / "demo.lock", "begin the demonstration"):
            failure = demonstrate(console)
    except (Failure, Refusal, TrafficError) as refused:
        failure = str(refused)
    except OSError as refused:
        failure = f"The operating system refuses a step of the demonstration: {refused}."
    except KeyboardInterrupt:
        print("Interrupted: nobody calls any more, the cluster stays. `make demo` starts over.", file=sys.stderr)
        return 130
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
