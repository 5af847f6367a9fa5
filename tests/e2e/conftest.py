"""What every story on the real cluster starts from. `make test` has brought the cluster up before."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.traffic.client import Summary
from tests.e2e import report
from tests.support import rights
from tests.support.place import Place, Stage, new_name
from tests.support.services import Shop
from tests.support.site import Site
from tests.support.stage import standing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def cluster() -> Stage:
    """The running local cluster, with the sample service's image on its nodes."""
    stage = standing()
    rights.restored(stage)
    return stage


@pytest.fixture
def place(cluster: Stage, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A namespace of the story's own; it is left to go on its own when the story ends."""
    name = new_name("story")
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, f"story={request.node.name[:60].split('[')[0]}")
    yield Place(cluster, name)
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
