"""`kubectl graceful` on a real rollout: the plug-in as kubectl finds it, with the cluster's own kubeconfig."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.place import Place
from tests.support.services import Shop, shop

V1, V2 = {"VERSION": "v1"}, {"VERSION": "v2"}
PAUSE_AT_HALF = {"canary": {"steps": [{"weight": 50, "pause": "UntilResumed"}]}}


@pytest.fixture
def service(place: Place) -> Shop:
    """A service with two pods, whose rollouts pause half-way."""
    place.apply(shop(place.stage.shop_image, V1, replicas=2, rollout=PAUSE_AT_HALF))
    service = Shop(place)
    service.wait_for("Healthy")
    return service


def graceful(service: Shop, *words: str) -> subprocess.CompletedProcess[str]:
    """`kubectl graceful WORDS` in the story's namespace."""
    stage = service.place.stage
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "KUBECONFIG": str(stage.kubeconfig)}
    command = [str(stage.kubectl_path), "graceful", *words, "--namespace", service.place.namespace]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_a_rollout_is_watched_and_steered_from_the_command_line(service: Shop) -> None:
    """Paused, it says so with its pods; resumed, it goes on; and each command prints what the operator answered."""
    service.change(V2)
    status = service.wait_for("Paused")
    page = graceful(service, "status", "shop")
    assert page.returncode == 0, page.stderr
    assert page.stdout.startswith(f"{service.place.namespace}/shop  Paused\n")
    assert all(f"{role}    {status[role]}  " in page.stdout for role in ("stable", "canary"))
    assert "observed" in page.stdout

    resumed = graceful(service, "resume", "shop")
    receipt = service.status["commands"][-1]
    assert (resumed.returncode, resumed.stdout) == (0, f"{receipt['sentence']}\n"), resumed.stderr
    assert (receipt["do"], receipt["revision"], receipt["by"]) == ("resume", status["canary"], "kubernetes-admin")
    assert service.wait_for("Healthy")["stable"] == status["canary"]


def test_aborted_then_promoted_in_spite_of_it(service: Shop) -> None:
    """An abort condemns; `promote --full` takes the same revision all the same; with nothing under way it refuses."""
    refused = graceful(service, "abort", "shop")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nothing to abort" in refused.stderr

    service.change(V2)
    target = service.wait_for("Paused")["target"]
    assert graceful(service, "abort", "shop").returncode == 0
    service.wait_for("Degraded")
    promoted = graceful(service, "promote", "shop", "--full")
    assert promoted.returncode == 0, promoted.stderr
    assert service.wait_for("Healthy")["stable"] == target
