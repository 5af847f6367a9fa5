"""What the heart learns from the children's objects."""

from typing import Any

import pytest

from gracefulservice.api.names import CONDEMNED_ANNOTATION, NAME_LABEL, REVISION_LABEL, STABLE_ANNOTATION
from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.look import UNKNOWN, Children, world
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, ServiceSeen
from tests.cluster.objects_seen import (
    budget,
    deployment,
    endpoint_slice,
    leaving,
    owner,
    pod,
    record,
    service,
)

NOON = 1772366400.0
"""2026-03-01T12:00:00Z."""


def fleet(*pods: Object, deployed: Object | None = None) -> Fleet:
    """What is seen of revision b2 with these pods."""
    seen = world(owner(), Children(deployments=[deployed or deployment("b2", 3)], pods=pods))
    return seen.fleets["b2"]


def test_an_empty_namespace_is_an_empty_world() -> None:
    """Before anything was made."""
    seen = world(owner(), Children())
    assert (seen.fleets, seen.records, seen.pods, seen.foreign, seen.objects) == ({}, {}, (), (), {})
    assert seen.stable_service == seen.canary_service == ServiceSeen()


def test_pods_are_counted_live() -> None:
    """Ready ones, and all that still run, those on their way out among them."""
    pods = [pod("a", "b2"), pod("b", "b2", ready=False), leaving(pod("c", "b2")), pod("d", "other")]
    assert fleet(*pods) == Fleet(wanted=3, ready=1, pods=3, restarts=2)


@pytest.mark.parametrize(
    ("past", "pods", "named"), [(-1, 1, False), (0, 1, False), (1, 1, True), (60, 1, True), (61, 0, False)]
)
def test_a_pod_of_a_lost_node_counts_for_a_minute_after_its_end(past: int, pods: int, named: bool) -> None:
    """Its deletion time has the grace period in it; meanwhile it is named, and then nobody waits or asks for it."""
    lost = leaving(pod("a", "b2"))
    lost["spec"]["nodeName"] = "w2"
    seen = world(owner(), Children(deployments=[deployment("b2", 3)], pods=[lost], at=NOON + 60 + past))
    assert (seen.fleets["b2"].pods, len(seen.pods)) == (pods, pods)
    assert seen.fleets["b2"].overdue == (("pod a on node w2",) if named else ())


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_the_remains_of_evicted_pods_count_for_nothing(phase: str) -> None:
    """They stay in the list for long; a revision is gone all the same."""
    assert fleet(pod("a", "b2", phase=phase, restartCount=7)) == Fleet(wanted=3, ready=0, pods=0)


def test_restarts_are_those_of_all_containers_of_pods_that_stay() -> None:
    """The sidecar of each pod of this world restarted once."""
    assert fleet(pod("a", "b2", restartCount=2), leaving(pod("b", "b2", restartCount=5))).restarts == 3


TROUBLES: dict[str, tuple[Object, list[Object], str]] = {
    "all is well": (deployment("b2", 1), [pod("a", "b2")], ""),
    "a container is only being started": (deployment("b2", 1), [pod("a", "b2", ready=False)], ""),
    "a container crashes": (
        deployment("b2", 1),
        [pod("a", "b2", ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}})],
        "CrashLoopBackOff",
    ),
    "no room for a pod": (
        deployment("b2", 1),
        [
            pod("a", "b2", ready=False)
            | {
                "status": {
                    "conditions": [
                        {
                            "type": "PodScheduled",
                            "status": "False",
                            "reason": "Unschedulable",
                            "message": "0/3 nodes are available",
                        }
                    ]
                }
            }
        ],
        "Unschedulable: 0/3 nodes are available",
    ),
    "no pod can be made": (
        deployment(
            "b2",
            1,
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
        ),
        [],
        "FailedCreate: exceeded quota",
    ),
}


