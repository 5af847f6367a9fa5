"""How pods left: who was killed and who ended in an error is told once, with the pod and the numbers."""

import pytest

from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.leaving import noticed
from gracefulservice.rollout.memory import Climbing, Memory

from .builders import NEW, NOW, memory, plan, seen, written


def left(pod: str = "shop-a", code: int = 137, after: float = 45.0, **fields: object) -> Exit:
    """The container of a pod with 45 s to leave."""
    given: dict[str, object] = {"revision": "b2", "container": "app", "pod": pod, "code": code, "after": after}
    return Exit(**({"grace": 45.0} | given | fields))  # type: ignore[arg-type]


def reasons(before: Memory, *exits: Exit) -> list[str]:
    """What is told of these exits."""
    return [one.reason for one in noticed(exits, before, NOW).happenings]


@pytest.mark.parametrize(
    ("exit_seen", "told"),
    [
        (left(), ["SignalsIgnored"]),
        (left(after=43.0), ["SignalsIgnored"]),
        (left(after=47.0), ["SignalsIgnored"]),
        (left(after=42.0), ["ExitedWithError"]),
        (left(code=1, after=45.0), ["ExitedWithError"]),
        (left(code=143, after=10.0), ["ExitedWithError"]),
        (left(sidecar=True), ["SignalsIgnored"]),
        (left(code=1, sidecar=True), []),
        (left(code=137, after=20.0, sidecar=True), []),
    ],
)
def test_only_who_used_up_the_time_was_killed_for_it(exit_seen: Exit, told: list[str]) -> None:
    """137 before the limit is something else's kill; of native sidecars no exit code is asked."""
    assert reasons(memory(), exit_seen) == told


def test_the_sentence_has_the_pod_and_the_numbers() -> None:
    """Who it was, after how long, and what would help."""
    (killed,) = noticed([left(after=45.0)], memory(), NOW).happenings
    (ended,) = noticed([left(code=3, after=12.0)], memory(), NOW).happenings
    assert killed.warning
    assert ended.warning
    assert killed.sentence.startswith(
        "Container app was killed (exit code 137) in pod shop-a 45 s after its deletion began, at the end of the grace "
        "period of 45 s"
    )
    assert ended.sentence.startswith(
        "Container app ended with exit code 3 (an error) in pod shop-a 12 s after its deletion began"
    )


def test_nothing_is_told_twice() -> None:
    """However often the exits are seen; what is no longer seen is not remembered."""
    first = noticed([left("shop-a"), left("shop-b", code=1, after=9)], memory(), NOW)
    again = noticed([left("shop-a"), left("shop-b", code=1, after=9)], first, NOW + 5)
    assert again is first
    later = noticed([left("shop-c")], first, NOW + 9)
    assert [one.reason for one in later.happenings] == ["SignalsIgnored", "ExitedWithError", "SignalsIgnored"]
    assert noticed([], later, NOW + 20).departed == ()


def test_a_code_is_told_once_per_revision_and_a_kill_once_per_pod() -> None:
    """Some programs always end with 143: a hundred pods of them are one line, a hundred kills are not nothing."""
    first = noticed([left("shop-a", 143, 10.0), left("shop-b")], memory(), NOW)
    after = noticed([left("shop-c", 143, 11.0), left("shop-d")], first, NOW + 5)
    assert [one.reason for one in after.happenings] == ["ExitedWithError", "SignalsIgnored", "SignalsIgnored"]
    assert "pod shop-d " in after.happenings[-1].sentence


def test_pods_that_leave_together_share_a_sentence() -> None:
    """Three are named, the others counted."""
    (news,) = noticed([left(f"shop-{name}") for name in "edcba"], memory(), NOW).happenings
    assert "in pods shop-a, shop-b, shop-c and 2 more " in news.sentence


def test_it_is_remembered_like_everything_else() -> None:
    """The decision carries it, and it is held against nobody: the rollout goes on."""
    state = Climbing(canary=NEW, weight=25.0, observed_at=NOW - 9)
    before = memory(state)
    after = decide(plan(), seen(4, 2, weight=25.0, exits=(left(),)), before, NOW).memory
    without = decide(plan(), seen(4, 2, weight=25.0), before, NOW).memory
    assert [one.reason for one in after.happenings] == ["SignalsIgnored"]
    assert (after.state, after.condemned) == (without.state, without.condemned)


def test_a_kill_stands_in_a_condition_until_the_next_rollout_begins() -> None:
    """By then the program may be another one."""
    look = seen(exits=(left(),))
    after = noticed(look.exits, memory(), NOW)
    (found,) = [one for one in written(after, look).conditions if one.type == "SignalsHandled"]
    assert (found.status, found.reason) == ("False", "Killed")
    assert "pod shop-a 45 s" in found.message
    assert "SignalsHandled" not in {one.type for one in written(after.but(started=NOW + 1), look).conditions}
    harmless = noticed([left(code=1)], memory(), NOW)
    assert "SignalsHandled" not in {one.type for one in written(harmless, look).conditions}
