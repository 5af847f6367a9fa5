"""A Deployment, its Service and its autoscalers: how they are read, and what is written when they change hands."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gracefulservice.api.names import ADOPTED_LABEL, ADOPTION_ANNOTATION, FINALIZER, NAME_LABEL
from gracefulservice.cluster import handover, service_handover
from gracefulservice.cluster.adoptees import Found, adoptee
from gracefulservice.cluster.handover import COST, FIRST
from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import World
from gracefulservice.rollout.adoptee import Handover, Mark, OldPod, OldPort, Part, Whose
from tests.cluster.objects_seen import OURS, endpoint_slice, owner

HELD = owner(finalizers=[FINALIZER])
MARK = Mark(revision="b2", replicas=4)
SERVES = {NAME_LABEL: "shop", ADOPTED_LABEL: "serving"}
WRITTEN = {"name": "shop", "uid": HELD.uid, "revision": "b2", "replicas": 4}


def body_of(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Something that is not ours."""
    head = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "11"}
    return {"kind": kind, "metadata": head | metadata, "spec": spec}


def noted(what: Any) -> dict[str, str]:
    """Our annotation."""
    return {ADOPTION_ANNOTATION: orjson.dumps(what).decode()}


def before(replicas: int = 4, *, paused: bool = False, **metadata: Any) -> dict[str, Any]:
    """The Deployment, completely rolled out."""
    container = {"name": "app", "image": "shop:1", "ports": [{"containerPort": 8080, "name": "web"}]}
    template = {"metadata": {"labels": {"app": "before", "tier": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "before"}}, "template": template}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    found = body_of("Deployment", "before", spec | ({"paused": True} if paused else {}), generation=3, **metadata)
    return found | {"status": counts | {"observedGeneration": 3}}


def old(
    name: str, labels: Mapping[str, str] | None = None, *, ready: bool = True, hash_label: str = "abc"
) -> dict[str, Any]:
    """A pod of its ReplicaSet."""
    owners = [{"kind": "ReplicaSet", "name": f"before-{hash_label}", "uid": "rs", "controller": True}]
    marked = {"app": "before", "tier": "web", "pod-template-hash": "abc"} | dict(labels or {})
    found = body_of("Pod", name, {}, labels=marked, ownerReferences=owners)
    conditions = [{"type": "Ready", "status": str(ready)}]
    return found | {"status": {"phase": "Running", "conditions": conditions}}


def theirs(**metadata: Any) -> dict[str, Any]:
    """The Service before."""
    ports = [{"port": 80, "targetPort": "web", "protocol": "TCP"}, {"name": "m", "port": 9090, "targetPort": 9090}]
    return body_of("Service", "shop", {"selector": {"app": "before"}, "ports": ports}, **metadata)


def scaler(kind: str = "Deployment", name: str = "before", **metadata: Any) -> dict[str, Any]:
    """An autoscaler."""
    api = "apps/v1" if kind == "Deployment" else "gracefulservice.dev/v1alpha1"
    target = {"apiVersion": api, "kind": kind, "name": name}
    return body_of("HorizontalPodAutoscaler", "busy", {"scaleTargetRef": target}, **metadata)


def seen(*pods: Object, **found: Any) -> World:
    """A world with the Deployment in it."""
    given: dict[str, Any] = {"deployment": before(), "service": theirs(), "pods": pods} | found
    return World(adopted=Found(**given).objects("before"))


def sent(request: Request) -> Any:
    """What a request carries."""
    return orjson.loads(request.body)


def test_the_deployment_is_read_with_all_that_belongs_to_it() -> None:
    """Pods of its ReplicaSets alone; where each port leads; who is called besides."""
    pods = (
        old("a", SERVES),
        old("b", ready=False),
        old("c", {ADOPTED_LABEL: "leaving"}),
        old("d", hash_label="of-another"),
        old("e") | {"status": {"phase": "Failed"}},
    )
    slices = [endpoint_slice("shop", "a", "c", "mine", "web-1")]
    ours = [{"metadata": {"name": "mine"}}]
    found = adoptee(HELD, "before", Found(before(), theirs(), pods, slices, [scaler()], ours))
    assert found.pods == (
        OldPod("a", ready=True, visible=True, part=Part.SERVING),
        OldPod("b"),
        OldPod("c", ready=True, visible=True, part=Part.LEAVING),
    )
    assert (found.wanted, found.updated, found.rolled_out, found.paused) == (4, 4, True, False)
    assert (found.service, found.ports) == (Whose.THEIRS, (OldPort(80, 8080), OldPort(9090, 9090)))
    assert (found.strangers, found.autoscalers, found.contested, found.led) == (("web-1",), ("busy",), (), ())
    assert (found.images, found.controller, found.reserved, found.mark) == ({"app": "shop:1"}, "", "", None)


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (None, {"exists": False}),
        (before() | {"status": {"observedGeneration": 2, "replicas": 4}}, {"rolled_out": False, "updated": 0}),
        (before(paused=True), {"paused": True}),
        (before(ownerReferences=[{"kind": "Rollout", "name": "x", "controller": True}]), {"controller": "Rollout x"}),
        (before(annotations=noted(WRITTEN)), {"mark": MARK}),
        (before(annotations=noted(WRITTEN | {"uid": "of-an-earlier-one"})), {"mark": None, "rival": ""}),
        (before(annotations=noted(WRITTEN | {"name": "web"})), {"mark": None, "rival": "GracefulService web"}),
        (before(annotations={ADOPTION_ANNOTATION: "{"}), {"mark": None, "rival": ""}),
    ],
)
def test_what_the_deployment_itself_tells(deployment: Object | None, expected: dict[str, Any]) -> None:
    found = adoptee(HELD, "before", Found(deployment))
    assert {field: getattr(found, field) for field in expected} == expected


