"""Objects that admission refuses, each with the words its refusal must contain.

The same table is put before the real API server, which judges by the CRD, and before the code that reads
objects: the two must agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.admission import ASLEEP, EXEC, SMALLEST, Json, container, merged, route, spec


@dataclass(frozen=True)
class Refused:
    """An object that must not be stored. `change` is a JSON merge patch of `SMALLEST`.

    `says` must all be part of the answer. `by` tells who refuses it, where it is not both: only the API server
    knows names and doubles, only the reader looks up the name of a port.
    """

    id: str
    change: Mapping[str, Any]
    says: tuple[str, ...]
    by: Literal["both", "server", "reader"] = "both"

    @property
    def body(self) -> Json:
        """The object."""
        return merged(SMALLEST, self.change)


def steps(*weights: float) -> Json:
    """A change to a rollout with these weights."""
    return spec(rollout={"canary": {"steps": [{"weight": weight} for weight in weights]}})


SETTINGS: Json = {"name": "settings", "configMap": {"name": "shop-settings"}}
READ = container(envFrom=[{"configMapRef": {"name": "shop-settings"}}])


def config(*entries: Json) -> Json:
    """A change to a service that reads shop-settings and names these entries."""
    return spec(config=list(entries), template={"spec": READ})


REFUSED = (
    Refused("configuration of two objects in one", config(SETTINGS | {"secret": {"name": "keys"}}), ("exactly one",)),
    Refused("configuration of nothing", config({"name": "settings"}), ("exactly one: configMap or secret",)),
    Refused("more configuration than there is room for", config(*([SETTINGS] * 17)), ("config", "16")),
    Refused(
        "configuration that nothing reads",
        config(SETTINGS, {"name": "keys", "secret": {"name": "shop-settings"}}),
        ("spec.config[keys].secret", "Nothing in the template reads Secret shop-settings"),
        by="reader",
    ),
    Refused(
        "configuration that is named twice",
        config(SETTINGS, SETTINGS | {"name": "again"}),
        ("spec.config[again].configMap", "named by the entry settings already"),
        by="reader",
    ),
    Refused(
        "configuration beside an adoption",
        merged(config(SETTINGS), spec(adopt={"name": "old"})),
        ("spec.config and spec.adopt do not go together",),
    ),
    Refused(
        "a grace period shorter than the sleep",
        spec(template={"spec": container(lifecycle=ASLEEP) | {"terminationGracePeriodSeconds": 15}}),
        (
            "spec.template.spec.terminationGracePeriodSeconds",
            "terminationGracePeriodSeconds (15) is less than containers[app].lifecycle.preStop.sleep.seconds (20) + ",
            "+ shutdown.drain (at least 1s) + shutdown.margin (5s): raise it to 55, or leave it out",
        ),
    ),
    Refused(
        "a grace period shorter than delay and drain",
        spec(
            shutdown={"delay": "5s", "drain": "1m", "margin": "500ms"},
            template={"spec": {"terminationGracePeriodSeconds": 30}},
        ),
        (
            "terminationGracePeriodSeconds (30) is less than shutdown.delay (5s) + shutdown.drain (1m) + ",
            "+ shutdown.margin (500ms): raise it to 66, or leave it out",
        ),
    ),
    Refused(
        "a delay that is slept in whole seconds",
        spec(
            shutdown={"delay": "1500ms", "drain": "1s", "margin": "0s"},
            template={"spec": {"terminationGracePeriodSeconds": 2}},
        ),
        ("(2) is less than shutdown.delay (1500ms) + shutdown.drain (1s) + shutdown.margin (0s): raise it to 3,",),
    ),
    Refused(
        "a drain that is measured in a time that is fixed",
        spec(shutdown={"drain": "auto"}, template={"spec": {"terminationGracePeriodSeconds": 90}}),
        (
            "spec.template.spec.terminationGracePeriodSeconds",
            "shutdown.drain is auto, but terminationGracePeriodSeconds",
            "leave terminationGracePeriodSeconds out and it is generated",
        ),
    ),
    Refused(
        "a delay that is measured in a time that is fixed",
        spec(shutdown={"delay": "auto"}, template={"spec": {"terminationGracePeriodSeconds": 90}}),
        ("spec.template.spec.terminationGracePeriodSeconds", "is auto, but terminationGracePeriodSeconds"),
    ),
    Refused(
        "a hook of unknown length and a delay that is measured",
        spec(shutdown={"delay": "auto"}, template={"spec": container(lifecycle=EXEC)}),
        ("containers[app].lifecycle.preStop takes a time that nobody can tell", "shutdown.delay"),
    ),
    Refused("a margin that is measured", spec(shutdown={"margin": "auto"}), ("spec.shutdown.margin",)),
    Refused(
        "a sleep shorter than the delay",
        spec(shutdown={"delay": "30s"}, template={"spec": container(lifecycle=ASLEEP)}),
        ("containers[app].lifecycle.preStop.sleep.seconds (20) is less than shutdown.delay (30s): keep only one",),
    ),
    Refused(
        "a hook of unknown length",
        spec(template={"spec": container(lifecycle=EXEC)}),
        ("containers[app].lifecycle.preStop takes a time that nobody can tell", "shutdown.delay"),
    ),
    Refused(
        "nothing that serves",
        spec(template={"spec": container(ports=[{"containerPort": 53, "protocol": "UDP"}])}),
        ("No port serves", "a TCP containerPort, or list ports"),
    ),
    Refused(
        "a label of ours",
        spec(template={"metadata": {"labels": {"gracefulservice.dev/name": "x"}}}),
        ("spec.template.metadata.labels", "The prefix gracefulservice.dev/", "remove gracefulservice.dev/name"),
    ),
    Refused(
        "an annotation of ours",
        spec(template={"metadata": {"annotations": {"gracefulservice.dev/epoch": "1"}}}),
        ("spec.template.metadata.annotations", "remove gracefulservice.dev/epoch"),
    ),
    Refused(
        "a number used by two ports",
        spec(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]),
        ("ports of the Services have the", "number", "keep one of them"),
    ),
    Refused(
        "a target that is neither number nor name",
        spec(ports=[{"name": "a", "port": 80, "targetPort": "no_name"}]),
        ("spec.ports[", "targetPort"),
    ),
    Refused(
        "a target that no container names",
        spec(ports=[{"name": "a", "port": 80, "targetPort": "web"}]),
        ("spec.ports[a].targetPort", "targetPort web is the name of no TCP container port"),
        "reader",
    ),
    Refused(
        "a period said twice",
        spec(probes={"readiness": {"period": "2s", "periodSeconds": 2}}),
        ("spec.probes.readiness.period", "period and periodSeconds say the same: keep only one"),
    ),
    Refused(
        "a period Kubernetes cannot count",
        spec(probes={"liveness": {"period": "1s500ms"}}),
        ("spec.probes.liveness.period", "period is 1s500ms, but Kubernetes counts whole seconds"),
    ),
    Refused(
        "a liveness probe that must succeed twice",
        spec(probes={"liveness": {"successThreshold": 2}}),
        ("spec.probes.liveness.successThreshold", "liveness probe", "remove it"),
    ),
    Refused("steps that fall", steps(25, 50, 10), ("spec.rollout.canary.steps", "rise", "50", "10")),
    Refused("steps that stand still", steps(25, 25), ("spec.rollout.canary.steps", "rise", "25")),
    Refused("a step above 100 %", steps(50, 120), ("spec.rollout.canary.steps[1].weight", "less than or equal to 100")),
    Refused("a step of nothing", steps(0, 50), ("spec.rollout.canary.steps[0].weight", "greater than 0")),
    Refused("no step", steps(), ("spec.rollout.canary.steps", "at least 1 item")),
    Refused(
        "a budget beside steps",
        spec(rollout={"canary": {"errorBudget": 20, "steps": [{"weight": 10}]}}),
        ("spec.rollout.canary", "Give exactly one: errorBudget, from which the weights follow, or steps."),
    ),
    Refused("neither budget nor steps", spec(rollout={"canary": {}}), ("Give exactly one: errorBudget",)),
    Refused(
        "pods of a step without a route",
        spec(rollout={"canary": {"steps": [{"weight": 10, "replicas": 3}]}}),
        ("Without traffic.routes the weight is the share of the pods",),
    ),
    Refused(
        "a start longer than the deadline",
        spec(probes={"startup": {"within": "2m"}}, rollout={"progressDeadline": "90s"}),
        ("probes.startup.within (2m) is longer than rollout.progressDeadline (90s)", "raise the deadline"),
    ),
    Refused(
        "no deadline", spec(rollout={"progressDeadline": "0s"}), ("spec.rollout.progressDeadline", "use 1ms or more")
    ),
    Refused(
        "no error allowed",
        spec(objectives={"errorRate": {"max": "0%"}}),
        ("spec.objectives.errorRate.max", "use 0.01%"),
    ),
    Refused(
        "most requests may fail", spec(objectives={"errorRate": {"max": "50.1%"}}), ("errorRate.max", "use 50% or less")
    ),
    Refused(
        "an answer in no time",
        spec(objectives={"latency": {"p99": "0s"}}),
        ("spec.objectives.latency.p99", "1ms or more"),
    ),
    Refused(
        "a share in words", spec(objectives={"errorRate": {"max": "little"}}), ("spec.objectives.errorRate.max", "%")
    ),
    Refused("a duration in another format", spec(shutdown={"delay": "1.5s"}), ("spec.shutdown.delay",)),
    Refused(
        "good and bad",
        spec(objectives={"custom": [{"name": "a", "good": "g", "bad": "b", "total": "t", "max": "1%"}]}),
        ("spec.objectives.custom[0]", "Give exactly one counter besides total: good or bad."),
    ),
    Refused(
        "neither good nor bad",
        spec(objectives={"custom": [{"name": "a", "total": "t", "max": "1%"}]}),
        ("Give exactly one counter besides total",),
    ),
    Refused(
        "a function in a counter",
        spec(objectives={"custom": [{"name": "a", "bad": "sum by (x) (rate(b[5m]))", "total": "t", "max": "1%"}]}),
        ("function sum",),
    ),
    Refused(
        "a range of a counter",
        spec(objectives={"custom": [{"name": "a", "bad": "b[5m]", "total": "t", "max": "1%"}]}),
        ("counter", 'orders_total{result="failed"}'),
    ),
    Refused(
        "pages of pods that nobody reads",
        spec(metrics={"source": "app", "pods": {"port": 8080}}),
        ("source: pods",),
    ),
    Refused(
        "a cluster of an Envoy that nobody reads",
        spec(metrics={"envoy": {"cluster": "local_app"}}),
        ("source: envoy",),
    ),
    *(
        Refused(what, spec(objectives={"guards": [{"name": "a", "promql": "x"} | guard]}), (f"guards[0]{field}", says))
        for what, guard, field, says in (
            ("a guard without a threshold", {}, "", "Give exactly one threshold: max, or min."),
            ("a guard with two thresholds", {"min": 1, "max": 2}, "", "Give exactly one threshold: max, or min."),
            ("a word that nobody knows", {"promql": "$pod", "max": 1}, ".promql", "$canary, $stable and $namespace."),
            ("a longer word", {"promql": "y$canary_x", "max": 1}, ".promql", "the words are $canary, $stable and"),
            ("a guard without a query", {"promql": "", "max": 1}, ".promql", "1"),
            ("a query without end", {"promql": "x" * 2049, "max": 1}, ".promql", "x"),
            ("a threshold that is no number", {"max": "500Mi"}, ".max", "number"),
            ("a time that is none", {"max": 1, "for": "long"}, ".for", "long"),
        )
    ),
    Refused(
        "a guard that nobody names",
        spec(objectives={"guards": [{"promql": "x", "max": 1}]}),
        ("spec.objectives.guards[0].name",),
        by="reader",
    ),
    Refused(
        "more guards than one should look at",
        spec(objectives={"guards": [{"name": f"a{one}", "promql": "x", "max": 1} for one in range(9)]}),
        ("spec.objectives.guards", "8"),
    ),
    Refused(
        "a guard without a Prometheus",
        spec(metrics={"source": "pods"}, objectives={"guards": [{"name": "a", "promql": "x", "max": 1}]}),
        ("objectives.guards are queries to a Prometheus and metrics.source: pods asks none",),
    ),
    Refused("a path that is none", spec(metrics={"source": "pods", "pods": {"path": "metrics"}}), ("path",)),
    Refused(
        "counters of one's own for pods, without the failed ones",
        spec(objectives={"latency": None}, metrics={"source": "pods", "custom": {"total": "t"}}),
        ("spec.metrics.custom", "metrics.custom.bad"),
    ),
    Refused("counters of one's own, not named", spec(metrics={"source": "custom"}), ("custom",)),
    Refused(
        "counters without the failed ones",
        spec(objectives={"latency": None}, metrics={"source": "custom", "custom": {"total": "t"}}),
        ("spec.metrics.custom", "metrics.custom.bad"),
    ),
    Refused(
        "counters without the times",
        spec(metrics={"source": "custom", "custom": {"total": "t", "bad": "b"}}),
        ("spec.metrics.custom", "metrics.custom.buckets"),
    ),
    Refused(
        "a route of both kinds",
        route(name="shop", parentRefs=[{"name": "gateway"}]),
        ("gatewayAPI", "Give exactly one: name, of your own HTTPRoute, or parentRefs"),
    ),
    Refused("a route of no kind", route(), ("Give exactly one: name",)),
    Refused(
        "host names for the user's own route",
        route(name="shop", hostnames=["a.example"]),
        ("put them in your own HTTPRoute",),
    ),
    Refused("fewer than no pods", spec(replicas=-1), ("spec.replicas", "greater than or equal to 0")),
    Refused(
        "no container",
        spec(template={"spec": {"containers": []}}),
        ("spec.template.spec.containers", "at least 1 item"),
    ),
    Refused("a word that is none", spec(onViolation="Ignore"), ("spec.onViolation", "Rollback")),
    Refused("a source of later", spec(metrics={"source": "nginx"}), ("spec.metrics.source", "custom")),
    Refused(
        "a name that is too long",
        {"metadata": {"name": "a" * 53}},
        (f"metadata.name ({'a' * 53}, 53 characters)", "at most 52"),
        "server",
    ),
    Refused("a name that begins with a number", {"metadata": {"name": "1shop"}}, ("the first one a letter",), "server"),
    Refused(
        "a name with a dot",
        {"metadata": {"name": "shop.example"}},
        ("metadata.name (shop.example, 12 characters)",),
        "server",
    ),
    Refused("a name of ours", {"metadata": {"name": "shop-canary"}}, ("metadata.name ends in -canary",), "server"),
    Refused(
        "the adoption of what it would make itself",
        spec(adopt={"name": "shop-bcdfghjklm"}),
        ("spec.adopt.name is the name of a Deployment that this service itself would make",),
        "server",
    ),
    Refused(
        "two containers of one name",
        spec(template={"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}, {"name": "a"}]}}),
        ("spec.template.spec.containers[1]", "Duplicate value"),
        "server",
    ),
    Refused(
        "two routes",
        spec(traffic={"routes": [{"name": n, "gatewayAPI": {"name": n}} for n in "ab"]}),
        ("spec.traffic.routes", "at most 1 item"),
    ),
    Refused("a field that does not exist", spec(rolout={"bake": "1m"}), ('unknown field "spec.rolout"',), "server"),
    Refused(
        "a strategy of later", spec(rollout={"blueGreen": {}}), ('unknown field "spec.rollout.blueGreen"',), "server"
    ),
)
