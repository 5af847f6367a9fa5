"""Pods of a Deployment and of a revision that change places, one look at a time, in both directions."""

from dataclasses import replace
from typing import Any

import pytest

from gracefulservice.rollout.adoptee import Adoptee, Handover, Mark, OldPod, Part, Whose
from gracefulservice.rollout.decide import TICK, Decision, decide
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.memory import Adopting, GivingBack, Idle, Memory, TurningBack
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import NEW, NOW, OLD, plan, written

PLAN = plan(weighted=False, adopt={"name": "before"}, shutdown={"delay": "5s", "drain": "5s"})
MARK = Mark(revision=NEW, replicas=4)
ADOPTING = Adopting(deployment="before", revision=NEW, replicas=4)
GIVING = GivingBack(deployment="before", revision=NEW, replicas=4)
GONE = Stopwatch(spent=10.0)


def pods(serving: int = 0, leaving: int = 0, own: int = 0, **changed: Any) -> tuple[OldPod, ...]:
    """So many of each part, named `s0`, `l0`, `o0`; `changed` are fields of the first one."""
    found = [
        *(OldPod(f"s{number}", ready=True, visible=True, part=Part.SERVING) for number in range(serving)),
        *(OldPod(f"l{number}", ready=True, part=Part.LEAVING) for number in range(leaving)),
        *(OldPod(f"o{number}", ready=True) for number in range(own)),
    ]
    return (replace(found[0], **changed), *found[1:]) if changed else tuple(found)


def look(old: tuple[OldPod, ...], ours: int = 0, wanted: int | None = None, **fields: Any) -> Seen:
    """A Service of ours before so many old pods and so many ready ones of ours."""
    adoptee = Adoptee("before", wanted=len(old) if wanted is None else wanted, mark=MARK, pods=old, service=Whose.OURS)
    given: dict[str, Any] = {
        "fleets": {NEW: Fleet(wanted=ours, ready=ours, pods=ours)},
        "stable_service": ServiceSeen(WIDE, {NEW: ours}),
        "records": {NEW: RecordSeen(1)},
        "adoptee": adoptee,
    }
    return Seen(**(given | fields))


def adopt(seen: Seen, **state: Any) -> Decision:
    """One pass of an adoption."""
    return decide(PLAN, seen, Memory(state=ADOPTING.model_copy(update=state)), NOW)


def wish(decision: Decision) -> Handover:
    """What is wanted of the Deployment."""
    assert decision.desired.handover is not None
    return decision.desired.handover


def parts(decision: Decision) -> str:
    """`s0:S s1:L`: the part each pod gets."""
    return " ".join(f"{name}:{part[0]}" for name, part in sorted(wish(decision).pods.items()))


@pytest.mark.parametrize(
    ("seen", "ours"),
    [
        (look(pods(4)), 1),
        (look(pods(4), ours=1), 1),
        (look(pods(3), ours=1), 2),
        (look(pods(3, leaving=1), ours=1), 1),
        (look(pods(3), ours=1, wanted=4), 1),
        (look((), ours=3), 4),
        (look(pods(6)), 0),
    ],
    ids=["a surge", "no more", "in the place of one", "who leaves counts", "who is to come", "the last", "too many"],
)
def test_ours_grow_as_far_as_there_is_room(seen: Seen, ours: int) -> None:
    assert adopt(seen).desired.fleets == {NEW: ours}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (look(pods(4)), "s0:S s1:S s2:S s3:S"),
        (look(pods(4), ours=1), "s0:L s1:S s2:S s3:S"),
        (look(pods(4), ours=1, stable_service=ServiceSeen(WIDE, {})), "s0:S s1:S s2:S s3:S"),
        (look(pods(4, visible=False), ours=1), "s0:S s1:S s2:S s3:S"),
        (look(pods(3, leaving=1), ours=2), "l0:L s0:S s1:S s2:S"),
        (look(pods(3, own=1), ours=0), "o0:S s0:S s1:S s2:S"),
    ],
    ids=["nobody can be spared", "one can", "ours are not seen", "one of theirs is not", "one at a time", "a new one"],
)
def test_a_pod_leaves_the_endpoints_only_when_users_can_do_without(seen: Seen, expected: str) -> None:
    assert parts(adopt(seen)) == expected


