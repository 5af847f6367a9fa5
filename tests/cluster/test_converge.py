"""The requests that are missing between the world wanted and the world seen."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gracefulservice.api.names import CONDEMNED_ANNOTATION, FINALIZER, NAME_LABEL, REVISION_LABEL, STABLE_ANNOTATION
from gracefulservice.cluster import objects
from gracefulservice.cluster.converge import writes
from gracefulservice.cluster.kinds import CONTROLLER_REVISION, Object
from gracefulservice.cluster.look import Children, world
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import Owner, World
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.seen import WIDE
from tests.cluster.objects_seen import owner

PORTS = [{"name": "http", "port": 80}]


def planned(image: str = "shop:2", **spec: Any) -> Plan:
    """The plan of the service `shop` at a version."""
    container = {"name": "app", "image": image, "ports": [{"containerPort": 8080}]}
    plan = build("shop", {"replicas": 4, "template": {"spec": {"containers": [container]}}} | spec)
    assert isinstance(plan, Plan)
    return plan


OLD, NEW = planned("shop:1"), planned("shop:2")
B2, C3 = OLD.revision.id, NEW.revision.id
REST = Desired(
    fleets={B2: 4},
    stable_selector=B2,
    canary_selector=B2,
    weight=0.0,
    marks={},
    stable=B2,
    ports=OLD.contract.ports,
)


def there(body: Mapping[str, Any], version: str = "11", **metadata: Any) -> Object:
    """A manifest as the API server shows it afterwards."""
    seen = copy.deepcopy(dict(body))
    seen["metadata"] |= {"uid": f"uid-{seen['metadata']['name']}", "resourceVersion": version} | metadata
    if seen["kind"] == "Service":
        for port in seen["spec"]["ports"]:
            port |= {"protocol": "TCP", "nodePort": 30080}
        seen["spec"] |= {"clusterIP": "10.96.0.9", "type": "ClusterIP"}
    return seen


def settled(plan: Plan = OLD, replicas: int = 4, **parts: list[Object]) -> World:
    """The world of a service at rest at a plan's revision; `parts` replace what is read."""
    revision = plan.revision.id
    found: dict[str, Any] = {
        "deployments": [there(objects.deployment(owner(), plan.revision, plan.contract, replicas))],
        "services": [
            there(objects.service(owner(), name, plan.contract.ports, revision)) for name in ("shop", "shop-canary")
        ],
        "records": [there(objects.revision_record(owner(), plan.revision, plan.contract, 1, stable=True))],
        "budgets": [there(objects.disruption_budget(owner(), revision))] if replicas > 1 else [],
    }
    for body in found["records"]:
        body["metadata"]["creationTimestamp"] = "2026-03-01T12:00:00Z"
    return world(owner(), Children(**{**found, **parts}))


def with_new(before: World, replicas: int, condemned: str | None = None) -> World:
    """The same, with the new revision beside the old one."""
    record = there(objects.revision_record(owner(), NEW.revision, NEW.contract, 2, condemned=condemned))
    record["metadata"]["creationTimestamp"] = "2026-03-01T13:00:00Z"
    added = [there(objects.deployment(owner(), NEW.revision, NEW.contract, replicas), "12"), record]
    if replicas > 1:
        added.append(there(objects.disruption_budget(owner(), C3)))
    services = [before.objects["Service", name] for name in ("shop", "shop-canary")]
    bodies = [*before.objects.values(), *added]
    return world(
        owner(),
        Children(
            deployments=[body for body in bodies if body["kind"] == "Deployment"],
            services=services,
            records=[body for body in bodies if body["kind"] == "ControllerRevision"],
            budgets=[body for body in bodies if body["kind"] == "PodDisruptionBudget"],
        ),
    )


def said(requests: list[Request]) -> list[str]:
    """What is sent, in words."""
    return [f"{request.verb} {request.about}" for request in requests]


def body(request: Request) -> Any:
    """What a request carries."""
    return orjson.loads(request.body)


def test_at_rest_nothing_is_sent() -> None:
    """Also with all that the API server and others add to the objects."""
    assert writes(owner(), OLD, REST, settled()) == []


def test_a_first_revision_is_made_in_order() -> None:
    """The record before anything of it exists, the Services before the pods, so that no pod is ready unseen."""
    found = writes(owner(), OLD, replace(REST, stable=None), World())
    assert said(found) == [
        f"create ControllerRevision default/shop-{B2}",
        "create Service default/shop",
        "create Service default/shop-canary",
        f"create Deployment default/shop-{B2}",
        f"create PodDisruptionBudget default/shop-{B2}",
    ]
    assert body(found[0])["revision"] == 1
    assert body(found[3])["spec"]["replicas"] == 4


def test_the_next_revision_has_the_next_number() -> None:
    """Numbers rise, whatever was pruned meanwhile."""
    seen = settled()
    seen = replace(seen, records={B2: replace(seen.records[B2], number=7)})
    found = writes(owner(), NEW, replace(REST, fleets={B2: 4, C3: 1}), seen)
    assert said(found) == [f"create ControllerRevision default/shop-{C3}", f"create Deployment default/shop-{C3}"]
    assert body(found[0])["revision"] == 8


