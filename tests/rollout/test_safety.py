"""What ends a rollout early, or pauses it: in every state, a paused one included."""

from typing import Any

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Baking, Climbing, Idle, Memory, Narrowing, TurningBack, Warming, Widening
from gracefulservice.rollout.safety import checked
from gracefulservice.rollout.seen import Fleet, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Progress, Stopwatch

from .builders import ERRORS, NEW, NOW, OLD, evidence, fleets, memory, plan, seen

JUDGED = plan(objectives=ERRORS)
PAUSING = plan(objectives=ERRORS, onViolation="Pause")
FAILING = evidence(60, 40)
GOOD = evidence(2000, 0)
BACK = TurningBack(leaving=NEW)
JUDGED_STATES: list[Any] = [
    Warming(canary=NEW),
    Climbing(canary=NEW, weight=25, observed_at=NOW - 9),
    Baking(canary=NEW),
    Widening(canary=NEW),
]
each_state = pytest.mark.parametrize("state", JUDGED_STATES, ids=lambda state: state.kind)
LATE = Progress(ready=1, waiting=Stopwatch(spent=40.0, ticked=NOW))


def after(before: Memory, wish: Any = None, look: Seen | None = None, now: float = NOW) -> Memory:
    """What safety makes of it."""
    return checked(wish or plan(), look or seen(4, 4, weight=25), before, now)


@each_state
@pytest.mark.parametrize("paused", ["", "somebody paused it."])
@pytest.mark.parametrize(
    ("image", "outcome", "why"),
    [
        ("shop:3", "Superseded", f"revision {plan('shop:3').revision.id} is the target now."),
        ("shop:1", "TurnedBack", f"revision {OLD} is the target again."),
    ],
)
def test_another_target_turns_the_canary_back_uncondemned(
    state: Any, paused: str, image: str, outcome: str, why: str
) -> None:
    """A newer one, or stable again: also during the bake, also while paused."""
    found = after(memory(state, paused=paused), plan(image))
    assert (found.state, found.condemned, found.paused) == (BACK, {}, "")
    assert (found.history[0].outcome, found.history[0].sentence) == (outcome, why)
    assert [one.fault for one in found.happenings] == [""]


@pytest.mark.parametrize(
    ("story", "new", "state"), [("it serves", 4, "Climbing"), ("it does not serve either", 0, "TurningBack")]
)
def test_a_canary_that_is_all_that_users_have_is_not_superseded(story: str, new: int, state: str) -> None:
    """Stable is broken: the way to the newer target leads over the canary that serves."""
    look = seen(0, new, weight=100)
    found = after(memory(Climbing(canary=NEW, weight=100, observed_at=NOW)), plan("shop:3"), look)
    assert found.state.kind == state, story


@each_state
def test_without_replicas_a_rollout_turns_back_uncondemned(state: Any) -> None:
    """Nobody is served, so nothing can be judged."""
    found = after(memory(state), plan(replicas=0))
    assert (found.state, found.condemned, found.history[0].outcome) == (BACK, {}, "TurnedBack")


@each_state
@pytest.mark.parametrize("paused", ["", "somebody paused it."])
def test_a_failing_canary_is_condemned_at_once(state: Any, paused: str) -> None:
    """With the judge's sentence, told as a warning."""
    found = after(memory(state, evidence=FAILING, paused=paused), JUDGED)
    assert (found.state, list(found.condemned)) == (BACK, [NEW])
    assert "40 of 100 canary requests failed" in found.condemned[NEW]
    told = found.happenings[-1]
    assert (told.reason, told.warning, told.fault, told.errors) == ("RolledBack", True, "Verdict", 40)


@each_state
def test_a_failing_canary_pauses_where_the_user_prefers_that(state: Any) -> None:
    """Once: what is paused already stays paused for its first reason."""
    found = after(memory(state, evidence=FAILING), PAUSING)
    assert (found.state, "40 of 100 canary requests failed" in found.paused) == (state, True)
    assert [one.reason for one in found.happenings] == ["Paused"]
    assert after(found, PAUSING) == found


def test_who_promoted_in_full_wants_no_judge() -> None:
    """Up to the promotion."""
    before = memory(Baking(canary=NEW), evidence=FAILING, hurry="unjudged")
    assert after(before, JUDGED) is before


@pytest.mark.parametrize(
    ("story", "state", "why"),
    [
        (
            "while it warms up",
            Warming(canary=NEW, progress=LATE),
            "it has 0 of 1 pod ready",
        ),
        (
            "while it climbs",
            Climbing(canary=NEW, weight=50, step=1, progress=LATE),
            "it has 0 of 2 pods ready",
        ),
        (
            "while it bakes",
            Baking(canary=NEW, progress=LATE),
            "it has 0 of 4 pods ready",
        ),
        (
            "before the pointer moves",
            Widening(canary=NEW, progress=LATE),
            "it has 0 of 4 pods ready",
        ),
    ],
)
def test_pods_that_do_not_come_condemn_at_the_deadline(story: str, state: Any, why: str) -> None:
    """With Kubernetes' own word for the cause."""
    stuck = seen(4, fleets=fleets(old=4) | {NEW: Fleet(4, 0, 1, trouble="ErrImagePull")})
    found = after(memory(state), look=stuck)
    late = f"{why} (ErrImagePull) and no further one became ready within the progress deadline of 40 s."
    assert (found.state, found.condemned, found.happenings[-1].fault) == (BACK, {NEW: late}, "Deadline"), story


def test_before_the_deadline_nothing_happens() -> None:
    """A tenth of a second is left."""
    nearly = Progress(waiting=Stopwatch(spent=39.9))
    before = memory(Warming(canary=NEW, progress=nearly))
    assert after(before) is before


