"""Objects that admission takes: put before the real API server and before the code that reads objects."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

SMALLEST: Json = {
    "apiVersion": "gracefulservice.dev/v1alpha1",
    "kind": "GracefulService",
    "metadata": {"name": "shop"},
    "spec": {
        "replicas": 4,
        "template": {
            "spec": {
                "containers": [
                    {"name": "app", "image": "registry.example/shop:1.4.2", "ports": [{"containerPort": 8080}]}
                ]
            }
        },
        "objectives": {"errorRate": {"max": "1%"}, "latency": {"p99": "300ms"}},
    },
}
"""The smallest useful object of the documentation."""


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> Json:
    """`base` after a JSON merge patch: null removes, lists are replaced."""
    kept = {key: value for key, value in base.items() if key not in change}
    changed = {
        key: merged(base.get(key) or {}, value) if isinstance(value, Mapping) else value
        for key, value in change.items()
        if value is not None
    }
    return kept | changed


def container(**fields: Any) -> Json:
    """The spec of a template with one container that has more than the smallest one."""
    plain: Json = SMALLEST["spec"]["template"]["spec"]["containers"][0]
    return {"containers": [{**plain, **fields}]}


def spec(**fields: Any) -> Json:
    """A change of fields of the spec."""
    return {"spec": fields}


def route(**gateway_api: Any) -> Json:
    """A change to a service behind one route."""
    return spec(traffic={"routes": [{"name": "web", "gatewayAPI": gateway_api}]})


ASLEEP = {"preStop": {"sleep": {"seconds": 20}}}
EXEC = {"preStop": {"exec": {"command": ["sleep", "5"]}}}

TAKEN: dict[str, Json] = {
    "the smallest": {},
    "a grace period of one's own": spec(template={"spec": {"terminationGracePeriodSeconds": 30}}),
    "a sleep and a grace period of one's own": spec(
        template={"spec": container(lifecycle=ASLEEP) | {"terminationGracePeriodSeconds": 26}}
    ),
    "a sleep as long as the delay": spec(shutdown={"delay": "20s"}, template={"spec": container(lifecycle=ASLEEP)}),
    "a hook of unknown length with a delay": spec(
        shutdown={"delay": "5s"}, template={"spec": container(lifecycle=EXEC)}
    ),
    "a drain that is measured": spec(shutdown={"delay": "5s", "drain": "auto"}),
    "a delay that is measured, and a sleep of one's own": spec(
        shutdown={"delay": "auto"}, template={"spec": container(lifecycle=ASLEEP)}
    ),
    "no delay at all": spec(shutdown={"delay": "0s", "drain": "0s", "margin": "0s"}),
    "steps with a hold and a pause": spec(
        rollout={
            "canary": {"steps": [{"weight": 0.5, "hold": "1m30s", "pause": "UntilResumed"}, {"weight": 100}]},
            "progressDeadline": "20s",
            "bake": "0s",
            "warmup": "0s",
        }
    ),
    "an error budget": spec(rollout={"canary": {"errorBudget": 5}}),
    "the user's own route": route(name="shop"),
    "a route that is made": route(parentRefs=[{"name": "gateway", "sectionName": "web"}], hostnames=["shop.example"]),
    "canary pods counted by the user behind a route": merged(
        route(name="shop"), spec(rollout={"canary": {"steps": [{"weight": 10, "replicas": 3}]}})
    ),
    "ports of all kinds": spec(
        ports=[
            {"name": "http", "port": 80},
            {"name": "admin", "port": 81, "targetPort": 9090},
            {"name": "named", "port": 82, "targetPort": "web"},
        ],
        template={"spec": container(ports=[{"containerPort": 8080}, {"containerPort": 8081, "name": "web"}])},
    ),
    "probes in short form": spec(
        probes={
            "readiness": {"path": "/readyz", "port": 8080, "period": "2s", "failureThreshold": 2},
            "liveness": {"path": "/healthz", "periodSeconds": 10, "timeoutSeconds": 2},
            "startup": {"within": "1m"},
        }
    ),
    "objectives of one's own": spec(
        objectives={
            "errorRate": {"max": "0.1%"},
            "latency": {"p50": "50ms", "p999": "1s"},
            "custom": [
                {
                    "name": "orders",
                    "bad": 'orders_total{result="failed",path="a(b){c}"}',
                    "total": "orders_total",
                    "max": "50%",
                },
                {
                    "name": "mails",
                    "good": "mails_total{state=~'sent|read'}",
                    "total": "mails_total {} ",
                    "max": "0.01%",
                },
            ],
        }
    ),
    "guards of one's own": spec(
        objectives={
            "guards": [
                {"name": "queue-lag", "promql": 'max(lag{ns="$namespace",pod=~"$canary"})', "max": 500, "for": "45s"},
                {"name": "free", "promql": "label_replace(free, `a`, `$1`, `b`, `(.*)$`) - x$stable", "min": 0.5},
                {"name": "at-once", "promql": "max(\nup) $", "max": -1e3, "for": "0s"},
            ]
        }
    ),
    "counters of one's own": spec(
        metrics={
            "source": "custom",
            "prometheus": {"url": "http://prometheus.monitoring:9090"},
            "custom": {"total": "calls_total", "bad": 'calls_total{ok="no"}', "buckets": "call_seconds_bucket"},
        }
    ),
    "configuration of both kinds": spec(
        config=[
            {"name": "settings", "configMap": {"name": "shop-settings"}},
            {"name": "keys", "secret": {"name": "shop.keys"}},
        ],
        template={
            "spec": container(
                envFrom=[{"configMapRef": {"name": "shop-settings"}}],
                env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "shop.keys", "key": "key"}}}],
            )
        },
    ),
    "counters of a proxy in each pod": spec(metrics={"source": "linkerd"}),
    "counters of an Envoy in each pod": spec(metrics={"source": "envoy", "envoy": {"cluster": "inbound|8080||"}}),
    "pods that are read without a Prometheus": spec(
        metrics={"source": "pods", "pods": {"port": 9090, "path": "/stats?format=text"}, "app": {"codeLabel": "status"}}
    ),
    "counters of one's own, read without a Prometheus": spec(
        metrics={"source": "pods", "custom": {"total": "t", "bad": 'b{code=~"5.."}', "buckets": "s_bucket"}}
    ),
    "an application with its own names": spec(
        metrics={"app": {"requests": "calls_total", "duration": "call_seconds", "codeLabel": "status"}}
    ),
    "fields of the template nobody here knows": spec(
        template={
            "metadata": {"labels": {"team": "shop"}, "annotations": {"prometheus.io/scrape": "true"}},
            "spec": {
                **container(env=[{"name": "A", "value": "1"}], lifecycle={"postStart": {"exec": {"command": ["a"]}}}),
                "initContainers": [
                    {"name": "proxy", "image": "p:1", "restartPolicy": "Always", "ports": [{"containerPort": 1}]}
                ],
                "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}],
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
                ],
            },
        }
    ),
    "policies, restart and history": spec(
        onNoTraffic="Pause", onOutage="Pause", onViolation="Pause", restartToken="2", historyLimit=0, replicas=0
    ),
}
"""What is stored as it is written, by what it shows."""
