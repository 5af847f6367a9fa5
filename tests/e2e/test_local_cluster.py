"""The cluster is real: a service is reached through the gateway, split by weight, and scraped with its labels."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from examples.traffic.client import answers, lost
from localcluster.addons.prometheus import SERVICE
from tests.support import plain
from tests.support.place import Place


def test_the_gateway_reaches_the_service_and_splits_by_weight(place: Place, record: Callable[..., None]) -> None:
    """Every request is answered, and a weight of 250 of 1000 gives a quarter to the second version."""
    host = f"{place.namespace}.test"
    for name in ("one", "two"):
        place.apply(plain.deployment(name, place.stage.shop_image, {"VERSION": name}, replicas=1), plain.service(name))
    place.apply(plain.route("web", host, {"one": 750, "two": 250}))
    place.wait("Both Deployments ready", lambda: all(ready(place, name) for name in ("one", "two")))
    place.wait("The route accepted", lambda: accepted(place, "web"))
    url = f"http://{place.stage.gateway}/"
    with place.traffic(url, host=host, rate=10) as probe:
        probe.wait_for(lambda seconds: any("one" in second.versions for second in seconds), 60)
    with place.traffic(url, host=host, rate=50) as users:
        seen = users.wait_for(lambda seconds: sum(second.answered for second in seconds) >= 1000, 120)
        summary = users.stop()
    record("L1", summary)
    assert lost(seen) == 0, summary.first_loss
    assert 180 <= answers(seen, "two") * 1000 / sum(second.answered for second in seen) <= 320


def test_prometheus_knows_every_pod_by_its_labels(place: Place) -> None:
    """A scraped pod carries namespace, pod and container as labels, and its counters rise."""
    place.apply(plain.deployment("shop", place.stage.shop_image, {"VERSION": "v1"}, replicas=1), plain.service("shop"))
    place.wait("The Deployment ready", lambda: ready(place, "shop"))
    name = place.all("Pod")[0]["metadata"]["name"]
    with place.traffic(place.address("shop"), rate=10):
        labels = place.wait("A counter that rises", lambda: counter(place, name))
    assert labels["container"] == "app"


def counter(place: Place, pod: str) -> Mapping[str, Any] | None:
    """The labels of the pod's counter of good answers, once it counts any."""
    query = f'http_requests_total{{namespace="{place.namespace}",pod="{pod}",code="200"}} > 0'
    answer = ask(place, query)
    return answer[0]["metric"] if answer else None


def ask(place: Place, query: str) -> list[dict[str, Any]]:
    """What Prometheus says, asked through the API server."""
    done = place.stage.kubectl("get", "--raw", f"{SERVICE}/api/v1/query?query={quote(query)}")
    return list(json.loads(done.stdout)["data"]["result"]) if done.returncode == 0 else []


def ready(place: Place, deployment: str) -> bool:
    """Whether all wanted pods of a Deployment are available."""
    found = place.get("Deployment", deployment)
    return bool(found and found["status"].get("availableReplicas") == found["spec"]["replicas"])


def accepted(place: Place, route: str) -> bool:
    """Whether a gateway has taken the route over."""
    found = place.get("HTTPRoute", route) or {}
    parents = found.get("status", {}).get("parents", [])
    wanted = {"Accepted": "True", "ResolvedRefs": "True"}
    return bool(parents) and all(
        wanted.items() <= {one["type"]: one["status"] for one in parent["conditions"]}.items() for parent in parents
    )
