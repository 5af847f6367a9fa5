"""What every router keeps: ensure is idempotent, observe agrees, foreign parts survive, wrong routes are refused."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from gracefulservice.api.names import EPOCH_ANNOTATION
from gracefulservice.cluster.kinds import HTTP_ROUTE, Object, Ref
from gracefulservice.errors import Stale
from gracefulservice.ports import Owner, Router
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.rollout.seen import RouteSeen
from gracefulservice.traffic.http_route import HTTPRoute
from gracefulservice.traffic.replica_ratio import ReplicaRatio
from tests.support.fake_cluster import FakeApiServer
from tests.support.fake_controllers import acknowledgements
from tests.traffic.routes import GATEWAY, backend, ours, owner, route, rule

USERS = RouteRef(name="front", ours=False)
MADE = RouteRef(name="shop", ours=True, parent_refs=(dict(GATEWAY),), hostnames=("shop.example",))
LEADER = "3@lease-1"


@dataclass(frozen=True)
class Case:
    """A router and the world it finds: the route that stands there, if any."""

    wanted: RouteRef | None
    found: Object | None = None

    def start(self, epoch: str = LEADER) -> "Bench":
        """A fresh world for this case."""
        api = FakeApiServer()
        if self.found:
            api.put(HTTP_ROUTE, copy.deepcopy(self.found))
        router = ReplicaRatio(api) if self.wanted is None else HTTPRoute(api, self.wanted, lambda: epoch)
        return Bench(api, router, self.wanted)


@dataclass
class Bench:
    """A router at work on an API server in memory."""

    api: FakeApiServer
    router: Router
    wanted: RouteRef | None

    @property
    def ref(self) -> Ref:
        """The route in play."""
        return Ref(HTTP_ROUTE, "default", self.wanted.name if self.wanted else "none")

    async def ensure(self, weight: float | None, *, in_play: bool = False, port: int | None = 80) -> None:
        """One look and one ensure, as a pass does it."""
        look = await self.router.observe(owner())
        await self.router.ensure(owner(), look, weight, in_play=in_play, port=port)

    def acknowledge(self) -> None:
        """Every Gateway takes the route as it is now."""
        if self.ref in self.api.objects:
            parents = list(acknowledgements(self.api.objects[self.ref]))
            self.api.edit(self.ref, lambda body: body.update(status={"parents": parents}))


FOREIGN = backend("cdn", 40, kind="Backend", group="gateway.envoyproxy.io")
HEADER = {"matches": [{"headers": [{"name": "x-beta", "value": "1"}]}]}
CASES: Mapping[str, Case] = {
    "pods split the traffic": Case(None),
    "a user's route with our two alone": Case(USERS, route(ours(1, 0))),
    "weights that are not written": Case(USERS, route(rule(backend("shop", None), backend("shop-canary", 0)))),
    "a user's route with somebody else's backend": Case(
        USERS, route(rule(FOREIGN, backend("shop-canary", 0), backend("shop", 200)))
    ),
    "a user's route with several rules": Case(
        USERS,
        route(
            rule(backend("shop", 1), **HEADER),
            ours(90, 10),
            rule(backend("shop", 150), backend("shop-canary", 0), FOREIGN, timeouts={"request": "5s"}),
            rule(backend("other", 1), backend("another", 3)),
        ),
    ),
    "a route we make": Case(MADE),
}


@pytest.fixture(params=CASES.values(), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """Each router in each world it must cope with."""
    found = request.param
    assert isinstance(found, Case)
    return found


@pytest.mark.parametrize("weight", [0.0, 0.1, 5.0, 33.3, 50.0, 99.9, 100.0])
async def test_ensuring_a_second_time_writes_nothing(case: Case, weight: float) -> None:
    """Whatever weight was ensured, it stands: the next pass finds nothing to do."""
    bench = case.start()
    for _ in range(2):
        await bench.ensure(weight)
    done = len(bench.api.writes)
    await bench.ensure(weight)
    assert len(bench.api.writes) == done


@pytest.mark.parametrize("weight", [0.0, 0.1, 5.0, 33.3, 50.0, 99.9, 100.0])
async def test_what_is_observed_is_what_was_ensured(case: Case, weight: float) -> None:
    """The weight is there to the route's granularity; it counts as acknowledged only once every Gateway says so."""
    bench = case.start()
    for _ in range(2):
        await bench.ensure(weight)
    before = (await bench.router.observe(owner())).seen
    bench.acknowledge()
    after = (await bench.router.observe(owner())).seen
    if before is None or after is None:
        assert case.wanted is None
        return
    assert (before.acknowledged, after.acknowledged) == (False, True)
    assert after.weight is not None
    assert abs(after.weight - weight) < after.granularity
    assert (after.weight > 0) == (weight > 0)
    assert (after.weight < 100) == (weight < 100)


