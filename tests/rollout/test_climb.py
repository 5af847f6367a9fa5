"""The way up: what each state waits for, and where it goes when everything is there."""

from itertools import accumulate
from typing import Any

import pytest

from gracefulservice.rollout.capacity import canary_pods, stable_pods
from gracefulservice.rollout.climb import worthwhile
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.judge import Flow, begin
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.seen import RouteSeen, Seen, ServiceSeen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import ERRORS, NEW, NOW, RAMP, command, evidence, fleets, memory, plan, ratio, seen

RAMPED = plan(canary=RAMP, objectives=ERRORS)
JUDGED = plan(objectives=ERRORS)
RATIO = plan(weighted=False, objectives=ERRORS)
RATIO_RAMP = plan(weighted=False, canary=RAMP, objectives=ERRORS)
PAUSING = plan(canary={"steps": [{"weight": 25, "pause": "UntilResumed"}, {"weight": 50}]})
GOOD = evidence(2000, 0)
UNREAD = begin(JUDGED.objectives, NOW - 60)
OUT = GOOD.model_copy(update={"outage": "Prometheus does not answer."})
GONE = RouteSeen(None, trouble="HTTPRoute shop does not exist.")


def after(before: Memory, look: Seen, wish: Any = None, now: float = NOW) -> Memory:
    """What is remembered after one pass."""
    return decide(wish or plan(), look, before, now).memory


def warm(spent: float = 3.0, **fields: Any) -> Memory:
    """A canary that has been ready for `spent` seconds."""
    return memory(Warming(canary=NEW, warm=Stopwatch(spent=spent)), **fields)


def climbs(weight: float = 25, step: int = 0, held: float = 0.0, **fields: Any) -> Memory:
    """A canary whose weight was observed and held for `held` seconds."""
    changes = {name: fields.pop(name) for name in ("resumed", "observed_at") if name in fields}
    state = {"observed_at": NOW - 60, "held": Stopwatch(spent=held)} | changes
    return memory(Climbing(canary=NEW, weight=weight, step=step, **state), **fields)


def place(found: Memory) -> tuple[str, Any, Any]:
    """State, weight and step."""
    return found.state.kind, getattr(found.state, "weight", None), getattr(found.state, "step", None)


@pytest.mark.parametrize(
    ("story", "before", "look", "wish", "goes"),
    [
        ("no pod is ready", warm(), seen(4, 0), None, False),
        ("it has not warmed up", warm(1.0), seen(4, 1), None, False),
        ("it is warm", warm(), seen(4, 1), None, True),
        ("a person paused", warm(paused="x"), seen(4, 1), None, False),
        ("the route has trouble", warm(), seen(4, 1, route=GONE), None, False),
        ("the metrics were never read", warm(evidence=UNREAD), seen(4, 1), JUDGED, False),
        ("the metrics are out", warm(evidence=OUT), seen(4, 1), JUDGED, False),
        ("the metrics are read", warm(evidence=GOOD), seen(4, 1), JUDGED, True),
        ("promote waits for the warm-up", warm(1.0, hurry="judged"), seen(4, 4), None, False),
        ("promote in full waits for nothing but pods", warm(0.0, hurry="unjudged"), seen(4, 4), None, True),
        ("promote in full without metrics", warm(hurry="unjudged", evidence=OUT), seen(4, 4), JUDGED, True),
        ("a ramp has the pods of its cap first", warm(evidence=GOOD), seen(4, 1), RAMPED, False),
    ],
)
def test_a_canary_gets_no_request_before(story: str, before: Memory, look: Seen, wish: Any, goes: bool) -> None:
    """Pods in the endpoints, warm-up, readable metrics, and nobody who stopped it."""
    assert isinstance(after(before, look, wish).state, Climbing) is goes, story


