"""The service that things happen to, and what the actions ask of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support import autoscaling, faults, plain
from tests.support.place import Object, Place
from tests.support.services import Shop, leaving, ready, shop, version_of

REPLICAS = 4
OLD = "shop-before"
BEFORE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": OLD}
"""What is taken over."""
UNREACHED = "1"
"""Processors that a pod must use before an autoscaler asks for one more: it is there to be led over."""
PATIENCE = 600.0
"""Seconds an action may take on a busy machine; a slow one is visible in its row."""
BEHIND_GATEWAY = {"routes": [{"name": "web", "gatewayAPI": {"name": "shop-web"}}]}
SHUTDOWN = {"delay": "10s", "drain": "30s"}
"""The defaults; the drain is longer than the longest request."""
HTTP2: Object = {"name": "http2", "port": 81, "targetPort": 8080, "appProtocol": "kubernetes.io/h2c"}
PORTS = ({"name": "http", "port": 80, "targetPort": 8080}, HTTP2)
"""One container port, twice: a gateway must be told where to speak HTTP/2, which gRPC needs up to the pod."""
GRPC = {"type": "PathPrefix", "value": "/shop.v1.Shop"}
EVERYWHERE = [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
"""Pods may run on the control plane, too: a drained node's pods need another one."""


def template(place: Place, environment: Mapping[str, str]) -> Object:
    """The pods of every service here; a label of their own, so that a drain meets no others."""
    pod = plain.pod(place.stage.shop_image, environment)
    pod["metadata"]["labels"] = {"soak": place.namespace}
    pod["spec"]["tolerations"] = EVERYWHERE
    return pod


def climb(*weights: float, hold: str = "5s") -> Object:
    """A canary by steps, in place of a budget."""
    return {"steps": [{"weight": weight, "hold": hold} for weight in weights], "errorBudget": None}


RAMP: Object = {"errorBudget": 20, "steps": None}
"""A canary by budget, in place of steps."""


def served(route: Object) -> Object:
    """With a rule of its own for gRPC, which leads to the port that speaks HTTP/2, and with the time for long requests:
    a gateway gives up after 15 s by itself.
    """
    for rule in list(route["spec"]["rules"]):
        backends = [backend | {"port": HTTP2["port"]} for backend in rule["backendRefs"]]
        route["spec"]["rules"].append({"matches": [{"path": GRPC}], "backendRefs": backends})
    for rule in route["spec"]["rules"]:
        rule["timeouts"] = {"request": "60s"}
    return route


def paused_at(weight: float) -> Object:
    """A canary that stops for a person."""
    return {"steps": [{"weight": weight, "pause": "UntilResumed"}], "errorBudget": None}


@dataclass
class Target:
    """A GracefulService under traffic. Versions are numbered; ``stable`` is the one all users should get at rest."""

    place: Place
    random: Random
    routed: bool
    stable: str = "v1"
    made: int = field(default=1, init=False)

    @property
    def shop(self) -> Shop:
        """What the API shows of it."""
        return Shop(self.place)

    @property
    def host(self) -> str:
        """Its name behind the gateway."""
        return f"{self.place.namespace}.test"

    @property
    def entrance(self) -> str:
        """The host by which users come through the gateway; empty where none do."""
        return self.host if self.routed else ""

    def start(self) -> None:
        """The first version, ready, behind its route if it has one."""
        if self.routed:
            self.place.apply(served(plain.route("shop-web", self.host, {"shop": 100, "shop-canary": 0})))
        self.place.apply(self.wanted(**({"traffic": BEHIND_GATEWAY} if self.routed else {})))
        self.shop.wait_for("Healthy")

    def wanted(self, **fields: Any) -> Object:
        """The object as it is applied first; `fields` are further fields of its spec."""
        body = shop(
            self.place.stage.shop_image,
            {},
            replicas=REPLICAS,
            rollout={"canary": {"steps": climb(50)["steps"]}},
            objectives={"errorRate": {"max": "1%"}},
            shutdown=SHUTDOWN,
            ports=list(PORTS),
            **fields,
        )
        body["spec"]["template"] = template(self.place, {"VERSION": self.stable})
        return body

    def removed(self) -> None:
        """Delete the object, and wait until it is no more."""
        faults.done(
            self.place.stage, "delete", "gsvc", "-n", self.place.namespace, "shop", f"--timeout={PATIENCE:.0f}s"
        )

    def change(self, canary: Mapping[str, Any], **switches: str) -> str:
        """Ask for one more version, to be rolled out in this way; its name."""
        self.made += 1
        version = f"v{self.made}"
        pods = template(self.place, {"VERSION": version, **switches})
        self.place.patch("GracefulService", "shop", {"spec": {"template": pods, "rollout": {"canary": dict(canary)}}})
        return version

    def scale(self, replicas: int) -> None:
        """So many pods, and no other left, not even a leaving one."""
        self.place.patch("GracefulService", "shop", {"spec": {"replicas": replicas}})
        self.whole(replicas)

    def promoted(self, version: str) -> None:
        """Wait until the version is stable and every other pod is gone."""
        self.shop.wait_for("Healthy", PATIENCE)
        self.stable = version
        self.whole()

    def turned_back(self) -> None:
        """Wait until the rollout has ended on stable and every other pod is gone."""
        self.shop.wait_for("Degraded", PATIENCE)
        self.whole()

    def whole(self, replicas: int = REPLICAS) -> None:
        """Wait for exactly so many pods: all of stable, all ready, none leaving."""

        def seen() -> bool:
            pods = self.pods()
            settled = not any(leaving(pod) for pod in pods) and len(pods) == ready(pods) == replicas
            return settled and {version_of(pod) for pod in pods} == {self.stable}

        self.place.wait(f"{replicas} ready pods of {self.stable} and no other", seen, PATIENCE)

    def pods(self) -> list[Object]:
        """All its pods, the leaving ones as well."""
        return self.place.all("Pod", f"soak={self.place.namespace}")

    def any_pod(self) -> str:
        """The name of some pod that is not leaving."""
        return str(self.random.choice([name_of(pod) for pod in self.pods() if not leaving(pod)]))

    def fullest_node(self) -> str:
        """The node where most of its pods run."""
        nodes = [pod["spec"]["nodeName"] for pod in self.pods()]
        return str(max(sorted(set(nodes)), key=nodes.count))


@dataclass
class Taken(Target):
    """At first a live Deployment as people write it, with Service, route and autoscaler, and nothing of ours."""

    routed: bool = False

    @property
    def entrance(self) -> str:
        """The gateway leads to the Service before, while and after it is ours."""
        return self.host

    def start(self) -> None:
        """The Deployment's pods, ready, and what leads to them."""
        front = plain.service("shop")
        front["spec"] |= {"selector": {"app": OLD}, "ports": list(PORTS)}
        scaler = autoscaling.autoscaler(BEFORE, REPLICAS, REPLICAS + 2, UNREACHED)
        self.place.apply(served(plain.route("shop-web", self.host, {"shop": 1})), front, scaler)
        self.place.apply(deployed(self.place, OLD, {"VERSION": self.stable}))
        self.whole()


def deployed(place: Place, name: str, environment: Mapping[str, str]) -> Object:
    """A Deployment as people write it, with the pods of every service here."""
    body = plain.deployment(name, place.stage.shop_image, environment, REPLICAS)
    body["spec"]["template"]["metadata"]["labels"]["soak"] = place.namespace
    body["spec"]["template"]["spec"]["tolerations"] = EVERYWHERE
    return body


def name_of(obj: Mapping[str, Any]) -> str:
    """An object's name."""
    return str(obj["metadata"]["name"])
