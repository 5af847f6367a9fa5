"""What a service leaves behind when its pods are to outlive it."""

from dataclasses import replace
from typing import Any

from gracefulservice.api.names import FINALIZER
from gracefulservice.cluster.converge import writes
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import World
from tests.cluster.objects_seen import OURS, owner
from tests.cluster.test_converge import B2, OLD, REST, body, settled


def released(world: World, **desired: Any) -> list[Request]:
    """What is sent for a service that ends and leaves its stable revision behind."""
    going = owner(deletionTimestamp="2026-03-01T12:00:00Z", finalizers=[FINALIZER])
    return writes(going, OLD, replace(REST, staying=B2, **desired), world)


def test_what_outlives_the_service_loses_its_owner_before_the_finalizer_goes() -> None:
    """The Deployment, its budget and the Services, each as it was seen; nothing else is written any more."""
    name = f"shop-{B2}"
    sent = released(settled(), fleets={B2: 9})
    about = [f"Deployment default/{name}", f"PodDisruptionBudget default/{name}", "Service default/shop"]
    assert [one.about for one in sent[:3]] == about
    assert [one.kind.name for one in sent[3:]] == ["Service", "GracefulService"]
    for request in sent[:-1]:
        pin, operation = body(request)
        assert (pin["op"], pin["path"]) == ("test", "/metadata/resourceVersion")
        assert operation == {"op": "remove", "path": "/metadata/ownerReferences"}


def test_other_owners_keep_what_is_left() -> None:
    """Only our reference goes; what we do not own any more was let go before."""
    other = {"kind": "Thing", "name": "other", "uid": "uid-of-other"}
    world = settled()
    (key, found), *_ = [(key, one) for key, one in world.objects.items() if key[0] == "Deployment"]
    shared = {**found, "metadata": {**found["metadata"], "ownerReferences": [*OURS, other]}}
    sent = released(replace(world, objects={key: shared}))
    assert [one.kind.name for one in sent] == ["Deployment", "GracefulService"]
    assert body(sent[0])[1] == {"op": "replace", "path": "/metadata/ownerReferences", "value": [other]}