async def test_nothing_but_our_two_weights_changes(case: Case) -> None:
    """Everything else in a user's route is afterwards what it was before, to the byte."""
    bench = case.start()
    await bench.ensure(25.0)
    if case.found is not None:
        assert without_ours(bench.api.objects[bench.ref]) == without_ours(case.found)


async def test_the_sum_beside_foreign_backends_is_kept() -> None:
    """Foreign backends keep their share: our two together carry what they carried."""
    bench = CASES["a user's route with several rules"].start()
    await bench.ensure(25.0)
    weights = [
        [one.get("weight") for one in each["backendRefs"]] for each in bench.api.objects[bench.ref]["spec"]["rules"]
    ]
    assert weights == [[1], [750, 250], [112, 38, 40], [1, 3]]


async def test_a_weight_left_open_leaves_the_weights_alone(case: Case) -> None:
    """None is not zero. Only a route we make comes into being."""
    bench = case.start()
    await bench.ensure(None)
    assert [request.verb for request in bench.api.writes] == (["create"] if case.wanted is MADE else [])


async def test_somebody_writes_between_look_and_ensure(case: Case) -> None:
    """A patch decided on an older route is Stale, and the route stays as the other left it."""
    bench = case.start()
    await bench.ensure(0.0)
    if bench.ref not in bench.api.objects:
        return
    look = await bench.router.observe(owner())
    theirs = copy.deepcopy(bench.api.edit(bench.ref, lambda body: body["metadata"].update(annotations={"by": "them"})))
    with pytest.raises(Stale):
        await bench.router.ensure(owner(), look, 50.0, in_play=True, port=80)
    assert bench.api.objects[bench.ref] == theirs


async def test_a_leader_signs_the_route_that_is_in_play(case: Case) -> None:
    """One signature per leader, and none at rest."""
    bench = case.start()
    await bench.ensure(0.0)
    at_rest = copy.deepcopy(bench.api.objects)
    await bench.ensure(0.0)
    assert bench.api.objects == at_rest
    for _ in range(2):
        await bench.ensure(0.0, in_play=True)
    if bench.ref in bench.api.objects:
        assert bench.api.objects[bench.ref]["metadata"]["annotations"] == {EPOCH_ANNOTATION: LEADER}


@pytest.mark.parametrize(
    ("theirs", "mine", "passes"),
    [
        ("4@lease-1", "3@lease-1", False),
        ("3@lease-1", "4@lease-1", True),
        ("9@lease-1", "10@lease-1", True),
        ("9@lease-1", "1@lease-2", True),
        ("garbage", "1@lease-1", True),
    ],
)
async def test_a_leader_that_was_overtaken_writes_nothing(theirs: str, mine: str, passes: bool) -> None:
    """The higher number of the same lease goes first; a lease that was made anew counts from the start."""
    bench = Case(USERS, route(ours(1, 0), annotations={EPOCH_ANNOTATION: theirs})).start(epoch=mine)
    before = copy.deepcopy(bench.api.objects)
    if passes:
        await bench.ensure(20.0)
        assert bench.api.objects[bench.ref]["metadata"]["annotations"][EPOCH_ANNOTATION] == mine
        return
    with pytest.raises(Stale, match="newer leader"):
        await bench.ensure(20.0)
    assert bench.api.objects == before


WRONG: Mapping[str, tuple[Object | None, str]] = {
    "it is not there": (None, "HTTPRoute default/front does not exist: create it"),
    "it names neither": (route(rule(backend("other", 1))), "name both as backendRefs of one rule"),
    "it names one only": (route(rule(backend("shop", 1))), "name both as backendRefs of one rule"),
    "it has no rules": (route(), "name both as backendRefs of one rule"),
    "both weights are 0": (route(ours(0, 0)), "name both as backendRefs of one rule"),
    "they are in another namespace": (
        route(rule(backend("shop", 1, namespace="b"), backend("shop-canary", 0, namespace="b"))),
        "name both as backendRefs of one rule",
    ),
    "one is named twice": (
        route(rule(backend("shop", 1), backend("shop-canary", 0), backend("shop", 1, port=81))),
        "names shop or shop-canary more than once in rule 1",
    ),
    "the parts are too coarse": (
        route(rule(backend("shop", 3), backend("shop-canary", 0), FOREIGN)),
        "together only 3 parts in rule 1",
    ),
}