@pytest.mark.parametrize(
    ("story", "before", "look", "wish", "weight"),
    [
        ("the metrics were never read", warm(0.0, evidence=UNREAD), ratio(), RATIO, None),
        ("the metrics are out", warm(0.0, evidence=OUT), ratio(), RATIO, None),
        ("they are read: the first step, without any warm-up", warm(0.0, evidence=GOOD), ratio(), RATIO, 25),
        ("on a ramp one pod, however few call", warm(0.0, evidence=evidence(0, 0, stable=0)), ratio(), RATIO_RAMP, 25),
        ("a person paused", warm(0.0, evidence=GOOD, paused="x"), ratio(), RATIO, None),
        ("promote waits for the metrics", warm(0.0, evidence=OUT, hurry="judged"), ratio(), RATIO, None),
        ("and then goes all the way", warm(0.0, evidence=GOOD, hurry="judged"), ratio(), RATIO, 100),
        ("promote in full waits for nothing", warm(0.0, evidence=OUT, hurry="unjudged"), ratio(), RATIO, 100),
        ("stable serves nobody", warm(0.0, evidence=OUT), ratio(0, fleets=fleets(old=4)), RATIO, 100),
    ],
)
def test_by_a_ratio_nobody_is_shown_what_cannot_be_measured(
    story: str, before: Memory, look: Seen, wish: Any, weight: float | None
) -> None:
    """The first pod that is ready takes requests, so none is wanted before the metrics can be read."""
    decision = decide(wish, look, before, NOW)
    assert getattr(decision.memory.state, "weight", None) == weight, story
    assert (decision.desired.fleets[NEW] == 0) is (weight is None), story
    assert decision.desired.stable_selector == "*", story


def test_by_a_ratio_no_deadline_runs_while_no_pod_is_wanted() -> None:
    """An outage of a whole hour condemns nobody."""
    before = warm(0.0, evidence=UNREAD)
    for second in range(0, 3600, 5):
        before = after(before, ratio(), RATIO, NOW + second)
    assert (before.state.kind, before.condemned) == ("Warming", {})


def test_a_stable_that_serves_nobody_gives_way_at_once() -> None:
    """Neither the warm-up nor an outage of the metrics keeps users from the only pods there are."""
    found = after(warm(0.0, evidence=OUT), seen(0, 4), JUDGED)
    assert place(found) == ("Climbing", 100, 0)


@pytest.mark.parametrize(
    ("story", "known", "weight"),
    [
        ("400 requests/s: 20 errors are 0.5 % for 10 s", GOOD, 0.5),
        ("nobody calls: it waits", evidence(0, 0, stable=0), None),
    ],
)
def test_a_ramp_begins_with_what_the_budget_allows(story: str, known: Any, weight: float | None) -> None:
    """The worst case is a version that fails every request."""
    found = after(warm(evidence=known.model_copy(update={"weight": 0.0})), seen(4, 2), RAMPED)
    rate = 100 * 20 / (sum(flow.requests for flow in known.flow[1:]) / 5 * 10) if weight else None
    assert place(found)[1] == (round(rate, 1) if rate else None), story


def test_where_pods_are_read_by_the_operator_the_reaction_time_is_shorter() -> None:
    """What is known within 4 s allows two and a half times the weight, and a further one after 4 s."""
    pods = plan(canary=RAMP, objectives=ERRORS, metrics={"source": "pods"})
    first = GOOD.model_copy(update={"weight": 0.0})
    weights = [place(after(warm(evidence=first), seen(4, 2), wish))[1] for wish in (RAMPED, pods)]
    assert weights == [0.3, 0.8]
    moved = climbs(2, held=4.5, observed_at=NOW - 5.5, evidence=GOOD)
    assert [place(after(moved, seen(4, 4, weight=2), wish))[1] for wish in (RAMPED, pods)] == [2, 10]


def test_where_looks_are_slow_the_reaction_time_is_longer() -> None:
    """By as much as they are further apart than a tick; one gap, or two, say nothing yet."""
    pods = plan(canary=RAMP, objectives=ERRORS, metrics={"source": "pods"})

    def weight(*gaps: float, wish: Any = pods) -> Any:
        ends = list(accumulate(gaps, initial=NOW - sum(gaps)))
        flow = [Flow(at, 600.0 * gap) for at, gap in zip(ends[1:], gaps, strict=True)]
        known = GOOD.model_copy(update={"weight": 0.0, "flow": (Flow(ends[0], 0.0), *flow)})
        return place(after(warm(evidence=known), seen(4, 2), wish))[1]

    assert [weight(2, 2, 2), weight(8, 8, 8), weight(9, 9), weight(30, 2, 2, 2)] == [0.8, 0.3, 0.8, 0.8]
    assert [weight(5, 5, 5, wish=RAMPED), weight(15, 15, 15, wish=RAMPED)] == [0.3, 0.2]


