"""Autoscalers: one on the service says how far capacity may rise, one on a child of it is told of."""

from typing import Any

import pytest

from gracefulservice.cluster.kinds import Object
from gracefulservice.cluster.look import Children, world

from .objects_seen import deployment, head, owner

SERVICE = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService", "name": "shop"}
CHILD = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-b2"}


def autoscaler(target: dict[str, Any], most: int = 10, name: str = "busy") -> Object:
    """A HorizontalPodAutoscaler as people write it."""
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": most}
    return head("HorizontalPodAutoscaler", name, ownerReferences=[], labels={}) | {"spec": spec}


@pytest.mark.parametrize(
    ("story", "targets", "ceiling"),
    [
        ("nobody counts pods", [], None),
        ("one looks after the service", [(SERVICE, 10)], 10),
        (
            "a newer version of the API names the same object",
            [(SERVICE | {"apiVersion": "gracefulservice.dev/v1"}, 10)],
            10,
        ),
        ("two of them: the larger", [(SERVICE, 10), (SERVICE, 12)], 12),
        ("it looks after another service", [(SERVICE | {"name": "cart"}, 10)], None),
        ("a Deployment bears the service's name", [(CHILD | {"name": "shop"}, 10)], None),
        ("a kind of somebody else", [(SERVICE | {"apiVersion": "example.org/v1"}, 10)], None),
    ],
)
def test_an_autoscaler_of_the_service_bounds_its_capacity(story: str, targets: Any, ceiling: int | None) -> None:
    seen = world(owner(), Children(autoscalers=[autoscaler(target, most) for target, most in targets]))
    assert seen.ceiling == ceiling, story


def test_an_autoscaler_on_a_child_is_named() -> None:
    """What it writes is undone in the next look, so somebody should know."""
    children = Children(deployments=[deployment("b2", 3)], autoscalers=[autoscaler(CHILD), autoscaler(SERVICE)])
    (remark,) = world(owner(), children).remarks
    assert remark == (
        "HorizontalPodAutoscaler default/busy scales Deployment shop-b2, whose replicas the rollout decides, so what "
        "it writes is undone: let its spec.scaleTargetRef name GracefulService shop with apiVersion "
        "gracefulservice.dev/v1alpha1."
    )


@pytest.mark.parametrize(
    "target",
    [CHILD | {"name": "cart-b2"}, CHILD | {"kind": "StatefulSet"}, CHILD | {"apiVersion": "example.org/v1"}, SERVICE],
)
def test_autoscalers_of_others_are_nobodys_business(target: dict[str, str]) -> None:
    assert world(owner(), Children(deployments=[deployment("b2", 3)], autoscalers=[autoscaler(target)])).remarks == ()
