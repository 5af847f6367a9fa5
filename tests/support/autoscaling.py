"""Autoscalers of a story's service, and what is to be seen of pods while they act."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from kubernetes.client.exceptions import ApiException

from tests.support.faults import done
from tests.support.place import Object, Place
from tests.support.services import Shop

NAME = "busy"
FEW = {"type": "Pods", "value": 4, "periodSeconds": 15}
"""By default the pods are doubled, which starts a dozen at once on a machine of two processors."""
SERVICE = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService", "name": "shop"}


def autoscaler(target: Mapping[str, str], least: int, most: int, each: str, patience: int = 300) -> Object:
    """A HorizontalPodAutoscaler that goes by processor time, `each` pod's share of it (`30m`: thousandths of one), and
    asks for fewer pods after `patience` seconds.
    """
    usage = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": each}}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": NAME},
        "spec": {
            "scaleTargetRef": dict(target),
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [usage],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": patience}, "scaleUp": {"policies": [FEW]}},
        },
    }


def asked(service: Shop) -> int:
    """What `spec.replicas` is now."""
    return int((service.place.get("GracefulService", "shop") or {})["spec"]["replicas"])


def used(place: Place, selector: str) -> int:
    """The processor time that these pods use now, in thousandths of a processor; 0 before it was measured."""
    pods = f"/apis/metrics.k8s.io/v1beta1/namespaces/{place.namespace}/pods"
    path = f"{pods}?labelSelector={quote(selector)}"
    measured = json.loads(done(place.stage, "get", "--raw", path))["items"]
    amounts = [container["usage"]["cpu"] for pod in measured for container in pod["containers"]]
    units = {"n": 1e-6, "u": 1e-3, "m": 1.0}
    return round(sum(float(one[:-1]) * units[one[-1]] if one[-1] in units else float(one) * 1000 for one in amounts))


@contextmanager
def sampled(look: Callable[[], Any]) -> Iterator[list[Any]]:
    """What `look` gives, twice a second, for as long as this lasts."""
    seen: list[Any] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            try:
                seen.append(look())
            except ApiException:
                continue  # an API server without an answer says nothing about pods

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
