"""Who sends what: shares of the rate, and each its own way."""

from typing import get_args

import pytest

from examples.traffic.client import Protocol
from tests.soak.crowd import probe
from tests.soak.target import served
from tests.soak.users import USERS, Users, Ways, loads
from tests.support import plain

GATEWAY = Ways(service="http://10.0.0.9:80/", gateway="http://10.0.0.1:80/", host="soak.test")
SERVICE = Ways(service="http://10.0.0.9:80/")


@pytest.mark.parametrize("ways", [GATEWAY, SERVICE])
def test_the_shares_make_the_whole_rate(ways: Ways) -> None:
    """Also where no user takes the gateway."""
    assert sum(load.rate for load in loads(ways, 600).values()) == pytest.approx(600, abs=0.01)


def test_each_kind_takes_its_way() -> None:
    """The gateway is asked by the service's name, the Service by its address."""
    found = loads(GATEWAY, 600)
    assert {load.host for who, load in found.items() if who.startswith("gateway")} == {"soak.test"}
    assert {load.url.partition("?")[0] for who, load in found.items() if who.startswith("service")} == {SERVICE.service}


def test_without_a_gateway_all_take_the_service() -> None:
    """A service without a route has no other way."""
    assert all(who.startswith("service") for who in loads(SERVICE, 100))


def test_a_long_request_has_the_time_it_needs() -> None:
    """Slow is not lost."""
    long = [load for load in loads(GATEWAY, 600).values() if "sleep=20s" in load.url]
    assert [load.timeout > 30 for load in long] == [True, True]


def test_every_protocol_takes_both_ways() -> None:
    """A gateway and a node lose them each in a way of their own."""
    spoken = {(one.way, one.how.get("protocol", "http1")) for one in USERS}
    assert spoken == {(way, protocol) for way in ("gateway", "service") for protocol in get_args(Protocol)}


def test_an_upload_is_large_slow_and_has_its_time() -> None:
    """As many bytes and seconds as are promised."""
    uploads = [load for load in loads(GATEWAY, 600).values() if load.protocol == "upload"]
    assert [(one.upload_bytes, one.upload_over) for one in uploads] == [(10 << 20, 20), (10 << 20, 20)]
    assert all(one.timeout > 2 * one.upload_over for one in uploads)


def test_long_requests_use_kept_connections_of_the_usual_number() -> None:
    """Which rest most of the time, also on a pod that leaves."""
    long = [load for load in loads(GATEWAY, 600).values() if "sleep=20s" in load.url]
    assert {(load.connections, load.pool) for load in long} == {("keepalive", None)}


def test_a_probe_speaks_as_its_users_do_but_is_quick() -> None:
    """Their way may be known for one protocol and not yet for another."""
    for load in loads(GATEWAY, 600).values():
        quick = probe(load)
        assert (quick.protocol, quick.host) == (load.protocol, load.host)
        assert load.url.startswith(quick.url)
        assert "sleep" not in quick.url
        assert max(quick.length, quick.upload_over) < 1


def test_gRPC_has_a_rule_of_its_own_to_the_port_of_HTTP2() -> None:  # noqa: N802 - their names
    """With the same backends and weights as everything else, and as patient."""
    route = served(plain.route("web", "soak.test", {"shop": 100, "shop-canary": 0}))
    usual, grpc = route["spec"]["rules"]
    assert [(one["name"], one["port"], one["weight"]) for one in usual["backendRefs"]] == [
        ("shop", 80, 100),
        ("shop-canary", 80, 0),
    ]
    assert [(one["name"], one["port"], one["weight"]) for one in grpc["backendRefs"]] == [
        ("shop", 81, 100),
        ("shop-canary", 81, 0),
    ]
    assert grpc["matches"] == [{"path": {"type": "PathPrefix", "value": "/shop.v1.Shop"}}]
    assert {rule["timeouts"]["request"] for rule in (usual, grpc)} == {"60s"}


def test_names_are_unique() -> None:
    """Users of one name would replace each other in the report."""
    assert len({one.name for one in USERS}) == len(USERS)
    assert Users("service", "new connections", 1, {}).name == "service, new connections"