def test_a_target_that_waits_has_no_objects_yet() -> None:
    """Neither pods nor a record, until its turn comes."""
    assert writes(owner(), NEW, REST, settled()) == []


def test_what_is_wanted_twice_is_made_once() -> None:
    """With the objects of a first pass in sight, the second sends nothing."""
    seen = with_new(settled(), 1)
    assert writes(owner(), NEW, replace(REST, fleets={B2: 4, C3: 1}), seen) == []


def test_only_the_scale_of_a_deployment_is_ever_written() -> None:
    """At the version that was seen; more pods before fewer."""
    found = writes(owner(), NEW, replace(REST, fleets={B2: 3, C3: 2}), with_new(settled(), 1))
    assert said(found[:2]) == [f"scale Deployment default/shop-{C3}", f"scale Deployment default/shop-{B2}"]
    assert [body(request) for request in found[:2]] == [
        {"spec": {"replicas": 2}, "metadata": {"resourceVersion": "12"}},
        {"spec": {"replicas": 3}, "metadata": {"resourceVersion": "11"}},
    ]
    assert all(request.path.endswith("/scale") for request in found[:2])


def test_users_get_more_pods_before_anything_of_a_target_can_be_refused() -> None:
    """The first request that fails ends a pass; none of the target's stands before this one."""
    found = said(writes(owner(), NEW, replace(REST, fleets={B2: 6, C3: 1}), settled()))
    assert found[0] == f"scale Deployment default/shop-{B2}"
    assert len([one for one in found if one.startswith("scale")]) == 1


def test_a_foreign_edit_of_a_template_is_not_fought() -> None:
    """Nothing but the replicas of a Deployment is compared."""
    seen = settled()
    seen.objects["Deployment", f"shop-{B2}"]["spec"]["template"]["spec"]["containers"][0]["image"] = "other:1"
    assert writes(owner(), OLD, REST, seen) == []


def test_a_deployment_that_somebody_deleted_is_made_again_from_its_record() -> None:
    """As it was, not as the spec asks for now."""
    found = writes(owner(), NEW, replace(REST, fleets={B2: 4}), settled(deployments=[]))
    assert said(found) == [f"create Deployment default/shop-{B2}"]
    assert body(found[0])["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"


@pytest.mark.parametrize(
    ("selects", "selector"),
    [(C3, {NAME_LABEL: "shop", REVISION_LABEL: C3}), (WIDE, {NAME_LABEL: "shop"})],
)
def test_of_a_service_only_the_selector_is_changed(selects: str, selector: dict[str, str]) -> None:
    """As a whole, at the version that was seen: a key that is not wanted any more is gone."""
    found = writes(owner(), OLD, replace(REST, stable_selector=selects), settled())
    assert said(found) == ["patch Service default/shop"]
    assert body(found[0]) == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "11"},
        {"op": "add", "path": "/spec/selector", "value": selector},
    ]


def test_ports_that_differ_are_put_right() -> None:
    """In both Services, and nothing else in them."""
    wider = planned("shop:1", ports=[{"name": "http", "port": 80}, {"name": "admin", "port": 81, "targetPort": 8080}])
    found = writes(owner(), OLD, replace(REST, ports=wider.contract.ports), settled())
    patches = [request for request in found if request.kind.name == "Service"]
    assert said(patches) == ["patch Service default/shop", "patch Service default/shop-canary"]
    assert [operation["path"] for operation in body(patches[0])] == ["/metadata/resourceVersion", "/spec/ports"]


def test_what_a_port_speaks_is_put_right() -> None:
    """Gateways take a port without it for HTTP/1.1."""
    grpc = planned("shop:1", ports=[{"name": "http", "port": 80, "appProtocol": "kubernetes.io/h2c"}])
    found = writes(owner(), OLD, replace(REST, ports=grpc.contract.ports), settled())
    assert [operation["path"] for operation in body(found[0])] == ["/metadata/resourceVersion", "/spec/ports"]


def test_a_target_that_waits_changes_no_port() -> None:
    """Neither where stable's ports are known, nor where nobody can say what they are."""
    target = planned("shop:2", ports=[{"name": "web", "port": 8080}])
    for wish in (REST, replace(REST, ports=())):
        assert writes(owner(), target, wish, settled()) == []


def test_where_no_router_needs_it_the_canary_service_goes() -> None:
    """The very object that was seen, if nothing has changed it."""
    found = writes(owner(), OLD, replace(REST, canary_selector=None), settled())
    assert said(found) == ["delete Service default/shop-canary"]
    assert body(found[0])["preconditions"] == {"uid": "uid-shop-canary", "resourceVersion": "11"}