@pytest.mark.parametrize(
    ("story", "state", "restarts", "trouble", "condemned"),
    [
        ("it served and is held back", JUDGED_STATES[1], 3, "CrashLoopBackOff", True),
        ("it bakes and is held back", JUDGED_STATES[2], 5, "CrashLoopBackOff", True),
        ("it is about to be stable and is held back", JUDGED_STATES[3], 5, "CrashLoopBackOff", True),
        ("it restarted while it started, and runs", JUDGED_STATES[1], 4, "", False),
        ("it restarted twice", JUDGED_STATES[1], 2, "CrashLoopBackOff", False),
        ("it never served: that is the deadline's", JUDGED_STATES[0], 9, "CrashLoopBackOff", False),
        ("it was not observed yet", Climbing(canary=NEW, weight=25), 9, "CrashLoopBackOff", False),
        ("it was thrown back", Climbing(canary=NEW, weight=25, served=True), 3, "CrashLoopBackOff", True),
    ],
)
def test_a_canary_that_served_and_crashes_is_condemned(
    story: str, state: Any, restarts: int, trouble: str, condemned: bool
) -> None:
    """It does not wait for the deadline."""
    crashing = Fleet(4, 3, 4, restarts=restarts, trouble=trouble)
    found = after(memory(state), look=seen(4, 4, weight=25, fleets=fleets(old=4) | {NEW: crashing}))
    why = f"its containers crash again and again, {restarts} times so far (CrashLoopBackOff)."
    assert found.condemned == ({NEW: why} if condemned else {}), story
    assert [one.fault for one in found.happenings] == (["CrashLoop"] if condemned else [])


@pytest.mark.parametrize("state", [Idle(), Narrowing(leaving=OLD), BACK], ids=lambda state: state.kind)
def test_without_a_canary_there_is_nothing_to_end(state: Any) -> None:
    """Whatever the evidence says."""
    before = memory(state, evidence=FAILING)
    assert after(before, plan("shop:3", objectives=ERRORS)) is before


OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})
SILENT = evidence(0, 0)
UNREAD = begin(JUDGED.objectives, NOW - 60)


def blind(known: Any, seconds: float, state: Any = JUDGED_STATES[1], **fields: Any) -> Memory:
    """The judge has seen nothing for `seconds`."""
    policies = {name: fields.pop(name) for name in ("onOutage", "onNoTraffic") if name in fields}
    wish = plan(objectives=ERRORS, **policies)
    return after(memory(state, evidence=known, blind=Stopwatch(spent=seconds), **fields), wish)


@pytest.mark.parametrize(
    ("story", "found", "paused"),
    [
        ("an outage of a minute", blind(OUT, 60, onOutage="Pause"), "Prometheus does not answer."),
        ("an outage of less", blind(OUT, 59, onOutage="Pause"), ""),
        ("an outage where holding is preferred", blind(OUT, 60), ""),
        ("metrics that were never read", blind(UNREAD, 60, onOutage="Pause"), "The metrics have not been read yet."),
        ("while it warms up", blind(OUT, 60, Warming(canary=NEW), onOutage="Pause"), "Prometheus does not answer."),
        ("no traffic is no outage", blind(SILENT, 60, onOutage="Pause"), ""),
        ("an outage is not the lack of traffic", blind(OUT, 60, onNoTraffic="Pause"), ""),
        ("no traffic where holding is preferred", blind(SILENT, 60), ""),
        ("who promoted in full needs no metrics", blind(OUT, 60, onOutage="Pause", hurry="unjudged"), ""),
    ],
)
def test_a_blind_judge_pauses_where_the_user_prefers_that(story: str, found: Memory, paused: str) -> None:
    """After a minute in which somebody looked; never a rollback."""
    assert (found.paused, found.condemned) == (paused, {}), story


def test_the_lack_of_traffic_pauses_with_its_sentence() -> None:
    """Told once, as a warning; the watch begins anew."""
    found = blind(SILENT, 60, onNoTraffic="Pause")
    assert found.paused.startswith("No canary request has been counted")
    assert [(one.reason, one.warning) for one in found.happenings] == [("Paused", True)]
    assert found.blind == Stopwatch()


def test_time_is_counted_only_while_the_judge_is_blind() -> None:
    """An operator that was away counts 10 s at most, and one good look begins anew."""
    wish = plan(objectives=ERRORS, onOutage="Pause")
    once = after(memory(JUDGED_STATES[1], evidence=OUT), wish)
    again = after(once, wish, now=NOW + 3600)
    better = after(again.but(evidence=GOOD), wish)
    assert (again.blind.spent, again.paused, better.blind) == (10, "", Stopwatch())


def test_a_pause_for_another_reason_stands() -> None:
    """The first reason counts."""
    assert blind(OUT, 60, onOutage="Pause", paused="somebody paused it.").paused == "somebody paused it."


@pytest.mark.parametrize("state", JUDGED_STATES[1:3], ids=lambda state: state.kind)
def test_a_canary_that_keeps_crashing_is_condemned_however_it_is_looked_at(state: Any) -> None:
    """The first look after a crash may find no endpoint and no word of Kubernetes yet; what served has served."""
    found, now = memory(state), NOW
    for crash in range(1, 4):
        for trouble in ("", "CrashLoopBackOff", "CrashLoopBackOff"):
            now += 2.0
            new = Fleet(4, 0, 4, restarts=crash, trouble=trouble)
            down = seen(fleets=fleets(old=4) | {NEW: new}, canary_service=ServiceSeen(NEW, {}), weight=0)
            found = decide(plan(), down, found, now).memory
        assert (NEW in found.condemned) is (crash == 3), crash