@pytest.mark.parametrize(("interval", "weight"), [(1, 1.0), (5, 1.0), (10, 0.5), (15, 0.3), (30, 0.2)])
def test_slow_scrapes_make_small_weights(interval: float, weight: float) -> None:
    """What is seen in 2 of 30 s each costs six times as much as what is seen in 2 of 5 s."""
    flow = tuple(Flow(NOW - 5 * interval + interval * place, 200.0 * interval) for place in range(6))
    known = GOOD.model_copy(update={"weight": 0.0, "flow": flow, "interval": interval, "ticks": 9})
    assert place(after(warm(evidence=known), seen(4, 2), RAMPED))[1] == weight


@pytest.mark.parametrize(
    ("story", "before", "look", "wish", "to"),
    [
        ("the hold runs", climbs(held=1), seen(4, 1, weight=25), None, ("Climbing", 25, 0)),
        ("the hold is over", climbs(held=5), seen(4, 1, weight=25), None, ("Climbing", 50, 1)),
        ("the last step leads to everything", climbs(50, 1, 5), seen(4, 2, weight=50), None, ("Climbing", 100, 2)),
        ("everything observed is baked", climbs(100, 2), seen(4, 4, weight=100), None, ("Baking", None, None)),
        ("a person paused", climbs(held=9, paused="x"), seen(4, 1, weight=25), None, ("Climbing", 25, 0)),
        ("the step pauses", climbs(held=9), seen(4, 1, weight=25), PAUSING, ("Climbing", 25, 0)),
        ("the pause was resumed", climbs(resumed=True), seen(4, 1, weight=25), PAUSING, ("Climbing", 50, 1)),
        ("nothing is proven", climbs(held=9, evidence=UNREAD), seen(4, 1, weight=25), JUDGED, ("Climbing", 25, 0)),
        ("it is proven good", climbs(held=9, evidence=GOOD), seen(4, 1, weight=25), JUDGED, ("Climbing", 50, 1)),
        ("the metrics are out", climbs(held=9, evidence=OUT), seen(4, 1, weight=25), JUDGED, ("Climbing", 25, 0)),
        ("not acknowledged", climbs(held=9), seen(4, 1, route=RouteSeen(25)), None, ("Climbing", 25, 0)),
        ("the route is gone", climbs(held=9), seen(4, 1, route=GONE), None, ("Climbing", 25, 0)),
        ("promote skips the steps", climbs(hurry="judged"), seen(4, 1, weight=25), None, ("Climbing", 100, 2)),
        ("stable serves nobody", climbs(paused="x"), seen(0, 1, weight=25), None, ("Climbing", 100, 2)),
    ],
)
def test_a_step_ends(story: str, before: Memory, look: Seen, wish: Any, to: Any) -> None:
    """When it was held, a person agreed, and the judge is sure."""
    assert place(after(before, look, wish)) == to, story


@pytest.mark.parametrize(
    ("story", "before", "to"),
    [
        ("its hold", climbs(100, 0, held=1), ("Climbing", 100, 0)),
        ("its pause", climbs(100, 0, held=9), ("Climbing", 100, 0)),
        ("nothing more once resumed", climbs(100, 0, held=9, resumed=True), ("Baking", None, None)),
    ],
)
def test_a_step_of_everything_is_a_step_like_any_other(story: str, before: Memory, to: Any) -> None:
    """100 % may be held and paused as well; what it waits for."""
    whole = plan(canary={"steps": [{"weight": 100, "hold": "5s", "pause": "UntilResumed"}]})
    assert place(after(before, seen(4, 4, weight=100), whole)) == to, story


def test_the_last_listed_step_keeps_its_number_at_100_percent() -> None:
    """It is reached like the ones before it."""
    steps = plan(canary={"steps": [{"weight": 25}, {"weight": 100, "pause": "UntilResumed"}]})
    assert place(after(climbs(25, 0), seen(4, 1, weight=25), steps)) == ("Climbing", 100, 1)


def test_time_holds_only_while_the_weight_is_there() -> None:
    """Ten seconds without the route are no hold."""
    before = climbs(held=4)
    for second in (0, 5, 10):
        before = after(before, seen(4, 1, route=GONE), now=NOW + second)
    assert isinstance(before.state, Climbing)
    assert before.state.held.spent == 4


