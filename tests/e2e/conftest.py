"""What every story on the real cluster starts from. `make test` has brought the cluster up before."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from examples.traffic.client import Summary
from tests.e2e import report
from tests.support import cordons, faults, replicas, rights
from tests.support.place import Place, Stage, new_name
from tests.support.services import Shop
from tests.support.site import Site
from tests.support.stage import standing
from tests.support.turns import NODES, OPERATOR
from tests.support.witness import Witnessed, witnessed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that fails and has lost requests tells all that was so around them."""
    told = yield
    place = getattr(item, "funcargs", {}).get("place")
    if call.when == "call" and told.failed and isinstance(place, Witnessed):
        said = place.witness.told(report.BUILD / "evidence" / f"{item.name}.json")
        told.sections += [("Around the lost requests", said)] if said else []
    return told


@pytest.fixture(scope="session")
def cluster() -> Iterator[Stage]:
    """The running local cluster, with the sample service's image on its nodes. No story may make the operator crash."""
    stage = standing()
    rights.restored(stage)
    cordons.restored(stage)
    replicas.restored(stage)
    yield stage
    assert not faults.operator_restarts(stage)


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """Nobody takes the operator away while a story of this file waits for its answers."""
    with OPERATOR.together():
        yield


@pytest.fixture
def uncordoned() -> Iterator[None]:
    """Nobody cordons a node while a story of this file counts the pods on each."""
    with NODES.together():
        yield


@pytest.fixture
def place(cluster: Stage, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A namespace of the story's own; it is left to go on its own when the story ends."""
    name = new_name("story")
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, f"story={request.node.name[:60].split('[')[0]}")
    with witnessed(cluster, name, tmp_path) as watched:
        yield watched
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def service(place: Place) -> Shop:
    """The story's service, not applied yet."""
    return Shop(place)


@pytest.fixture
def site(service: Shop) -> Site:
    """The same behind the gateway, under a host of its own."""
    return Site(service, f"{service.place.namespace}.test")


@pytest.fixture
def record() -> Callable[..., None]:
    """Write a scenario's row of the report: `{id, requests, lost, control}`."""

    def write(scenario: str, *summaries: Summary, control: bool = False) -> None:
        sent, lost = (sum(getattr(one, word) for one in summaries) for word in ("sent", "lost"))
        report.write(scenario, requests=sent, lost=lost, control=control)

    return write
