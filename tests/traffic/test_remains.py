"""The route that was made: it goes when nobody asks for it, at rest, and follows the port of our Services."""

import copy

import pytest

from gracefulservice.cluster.kinds import HTTP_ROUTE, Object
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused
from tests.traffic.routes import ours, owner, route
from tests.traffic.test_router_contract import CASES, MADE, USERS, Bench, Case


async def left_behind(wanted: Case, weight: float) -> Bench:
    """A router at work beside a route that was made for the same service earlier."""
    maker = CASES["a route we make"].start()
    for _ in range(2):
        await maker.ensure(weight)
    bench = wanted.start()
    bench.api.put(HTTP_ROUTE, maker.api.objects[maker.ref])
    bench.acknowledge()
    return bench


def there(bench: Bench) -> bool:
    """Whether the route that was made is there."""
    return any(body["metadata"]["name"] == MADE.name for body in bench.api.of(HTTP_ROUTE))


BOTH = [Case(None), Case(USERS, route(ours(1, 0)))]


@pytest.mark.parametrize("wanted", BOTH, ids=["no route", "a user's route"])
async def test_it_goes_at_rest_and_never_in_a_rollout(wanted: Case) -> None:
    """While a rollout runs its weights may still carry users."""
    bench = await left_behind(wanted, 0.0)
    await bench.ensure(0.0, in_play=True)
    assert there(bench)
    bench.acknowledge()
    await bench.ensure(0.0)
    assert not there(bench)


@pytest.mark.parametrize("wanted", BOTH, ids=["no route", "a user's route"])
async def test_it_leads_to_stable_before_it_goes(wanted: Case) -> None:
    """One pass for each."""
    bench = await left_behind(wanted, 30.0)
    await bench.ensure(0.0)
    assert there(bench)
    await bench.ensure(0.0)
    assert not there(bench)


async def test_it_stays_when_it_is_asked_for() -> None:
    """Also by its name, as a route of the user's."""
    for wanted in (MADE, type(USERS)(name=MADE.name, ours=False)):
        bench = await left_behind(Case(wanted), 0.0)
        bench.acknowledge()
        await bench.ensure(0.0)
        assert there(bench)


async def test_where_no_route_can_be_read_none_was_made() -> None:
    """A cluster without Gateway API."""
    bench = Case(None).start()

    async def refuse(_request: Request) -> Object:
        raise Refused("The API server does not serve HTTPRoute (gateway.networking.k8s.io/v1).")

    bench.api.send = refuse  # type: ignore[method-assign,assignment]
    await bench.ensure(None)


async def test_a_service_that_is_being_deleted_takes_it_along() -> None:
    """By garbage collection."""
    bench = await left_behind(Case(None), 0.0)
    going = owner()
    going.body["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    await bench.router.ensure(going, await bench.router.observe(going), None, in_play=False, port=80)
    assert there(bench)


async def test_another_port_of_our_services_costs_no_weight() -> None:
    """The route follows in one patch; without a port that is known it stays as it is."""
    bench = CASES["a route we make"].start()
    for _ in range(2):
        await bench.ensure(40.0)
    before = copy.deepcopy(bench.api.objects[bench.ref]["spec"])
    await bench.ensure(40.0, port=None)
    assert bench.api.objects[bench.ref]["spec"] == before
    await bench.ensure(40.0, port=8000)
    backends = bench.api.objects[bench.ref]["spec"]["rules"][0]["backendRefs"]
    assert [(one["port"], one["weight"]) for one in backends] == [(8000, 600), (8000, 400)]
