"""The add-ons as they run: weights split, Prometheus tells revisions apart, usage is known, twice is harmless."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from examples.traffic.client import Load, Second, Traffic, answers, build
from localcluster import addons, environment, golang, operations, paths
from localcluster.addons import application_images, wheels
from localcluster.addons.prometheus import SERVICE
from localcluster.cluster import Cluster

pytestmark = pytest.mark.e2e

TWO_VERSIONS = Path(__file__).with_name("two-versions.yaml").read_text()
ROUTE = Path(__file__).with_name("route.yaml").read_text()
PATIENCE = 120.0
"""Seconds after which something that was not seen is taken as missing."""


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return operations.found()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(paths.REPOSITORY, tmp_path_factory.mktemp("traffic"), golang.go())


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    """Two versions of the sample service behind one route, v1 with weight 80 and v2 with weight 20."""
    name = f"addons-{uuid.uuid4().hex[:6]}"
    image = application_images.build_shop(cluster.engine)
    cluster.load([image])
    cluster.kubectl_output("create", "namespace", name)
    apply(cluster, name, TWO_VERSIONS.replace("IMAGE", image))
    for version in ("v1", "v2"):
        wait = ("rollout", "status", f"deployment/shop-{version}", "--timeout=120s")
        cluster.kubectl_output(*wait, "--namespace", name)
    # Not before the pods are ready: Envoy Gateway gives a rule another shape while one of its Services has no
    # endpoint, and an Envoy that is shown both within milliseconds serves neither for 15 s.
    apply(cluster, name, ROUTE.replace("HOST", f"{name}.example"))
    yield name
    cluster.kubectl_output("delete", "namespace", name, "--wait=false")


def apply(cluster: Cluster, namespace: str, text: str) -> None:
    cluster.kubectl_output("apply", "--namespace", namespace, "--filename", "-", stdin=text)


@pytest.fixture
def users(cluster: Cluster, namespace: str, program: Path) -> Iterator[Traffic]:
    """A hundred requests per second through the gateway, each on a new connection, from when it answers."""
    load = Load(url=f"http://{environment.recall().gateway}/", host=f"{namespace}.example", rate=100)
    with Traffic(program, load, through=cluster.prefix()) as early:
        early.wait_for(all_answered, PATIENCE)
    with Traffic(program, load, through=cluster.prefix()) as steady:
        yield steady


def all_answered(seconds: Sequence[Second]) -> bool:
    return bool(seconds) and seconds[-1].answered > 0 and seconds[-1].lost == 0


def only_v2(seconds: Sequence[Second]) -> bool:
    return bool(seconds) and answers(seconds[-1:], "v2") > 0 and answers(seconds[-1:], "v1") == 0


def test_traffic_follows_the_weights_and_nothing_is_lost(cluster: Cluster, namespace: str, users: Traffic) -> None:
    split = users.wait_for(lambda seconds: sum(second.answered for second in seconds) >= 500, PATIENCE)
    share = answers(split, "v2") / sum(second.answered for second in split)
    set_weights(cluster, namespace, 0, 100)
    users.wait_for(only_v2, PATIENCE)
    assert users.stop().lost == 0
    assert 0.1 < share < 0.3


def set_weights(cluster: Cluster, namespace: str, stable: int, canary: int) -> None:
    path = "/spec/rules/0/backendRefs"
    patch = [
        {"op": "replace", "path": f"{path}/{index}/weight", "value": weight}
        for index, weight in enumerate((stable, canary))
    ]
    words = ("patch", "httproute", "shop", "--type=json", f"--patch={json.dumps(patch)}")
    cluster.kubectl_output(*words, "--namespace", namespace)


def test_prometheus_tells_revisions_apart(cluster: Cluster, namespace: str) -> None:
    scraped = f'up{{namespace="{namespace}",name="shop",container="app"}} == 1'
    deadline = time.monotonic() + PATIENCE
    while len(found := query(cluster, scraped)) < 4 and time.monotonic() < deadline:
        time.sleep(0.5)
    pods = sorted((series["revision"], series["pod"].rsplit("-", 2)[0]) for series in found)
    assert pods == [("v1", "shop-v1")] * 2 + [("v2", "shop-v2")] * 2


def query(cluster: Cluster, expression: str) -> list[dict[str, str]]:
    """The labels of each series that an expression gives."""
    answer = cluster.kubectl_output("get", "--raw", f"{SERVICE}/api/v1/query?query={quote(expression)}")
    return [result["metric"] for result in json.loads(answer)["data"]["result"]]


def test_what_pods_use_is_known(cluster: Cluster, namespace: str) -> None:
    """What autoscalers go by; a pod is told of when two looks at it are done."""
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
    deadline = time.monotonic() + PATIENCE
    while len(found := json.loads(cluster.kubectl_output("get", "--raw", path))["items"]) < 4:
        assert time.monotonic() < deadline, f"Usage is known of {len(found)} of 4 pods."
        time.sleep(0.5)
    assert {container["name"] for pod in found for container in pod["containers"]} == {"app"}


def test_installing_again_changes_nothing(cluster: Cluster) -> None:
    before = identities(cluster)
    addons.install(cluster)
    assert identities(cluster) == before


def identities(cluster: Cluster) -> list[str]:
    """The pods of the add-ons and the revisions of the Helm release: what a needless change would replace."""
    columns = "--output=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{'\\n'}{end}"
    kinds = "pods,secrets,configmaps,services"
    listed = [
        cluster.kubectl_output("get", kinds, "--namespace", namespace, columns)
        for namespace in ("envoy-gateway-system", "monitoring")
    ]
    return sorted("\n".join(listed).splitlines())


def test_the_operators_image_runs_without_rights_and_without_writing(cluster: Cluster) -> None:
    image = application_images.build_operator(cluster.engine)
    program = "import gracefulservice, importlib.metadata, os; print(os.getuid(), importlib.metadata.version('kopf'))"
    limits = ("--rm", "--read-only", "--network=none", "--cap-drop=ALL", "--entrypoint=/opt/gracefulservice/bin/python")
    user, version = cluster.engine.docker("run", *limits, image, "-c", program).split()
    assert user == "65532"
    assert f"\nkopf=={version} " in wheels.LOCK.read_text()