@pytest.mark.parametrize(
    ("old", "spent", "replicas"),
    [
        (pods(3, leaving=1), 9.0, None),
        (pods(3, leaving=1), 10.0, 3),
        ((*pods(3), replace(pods(leaving=1)[0], visible=True)), 10.0, None),
        ((*pods(3, ready=False), *pods(leaving=1)), 10.0, None),
        (pods(4), 0.0, None),
    ],
    ids=["it drains", "it has drained", "it is seen again", "another would be chosen", "nobody leaves"],
)
def test_the_deployment_is_scaled_down_only_by_pods_that_have_drained(
    old: tuple[OldPod, ...], spent: float, replicas: int | None
) -> None:
    """Delay and drain are 5 s each; its controller deletes pods first that are not ready."""
    found = adopt(look(old, ours=1), gone={"l0": Stopwatch(spent=spent)})
    assert wish(found).replicas == replicas
    assert found.wake_after == TICK


def test_a_pod_that_stays_out_of_the_endpoints_leaves_for_good() -> None:
    """So one that never starts holds nobody up."""
    lame = pods(4, ready=False, visible=False)
    assert parts(adopt(look(lame, ours=1), gone={"s0": GONE})) == "s0:L s1:S s2:S s3:S"


def test_the_time_of_a_pod_that_is_seen_again_starts_anew() -> None:
    after = adopt(look(pods(4)), gone={"s0": GONE, "long-gone": GONE}).memory
    assert isinstance(after.state, Adopting)
    assert after.state.gone == {}


def test_before_the_service_is_taken_nothing_but_labels_changes() -> None:
    """It is taken in the look that finds every endpoint labelled."""
    theirs = replace(look(()).adoptee or Adoptee(""), service=Whose.THEIRS, wanted=4)
    half = replace(theirs, pods=pods(2, own=2, visible=True))
    found = adopt(look((), adoptee=half))
    assert (parts(found), wish(found).ours, found.desired.fleets) == ("o0:S o1:S s0:S s1:S", None, {NEW: 0})
    assert wish(adopt(look((), adoptee=replace(theirs, pods=pods(4))))).ours is True


def test_it_ends_when_ours_alone_serve() -> None:
    """With the capacity kept for a while: an autoscaler has just been led elsewhere."""
    after = adopt(look((), ours=4)).memory
    assert (after.stable, after.state) == (NEW, Idle())
    assert after.floor is not None
    assert (after.floor.pods, [one.reason for one in after.happenings]) == (4, [Reason.ADOPTED])
    assert isinstance(adopt(look((), ours=3)).memory.state, Adopting)
    assert isinstance(adopt(look(pods(1), ours=4)).memory.state, Adopting)


def test_another_template_meanwhile_waits_for_its_turn() -> None:
    """What was begun is ended; where nothing was made yet, it begins anew."""
    other = look(pods(4), records={OLD: RecordSeen(1)}, fleets={})
    begun = ADOPTING.model_copy(update={"revision": OLD})
    assert decide(PLAN, other, Memory(state=begun), NOW).memory.state.kind == "Adopting"
    assert decide(PLAN, replace(other, records={}), Memory(state=begun), NOW).memory.state == Idle()


def back(seen: Seen, memory: Memory | None = None) -> Decision:
    """One pass of a return."""
    return decide(PLAN, replace(seen, deleting=True), memory or Memory(stable=NEW, state=GIVING), NOW)


@pytest.mark.parametrize(
    ("old", "ours", "expected"),
    [
        ((), 4, (1, 4)),
        (pods(1), 4, (1, 3)),
        (pods(1), 3, (2, 3)),
        (pods(own=1), 4, (1, 4)),
        (pods(3), 1, (4, 1)),
        (pods(4), 1, (4, 0)),
    ],
    ids=["a surge", "one of ours goes", "one more of theirs", "not yet seen", "the last of theirs", "the last of ours"],
)
def test_the_way_back_keeps_as_many_serving(old: tuple[OldPod, ...], ours: int, expected: tuple[int, int]) -> None:
    """The Deployment's replicas, and ours."""
    found = back(look(old, ours))
    assert (wish(found).replicas, found.desired.fleets[NEW]) == expected
    assert found.desired.finalizer


def test_the_deployment_gets_stables_pods_only_while_it_has_none() -> None:
    """Somebody has scaled it up meanwhile: those pods are of an older version, and go first."""
    older = Mark(revision=OLD, replicas=4)
    busy = replace(look(pods(own=2)).adoptee or Adoptee(""), mark=older)
    found = back(look((), ours=4, adoptee=busy))
    assert (wish(found).replicas, wish(found).template, wish(found).mark) == (0, None, older)
    empty = replace(busy, pods=(), wanted=0)
    found = back(look((), ours=4, adoptee=empty))
    assert (wish(found).template, wish(found).mark) == (NEW, Mark(revision=NEW, replicas=4))
    assert found.desired.fleets == {NEW: 4}