def test_a_weight_is_told_once_when_it_is_observed() -> None:
    """With the pods that carry it."""
    once = after(climbs(observed_at=None), seen(4, 1, weight=25))
    again = after(once, seen(4, 1, weight=25), now=NOW + 1)
    told = [one.sentence for one in again.happenings]
    assert told == [f"Revision {NEW} carries 25 % (step 1 of 2, 1 pod)."]


@pytest.mark.parametrize("before", [climbs(50, 1), memory(Baking(canary=NEW))], ids=["climbing", "baking"])
def test_a_canary_whose_pods_are_all_gone_loses_its_weight_and_climbs_again(before: Memory) -> None:
    """Nobody answers there; stable does. The weight returns at once, not at the deadline."""
    dead = seen(4, 0, weight=50 if before.state.kind == "Climbing" else 100, canary_service=ServiceSeen(NEW))
    decision = decide(plan(), dead, before, NOW)
    assert (place(decision.memory), decision.desired.weight) == (("Climbing", 25, 0), 0)
    assert decision.memory.happenings[-1].reason == "CanaryNotReady"


@pytest.mark.parametrize(
    ("story", "before", "look", "weight"),
    [
        ("proven good at the cap", climbs(50, held=20, evidence=GOOD), seen(4, 4, weight=50), 100),
        ("nearly at the cap counts", climbs(46, held=20, evidence=GOOD), seen(4, 4, weight=46), 100),
        ("below it: the cap, however near", climbs(43, held=20, evidence=GOOD), seen(4, 4, weight=43), 50),
        ("not held long enough", climbs(50, held=5, evidence=GOOD), seen(4, 4, weight=50), 50),
        ("five times steeper at most", climbs(2, held=20, evidence=GOOD), seen(4, 4, weight=2), 10),
        ("metrics are out", climbs(10, held=20, evidence=OUT), seen(4, 4, weight=10), 10),
        ("just observed", climbs(10, held=20, observed_at=NOW - 3, evidence=GOOD), seen(4, 4, weight=10), 10),
        ("at everything the bake begins", climbs(100, held=20, evidence=GOOD), seen(4, 4, weight=100), None),
        ("ready pods bound it", climbs(10, held=20, evidence=GOOD), seen(4, 1, weight=10), 25),
    ],
)
def test_the_ramp_moves(story: str, before: Memory, look: Seen, weight: float | None) -> None:
    """To what the rest of the budget allows; at the cap, to everything."""
    assert place(after(before, look, RAMPED))[1] == weight, story


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 5, 7, 11, 20])
def test_a_ramp_by_replica_ratio_reaches_its_gate(replicas: int) -> None:
    """Pods are made for the weight, so the pods that are there do not bound it."""
    wish = plan(weighted=False, canary=RAMP, objectives=ERRORS, replicas=replicas)
    state = after(memory(Warming(canary=NEW), evidence=GOOD), ratio(replicas), wish).state
    weights = []
    while isinstance(state, Climbing) and state.weight not in weights:
        weights.append(state.weight)
        look = ratio(stable_pods(wish, state.weight), canary_pods(wish, state.weight))
        state = after(climbs(state.weight, state.step, 20, evidence=GOOD), look, wish).state
    assert (state.kind, weights[-1]) == ("Baking", 100)


@pytest.mark.parametrize("hundredths", range(10, 5000, 35))
def test_no_weight_is_too_near_to_the_gate_to_reach_it(hundredths: int) -> None:
    """Below the gate, the step to the cap is always worth it."""
    weight = hundredths / 100
    assert weight >= 45 or worthwhile(RAMPED, weight, 50.0)


def test_by_pods_a_pause_at_100_percent_is_kept() -> None:
    """No pod of stable is left to serve anybody, and still a person was to be asked."""
    wish = plan(canary={"steps": [{"weight": 50}, {"weight": 100, "pause": "UntilResumed"}]}, weighted=False)
    state = Climbing(canary=NEW, weight=100, step=1, observed_at=NOW - 9)
    waits = decide(wish, ratio(0, 4), memory(state), NOW).memory
    goes = decide(wish, ratio(0, 4, command=command("resume")), waits, NOW + 3).memory
    assert isinstance(waits.state, Climbing)
    assert isinstance(goes.state, Baking)