def test_marks_keep_nobody_on_a_bad_version() -> None:
    """The one that failed is condemned, the mark `stable` moves, after what leads users away: a mark may be refused."""
    wanted = replace(REST, fleets={B2: 0, C3: 4}, stable=C3, marks={B2: "it failed."}, stable_selector=C3)
    found = writes(owner(), NEW, wanted, with_new(settled(), 4))
    assert [request.kind for request in found].index(CONTROLLER_REVISION) > said(found).index(
        f"scale Deployment default/shop-{B2}"
    )
    marks = [body(one)["metadata"]["annotations"] for one in found if one.kind == CONTROLLER_REVISION]
    assert marks == [{STABLE_ANNOTATION: None, CONDEMNED_ANNOTATION: "it failed."}, {STABLE_ANNOTATION: "true"}]


def test_a_lifted_condemnation_is_lifted_on_the_record() -> None:
    """Else it would come back with the next loss of the status."""
    found = writes(owner(), OLD, REST, with_new(settled(), 0, condemned="it failed."))
    assert [body(request)["metadata"]["annotations"] for request in found] == [{CONDEMNED_ANNOTATION: None}]


def test_marks_are_left_alone_while_nobody_knows_what_is_stable() -> None:
    """After a loss of the status they are what it is found by."""
    assert writes(owner(), OLD, replace(REST, stable=None), settled()) == []


@pytest.mark.parametrize(("before", "wanted", "verbs"), [(1, 2, ["scale", "create"]), (2, 1, ["scale", "delete"])])
def test_a_budget_stands_from_two_pods_on(before: int, wanted: int, verbs: list[str]) -> None:
    """For one pod it would only block the drain of its node."""
    found = writes(owner(), OLD, replace(REST, fleets={B2: wanted}), settled(replicas=before))
    assert [request.verb for request in found] == verbs


def test_a_budget_gives_way_to_somebody_elses() -> None:
    """An eviction that two budgets cover is refused for ever."""
    seen = replace(settled(), rival_budgets={B2: "keep-shop"})
    assert said(writes(owner(), OLD, REST, seen)) == [f"delete PodDisruptionBudget default/shop-{B2}"]
    assert writes(owner(), OLD, REST, replace(settled(budgets=[]), rival_budgets={B2: "keep-shop"})) == []


def test_what_is_beyond_the_history_goes_pods_first() -> None:
    """The record last: as long as it stands, what is left can be found."""
    found = writes(owner(), OLD, replace(REST, prune=frozenset({C3})), with_new(settled(), 0))
    assert said(found) == [f"delete Deployment default/shop-{C3}", f"delete ControllerRevision default/shop-{C3}"]


OWNERS: dict[str, tuple[Owner, bool, list[str] | None]] = {
    "it is wanted": (owner(), True, [FINALIZER]),
    "beside others": (owner(finalizers=["other/one"]), True, ["other/one", FINALIZER]),
    "it stands": (owner(finalizers=[FINALIZER]), True, None),
    "it goes": (owner(finalizers=["other/one", FINALIZER]), False, ["other/one"]),
    "it was the last": (owner(finalizers=[FINALIZER], deletionTimestamp="2026-03-01T12:00:00Z"), False, []),
    "too late for one": (owner(deletionTimestamp="2026-03-01T12:00:00Z"), True, None),
    "nothing to do": (owner(finalizers=["other/one"]), False, None),
}


@pytest.mark.parametrize(("main", "wanted", "finalizers"), OWNERS.values(), ids=list(OWNERS))
def test_of_the_finalizers_only_ours_is_changed(main: Owner, wanted: bool, finalizers: list[str] | None) -> None:
    """At the version of the object that was read."""
    found = writes(main, OLD, replace(REST, finalizer=wanted), settled())
    metadata = [body(request)["metadata"] for request in found]
    assert metadata == ([] if finalizers is None else [{"finalizers": finalizers, "resourceVersion": "7"}])


GOING: Mapping[str, Callable[[], tuple[Owner, World]]] = {
    "the service goes": lambda: (owner(deletionTimestamp="2026-03-01T12:00:00Z"), World()),
    "a name is taken": lambda: (owner(), World(foreign=("Service default/shop is in the way.",))),
}


@pytest.mark.parametrize("case", GOING.values(), ids=list(GOING))
def test_nothing_new_is_made(case: Callable[[], tuple[Owner, World]]) -> None:
    """In a namespace that ends, or beside something of others that bears a name of ours."""
    main, seen = case()
    assert writes(main, OLD, REST, seen) == []


def test_what_is_there_is_still_brought_back_while_a_name_is_taken() -> None:
    """A rollback does not wait until somebody has cleaned up."""
    seen = replace(with_new(settled(), 1), foreign=("PodDisruptionBudget default/x is in the way.",))
    found = writes(owner(), NEW, replace(REST, fleets={B2: 5, C3: 0}, marks={C3: "it failed."}), seen)
    assert said(found) == [
        f"scale Deployment default/shop-{B2}",
        f"scale Deployment default/shop-{C3}",
        f"patch ControllerRevision default/shop-{C3}",
    ]
