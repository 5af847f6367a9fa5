"""What of the users' seconds is evidence."""

import dataclasses
from typing import Any

from examples.traffic.client import Loss, Summary
from tests.soak import evidence
from tests.soak.test_windows import second
from tests.soak.timeline import endpoints, pod


def test_the_lossy_seconds_of_a_window_are_kept_by_user() -> None:
    """Neither good ones nor those of another action."""
    told = {"kept": [second(1.0, lost=1), second(2.0), second(3.0, lost=2)], "new": [second(2.0)]}
    assert evidence.lossy(told, 2.0, 9.0) == {"kept": [told["kept"][2]]}


def test_a_summary_without_a_loss_is_no_evidence() -> None:
    """Only the first and the last lost request of those who lost one."""
    zeros = dict.fromkeys(("sent", "answered", "lost", "skipped", "late", "lag_max_ms", "seconds", "unix", "dials"), 0)
    maps: dict[str, Any] = {name: {} for name in ("codes", "versions", "kinds", "skips")}
    none = dict.fromkeys(("p50_ms", "p99_ms", "worst_second", "first_loss", "last_loss"))
    quiet = Summary(**{**zeros, **maps, **none})
    loss = Loss(
        t=1, unix=2, kind="reset", waited_ms=3, address="", reused=True, status=0, version="", pod="", error="cut"
    )
    lossy = dataclasses.replace(quiet, lost=2, first_loss=loss, last_loss=loss)
    assert evidence.losses({"kept": quiet, "new": lossy}) == {"new": [dataclasses.asdict(loss)] * 2}


def test_a_pod_is_told_by_what_its_users_feel() -> None:
    """A leaving pod that is still ready answers on."""
    told = pod(
        {
            "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"nodeName": "one", "containers": [{"env": [{"name": "VERSION", "value": "v3"}]}]},
            "status": {"podIP": "10.0.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }
    )
    assert (told["version"], told["ready"], told["leaving"], told["ip"]) == ("v3", True, True, "10.0.0.1")


def test_an_endpoint_is_told_by_its_conditions() -> None:
    """A terminating one that serves is the last resort of a Service."""
    conditions = {"ready": False, "serving": True, "terminating": True}
    slice_ = {
        "metadata": {"labels": {"kubernetes.io/service-name": "shop"}},
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": conditions}],
    }
    assert endpoints(slice_) == {"service": "shop", "endpoints": {"10.0.0.1": ["serving", "terminating"]}}
