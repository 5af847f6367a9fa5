"""The ports of the Services: each leads to a name, so that pods of two revisions may listen on different numbers."""

import pytest

from tests.rollout.test_contract import LOGS, PROXY, WEB, Json, contract, pods

PORTS = (
    pytest.param(
        None,
        [{"containerPort": 8080}],
        [("http", 80, "http")],
        [{"containerPort": 8080, "name": "http"}],
        id="a number gets a name",
    ),
    pytest.param(None, [{"containerPort": 8080, "name": "web"}], [("http", 80, "web")], None, id="a name is kept"),
    pytest.param(
        None,
        [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 8080, "hostIP": "1.2.3.4"}],
        [("http", 80, "http")],
        [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 8080, "hostIP": "1.2.3.4", "name": "http"}],
        id="the first TCP port, and nothing else is touched",
    ),
    pytest.param(
        [{"name": "web", "port": 8080}, {"name": "admin", "port": 81, "targetPort": 9090}],
        [{"containerPort": 1}, {"containerPort": 8080}],
        [("web", 8080, "web"), ("admin", 81, "admin")],
        [{"containerPort": 1}, {"containerPort": 8080, "name": "web"}, {"containerPort": 9090, "name": "admin"}],
        id="the same number, and a number nobody declares",
    ),
    pytest.param(
        [{"name": "web", "port": 80}, {"name": "plain", "port": 8080, "targetPort": "web"}],
        [{"containerPort": 3000}, {"containerPort": 3001, "name": "web"}],
        [("web", 80, "p3000"), ("plain", 8080, "web")],
        [{"containerPort": 3000, "name": "p3000"}, {"containerPort": 3001, "name": "web"}],
        id="a name that is taken",
    ),
    pytest.param(
        [{"name": "a", "port": 80, "targetPort": 3000}, {"name": "b", "port": 81, "targetPort": 3000}],
        [{"containerPort": 3000}],
        [("a", 80, "a"), ("b", 81, "a")],
        [{"containerPort": 3000, "name": "a"}],
        id="two ports to one",
    ),
    pytest.param(
        [{"name": "web", "port": 8080}],
        [],
        [("web", 8080, "web")],
        [{"containerPort": 8080, "name": "web"}],
        id="a port that only the Services name",
    ),
)


@pytest.mark.parametrize(("asked", "declared", "services", "added"), PORTS)
def test_services_lead_to_named_ports(
    asked: list[Json] | None, declared: list[Json], services: list[tuple[str, int, str]], added: list[Json] | None
) -> None:
    """So that pods of two revisions may listen on different numbers behind one Service."""
    fields = {"ports": asked} if asked else {}
    found = contract(template=pods({"name": "web", "ports": declared}), **fields)
    assert [(port.name, port.port, port.target_port) for port in found.ports] == services
    ports = found.containers["web"].ports
    assert (None if ports is None else list(ports)) == added
    assert found.port_names == {target for _, _, target in services}


def test_the_container_behind_the_first_port_serves() -> None:
    """A native sidecar in front of the application gets names for its ports, but neither probes nor sleep."""
    found = contract(
        template=pods(WEB, LOGS | {"ports": [{"containerPort": 9000}]}, initContainers=[PROXY]),
        ports=[{"name": "metrics", "port": 90, "targetPort": 9000}, {"name": "mesh", "port": 91, "targetPort": 15000}],
    )
    assert found.containers["logs"].probes.keys() == {"readinessProbe"}
    assert found.containers["web"].probes == {}
    assert found.containers["proxy"].model_dump(exclude_defaults=True) == {}


def test_a_port_that_moves_keeps_its_name() -> None:
    """The number changes, the name the Services lead to does not."""
    before = contract(template=pods({"name": "web", "ports": [{"containerPort": 8080}]}))
    after = contract(template=pods({"name": "web", "ports": [{"containerPort": 9090}]}))
    assert before.port_names == after.port_names == {"http"}


def test_what_is_spoken_there_is_said() -> None:
    """So that a gateway speaks HTTP/2 to pods that serve gRPC."""
    grpc = {"name": "grpc", "port": 81, "targetPort": 8080, "appProtocol": "kubernetes.io/h2c"}
    found = contract(template=pods(WEB), ports=[{"name": "web", "port": 80}, grpc])
    assert [port.app_protocol for port in found.ports] == [None, "kubernetes.io/h2c"]
