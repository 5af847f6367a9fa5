"""Stories of a bad way to the API server: watches that are late or cut, requests that are refused, answers that get
lost, nobody there. Whatever happens to single requests, a rollout ends as it would have, and no user notices.

The operator runs as a process beside the cluster, its way leads through a proxy; the installed one is away meanwhile.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.shell import cluster
from tests.support import replicas
from tests.support.api_proxy import WRITES, Fate, Proxy, Trouble, kubeconfig, proxied, sometimes
from tests.support.autoscaling import sampled
from tests.support.services import V2
from tests.support.site import Site, answered, newest, over, warmed
from tests.support.turns import OPERATOR

Record = Callable[..., None]
Do = Callable[[Callable[[], None]], None]

V3 = {"VERSION": "v3"}
ROLLOUT = {"canary": {"steps": [{"weight": 25, "hold": "3s"}, {"weight": 50, "hold": "3s"}]}}
PAUSING = {"canary": {"steps": [{"weight": 50, "pause": "UntilResumed"}]}}
LATE = 30.0
"""Seconds by which watches tell what happens."""
CUT = 4.0
"""Seconds after which every watch is cut, again and again."""
AWAY = 60.0
"""Seconds in which nobody answers."""
ENDS = ["Promoted", "RolledBack"], ["Promoted", "Promoted", "RolledBack"], ["Promoted", "RolledBack", "RolledBack"]
"""What was told; where the answer to an event is lost it is told once more."""
REFUSALS = {Fate.FAILED: 0.1, Fate.THROTTLED: 0.1, Fate.CONFLICT: 0.15}
SILENCES = {Fate.UNANSWERED: 0.15, Fate.HUNG: 0.03, Fate.DROPPED: 0.1}


@dataclass
class Process:
    """The operator as a process that is started again when it ends, as a kubelet does."""

    environment: dict[str, str]
    log: Path
    ends: list[int] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _process: "subprocess.Popen[bytes] | None" = None

    def run(self) -> None:
        """Again and again until it is stopped."""
        with self.log.open("ab") as log:
            while not self._stopped.is_set():
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gracefulservice"], env=self.environment, stdout=log, stderr=log
                )
                self.ends.append(self._process.wait())
                self._stopped.wait(1)

    def stop(self) -> None:
        """For good."""
        self._stopped.set()
        if self._process:
            self._process.terminate()


@contextmanager
def operator(namespace: str, port: int, folder: Path) -> Iterator[Process]:
    """One that works in this namespace alone, through the proxy."""
    (folder / "kubeconfig").write_text(kubeconfig(port))
    settings = {"pod_name": "beside", "pod_namespace": namespace, "namespaces": namespace, "port": str(port + 1)}
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("GRACEFULSERVICE_")}
    ours = {f"GRACEFULSERVICE_{name.upper()}": value for name, value in settings.items()}
    process = Process({**foreign, **ours, "KUBECONFIG": str(folder / "kubeconfig")}, folder / "operator.log")
    thread = threading.Thread(target=process.run, daemon=True)
    thread.start()
    try:
        yield process
    finally:
        process.stop()
        thread.join(60)


def watches_late(trouble: Trouble, proxy: Proxy, do: Do) -> None:
    """Half a minute."""
    trouble.late = LATE


def watches_cut(trouble: Trouble, proxy: Proxy, do: Do) -> None:
    """Every few seconds, in the middle of what they tell; every third one is told that it must begin anew."""
    begun = [0]

    def fate(_method: str, watches: bool, path: str) -> Fate:
        begun[0] += watches
        return Fate.EXPIRED if watches and "resourceVersion" in path and begun[0] % 3 == 0 else Fate.PASSED

    def again() -> None:
        do(proxy.cut_watches)
        timer = threading.Timer(CUT, again)
        timer.daemon = True
        timer.start()

    trouble.fate = fate
    again()


def requests_refused(trouble: Trouble, proxy: Proxy, do: Do) -> None:
    """A third of them, in every way that asks for another try; writes also by conflicts that are none."""
    trouble.fate = sometimes(7, REFUSALS)


def answers_lost(trouble: Trouble, proxy: Proxy, do: Do) -> None:
    """More than a quarter of them: what was asked is done or is not, and nobody hears of it."""
    trouble.fate = sometimes(11, SILENCES)


def nobody_there(trouble: Trouble, proxy: Proxy, do: Do) -> None:
    """For a minute, from when the first pods of the new version are asked for."""
    gone_until: list[float] = []

    def fate(method: str, _watches: bool, path: str) -> Fate:
        if not gone_until and method in WRITES and path.endswith("/deployments"):
            gone_until.append(time.monotonic() + AWAY)
            do(proxy.cut_watches)
            return Fate.PASSED
        return Fate.DROPPED if gone_until and time.monotonic() < gone_until[0] else Fate.PASSED

    trouble.fate = fate


TROUBLES = (watches_late, watches_cut, requests_refused, answers_lost, nobody_there)


@pytest.mark.long
@pytest.mark.parametrize("worsen", TROUBLES, ids=lambda one: one.__name__)
def test_a_bad_way_to_the_api_server_costs_time_and_nothing_else(
    site: Site, record: Record, tmp_path: Path, worsen: Callable[[Trouble, Proxy, Do], None]
) -> None:
    """A version goes all the way, the next one is aborted at half the traffic. Weights only rise on the way up, every
    user ends on one version, and nobody is lost.
    """
    service, place, trouble = site.service, site.service.place, Trouble()
    door = cluster.door()
    with (
        OPERATOR.alone(),
        replicas.all_away(place.stage),
        proxied(door, trouble) as (proxy, port, do),
        operator(place.namespace, port, tmp_path) as process,
    ):
        site.start(rollout=ROLLOUT)
        warmed(site)
        with site.users() as users:
            answered(users)
            worsen(trouble, proxy, do)
            service.change(V2)
            with sampled(lambda: site.weights()[1]) as seen:
                service.wait_for_weight(100, 600)
            service.wait_for("Healthy", 600)
            place.wait("Only v2", lambda: service.gone("v1"), 300)
            service.change(V3, rollout=PAUSING)
            service.wait_for("Paused", 600)
            service.command("abort")
            service.wait_for("Degraded", 600)
            place.wait("The canary gone", lambda: service.gone("v3"), 300)
            trouble.fate, trouble.late = Trouble().fate, 0.0
            summary = over(service, users)
            assert newest(users.seconds) == {"v2"}
        said = (tmp_path / "operator.log").read_text()
    replicas.whole(place.stage)
    record(f"API {worsen.__name__.replace('_', ' ')}", summary)
    print(f"{worsen.__name__}: {trouble.met}; the process ended {len(process.ends) - 1} times before its end")
    assert list(seen) == sorted(seen), "a weight fell on its way up"
    assert "Traceback" not in said
    assert [one for one in service.reasons() if one in ("Promoted", "RolledBack")] in ENDS
    assert summary.lost == 0, summary.first_loss
