"""Hazards of gateways that weights do not show, each by its number."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from examples.traffic.client import Load, Summary, answers, share
from localcluster import operations
from tests.e2e.test_hazards import BY_DEFAULT, HASTY, NO_DELAY
from tests.e2e.test_weighted import OBJECTIVES, rolled_back
from tests.support import faults, plain
from tests.support.place import Place
from tests.support.services import V1, V2, condition, ready, steps
from tests.support.site import Site, answered, over, warmed

Record = Callable[..., None]


@pytest.mark.parametrize(
    "shutdown", [pytest.param(BY_DEFAULT, id="delay"), pytest.param(NO_DELAY, id="none", marks=pytest.mark.long)]
)
def test_h03_a_gateway_learns_later_than_the_nodes(site: Site, record: Record, shutdown: Mapping[str, str]) -> None:
    """Its controller tells it of endpoints after it has heard of them itself: the same delay covers both."""
    place, protected = site.service.place, shutdown == BY_DEFAULT
    site.start(shutdown=shutdown, template=plain.pod(place.stage.shop_image, V1 | HASTY))
    warmed(site)
    with site.users(rate=50 if protected else 150) as users:
        answered(users)
        for pod in site.service.pods("v1"):
            faults.delete_pod(place, pod["metadata"]["name"])
            place.wait("Its successor", lambda: ready(site.service.pods("v1")) == 4)
        summary = over(site.service, users)
    record("H-3", summary, control=not protected)
    assert (summary.lost == 0) is protected, summary.first_loss


COOKIE = """
import sys
from urllib.request import ProxyHandler, Request, build_opener
with build_opener(ProxyHandler({})).open(Request(sys.argv[1], headers={"Host": sys.argv[2]}), timeout=10) as answer:
    print(answer.headers["X-Version"], (answer.headers["Set-Cookie"] or "").partition(";")[0])
"""


def cookie_of(site: Site, version: str) -> str:
    """The cookie that a browser got with an answer of this version."""
    stage = site.service.place.stage
    command = [*stage.prefix, sys.executable, "-c", COOKIE, f"http://{stage.gateway}/", site.host]

    def seen() -> str:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.split()
        return told[1] if told[:1] == [version] and len(told) == 2 else ""

    return str(site.service.place.wait(f"A cookie of {version}", seen, 60))


@pytest.mark.long
def test_g11_sticky_sessions_ignore_weights(site: Site, record: Record) -> None:
    """Sessions of a canary's pod end with it: after a rollback every one of them is on stable, and none is cut."""
    place = site.service.place
    site.start(rollout={"canary": {"steps": [{"weight": 50, "pause": "UntilResumed"}]}}, shutdown=BY_DEFAULT)
    route = plain.route("shop-web", site.host, {"shop": 100, "shop-canary": 0})
    route["spec"]["rules"][0]["sessionPersistence"] = {"sessionName": "basket", "type": "Cookie"}
    place.apply(route)
    warmed(site)
    site.service.change(V2)
    site.service.wait_for("Paused")
    headers = {"Cookie": cookie_of(site, "v2")}
    load = Load(url=f"http://{place.stage.gateway}/", host=site.host, rate=50, connections="keepalive", headers=headers)
    with place.send(load) as users:
        answered(users)
        share_before = share(users.seconds[-5:], "v2")
        site.service.command("abort")
        site.service.wait_for("Degraded")
        users.wait_for(lambda seconds: all(set(one.versions) == {"v1"} for one in seconds[-5:]), 60)
        summary = over(site.service, users)
    record("G-11", summary)
    print(f"G-11: {share_before} of the sessions' requests went to the canary at 50 %.")
    assert summary.lost == 0, summary.first_loss


@pytest.mark.long
def test_g12_one_user_meets_both_versions(site: Site, record: Record) -> None:
    """A weight is drawn for each request, also on one connection: while it climbs a user meets both, then only one."""
    site.start(rollout=steps(50, hold="10s"))
    warmed(site)
    place = site.service.place
    url = f"http://{place.stage.gateway}/"
    with place.send(Load(url=url, host=site.host, rate=20, connections="keepalive", pool=1)) as user:
        answered(user)
        site.service.change(V2)
        site.service.wait_for_weight(50)
        user.wait_for(lambda seconds: any({"v1", "v2"} <= set(one.versions) for one in seconds), 60)
        site.service.wait_for("Healthy")
        user.wait_for(lambda seconds: all(set(one.versions) == {"v2"} for one in seconds[-5:]), 60)
        summary = user.stop()
    record("G-12", summary)
    assert summary.lost == 0, summary.first_loss


