"""What must be true before a Deployment is adopted, each with the sentence that says what is not."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout import adoption
from gracefulservice.rollout.adoptee import Adoptee, Mark, OldPod, OldPort, Part, Whose
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.memory import Adopting, Idle, Memory
from gracefulservice.rollout.preflight import CHECKS, objection
from gracefulservice.rollout.seen import RecordSeen, Seen

from .builders import NEW, NOW, OLD, plan, written

PLAN = plan(weighted=False, adopt={"name": "before"})
PODS = tuple(OldPod(f"before-{number}", ready=True, visible=True) for number in range(4))
SOUND = Adoptee(
    name="before",
    wanted=4,
    updated=4,
    images={"app": "shop:2"},
    pods=PODS,
    service=Whose.THEIRS,
    ports=(OldPort(80, 8080), OldPort(9090, None)),
)


def images(**found: str) -> dict[str, Any]:
    """Other containers or images."""
    return {"images": found}


REFUSED: tuple[tuple[Reason, dict[str, Any], str], ...] = (
    (Reason.DEPLOYMENT_MISSING, {"exists": False}, "Deployment before does not exist in this namespace: create it"),
    (Reason.DEPLOYMENT_OWNED, {"controller": "Rollout before"}, "belongs to Rollout before, which would go on"),
    (Reason.DEPLOYMENT_OWNED, {"rival": "GracefulService web"}, "GracefulService web first"),
    (Reason.LABEL_RESERVED, {"reserved": "the label gracefulservice.dev/name"}, "has the label gracefulservice.dev/na"),
    (Reason.DEPLOYMENT_PAUSED, {"paused": True}, "kubectl rollout resume deployment before"),
    (Reason.POD_TEMPLATE_DIFFERS, images(app="shop:1"), "runs image shop:1 in container app and spec.template asks fo"),
    (Reason.POD_TEMPLATE_DIFFERS, images(app="shop:2", proxy="p:1"), "has the containers app, proxy and spec.template"),
    (Reason.NOT_ROLLED_OUT, {"updated": 3}, "is not completely rolled out: 3 of 4 pods of its present template are re"),
    (Reason.NOT_ROLLED_OUT, {"rolled_out": False}, "is not completely rolled out"),
    (Reason.TOO_FEW_REPLICAS, {"wanted": 6, "updated": 6}, "runs 6 pods and spec.replicas is 4, which no Horizontal"),
    (Reason.SERVICE_DIFFERS, {"headless": True}, "The Service is headless"),
    (Reason.SERVICE_DIFFERS, {"strangers": ("web-1",)}, "pods that are not of Deployment before (web-1)"),
    (Reason.SERVICE_DIFFERS, {"pods": (*PODS, OldPod("before-9", ready=True))}, "does not lead to pod before-9"),
    (Reason.SERVICE_DIFFERS, {"ports": (OldPort(8000, 8080),)}, "The Service has no port 80, which spec.ports asks"),
    (Reason.SERVICE_DIFFERS, {"ports": (OldPort(80, 8081),)}, "Port 80 of the Service leads to 8081 in the pods tha"),
    (Reason.SERVICE_DIFFERS, {"ports": (OldPort(80, None),)}, "leads to no container port in the pods that run and t"),
)


@pytest.mark.parametrize(("reason", "change", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_nothing_is_touched_before_all_is_as_it_must_be(reason: Reason, change: dict[str, Any], says: str) -> None:
    """One sentence in the condition and in `Ready`, no state, nothing made, and another look soon."""
    seen = Seen(adoptee=replace(SOUND, **change))
    decision = decide(PLAN, seen, Memory(), NOW)
    assert (decision.memory.state, decision.desired.handover, decision.desired.waits) == (Idle(), None, True)
    assert decision.wake_after == adoption.RETRY
    conditions = {one.type: one for one in written(decision.memory, seen, PLAN).conditions}
    assert (conditions["Adopted"].status, conditions["Adopted"].reason) == ("False", reason)
    assert says in conditions["Adopted"].message
    assert conditions["Ready"].message == conditions["Adopted"].message


def test_an_autoscaler_does_nothing_about_no_replicas() -> None:
    """It takes 0 for a wish, so the service would be left without pods."""
    nobody = plan(weighted=False, adopt={"name": "before"}, replicas=0)
    found = objection(nobody, replace(SOUND, autoscalers=("busy",)))
    assert found is not None
    assert found.reason == Reason.TOO_FEW_REPLICAS


def test_every_check_has_its_sentence() -> None:
    assert {reason for reason, _ in CHECKS} == {reason for reason, _, _ in REFUSED}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"service": Whose.NOBODYS, "ports": ()},
        {"wanted": 6, "updated": 6, "autoscalers": ("busy",)},
        {"wanted": 0, "updated": 0, "pods": ()},
    ],
    ids=["as it should be", "without a Service", "an autoscaler corrects the replicas", "without pods"],
)
def test_then_it_begins(change: dict[str, Any]) -> None:
    """With as many pods as run, or as are asked for, whichever is more."""
    adoptee = replace(SOUND, **change)
    assert objection(PLAN, adoptee) is None
    after = decide(PLAN, Seen(adoptee=adoptee), Memory(), NOW).memory
    assert after.state == Adopting(deployment="before", revision=NEW, replicas=max(4, adoptee.wanted))
    assert [one.reason for one in after.happenings] == [Reason.ADOPTION_STARTED]


def test_a_name_of_a_container_port_is_read_where_spec_ports_use_one() -> None:
    """Both sides are compared by number: names of container ports may differ."""
    container = {"name": "app", "image": "shop:2", "ports": [{"containerPort": 8080, "name": "web"}]}
    ports = [{"name": "http", "port": 80, "targetPort": "web"}]
    named = plan(weighted=False, adopt={"name": "before"}, template={"spec": {"containers": [container]}}, ports=ports)
    assert objection(named, SOUND) is None


def test_an_adoption_whose_status_was_lost_goes_on_by_its_mark() -> None:
    """Whatever would speak against a beginning: it has begun."""
    adoptee = replace(SOUND, mark=Mark(revision=OLD, replicas=5), service=Whose.OURS, wanted=2, updated=1)
    seen = Seen(adoptee=adoptee, records={OLD: RecordSeen(1)})
    assert decide(PLAN, seen, Memory(), NOW).memory.state == Adopting(deployment="before", revision=OLD, replicas=5)


def test_a_service_with_a_revision_of_its_own_adopts_nothing() -> None:
    """`adopt` was set later: it is said, and no Deployment is touched."""
    seen = Seen(adoptee=SOUND, records={NEW: RecordSeen(1, stable=True)})
    decision = decide(PLAN, seen, Memory(stable=NEW), NOW)
    assert (decision.desired.handover, decision.desired.waits) == (None, False)
    condition = next(one for one in written(decision.memory, seen, PLAN).conditions if one.type == "Adopted")
    assert (condition.status, condition.reason) == ("False", Reason.NOT_ADOPTED)


RESTED = replace(SOUND, mark=Mark(revision=NEW, replicas=4), wanted=0, updated=0, pods=(), service=Whose.OURS)


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({}, Reason.ADOPTED, "which had 4 pods and keeps 0 until the GracefulService is deleted"),
        ({"exists": False, "mark": None}, Reason.DEPLOYMENT_MISSING, "so nothing is given back on deletion"),
        ({"wanted": 3}, Reason.DEPLOYMENT_SCALED, "asks Deployment before for 3 pods again, which get no requests"),
        ({"autoscalers": ("busy",)}, Reason.AUTOSCALER_CONTESTED, "HorizontalPodAutoscaler busy scales Deployment be"),
    ],
)
def test_what_became_of_the_deployment_is_told_at_rest(change: dict[str, Any], reason: Reason, says: str) -> None:
    seen = Seen(adoptee=replace(RESTED, **change))
    condition = next(one for one in written(Memory(stable=NEW), seen, PLAN).conditions if one.type == "Adopted")
    assert (condition.status, condition.reason) == ("True", reason)
    assert says in condition.message


def test_an_autoscaler_that_somebody_leads_back_stops_the_adoption() -> None:
    """Nobody fights about it: no pod leaves, none comes, and the condition names the autoscaler."""
    pods = tuple(replace(pod, part=Part.SERVING) for pod in PODS)
    begun = replace(SOUND, mark=Mark(revision=NEW, replicas=4), service=Whose.OURS, pods=pods)
    adoptee = replace(begun, autoscalers=("busy",), contested=("busy",))
    state = Adopting(deployment="before", revision=NEW, replicas=4)
    seen = Seen(adoptee=adoptee, records={NEW: RecordSeen(1)})
    decision = decide(PLAN, seen, Memory(state=state), NOW)
    wish = decision.desired.handover
    assert wish is not None
    assert (wish.ours, wish.replicas, set(wish.pods.values())) == (None, None, {Part.SERVING})
    assert decision.desired.fleets == {NEW: 0}
    condition = next(one for one in written(decision.memory, seen, PLAN).conditions if one.type == "Adopted")
    assert (condition.reason, "busy leads to Deployment before again" in condition.message) == (
        Reason.AUTOSCALER_CONTESTED,
        True,
    )
