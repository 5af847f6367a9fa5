"""Where a Deployment cannot be handed back, and what belongs to others."""

import pytest

from gracefulservice.cluster import handover
from gracefulservice.errors import Refused
from gracefulservice.ports import World
from gracefulservice.rollout.adoptee import Handover
from tests.cluster.test_handover import HELD, MARK, before, body_of, noted


def test_the_autoscaler_of_another_adoption_is_left_alone() -> None:
    """Every autoscaler of the namespace is read; the note of another service stays on its own."""
    led = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService", "name": "other"}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "elsewhere"}
    note = noted({"name": "other", "uid": "uid-other", "scaleTargetRef": target})
    theirs = body_of("HorizontalPodAutoscaler", "theirs", {"scaleTargetRef": led}, annotations=note)
    world = World(adopted={("HorizontalPodAutoscaler", "theirs"): theirs})
    for ours in (True, False):
        assert list(handover.of_autoscalers(HELD, Handover("before", "b2", MARK, {}, ours=ours), world)) == []


def test_without_the_record_of_a_revision_the_return_says_what_is_missing() -> None:
    """Nothing else knows what its pods are; the way out stands in the sentence."""
    wish = Handover("before", "c3", MARK, {}, replicas=0, template="c3")
    with pytest.raises(Refused, match=r"ControllerRevision shop-c3 does not exist.*remove spec\.adopt"):
        list(handover.of_pods(HELD, wish, World(adopted={("Deployment", "before"): before(0)})))