def test_a_label_of_ours_in_its_template_is_named() -> None:
    deployment = before()
    deployment["spec"]["template"]["metadata"]["labels"][NAME_LABEL] = "x"
    assert adoptee(HELD, "before", Found(deployment)).reserved == f"the label {NAME_LABEL}"


@pytest.mark.parametrize(
    ("autoscaler", "contested", "led"),
    [
        (scaler(annotations=noted({})), ("busy",), ()),
        (scaler("GracefulService", "shop", annotations=noted({})), (), ("busy",)),
        (scaler("GracefulService", "shop"), (), ()),
    ],
    ids=["led back by somebody", "led by us", "led by its owner"],
)
def test_whoever_led_an_autoscaler_is_known(autoscaler: Object, contested: Any, led: Any) -> None:
    found = adoptee(HELD, "before", Found(before(), autoscalers=[autoscaler]))
    assert (found.contested, found.led) == (contested, led)


WISH = Handover("before", "b2", MARK, {})


def test_nothing_is_written_without_the_finalizer() -> None:
    """What is taken must be given back."""
    wish = replace(WISH, pods={"a": Part.SERVING}, replicas=3, ours=True)
    world = seen(old("a"), autoscalers=[scaler()])
    unheld = owner()
    assert list(handover.of_pods(unheld, wish, world)) == []
    assert list(handover.of_autoscalers(unheld, wish, world)) == []
    assert list(service_handover.of_service(unheld, wish, world)) == []


def test_the_mark_comes_before_the_scale_and_each_with_the_version_seen() -> None:
    """One write per object and pass: the second would be decided on an older version."""
    (first,) = handover.of_pods(HELD, replace(WISH, replicas=3), seen())
    assert orjson.loads(sent(first)["metadata"]["annotations"][ADOPTION_ANNOTATION]) == WRITTEN
    assert sent(first)["metadata"]["resourceVersion"] == "11"
    marked = seen(deployment=before(annotations=noted(WRITTEN)))
    (second,) = handover.of_pods(HELD, replace(WISH, replicas=3), marked)
    assert (second.verb, sent(second)["spec"]) == ("scale", {"replicas": 3})
    assert list(handover.of_pods(HELD, replace(WISH, replicas=4), marked)) == []


@pytest.mark.parametrize(
    ("pod", "part", "labels", "annotations"),
    [
        (old("a"), Part.SERVING, {NAME_LABEL: "shop", ADOPTED_LABEL: "serving"}, None),
        (old("a"), Part.LEAVING, {NAME_LABEL: None, ADOPTED_LABEL: "leaving"}, {COST: FIRST}),
        (
            old("a", {ADOPTED_LABEL: "leaving"}),
            Part.SERVING,
            {NAME_LABEL: "shop", ADOPTED_LABEL: "serving"},
            {COST: None},
        ),
        (
            old("a", SERVES),
            Part.OWN,
            {NAME_LABEL: None, ADOPTED_LABEL: None},
            None,
        ),
    ],
    ids=["joins", "leaves", "comes back", "is free again"],
)
def test_a_pod_gets_the_labels_of_its_part(pod: Object, part: Part, labels: Any, annotations: Any) -> None:
    marked = seen(pod, deployment=before(annotations=noted(WRITTEN)))
    (request,) = handover.of_pods(HELD, replace(WISH, pods={"a": part, "gone": part}), marked)
    assert sent(request)["metadata"]["labels"] == labels
    assert sent(request)["metadata"].get("annotations") == annotations


def test_a_service_is_taken_in_one_write() -> None:
    """Selector, owner and the note of what it was; ports by number, and their own names."""
    (request,) = service_handover.of_service(HELD, replace(WISH, ours=True), seen())
    change = sent(request)
    assert change["spec"]["selector"] == {"app": None, NAME_LABEL: "shop"}
    assert [port["targetPort"] for port in change["spec"]["ports"]] == [8080, 9090]
    assert [port.get("name") for port in change["spec"]["ports"]] == [None, "m"]
    assert change["metadata"]["ownerReferences"][-1]["uid"] == HELD.uid
    note = orjson.loads(change["metadata"]["annotations"][ADOPTION_ANNOTATION])
    assert note == {"selector": {"app": "before"}, "ports": theirs()["spec"]["ports"]}
    assert list(service_handover.of_service(HELD, WISH, seen())) == [], "not before all endpoints bear the label"


