"""What is kept of a lost request: the seconds in which it was lost, and all that was so around them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from examples.traffic.client import Second, Summary
from tests.soak.timeline import AROUND, Timeline
from tests.soak.windows import Told, last, within
from tests.support.faults import OPERATOR
from tests.support.place import Place

LINES = 2000
"""Of each pod's log."""
BESIDE = 5.0
"""Seconds around a loss of which all users are shown."""
GATEWAY_LOG = ("-n", "envoy-gateway-system", "-l", "gateway.envoyproxy.io/owning-gateway-name=gateway", "-c", "envoy")


def lossy(told: Told, begin: float, end: float) -> dict[str, list[Second]]:
    """The seconds of a window in which something was lost."""
    window = within(told, begin, end)
    return {who: bad for who, seconds in window.items() if (bad := [one for one in seconds if one.lost])}


def keep(place: Place, timeline: Timeline, told: Told, bad: Mapping[str, Sequence[Second]], file: Path) -> None:
    """Write everything around these seconds into a file."""
    begin, end = min(one.unix for seconds in bad.values() for one in seconds), last(bad)
    beside = within(told, begin - BESIDE, end + BESIDE)
    document = {
        "lost": {who: [asdict(one) for one in seconds] for who, seconds in bad.items()},
        "beside": {who: [asdict(one) for one in seconds] for who, seconds in beside.items()},
        "timeline": timeline.around(begin, end),
        "events": place.events(),
        "endpoints": [dict(one) for one in place.all("EndpointSlice")],
        "operator": log(place, *OPERATOR),
        "pods": log(place, "-n", place.namespace, "-l", f"soak={place.namespace}"),
        "gateway": [line for line in log(place, *GATEWAY_LOG) if place.namespace in line],
    }
    write(file, document)


def write(file: Path, document: Any) -> None:
    """As JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, default=str))


def log(place: Place, *which: str) -> list[str]:
    """The last lines that some pods have written, with the pod's name in front."""
    done = place.stage.kubectl("logs", *which, f"--tail={LINES}", "--prefix", f"--since={int(AROUND[0] * 8)}s")
    return (done.stdout or done.stderr).splitlines()


def losses(summaries: Mapping[str, Summary]) -> dict[str, Any]:
    """The first and the last lost request of each kind of users."""
    found = {who: (one.first_loss, one.last_loss) for who, one in summaries.items() if one.lost}
    return {who: [asdict(loss) for loss in both if loss] for who, both in found.items()}
