"""What a story that lost requests tells of them."""

import dataclasses
import gc
import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from examples.traffic.client import Load, Summary, Traffic, TrafficError
from tests.soak.test_windows import second
from tests.soak.timeline import Timeline
from tests.support.proxy_pulse import behind, read
from tests.support.witness import Pulses, Witness

METRICS = """
# TYPE kubeproxy_network_programming_duration_seconds histogram
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="5"} 7
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="6"} 8
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="+Inf"} 9
kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv6",le="5"} 1
kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"} 1.795281592e+09
kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv6"} 1.795280671e+09
kubeproxy_sync_proxy_rules_last_timestamp_seconds 1.795281580e+09
"""


def test_kube_proxy_tells_when_it_is_behind() -> None:
    """Of two address families the one that moved last, with and without labels."""
    told = read(METRICS)
    assert told == {"synced": 1795281580.0, "queued": 1795281592.0, "programmed": {"5": 8, "+Inf": 9}}
    assert behind(told | {"unix": 1795281604.0}) == 12
    assert behind(told | {"unix": 1795281604.0, "synced": 1795281593.0}) == 0
    assert behind(read("") | {"unix": 1.0}) == 0


class Users:
    """Users that have ended."""

    def __init__(self, *losses: int) -> None:
        self.seconds = [second(1000.0 + index, lost=count) for index, count in enumerate(losses)]

    def stop(self) -> Summary:
        """They did not end as they should."""
        raise TrafficError("killed")


def witness(*users: Users) -> Witness:
    """What a cluster told around second 1000: a pod that left, one change far away, a kube-proxy that hung."""
    changes: list[dict[str, Any]] = [
        {"unix": unix, "kind": "Pod", "name": f"at-{unix:.0f}", "leaving": True} for unix in (100.0, 990.0)
    ]

    class Told:
        told = (
            {"unix": 995.0, "load": 26.0, "synced": 970.0, "queued": 980.0, "programmed": {"5": 3}},
            {"unix": 999.0, "load": 30.0, "error": "timed out"},
        )

    class Changes:
        def around(self, begin: float, end: float) -> list[dict[str, Any]]:
            """Those near."""
            return [one for one in changes if begin - 45 <= one["unix"] <= end + 20]

    known = [(Load(url=f"http://10.0.0.{index}/"), cast("Traffic", one)) for index, one in enumerate(users)]
    return Witness(cast("Timeline", Changes()), cast("Pulses", Told()), known)


def test_what_was_so_around_a_loss_is_told_and_kept(tmp_path: Path) -> None:
    """The users who lost, the second, the pods, kube-proxy and the load; no word of what was far away."""
    file = tmp_path / "evidence" / "story.json"
    said = witness(Users(0, 0), Users(0, 3)).told(file)
    assert "3 of 20 requests are lost" in said
    assert "http://10.0.0.1/" in said
    assert "http://10.0.0.0/" not in said
    assert "3 lost {'reset': 3}, 10 sent" in said
    assert "at-990" in said
    assert "at-100" not in said
    assert "a change has waited for 15.0 s, load 26.0" in said
    assert "timed out" in said
    kept = json.loads(file.read_text())
    assert [one["seconds"][1] for one in kept["users"]] == [
        json.loads(json.dumps(dataclasses.asdict(second(1001, lost=3))))
    ]


def test_a_story_that_lost_nothing_tells_nothing(tmp_path: Path) -> None:
    """No file, either."""
    file = tmp_path / "story.json"
    assert witness(Users(0, 0)).told(file) == ""
    assert not file.exists()


def test_the_program_beside_kube_proxy_tells_and_leaves_nothing_behind() -> None:
    """Where no kube-proxy answers it says so; pytest turns an open pipe or a child into an error."""
    before = threading.active_count()
    pulses = Pulses(cast("Any", SimpleNamespace(prefix=())))
    while not pulses.told:
        assert pulses.running
        time.sleep(0.05)
    pulses.end()
    assert pulses.told[0].keys() >= {"unix", "load"}
    assert threading.active_count() == before
    del pulses
    gc.collect()
