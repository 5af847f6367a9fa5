"""Seconds read from what was seen."""

from examples.demo.phases import back, forward
from tests.demo.scenes import BACK, FORWARD, OLD, act, scene


def test_a_promoted_rollout_tells_each_weight_and_its_turns() -> None:
    assert [(one.name, one.seconds) for one in forward(FORWARD)] == [
        ("v1 → v2, at 0 %", 10.0),
        ("v1 → v2, at 2 %", 10.0),
        ("v1 → v2, at 50 %", 10.0),
        ("v1 → v2, at 100 %", 20.0),
        ("v1 → v2, to promoted", 50.0),
        ("v1 → v2, to the old pods gone", 70.5),
    ]


def test_a_rolled_back_rollout_tells_when_users_were_safe() -> None:
    assert [(one.name, one.seconds) for one in back(BACK, last_answer=121.5)] == [
        ("v2 → v3, at 0 %", 8.0),
        ("v2 → v3, at 2 %", 12.0),
        ("v2 → v3, to the decision to roll back", 20.0),
        ("v2 → v3, to the last request at the bad version", 21.5),
        ("v2 → v3, to its pods gone", 40.0),
    ]


def test_what_was_not_seen_is_not_told() -> None:
    stuck = act("v1 → v2", [(99.0, scene("Healthy", OLD)), (101.0, scene("Progressing", OLD, 0))], 160.0, late=True)
    assert [(one.name, one.seconds) for one in forward(stuck)] == [("v1 → v2, at 0 %", 60.0)]
    assert [(one.name, one.seconds) for one in back(stuck, last_answer=None)] == [("v1 → v2, at 0 %", 60.0)]


def test_a_good_version_that_was_rolled_back_is_not_told_as_promoted() -> None:
    names = [one.name for one in forward(BACK)]
    assert not [name for name in names if "promoted" in name or "gone" in name]