def retrying(place: Place) -> None:
    """Let the gateway ask up to three times more where the answer is 500, and wait until it says that it does."""
    route = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "shop-web"}
    retry = {"numRetries": 3, "retryOn": {"httpStatusCodes": [500], "triggers": ["retriable-status-codes"]}}
    place.apply(
        {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "BackendTrafficPolicy",
            "metadata": {"name": "retrying"},
            "spec": {"targetRefs": [route], "retry": retry},
        }
    )
    words = ("get", "backendtrafficpolicy", "retrying", "-n", place.namespace, "-o")
    path = 'jsonpath={.status.ancestors[*].conditions[?(@.type=="Accepted")].status}'
    place.wait("The gateway's retries", lambda: place.stage.kubectl(*words, path).stdout == "True", 60)


@pytest.mark.long
def test_g15_retries_hide_failures_from_users_and_not_from_the_judge(site: Site, record: Record) -> None:
    """Every second answer of the new version is a 500, which users hardly see: pods count each attempt by itself."""
    site.start(rollout=steps(50, hold="60s"), objectives=OBJECTIVES)
    retrying(site.service.place)
    warmed(site)
    summary, message, shown = rolled_back(site, V2 | {"ERROR_RATE": "0.5"}, rate=50)
    record("G-15", summary)
    assert "error rate" in message
    assert shown <= answered_by_canary(summary) / 10, (shown, message)
    assert summary.lost == 0, summary.first_loss


def answered_by_canary(summary: Summary) -> int:
    """How many answers users had from the new version."""
    return answers([summary], "v2")


DENY = """
for name in $(ls /var/run/netns); do
  ip netns exec "$name" ip -4 -o address show | grep -q " $1/" || continue
  ip netns exec "$name" iptables -I INPUT -p tcp --dport 8080 ! -s "$2" -j REJECT
done
"""
"""A pod's own network refuses everybody but its node. The rule goes with the pod, whatever becomes of the story."""


def denied(pod: dict[str, Any]) -> None:
    """What a policy does that forgets a new version's pods: probes come from the node and pass."""
    address = str(pod["status"]["podIP"])
    node = f"{address.rpartition('.')[0]}.1"
    shell = ("sh", "-c", DENY, "deny", address, node)
    operations.found().engine.docker("exec", pod["spec"]["nodeName"], *shell, timeout=60)


@pytest.mark.long
def test_g17_a_policy_denies_the_canary(site: Site, record: Record) -> None:
    """Its pods are ready, and the gateway cannot reach them, which nothing in Kubernetes tells beforehand. The first
    requests are lost; then the weight is taken back with the numbers, and nobody is condemned.
    """
    site.start(rollout=steps(5, 50), objectives=OBJECTIVES)
    warmed(site)
    service, place = site.service, site.service.place
    with site.users() as users:
        answered(users)
        service.change(V2 | {"START_S": "12"})
        place.wait("The canary's addresses", lambda: addressed(service.pods("v2")))
        for pod in service.pods("v2"):
            denied(pod)
        place.wait("The weight taken back", lambda: "WeightWithdrawn" in service.reasons(), 240)
        said = condition(service, "WeightEffective", "False", "0 of ")
        place.wait("The weight gone", lambda: site.weights() == [1000, 0], 60)
        users.wait_for(lambda seconds: not any(one.lost for one in seconds[-10:]), 60)
        assert service.phase == "Progressing"
        assert len(service.pods("v2")) == 1
        service.command("abort")
        service.wait_for("Degraded")
        summary = users.stop()
    record("G-17", summary, control=True)
    print(f"G-17: {summary.lost} lost. {said}")
    assert summary.lost > 0, "nothing was sent to the canary, so nothing is shown"
    assert answers(users.seconds, "v2") == 0


def addressed(pods: list[dict[str, Any]]) -> bool:
    """Whether there are pods, and each has an address."""
    return bool(pods) and all(pod["status"].get("podIP") for pod in pods)


@pytest.mark.long
def test_h24_what_no_pod_counts_holds_the_rollout(site: Site, record: Record) -> None:
    """One of the canary's two pods cannot be reached: its share of the requests fails, and no counter of a pod shows
    it. The gateway's does; so the weight holds, nobody is condemned, and without that pod the rollout goes on.
    """
    site.start(rollout=steps(50, hold="20s"), objectives=OBJECTIVES)
    warmed(site)
    service, place = site.service, site.service.place
    with site.users() as users:
        answered(users)
        service.change(V2 | {"START_S": "12"})
        place.wait("Two canary pods", lambda: len(service.pods("v2")) == 2 and addressed(service.pods("v2")))
        lame = service.pods("v2")[0]
        denied(lame)
        said = condition(service, "LostAtGateway", "True", "no pod counted")
        until = len(users.seconds) + 10
        users.wait_for(lambda seconds: len(seconds) >= until, 60)
        assert (site.weights(), service.phase) == ([500, 500], "Progressing")
        assert {"Promoted", "RolledBack"} & set(service.reasons()) == set()
        faults.delete_pod(place, lame["metadata"]["name"])
        service.wait_for("Healthy", 400)
        summary = over(service, users)
    record("H-24", summary, control=True)
    print(f"H-24: {summary.lost} lost. {said}")
    assert summary.lost > 0, "nothing was lost, so nothing is shown"
