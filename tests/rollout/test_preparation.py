"""Whether stored pods wait before SIGTERM: where they do not, no weight goes to them and the way out is named."""

from typing import Any

import pytest

from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Climbing, Memory, Warming
from gracefulservice.rollout.preparation import Hook, delay_of
from gracefulservice.rollout.seen import Delay, Fleet, Seen
from gracefulservice.rollout.stopwatch import Stopwatch

from .builders import NEW, NOW, OLD, fleets, memory, plan, seen, written

Json = dict[str, Any]
WEB = {"name": "web", "ports": [{"containerPort": 8080}]}
ASLEEP = {"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}}
DRAINS = {"lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 8080}}}}
LOST = Delay(holds=False, sentence="Container web of pod shop-x has no hook.")
KEPT = Delay(holds=True, sentence="The preStop hook stands.")


def contract(container: Json = WEB, **shutdown: str) -> Contract:
    """The contract of pods with this container."""
    found = resolve({"template": {"spec": {"containers": [container]}}, "shutdown": shutdown})
    assert isinstance(found, Contract)
    return found


def stored(container: str = "web", *, serves: bool = True, **fields: Any) -> Hook:
    """A container of a pod as the API server has it."""
    return Hook("shop-x", container, serves, **fields)


@pytest.mark.parametrize(
    ("hook", "holds", "says"),
    [
        (stored(sleep=10, kubelet="v1.33.2"), True, "their kubelets (v1.33.2) obey it"),
        (stored(sleep=10, kubelet="v1.30.0-gke.1"), True, "obey it"),
        (stored(sleep=10), True, "the versions of their kubelets are unknown"),
        (stored(sleep=10, kubelet="v2.1.0"), True, "obey it"),
        (stored(sleep=15), True, "unknown"),
        (stored(), False, "has no hook where a preStop sleep of 10 s was asked for"),
        (stored(sleep=3), False, "sleeps 3 s where a preStop sleep of 10 s was asked for"),
        (stored(other=True), False, "has another hook where"),
        (stored(sleep=10, kubelet="v1.29.14"), False, "kubelet v1.29.14, which passes over a preStop sleep"),
        (stored("mesh"), False, "mesh of pod shop-x was added by somebody else, listens on a port and has no preStop"),
        (stored("mesh", sleep=3), False, "and sleeps 3 s, so it stops before the pod has served for 10 s more"),
        (stored("mesh", sleep=10), True, "unknown"),
        (stored("mesh", other=True), True, "unknown"),
        (stored("agent", serves=False), True, "unknown"),
    ],
)
def test_what_stored_pods_do_before_sigterm(hook: Hook, holds: bool, says: str) -> None:
    """The sleep asked for, on a kubelet that knows it, also in containers that somebody else added."""
    found = delay_of(contract(), [stored(sleep=10), hook])
    assert found is not None
    assert (found.holds, says in found.sentence) == (holds, True), found.sentence


@pytest.mark.parametrize("hook", [stored(), stored(sleep=10, kubelet="v1.29.0")])
def test_the_fall_back_is_named(hook: Hook) -> None:
    """Field and value: a hook of the user's own and its length."""
    found = delay_of(contract(), [hook])
    assert found is not None
    assert "write a preStop hook of another kind (exec or httpGet) into the template" in found.sentence
    assert "shutdown.delay" in found.sentence


def test_a_hook_of_the_users_own_is_the_fall_back() -> None:
    """Nothing was added, so nothing can get lost; a sleep of the user's own still needs a kubelet that knows it."""
    own = delay_of(contract(WEB | DRAINS, delay="15s"), [stored(other=True, kubelet="v1.28.0")])
    asleep = delay_of(contract(WEB | ASLEEP), [stored(sleep=20, kubelet="v1.28.0")])
    assert (own and own.holds, asleep and asleep.holds) == (True, False)


def test_without_pods_or_delay_there_is_nothing_to_say() -> None:
    """Nobody asked for a wait."""
    assert delay_of(contract(), []) is None
    assert delay_of(contract(delay="0s"), [stored()]) is None


def look(delay: Delay | None, *, new: int = 2, **fields: Any) -> Seen:
    """A canary whose pods are ready, and what was read back from them."""
    found = {**fleets(old=4), NEW: Fleet(wanted=new, ready=new, pods=new, delay=delay)}
    return seen(4, new, **({"fleets": found} | fields))


def warm(**fields: Any) -> Memory:
    """A canary that has been ready for long enough."""
    return memory(Warming(canary=NEW, warm=Stopwatch(spent=60.0, ticked=NOW - 1)), **fields)


@pytest.mark.parametrize(
    ("delay", "before", "kind"),
    [
        (None, warm(), "Climbing"),
        (KEPT, warm(), "Climbing"),
        (LOST, warm(), "Warming"),
        (LOST, warm(hurry="judged"), "Warming"),
        (LOST, warm(hurry="unjudged"), "Climbing"),
    ],
)
def test_no_weight_goes_to_pods_that_do_not_wait(delay: Delay | None, before: Memory, kind: str) -> None:
    """Until a person says so who knows better."""
    assert decide(plan(), look(delay), before, NOW).memory.state.kind == kind


def test_a_canary_that_is_all_users_have_is_not_held_back() -> None:
    """A lost request in some later rollout is less than all of them now."""
    bare = look(LOST, stable_service=seen(0, 2).stable_service, canary_service=seen(4, 2).canary_service)
    assert decide(plan(), bare, warm(), NOW).memory.state.kind == "Climbing"


@pytest.mark.parametrize(("delay", "weight"), [(KEPT, 50.0), (LOST, 25.0)])
def test_a_rollout_under_way_goes_no_further(delay: Delay, weight: float) -> None:
    """A pod that comes later may stand on an older node."""
    state = Climbing(canary=NEW, weight=25.0, observed_at=NOW - 60, held=Stopwatch(spent=60.0, ticked=NOW - 1))
    after = decide(plan(), look(delay, weight=25.0), memory(state), NOW).memory.state
    assert isinstance(after, Climbing)
    assert after.weight == weight


@pytest.mark.parametrize("state", [warm().state, Climbing(canary=NEW, weight=25.0, observed_at=NOW - 60)])
def test_the_hold_and_its_cause_are_told(state: Any) -> None:
    """In the line and in a condition that is about the target, not about pods of before."""
    weight = 25.0 if isinstance(state, Climbing) else 0.0
    found = written(memory(state), look(LOST, weight=weight))
    assert found.waiting is not None
    assert found.waiting.sentence == f"Holding {weight:g} %: {LOST.sentence}"
    (condition,) = [one for one in found.conditions if one.type == "DrainDelayEffective"]
    assert (condition.status, condition.reason, condition.message) == ("False", "Uncovered", LOST.sentence)


def test_the_condition_is_true_where_it_was_read_back_and_absent_where_not() -> None:
    """Nobody claims what was not looked at."""
    conditions = {one.type: one for one in written(warm(), look(KEPT)).conditions}
    assert (conditions["DrainDelayEffective"].status, conditions["DrainDelayEffective"].reason) == ("True", "Stored")
    old = {**fleets(new=2), OLD: Fleet(4, 4, 4, delay=LOST)}
    for other in (look(None), look(None, fleets=old)):
        assert "DrainDelayEffective" not in {one.type for one in written(warm(), other).conditions}


def test_warnings_stand_in_a_condition() -> None:
    """Where there are any."""
    shell = {"name": "app", "image": "shop:2", "command": ["sh", "-c", "shop"], "ports": [{"containerPort": 8080}]}
    warned = plan(template={"spec": {"containers": [shell]}})
    (found,) = [one for one in written(memory(), seen(), warned).conditions if one.type == "PodsSound"]
    assert (found.status, found.reason) == ("False", "Warnings")
    assert found.message.startswith("spec.template.spec.containers[app].command: containers[app].command runs a shell")
    assert "PodsSound" not in {one.type for one in written(memory(), seen()).conditions}