@pytest.mark.parametrize(("deployed", "pods", "trouble"), TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_is_told_in_kubernetes_own_words(deployed: Object, pods: list[Object], trouble: str) -> None:
    """The reason, and the message where the reason alone says too little."""
    assert fleet(*pods, deployed=deployed).trouble == trouble


def test_a_headless_service_of_ours_is_told() -> None:
    """Somebody made it anew without an address; it is told and not fought over."""
    body = service("shop", "b2")
    assert world(owner(), Children(services=[body])).remarks == ()
    body["spec"]["clusterIP"] = "None"
    (remark,) = world(owner(), Children(services=[body])).remarks
    assert remark.startswith("Service default/shop is headless, so its clients keep the addresses of pods that have")


@pytest.mark.parametrize(("selects", "seen"), [("b2", "b2"), (None, WIDE)])
def test_a_selector_without_revision_is_wide(selects: str | None, seen: str) -> None:
    """Every pod of the service is behind it."""
    assert world(owner(), Children(services=[service("shop", selects)])).stable_service.selects == seen


def test_each_service_has_its_own_endpoints() -> None:
    """Ready ones per revision; a pod in two slices counts once."""
    children = Children(
        services=[service("shop", None), service("shop-canary", "c3")],
        pods=[pod("a", "b2"), pod("b", "b2"), pod("c", "c3")],
        slices=[
            endpoint_slice("shop", "a", "c"),
            endpoint_slice("shop", "a", ready=None),
            endpoint_slice("shop", "b", ready=False),
            endpoint_slice("shop-canary", "c"),
        ],
    )
    seen = world(owner(), children)
    assert seen.stable_service == ServiceSeen(WIDE, {"b2": 1, "c3": 1})
    assert seen.canary_service == ServiceSeen("c3", {"c3": 1})


def test_an_endpoint_whose_pod_is_not_in_the_list_belongs_to_nobody_known() -> None:
    """So that no revision is taken for the only one behind a Service while it may not be."""
    children = Children(
        services=[service("shop", "b2")], pods=[pod("a", "b2")], slices=[endpoint_slice("shop", "a", "x")]
    )
    seen = world(owner(), children).stable_service
    assert seen.endpoints == {"b2": 1, UNKNOWN: 1}
    assert not seen.only("b2")


def test_records_carry_number_and_marks() -> None:
    """The marks outlive the status."""
    marks = {CONDEMNED_ANNOTATION: "it failed 12 of 40 requests."}
    children = Children(records=[record("b2", 1, **{STABLE_ANNOTATION: "true"}), record("c3", 2, **marks)])
    assert world(owner(), children).records == {
        "b2": RecordSeen(number=1, stable=True),
        "c3": RecordSeen(number=2, condemned="it failed 12 of 40 requests."),
    }


def test_the_facts_of_a_pod_are_those_of_the_container_that_serves() -> None:
    """Not of the sidecar that is named first and restarted as well."""
    seen = world(owner(), Children(pods=[pod("b", "b2", restartCount=2), pod("a", "c3", ready=False)]))
    assert seen.pods == (
        PodFacts("a", "c3", created=NOON, ready_since=None, restarts=0, started=None, port=8080),
        PodFacts("b", "b2", NOON, NOON + 9, restarts=2, started=NOON + 5, address="10.0.0.7", port=8080),
    )


def stranger(body: Object, *references: dict[str, Any]) -> Object:
    """The same object, owned by others or nobody."""
    return body | {"metadata": body["metadata"] | {"ownerReferences": list(references)}}


OTHERS: dict[str, tuple[dict[str, Any], ...]] = {
    "nobody": (),
    "a GracefulService that was here before": (
        {"kind": "GracefulService", "name": "shop", "uid": "old", "controller": True},
    ),
    "an owner that controls nothing": ({"kind": "GracefulService", "name": "shop", "uid": "uid-of-shop"},),
}


@pytest.mark.parametrize("references", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize(
    "children",
    [
        {"services": [service("shop", "b2")]},
        {"services": [service("shop-canary", "b2")]},
        {"deployments": [deployment("b2", 3)]},
        {"records": [record("b2", 1)]},
    ],
    ids=["service", "canary service", "deployment", "record"],
)
def test_what_is_not_ours_is_named_and_not_seen_as_ours(
    children: dict[str, list[Object]], references: tuple[dict[str, Any], ...]
) -> None:
    """No fleet, no Service, no record, no object to write to; one sentence instead."""
    foreign: dict[str, Any] = {
        part: [stranger(body, *references) for body in bodies] for part, bodies in children.items()
    }
    seen = world(owner(), Children(**foreign))
    ((body,),) = foreign.values()
    assert len(seen.foreign) == 1
    assert f"{body['kind']} default/{body['metadata']['name']} already exists and belongs to" in seen.foreign[0]
    assert (seen.fleets, seen.records, seen.objects) == ({}, {}, {})
    assert seen.stable_service == seen.canary_service == ServiceSeen()


def test_a_users_own_service_beside_ours_is_nobodys_business() -> None:
    """It bears our label, but neither of our names."""
    assert world(owner(), Children(services=[stranger(service("shop-internal", None))])).foreign == ()


def test_ours_are_kept_for_the_writes() -> None:
    """By kind and name, with their resource versions."""
    children = Children(
        deployments=[deployment("b2", 1)], services=[service("shop", "b2")], budgets=[budget("shop-b2", {})]
    )
    objects = world(owner(), children).objects
    assert sorted(objects) == [("Deployment", "shop-b2"), ("PodDisruptionBudget", "shop-b2"), ("Service", "shop")]
    assert objects["Service", "shop"]["metadata"]["resourceVersion"] == "11"


def test_a_template_that_was_edited_is_remarked() -> None:
    """The Deployment's controller counts its templates; ours has one for ever."""
    edited = deployment("b2", 1, annotations={"deployment.kubernetes.io/revision": "2"})
    untouched = deployment("c3", 1, annotations={"deployment.kubernetes.io/revision": "1"})
    remarks = world(owner(), Children(deployments=[edited, untouched])).remarks
    assert len(remarks) == 1
    assert remarks[0].startswith("The template of Deployment default/shop-b2 was changed by somebody else")


MINE = {NAME_LABEL: "shop", REVISION_LABEL: "b2"}
SELECTORS: list[tuple[dict[str, Any] | None, bool]] = [
    (None, False),
    ({}, True),
    ({"matchLabels": {"app": "shop"}}, True),
    ({"matchLabels": {"app": "shop", "tier": "front"}}, False),
    ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop", "cart"]}]}, True),
    ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart"]}]}, False),
    ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["cart"]}]}, True),
    ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["shop"]}]}, False),
    ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
    ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
    ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ({"matchLabels": MINE, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
]


@pytest.mark.parametrize(("selector", "covers"), SELECTORS)
def test_a_budget_of_others_on_our_pods_is_respected(selector: dict[str, Any] | None, covers: bool) -> None:
    """An eviction obeys one budget only: theirs is named, and none of ours is wanted beside it."""
    theirs = budget("keep-shop", selector, ownerReferences=[])
    seen = world(owner(), Children(deployments=[deployment("b2", 3)], budgets=[theirs]))
    assert seen.rival_budgets == ({"b2": "keep-shop"} if covers else {})
    assert [remark.startswith("PodDisruptionBudget keep-shop") for remark in seen.remarks] == [True] * covers
    assert seen.foreign == ()


def test_our_own_budget_is_no_rival() -> None:
    """It covers the same pods, of course."""
    ours = budget("shop-b2", {"matchLabels": MINE})
    assert world(owner(), Children(deployments=[deployment("b2", 3)], budgets=[ours])).rival_budgets == {}
