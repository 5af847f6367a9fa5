"""What a node's kube-proxy tells of itself, and how busy the machine is: a line of JSON every other second.

`python -m tests.support.proxy_pulse`, in the node's network and until the input ends. Times are unix seconds;
`programmed` counts the changes of endpoints that were written to the node, by the seconds they took at most.
"""

import json
import os
import re
import select
import sys
import time
from collections.abc import Mapping
from typing import Any
from urllib.request import ProxyHandler, build_opener

METRICS = "http://127.0.0.1:10249/metrics"
PAUSE = 2.0
SYNCED = re.compile(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
QUEUED = re.compile(r"^kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
TAKEN = re.compile(r'^kubeproxy_network_programming_duration_seconds_bucket\{[^}]*le="([^"]+)"\} (\S+)$', re.MULTILINE)
EDGES = ("2", "5", "10", "30", "+Inf")


def read(text: str) -> dict[str, Any]:
    """What one page of metrics says; of two address families the one that moved last."""
    counts: dict[str, int] = {}
    for edge, count in TAKEN.findall(text):
        if edge in EDGES:
            counts[edge] = counts.get(edge, 0) + int(float(count))
    newest = {
        word: max(map(float, found), default=None)
        for word, found in {"synced": SYNCED.findall(text), "queued": QUEUED.findall(text)}.items()
    }
    return {**newest, "programmed": counts}


def pulse() -> dict[str, Any]:
    """One line; a kube-proxy that does not answer is told, too."""
    here: dict[str, Any] = {"unix": round(time.time(), 3), "load": os.getloadavg()[0]}
    try:
        with build_opener(ProxyHandler({})).open(METRICS, timeout=5) as answer:
            return here | read(answer.read().decode())
    except OSError as error:
        return here | {"error": str(error)}


def behind(told: Mapping[str, Any]) -> float:
    """Seconds for which something has waited to be written; 0 where nothing does or nothing is known."""
    synced, queued = told.get("synced"), told.get("queued")
    if synced is None or queued is None or queued <= synced:
        return 0.0
    return float(told["unix"] - queued)


def main() -> None:
    """Tell until nobody listens."""
    while True:
        print(json.dumps(pulse()), flush=True)
        if select.select([sys.stdin], [], [], PAUSE)[0]:
            return


if __name__ == "__main__":
    main()
