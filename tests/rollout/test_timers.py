"""The next look comes when a timer ends."""

import pytest

from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Baking, Climbing, Draining, Idle, Memory, State, Warming, Widening
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.stopwatch import Stopwatch
from gracefulservice.rollout.timers import remaining

from .builders import ERRORS, RAMP, plan

RUNNING = Stopwatch(spent=2.0, ticked=100.0)


def planned(*, ramp: bool) -> Plan:
    """A weighted rollout: warm-up 3 s, steps held for 5 s, bake 10 s."""
    return plan(canary=RAMP if ramp else None, objectives=ERRORS)


@pytest.mark.parametrize(
    ("state", "ramp", "left"),
    [
        pytest.param(Warming(canary="b", warm=RUNNING), True, 1.0, id="the warm-up"),
        pytest.param(Climbing(canary="b", weight=10, held=RUNNING), False, 3.0, id="a step's hold"),
        pytest.param(Climbing(canary="b", weight=10, held=RUNNING), True, 8.0, id="the ramp's reaction time"),
        pytest.param(Baking(canary="b", baked=RUNNING), True, 8.0, id="the bake"),
        pytest.param(Widening(canary="b", visible=RUNNING), True, 1.0, id="both revisions in the endpoints"),
        pytest.param(Draining(leaving="b", waited=RUNNING), True, 8.0, id="a drain without counters"),
        pytest.param(Baking(canary="b", baked=RUNNING.stop()), True, None, id="a timer that stands still"),
        pytest.param(Baking(canary="b", baked=Stopwatch(spent=11, ticked=100)), True, None, id="one that is over"),
        pytest.param(Idle(), True, None, id="rest"),
    ],
)
def test_it_is_known_when_a_timer_ends(state: State, ramp: bool, left: float | None) -> None:
    """Seconds that are left, or nothing to wait for."""
    assert remaining(planned(ramp=ramp), Memory(stable="a", state=state)) == left


def test_the_reaction_time_grows_with_the_scrape_interval() -> None:
    """Twice 30 s."""
    known = begin(planned(ramp=True).objectives, 0.0).model_copy(update={"interval": 30.0, "ticks": 9})
    state = Climbing(canary="b", weight=10, held=RUNNING)
    assert remaining(planned(ramp=True), Memory(stable="a", state=state, evidence=known)) == 58.0


def test_the_reaction_time_is_that_of_the_source() -> None:
    """Pods that the operator reads itself need not be waited for as long."""
    pods = plan(canary=RAMP, objectives=ERRORS, metrics={"source": "pods"})
    assert remaining(pods, Memory(stable="a", state=Climbing(canary="b", weight=10, held=RUNNING))) == 2.0