def taken(**metadata: Any) -> dict[str, Any]:
    """The Service once it is ours."""
    note = noted({"selector": {"app": "before"}, "ports": theirs()["spec"]["ports"]})
    found = theirs(ownerReferences=OURS, annotations=note, labels={NAME_LABEL: "shop"}, **metadata)
    found["spec"] = found["spec"] | {"selector": {NAME_LABEL: "shop"}}
    found["spec"]["ports"][0]["targetPort"] = 8080
    return found


def test_a_service_is_given_back_as_it_was() -> None:
    (request,) = service_handover.of_service(HELD, replace(WISH, ours=False), seen(service=taken()))
    change = sent(request)
    assert change["spec"]["selector"] == {NAME_LABEL: None, "app": "before"}
    assert change["spec"]["ports"] == theirs()["spec"]["ports"]
    assert (change["metadata"]["labels"], change["metadata"]["ownerReferences"]) == ({NAME_LABEL: None}, None)


def test_a_port_that_leads_elsewhere_by_now_is_not_put_back() -> None:
    """The new version listens on another port, and the Deployment has its pods."""
    deployment = before()
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = 8081
    found = taken()
    (request,) = service_handover.of_service(
        HELD, replace(WISH, ours=False), seen(deployment=deployment, service=found)
    )
    assert sent(request)["spec"]["ports"][0]["targetPort"] == 8080


def test_a_selector_that_finds_no_pod_any_more_gives_way_to_the_deployments_own() -> None:
    deployment = before()
    deployment["spec"]["template"]["metadata"]["labels"] = {"app": "before", "tier": "new"}
    found = taken()
    found["metadata"]["annotations"] = noted({"selector": {"tier": "web"}})
    (request,) = service_handover.of_service(
        HELD, replace(WISH, ours=False), seen(deployment=deployment, service=found)
    )
    assert sent(request)["spec"]["selector"] == {NAME_LABEL: None, "app": "before"}


def test_while_pods_change_hands_the_service_is_wide_and_nothing_else_is_touched() -> None:
    assert list(service_handover.of_service(HELD, WISH, seen(service=taken()))) == []
    narrow = taken()
    narrow["spec"]["selector"] = {NAME_LABEL: "shop", "gracefulservice.dev/revision": "b2"}
    (request,) = service_handover.of_service(HELD, WISH, seen(service=narrow))
    assert sent(request)["spec"] == {"selector": {NAME_LABEL: "shop", "gracefulservice.dev/revision": None}}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([{"name": "http", "port": 80, "targetPort": "http"}], [(None, 80, "http"), ("m", 9090, 9090)]),
        (
            [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "m", "port": 81, "targetPort": "m"}],
            [("p80", 80, "http"), ("m", 9090, 9090), ("p81", 81, "m")],
        ),
    ],
    ids=["the same", "one more"],
)
def test_at_rest_ports_keep_their_names_and_strange_ones_stay(wanted: list[Any], expected: list[Any]) -> None:
    """A port that is renamed is not served for as long as the change travels."""
    found = service_handover.at_rest(taken(), wanted)
    assert [(port.get("name"), port["port"], port["targetPort"]) for port in found] == expected


@pytest.mark.parametrize(
    ("autoscaler", "ours", "kind"),
    [
        (scaler(), True, "GracefulService"),
        (scaler(name="another"), True, None),
        (scaler(annotations=noted({})), True, None),
        (scaler(), None, None),
        (scaler("GracefulService", "shop", annotations=noted({"scaleTargetRef": {"kind": "Other"}})), False, "Other"),
        (scaler("GracefulService", "shop", annotations=noted({})), False, "Deployment"),
        (scaler("GracefulService", "shop"), False, None),
    ],
    ids=["taken", "of another", "contested", "not yet", "given back", "given back without a note", "its owner's doing"],
)
def test_an_autoscaler_changes_hands(autoscaler: Object, ours: bool | None, kind: str | None) -> None:
    requests = list(handover.of_autoscalers(HELD, replace(WISH, ours=ours), seen(autoscalers=[autoscaler])))
    assert [sent(one)["spec"]["scaleTargetRef"]["kind"] for one in requests] == ([] if kind is None else [kind])


def test_the_mark_goes_when_it_is_not_wanted_any_more() -> None:
    marked = seen(deployment=before(annotations=noted(WRITTEN)))
    assert list(handover.unmarked(HELD, WISH, marked)) == []
    (request,) = handover.unmarked(HELD, replace(WISH, mark=None), marked)
    assert sent(request)["metadata"]["annotations"] == {ADOPTION_ANNOTATION: None}
    assert list(handover.unmarked(HELD, replace(WISH, mark=None), seen())) == []
