"""Every value is documented, does what it says, and nothing else is accepted."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from gracefulservice import __version__
from tests.chart.rendering import CHART, Helm, Object, Rendered, at, nested

DIGEST = "sha256:" + "0" * 64
POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"

# value, what it is set to, kind whose object shows it, where, and what stands there then
EFFECTS: list[tuple[str, Any, str, str, Any]] = [
    ("replicas", 3, "Deployment", "spec/replicas", 3),
    ("image.repository", "example/op", "Deployment", f"{CONTAINER}/image", f"example/op:{__version__}"),
    ("image.tag", "v9", "Deployment", f"{CONTAINER}/image", "localhost/gracefulservice/operator:v9"),
    ("image.digest", DIGEST, "Deployment", f"{CONTAINER}/image", f"localhost/gracefulservice/operator@{DIGEST}"),
    ("image.pullPolicy", "Always", "Deployment", f"{CONTAINER}/imagePullPolicy", "Always"),
    ("image.pullSecrets", [{"name": "door"}], "Deployment", f"{POD}/imagePullSecrets", [{"name": "door"}]),
    ("namespaces", ["a"], "Role", "metadata/namespace", "a"),
    ("prometheus.url", "http://p:9090", "Deployment", "GRACEFULSERVICE_PROMETHEUS_URL", "http://p:9090"),
    ("prometheus.guards", False, "Deployment", "GRACEFULSERVICE_PROMETHEUS_GUARDS", "false"),
    ("webhook.enabled", False, "ValidatingWebhookConfiguration", "metadata/name", None),
    ("webhook.port", 9999, "Deployment", "GRACEFULSERVICE_WEBHOOK_PORT", "9999"),
    ("crds.install", False, "CustomResourceDefinition", "metadata/name", None),
    ("rbac.create", False, "ClusterRole", "metadata/name", None),
    ("rbac.aggregate", False, "ClusterRole", "metadata/name", "gracefulservice"),
    ("serviceAccount.name", "robot", "ServiceAccount", "metadata/name", "robot"),
    ("serviceAccount.annotations", {"a": "b"}, "ServiceAccount", "metadata/annotations", {"a": "b"}),
    ("leaderElection.durationSeconds", 30, "Deployment", "GRACEFULSERVICE_LEASE_DURATION", "30"),
    ("leaderElection.renewWithinSeconds", 9.5, "Deployment", "GRACEFULSERVICE_LEASE_RENEW_WITHIN", "9.5"),
    ("leaderElection.retrySeconds", 1, "Deployment", "GRACEFULSERVICE_LEASE_RETRY", "1"),
    ("requests.timeoutSeconds", 4, "Deployment", "GRACEFULSERVICE_API_TIMEOUT", "4"),
    ("workers", 32, "Deployment", "GRACEFULSERVICE_WORKERS", "32"),
    ("auditSeconds", 300, "Deployment", "GRACEFULSERVICE_AUDIT_PERIOD", "300"),
    ("stopWithinSeconds", 30, "Deployment", "GRACEFULSERVICE_STOP_WITHIN", "30"),
    ("logs.level", "debug", "Deployment", "GRACEFULSERVICE_LOG_LEVEL", "debug"),
    ("logs.format", "text", "Deployment", "GRACEFULSERVICE_LOG_FORMAT", "text"),
    ("metrics.port", 9000, "Service", "spec/ports/0/port", 9000),
    ("metrics.annotate", "Nowhere", "Service", "metadata/annotations", None),
    ("metrics.perService", True, "Deployment", "GRACEFULSERVICE_METRICS_PER_SERVICE", "true"),
    ("metrics.podMonitor.enabled", True, "PodMonitor", "metadata/name", "gracefulservice"),
    ("alerts.enabled", True, "PrometheusRule", "metadata/name", "gracefulservice"),
    ("resources.requests.cpu", "1", "Deployment", f"{CONTAINER}/resources/requests/cpu", "1"),
    ("resources.requests.memory", "1Gi", "Deployment", f"{CONTAINER}/resources/requests/memory", "1Gi"),
    ("resources.limits.memory", "2Gi", "Deployment", f"{CONTAINER}/resources/limits/memory", "2Gi"),
    ("priorityClassName", "high", "Deployment", f"{POD}/priorityClassName", "high"),
    ("nodeSelector", {"disk": "fast"}, "Deployment", f"{POD}/nodeSelector", {"disk": "fast"}),
    ("tolerations", [{"key": "x"}], "Deployment", f"{POD}/tolerations", [{"key": "x"}]),
    ("affinity", {"podAffinity": {}}, "Deployment", f"{POD}/affinity", {"podAffinity": {}}),
    ("podAnnotations", {"a": "b"}, "Deployment", "spec/template/metadata/annotations/a", "b"),
    ("podLabels", {"a": "b"}, "Deployment", "spec/template/metadata/labels/a", "b"),
]
ACCESS = {
    f"prometheus.{name}"
    for name in (
        *("auth.bearer.secret", "auth.bearer.key"),
        *("auth.basic.secret", "auth.basic.usernameKey", "auth.basic.passwordKey"),
        *("tls.ca.secret", "tls.ca.key"),
        *("tls.client.secret", "tls.client.certificateKey", "tls.client.privateKeyKey"),
    )
}
RIGHTS = {"config.configMaps", "config.secrets"}
MONITORING = {"metrics.podMonitor.interval", "metrics.podMonitor.labels", "alerts.labels"}
ELSEWHERE = {"serviceAccount.create"} | ACCESS | RIGHTS | MONITORING
"""Values that mean something only together with another one, or give rights; they have tests of their own."""


def values() -> Object:
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


def leaves(node: Object, path: str = "") -> Iterator[str]:
    for name, value in node.items():
        here = f"{path}.{name}".lstrip(".")
        yield from leaves(value, here) if isinstance(value, dict) and value else [here]


def shown(rendered: Rendered, kind: str, where: str) -> list[Any]:
    if where.startswith("GRACEFULSERVICE_"):
        return [rendered.environment.get(where)]
    return [at(body, where) for body in rendered.all(kind)] or [None]


def test_every_value_is_documented() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    undocumented = [
        line.strip()
        for above, line in pairwise(lines)
        if line and not line.lstrip().startswith("#") and not line.rstrip().endswith(":")
        if not above.lstrip().startswith("# ")
    ]
    assert undocumented == []


def test_every_value_is_tried() -> None:
    tried = [path for path, *_ in EFFECTS]
    assert sorted(tried) == sorted({*leaves(values())} - ELSEWHERE)


@pytest.mark.parametrize(("path", "value", "kind", "where", "then"), EFFECTS, ids=lambda part: str(part)[:40])
def test_every_value_has_its_effect(
    helm: Helm, default: Rendered, path: str, value: Any, kind: str, where: str, then: Any
) -> None:
    changed = shown(helm.render(nested(path, value)), kind, where)
    assert then in changed
    assert changed != shown(default, kind, where)


def test_an_existing_service_account_is_used(helm: Helm) -> None:
    rendered = helm.render({"serviceAccount": {"create": False, "name": "robot"}})
    assert rendered.all("ServiceAccount") == []
    assert rendered.pod["spec"]["serviceAccountName"] == "robot"
    subjects = [binding["subjects"][0]["name"] for binding in rendered.all("ClusterRoleBinding")]
    assert set(subjects) == {"robot"}


def test_a_missing_service_account_is_refused(helm: Helm) -> None:
    said = helm.refusal({"serviceAccount": {"create": False}})
    assert "serviceAccount.name must name the service account that exists" in said


def objects(node: Object, path: str = "") -> Iterator[str]:
    """Every place in the values that has fields of its own."""
    yield path
    for name, value in node.items():
        if isinstance(value, dict) and value and name not in ("requests", "limits"):
            yield from objects(value, f"{path}.{name}".lstrip("."))


@pytest.mark.parametrize("path", [*objects(values())])
def test_a_typo_is_refused_with_its_place(helm: Helm, path: str) -> None:
    said = helm.refusal(nested(f"{path}.replicsa".lstrip("."), 3))
    assert f"at '{'/' + path.replace('.', '/') if path else ''}': additional properties 'replicsa' not allowed" in said


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
        ({"replicas": "2"}, "at '/replicas': got string, want integer"),
        ({"image": {"digest": "sha256:1"}}, "at '/image/digest': 'sha256:1' does not match pattern"),
        ({"logs": {"level": "loud"}}, "at '/logs/level': value must be one of 'debug', 'info', 'warning', 'error'"),
        ({"prometheus": {"url": "p:9090"}}, "at '/prometheus/url': 'p:9090' does not match pattern"),
        ({"namespaces": ["a", "a"]}, "at '/namespaces': items at 0 and 1 are equal"),
        ({"namespaces": ["A"]}, "at '/namespaces/0': 'A' does not match pattern"),
        ({"metrics": {"port": 80}}, "at '/metrics/port': minimum: got 80, want 1,024"),
        ({"metrics": {"podMonitor": {"interval": "10"}}}, "at '/metrics/podMonitor/interval': '10' does not match"),
        ({"webhook": {"port": 80}}, "at '/webhook/port': minimum: got 80, want 1,024"),
        ({"webhook": {"port": 8080}}, "webhook.port and metrics.port must differ; both are 8080."),
        ({"podLabels": {"app.kubernetes.io/name": "x"}}, "at '/podLabels/app.kubernetes.io~1name'"),
        ({"leaderElection": {"retrySeconds": 10}}, "retrySeconds (10) must be below leaderElection.renewWithinSeconds"),
        ({"requests": {"timeoutSeconds": 5.5}}, "(10) and requests.timeoutSeconds (5.5) together must not exceed"),
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(helm: Helm, values: Object, says: str) -> None:
    assert says in helm.refusal(values)


def test_it_can_be_a_part_of_another_chart(helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: whole, version: 1.0.0}")
    shutil.copytree(CHART, tmp_path / "charts" / "gracefulservice")
    whole = helm.render({"global": {"team": "x"}, "gracefulservice": {"replicas": 3}}, chart=tmp_path)
    assert whole.one("Deployment")["spec"]["replicas"] == 3
