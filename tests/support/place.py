"""A namespace of a story's own on the local cluster, and the few things a story does in it."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

from examples.traffic.client import Connections, Load, Traffic

Object = dict[str, Any]
KINDS = {
    "ConfigMap": "v1",
    "ControllerRevision": "apps/v1",
    "Deployment": "apps/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Event": "v1",
    "GracefulService": "gracefulservice.dev/v1alpha1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Lease": "coordination.k8s.io/v1",
    "Namespace": "v1",
    "Pod": "v1",
    "PodDisruptionBudget": "policy/v1",
    "Service": "v1",
}
PATIENCE = 180.0
"""Seconds a story waits for something on a starved machine before it gives up."""
POLL = 0.25


class NotSeenError(AssertionError):
    """What a story waited for did not happen; the message says what was there instead."""


@dataclass(frozen=True)
class Stage:
    """The running cluster: how to reach it, and the programs a story starts in its network."""

    kubeconfig: Path
    kubectl_path: Path
    gateway: str
    prometheus: str
    prefix: tuple[str, ...]
    traffic: Path
    shop_image: str

    @cached_property
    def api(self) -> DynamicClient:
        """The official client, which finds out kinds by itself."""
        settings = client.Configuration()
        config.load_kube_config(str(self.kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
        return DynamicClient(client.ApiClient(settings))  # type: ignore[no-untyped-call]

    def kubectl(self, *words: str, input: str | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
        """The cluster's own kubectl, as a user runs it."""
        command = [str(self.kubectl_path), f"--kubeconfig={self.kubeconfig}", *words]
        return subprocess.run(command, input=input, capture_output=True, text=True, check=False, timeout=120)


@dataclass(frozen=True)
class Place:
    """One namespace. Everything in it goes when the story ends."""

    stage: Stage
    namespace: str

    def kind(self, kind: str) -> Any:
        """The API of one kind."""
        return self.stage.api.resources.get(api_version=KINDS[kind], kind=kind)

    def apply(self, *objects: Object) -> None:
        """Create or update objects, as `kubectl apply` does."""
        text = "\n---\n".join(json.dumps(obj) for obj in objects)
        done = self.stage.kubectl("apply", "-n", self.namespace, "-f", "-", input=text)
        assert done.returncode == 0, done.stderr

    def get(self, kind: str, name: str) -> Object | None:
        """One object as it is now."""
        try:
            return dict(self.kind(kind).get(name=name, namespace=self.namespace).to_dict())
        except NotFoundError:
            return None

    def all(self, kind: str, selector: str = "") -> list[Object]:
        """All objects of a kind with these labels."""
        found = self.kind(kind).get(namespace=self.namespace, label_selector=selector or None)
        return [dict(item) for item in found.to_dict()["items"]]

    def patch(self, kind: str, name: str, change: Object) -> None:
        """Change some fields of an object."""
        content = "application/merge-patch+json"
        self.kind(kind).patch(name=name, namespace=self.namespace, body=change, content_type=content)

    def wait(self, what: str, seen: Callable[[], Any], within: float = PATIENCE) -> Any:
        """The first truthy answer of `seen`, which is asked again and again; `NotSeenError` after `within` seconds."""
        until = time.monotonic() + within
        while True:
            with suppress(ApiException):
                if answer := seen():
                    return answer
            if time.monotonic() > until:
                raise NotSeenError(f"{what} was not seen within {within:.0f} s.\n{self.story()}")
            time.sleep(POLL)

    def story(self) -> str:
        """What there is, for the message of a failed test."""
        lines = []
        for kind in ("GracefulService", "Deployment", "Pod", "HTTPRoute"):
            with suppress(ApiException):
                for obj in self.all(kind):
                    status = {key: value for key, value in (obj.get("status") or {}).items() if key != "memory"}
                    lines.append(f"{kind} {obj['metadata']['name']}: {json.dumps(status, default=str)[:1500]}")
        return "\n".join([*lines, *self.events()])

    def events(self) -> list[str]:
        """`reason: message` of every event, in order."""
        found = sorted(self.all("Event"), key=event_time)
        return [f"{event['reason']}: {event['message']}" for event in found]

    def traffic(self, url: str, *, host: str = "", rate: float = 50, connections: Connections = "new") -> Traffic:
        """Users, from where Service and gateway addresses are real."""
        return self.send(Load(url=url, host=host, rate=rate, connections=connections))

    def send(self, load: Load, through: Sequence[str] = ()) -> Traffic:
        """The same for users of any kind; ``through`` leads to another node than the usual one."""
        return Traffic(self.stage.traffic, load, through=through or self.stage.prefix)

    def address(self, service: str) -> str:
        """`http://ip:port` of a Service."""
        spec = self.wait(f"Service {service}", lambda: self.get("Service", service))["spec"]
        return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}/"


def event_time(event: Mapping[str, Any]) -> str:
    """When an event happened, to the microsecond where it says so."""
    return str(event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])


def new_name(word: str) -> str:
    """A name nobody has used."""
    return f"{word}-{uuid.uuid4().hex[:6]}"