@pytest.mark.parametrize(("found", "sentence"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_route_is_refused_and_not_repaired(found: Object | None, sentence: str) -> None:
    """No weight is seen in it, the sentence names the route and the fix, and nothing is written."""
    bench = Case(USERS, found).start()
    look = await bench.router.observe(owner())
    assert look.seen is not None
    assert look.seen.weight is None
    assert sentence in look.seen.trouble
    assert "default/front" in look.seen.trouble
    await bench.router.ensure(owner(), look, 50.0, in_play=True, port=80)
    assert bench.api.writes == []


async def test_a_route_of_ours_that_was_torn_apart_starts_over_at_stable() -> None:
    """Its form is put back at weight 0, whatever else somebody wrote into it; then it carries weights again."""
    bench = CASES["a route we make"].start()
    for weight in (0.0, 40.0):
        await bench.ensure(weight)

    def tear(body: Object) -> None:
        body["spec"] |= {"hostnames": ["elsewhere.example"], "rules": [rule(backend("other", 1))], "parentRefs": []}

    bench.api.edit(bench.ref, tear)
    await bench.ensure(40.0)
    assert (await bench.router.observe(owner())).seen == RouteSeen(weight=0.0, acknowledged=False, rules=(0,))
    assert bench.api.objects[bench.ref]["spec"]["hostnames"] == ["shop.example"]
    await bench.ensure(40.0)
    bench.acknowledge()
    assert (await bench.router.observe(owner())).seen == RouteSeen(weight=40.0, acknowledged=True, rules=(0,))


async def test_a_route_of_ours_whose_name_is_taken_is_not_touched() -> None:
    """Somebody else's route under our name is named, and nothing is made or changed."""
    bench = Case(MADE, route(ours(1, 0)) | {"metadata": {"name": "shop", "namespace": "default"}}).start()
    look = await bench.router.observe(owner())
    assert look.seen is not None
    assert "HTTPRoute default/shop already exists" in look.seen.trouble
    await bench.router.ensure(owner(), look, 10.0, in_play=True, port=80)
    assert bench.api.writes == []


async def test_a_released_route_outlives_the_service_and_is_as_it_was(case: Case) -> None:
    """Ours loses our reference and keeps any other; a user's is not touched. A second time nothing is left to do."""
    bench = case.start()
    await bench.ensure(0.0)
    ours, other = bench.wanted is MADE, {"kind": "Thing", "name": "other", "uid": "uid-of-other"}
    if ours:
        bench.api.edit(bench.ref, lambda body: body["metadata"]["ownerReferences"].append(other))
    before = copy.deepcopy(bench.api.objects.get(bench.ref))
    done = len(bench.api.writes)
    for _ in range(2):
        await bench.router.release(owner(), await bench.router.observe(owner()))
    assert len(bench.api.writes) - done == int(ours)
    if before is not None:
        after = bench.api.objects[bench.ref]
        assert after["metadata"].get("ownerReferences", []) == ([other] if ours else [])
        assert after["spec"] == before["spec"]


async def test_no_route_is_made_for_a_service_that_goes() -> None:
    """It would only be in the way of the end."""
    bench = CASES["a route we make"].start()
    going = owner()
    going = Owner({**going.body, "metadata": {**going.body["metadata"], "deletionTimestamp": "2026-03-01T12:00:00Z"}})
    await bench.router.ensure(going, await bench.router.observe(going), 0.0, in_play=False, port=80)
    assert bench.api.writes == []


def without_ours(body: Object) -> Any:
    """A route without the weights of our two backends and what the API server keeps for itself."""
    rules = copy.deepcopy(body["spec"]["rules"])
    for each in rules:
        both = {"shop", "shop-canary"} <= {one["name"] for one in each["backendRefs"]}
        for one in each["backendRefs"]:
            if both and one["name"] in ("shop", "shop-canary"):
                one.pop("weight", None)
    kept = {key: body["metadata"].get(key) for key in ("name", "namespace", "labels")}
    return kept, {**body["spec"], "rules": rules}