def test_the_service_goes_before_the_labels_and_the_labels_before_the_mark() -> None:
    held = look(pods(4)).adoptee or Adoptee("")
    seen = look((), ours=0, adoptee=held)
    first = wish(back(seen))
    assert (first.ours, first.pods, first.mark) == (False, {}, MARK)
    free = replace(held, service=Whose.THEIRS)
    second = wish(back(replace(seen, adoptee=free)))
    assert (set(second.pods.values()), second.mark) == ({Part.OWN}, MARK)
    bare = replace(free, pods=tuple(replace(pod, part=Part.OWN) for pod in free.pods))
    assert wish(back(replace(seen, adoptee=bare))).mark is None
    done = back(replace(seen, adoptee=replace(bare, mark=None)))
    assert (done.desired.handover, done.desired.finalizer) == (None, False)


@pytest.mark.parametrize(
    ("change", "stays"),
    [({}, True), ({"vanishing": True}, False), ({"adoptee": None}, False)],
    ids=["owed", "the namespace goes", "the Deployment is gone"],
)
def test_what_is_owed_keeps_the_object(change: dict[str, Any], stays: bool) -> None:
    assert back(replace(look((), ours=4), **change)).desired.finalizer is stays


def test_an_adoption_turns_round_where_it_is() -> None:
    """Its revision, and as many pods as served throughout."""
    after = back(look(pods(3), ours=1), Memory(state=ADOPTING)).memory
    assert after.state == GIVING
    assert [one.reason for one in after.happenings] == [Reason.GIVING_BACK]


def test_a_revision_that_plays_no_part_turns_back_first() -> None:
    """As after a status that was lost in the middle of a rollout."""
    both = look((), ours=4, fleets={NEW: Fleet(4, 4, 4), OLD: Fleet(2, 2, 2)})
    assert back(both, Memory(stable=NEW)).memory.state == TurningBack(leaving=OLD)
    weighted = replace(look((), ours=4), route=RouteSeen(20.0, acknowledged=True))
    assert back(weighted, Memory(stable=NEW)).memory.state == Idle()


def test_what_a_return_waits_for_is_told() -> None:
    seen = replace(look(pods(1), ours=4), deleting=True)
    condition = next(
        one for one in written(Memory(stable=NEW, state=GIVING), seen, PLAN).conditions if one.type == "Adopted"
    )
    assert condition.reason == Reason.GIVING_BACK
    assert "1 of 4 pods of Deployment before serve, and 4 pods of revision" in condition.message
    rolling = Memory(stable=NEW, state=TurningBack(leaving=OLD))
    said = next(one.message for one in written(rolling, seen, PLAN).conditions if one.type == "Ready")
    assert said == "The service is being deleted: its traffic goes back to stable, and then to Deployment before."


def test_a_return_in_an_object_that_is_not_deleted_ends() -> None:
    """It was restored from a backup."""
    assert decide(PLAN, look((), ours=4), Memory(stable=NEW, state=GIVING), NOW).memory.state == Idle()


def test_old_pods_that_are_all_unready_for_a_moment_are_not_given_up() -> None:
    """What they depend on is away for longer than a drain, and ours have just begun: most of them have to come back."""
    away = tuple(replace(pod, ready=False, visible=False) for pod in pods(serving=4))
    gone = {pod.name: GONE for pod in away}
    nobody = adopt(look(away), gone=gone)
    assert parts(nobody) == "s0:S s1:S s2:S s3:S"
    assert wish(nobody).replicas is None
    one = adopt(look(away, ours=1), gone=gone)
    assert parts(one) == "s0:L s1:S s2:S s3:S"


@pytest.mark.parametrize("state", [ADOPTING, GIVING], ids=lambda one: one.kind)
def test_orphans_stay_also_where_pods_are_changing_hands(state: Any) -> None:
    """`adopt` was taken out of the spec, so nothing is owed: the Service and our pods are left, not taken away."""
    wanted = plan(weighted=False, deletionPolicy="Orphan")
    seen = look(pods(serving=2), ours=2, deleting=True)
    desired = decide(wanted, replace(seen, adoptee=None), Memory(state=state), NOW).desired
    assert (desired.staying, desired.finalizer) == (NEW, False)


def test_our_own_route_that_may_not_be_read_is_not_left_to_be_taken_away() -> None:
    """With Orphan it has to outlive the service; nobody can free it of its owner before it can be read."""
    unread = RouteSeen(None, trouble="The API server refuses (403) it.", readable=False)
    seen = replace(look(()), adoptee=None, route=unread, deleting=True)
    desired = decide(plan(deletionPolicy="Orphan"), seen, Memory(stable=OLD), NOW).desired
    assert (desired.staying, desired.finalizer) == (None, True)
