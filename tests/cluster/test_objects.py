"""The children: what is created for a revision, and that nothing of the user's template is lost on the way."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gracefulservice.cluster import objects
from gracefulservice.cluster.copies import names
from gracefulservice.cluster.objects import Record
from gracefulservice.ports import Owner
from gracefulservice.rollout.config import renamed
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.seen import WIDE
from tests.support.admission import SMALLEST, TAKEN, Json, merged

GOLDEN = Path(__file__).parent / "golden" / "shop.yaml"
OWNER = Owner(SMALLEST | {"metadata": {"name": "shop", "namespace": "web", "uid": "0b6c"}})
OURS = {"gracefulservice.dev/name", "gracefulservice.dev/revision"}


def made(change: Json) -> tuple[Revision, Contract]:
    """The revision that a changed smallest object asks for, and its contract."""
    revision = Revision.of(merged(SMALLEST, change)["spec"])
    contract = resolve(revision.input)
    assert isinstance(contract, Contract)
    return revision, contract


def children(change: Json) -> list[Json]:
    """Everything that is made for it."""
    revision, contract = made(change)
    return [
        objects.revision_record(OWNER, revision, contract, 7, stable=True),
        objects.deployment(OWNER, revision, contract, 4),
        objects.service(OWNER, "shop", contract.ports, WIDE),
        objects.service(OWNER, "shop-canary", contract.ports, revision.id),
        objects.disruption_budget(OWNER, revision.id),
    ]


def test_the_children_of_the_documented_object() -> None:
    """Every byte of them, as a reader of the documentation would find them in the cluster."""
    assert children({}) == list(yaml.safe_load_all(GOLDEN.read_text()))


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_the_users_template_survives(change: Json) -> None:
    """Everything the user wrote is in the pods, beside what is added; and the input itself is not touched."""
    revision, contract = made(change)
    before = copy.deepcopy(dict(revision.input))
    template = objects.deployment(OWNER, revision, contract, 1)["spec"]["template"]
    assert includes(template, renamed(before["template"], names(OWNER.key.name, before)))
    assert revision.input == before


def includes(whole: Any, part: Any) -> bool:
    """Whether all of `part` is somewhere in `whole`, at the same place."""
    if isinstance(part, Mapping):
        return all(key in whole and includes(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(whole) >= len(part) and all(includes(*pair) for pair in zip(whole, part, strict=False))
    return bool(whole == part)


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_selectors_use_our_two_labels_and_the_pods_carry_them(change: Json) -> None:
    """Labels of the user never decide which pods serve."""
    _, deployment, wide, narrow, budget = children(change)
    pods = deployment["spec"]["template"]["metadata"]["labels"]
    matched = deployment["spec"]["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]
    for selector in (*matched, narrow["spec"]["selector"]):
        assert selector.keys() == OURS
        assert pods.items() >= selector.items()
    assert wide["spec"]["selector"] == {"gracefulservice.dev/name": "shop"}


def test_services_lead_to_ports_the_pods_have() -> None:
    """Every target is the name of a container port, also of a native sidecar's."""
    sidecar = {"name": "mesh", "restartPolicy": "Always", "ports": [{"containerPort": 15000}]}
    ports = [{"name": "mesh", "port": 80, "targetPort": 15000}, {"name": "app", "port": 81, "targetPort": 8080}]
    _, deployment, service, *_ = children(
        {"spec": {"ports": ports, "template": {"spec": {"initContainers": [sidecar]}}}}
    )
    spec = deployment["spec"]["template"]["spec"]
    named = {port.get("name") for one in (*spec["containers"], *spec["initContainers"]) for port in one["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == {"mesh", "app"} == named


def test_what_a_port_speaks_stands_in_the_services() -> None:
    """A gateway reads it there; where nothing is said, nothing is written."""
    grpc = {"name": "grpc", "port": 81, "targetPort": 8080, "appProtocol": "kubernetes.io/h2c"}
    _, _, service, *_ = children({"spec": {"ports": [{"name": "web", "port": 80}, grpc]}})
    assert [port.get("appProtocol", "") for port in service["spec"]["ports"]] == ["", "kubernetes.io/h2c"]
    assert "appProtocol" not in service["spec"]["ports"][0]


def test_services_lead_to_every_ready_pod_wherever_it_runs() -> None:
    """No preference for a zone or a node that may have no ready pod, and no stickiness that outlives a pod (H-23)."""
    _, _, wide, narrow, _ = children({})
    assert [service["spec"].keys() for service in (wide, narrow)] == [{"selector", "ports"}] * 2
    assert [service["metadata"].get("annotations") for service in (wide, narrow)] == [None, None]


def test_where_pods_run_is_left_to_the_scheduler_and_the_user() -> None:
    """Any rule of ours would switch off the scheduler's own, which spread a revision over nodes and zones (H-30)."""
    _, deployment, *_ = children({})
    spec = deployment["spec"]["template"]["spec"]
    assert not spec.keys() & {"topologySpreadConstraints", "affinity", "nodeSelector", "schedulerName"}


def test_hooks_are_added_beside_the_users_own() -> None:
    """A postStart hook stays where it is."""
    hook = {"postStart": {"exec": {"command": ["warm"]}}}
    container = {"name": "app", "ports": [{"containerPort": 8080}], "lifecycle": hook}
    _, deployment, *_ = children({"spec": {"template": {"spec": {"containers": [container]}}}})
    lifecycle = deployment["spec"]["template"]["spec"]["containers"][0]["lifecycle"]
    assert lifecycle == hook | {"preStop": {"sleep": {"seconds": 10}}}


def test_init_containers_that_end_are_left_as_they_are() -> None:
    """They are over before anything is served."""
    migrate = {"name": "migrate", "image": "registry.example/migrate:1", "command": ["up"]}
    _, deployment, *_ = children({"spec": {"template": {"spec": {"initContainers": [migrate]}}}})
    assert deployment["spec"]["template"]["spec"]["initContainers"] == [migrate]


def test_every_child_is_controlled_by_its_owner() -> None:
    """Garbage collection takes all of them, and no stranger's object is mistaken for ours."""
    for child in children({}):
        (reference,) = child["metadata"]["ownerReferences"]
        assert (reference["uid"], reference["controller"], reference["blockOwnerDeletion"]) == ("0b6c", True, True)
        assert child["metadata"]["namespace"] == "web"


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
@pytest.mark.parametrize(("stable", "condemned"), [(True, None), (False, "It failed 3 of 12 requests.")])
def test_a_record_tells_all_of_its_revision(change: Json, stable: bool, condemned: str | None) -> None:
    """After a lost status everything is read from here: input, contract, number and marks."""
    revision, contract = made(change)
    body = objects.revision_record(OWNER, revision, contract, 3, stable=stable, condemned=condemned)
    body["metadata"]["creationTimestamp"] = "2026-03-01T12:00:00Z"
    assert objects.read_record(body) == Record(revision, contract, 3, stable, condemned, 1772366400.0)


def test_marks_that_are_gone_are_absent() -> None:
    """An annotation with an empty value would still be a mark."""
    assert objects.marks(stable=False, condemned=None) == {}
    assert objects.marks(stable=True, condemned="") == {"gracefulservice.dev/stable": "true"}
