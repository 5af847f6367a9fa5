"""The Deployment: hardened, told everything it reads, replaced without ever leaving the leader alone."""

import aiohttp
import pytest
import yaml
from aiohttp.test_utils import unused_port

from gracefulservice import __version__
from gracefulservice.settings import FILES, Settings, from_environment
from gracefulservice.telemetry import Health, Telemetry, serving
from tests.chart.rendering import CHART, Helm, Rendered

TLS = {"ca": {"secret": "authority"}, "client": {"secret": "client"}}
BEARER, BASIC = {"bearer": {"secret": "bearer"}}, {"basic": {"secret": "basic"}}
EVERYTHING = {
    "namespaces": ["a", "b"],
    "prometheus": {"url": "https://prometheus.example:9090", "auth": BEARER, "tls": TLS},
}
INSTEAD = {"prometheus": {"url": "https://prometheus.example:9090", "auth": BASIC}}
"""What excludes something of that."""
PREFIX = "GRACEFULSERVICE_"


def test_helm_has_nothing_to_say_against_it(helm: Helm) -> None:
    done = helm.run("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout


def test_the_chart_is_of_the_operators_version(default: Rendered) -> None:
    assert default.container["image"].endswith(f":{__version__}")


@pytest.fixture
def told(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as the operator reads them in a pod of the chart."""
    rendered = helm.render(EVERYTHING)
    downward = {one["name"]: "here" for one in rendered.container["env"] if "valueFrom" in one}
    for name, value in (rendered.environment | downward).items():
        monkeypatch.setenv(name, value)
    return from_environment()


def test_every_setting_is_given(helm: Helm) -> None:
    given = {one["name"] for values in (EVERYTHING, INSTEAD) for one in helm.render(values).container["env"]}
    assert sorted(given) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_the_values_are_the_operators_own_defaults(told: Settings) -> None:
    chosen = {"namespaces", "prometheus_url", "pod_name", "pod_namespace", "pod_uid", "webhook_configuration"}
    chosen |= {f"prometheus_{name}_file" for name in FILES}
    assert told.model_dump(exclude=chosen) == Settings.model_construct().model_dump(exclude=chosen)


def test_what_is_chosen_arrives(told: Settings) -> None:
    assert told.namespaces == ("a", "b")
    assert str(told.prometheus_url) == "https://prometheus.example:9090/"


def test_it_knows_its_own_pod(default: Rendered) -> None:
    fields = {one["name"]: one["valueFrom"] for one in default.container["env"] if "valueFrom" in one}
    assert fields == {
        f"{PREFIX}POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        f"{PREFIX}POD_UID": {"fieldRef": {"fieldPath": "metadata.uid"}},
        f"{PREFIX}POD_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
    }


def test_services_of_the_namespace_are_not_taken_for_settings(default: Rendered) -> None:
    assert default.pod["spec"]["enableServiceLinks"] is False


def test_it_runs_under_the_restricted_pod_security_standard(default: Rendered) -> None:
    assert default.pod["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert default.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"} & set(default.pod["spec"])


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
async def test_probes_ask_what_the_operator_answers(default: Rendered, probe: str) -> None:
    asked = default.container[probe]["httpGet"]
    assert asked["port"] in [port["name"] for port in default.container["ports"]]
    port = unused_port()
    url = f"http://127.0.0.1:{port}{asked['path']}"
    async with serving(Telemetry(), Health(), port), aiohttp.request("GET", url) as answer:
        assert answer.status == 200


def test_an_upgrade_keeps_a_standby(default: Rendered) -> None:
    spec = default.one("Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_evictions_take_one_replica_at_a_time(default: Rendered) -> None:
    budget, deployment = default.one("PodDisruptionBudget")["spec"], default.one("Deployment")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert budget["selector"] == deployment["selector"]


def test_one_replica_has_no_budget_that_would_stop_a_drain(helm: Helm) -> None:
    assert helm.render({"replicas": 1}).all("PodDisruptionBudget") == []


@pytest.mark.parametrize(("values", "grace"), [({}, 45), ({"stopWithinSeconds": 60.5}, 86)], ids=str)
def test_the_grace_period_has_room_for_the_lease_to_be_given_back(
    helm: Helm, values: dict[str, float], grace: int
) -> None:
    assert helm.render(values).pod["spec"]["terminationGracePeriodSeconds"] == grace


def test_selectors_find_the_pods(helm: Helm) -> None:
    rendered = helm.render({"podLabels": {"a": "b"}})
    labels = rendered.pod["metadata"]["labels"].items()
    selectors = [
        rendered.one("Deployment")["spec"]["selector"]["matchLabels"],
        rendered.one("Service")["spec"]["selector"],
        *(rule["labelSelector"]["matchLabels"] for rule in rendered.pod["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector.items() <= labels for selector in selectors)


def test_replicas_are_spread_as_far_as_there_is_room(default: Rendered) -> None:
    rules = default.pod["spec"]["topologySpreadConstraints"]
    assert [rule["topologyKey"] for rule in rules] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert {rule["whenUnsatisfiable"] for rule in rules} == {"ScheduleAnyway"}


@pytest.mark.parametrize(("annotate", "places"), [("Service", {"Service"}), ("Pods", {"Pods"}), ("Nowhere", set())])
def test_metrics_are_announced_in_one_place(helm: Helm, annotate: str, places: set[str]) -> None:
    rendered = helm.render({"metrics": {"annotate": annotate, "port": 9000}})
    found = {"Service": rendered.one("Service")["metadata"], "Pods": rendered.pod["metadata"]}
    expected = {"prometheus.io/scrape": "true", "prometheus.io/port": "9000", "prometheus.io/path": "/metrics"}
    announced = {
        place for place, metadata in found.items() if expected.items() <= (metadata.get("annotations") or {}).items()
    }
    assert announced == places


def test_objects_are_named_after_the_release(helm: Helm) -> None:
    done = helm.run("template", "blue", str(CHART), "--show-only=templates/deployment.yaml", values={})
    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "blue-gracefulservice"
