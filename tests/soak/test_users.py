"""Who sends what: shares of the rate, and each its own way."""

import pytest

from tests.soak.users import USERS, Users, Ways, loads

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


def test_names_are_unique() -> None:
    """Users of one name would replace each other in the report."""
    assert len({one.name for one in USERS}) == len(USERS)
    assert Users("service", "new connections", 1, {}).name == "service, new connections"
