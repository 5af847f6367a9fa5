"""The schedule of wakes: what is promised of it, under any order of events."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gracefulservice.work_queue import LONGEST_BACKOFF, Priority, Schedule, Wake, backoff

KEYS = st.sampled_from("abcd")
SOON = st.integers(min_value=0, max_value=20).map(float)
PRIORITIES = st.sampled_from(list(Priority))


class ScheduleUnderAttack(RuleBasedStateMachine):
    """A schedule beside the simplest model of it: one wake per key, and the set of keys that run."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.schedule: Schedule[str] = Schedule(draw=max)
        self.wanted: dict[str, Wake] = {}
        self.running: set[str] = set()

    def want(self, key: str, wake: Wake) -> None:
        """The earliest time and the most urgent priority of all wakes since the last look."""
        before = self.wanted.get(key, wake)
        self.wanted[key] = Wake(min(before.due, wake.due), min(before.priority, wake.priority))

    def due(self) -> dict[str, Wake]:
        """The keys that may begin now."""
        waiting = {key: wake for key, wake in self.wanted.items() if key not in self.running}
        return {key: wake for key, wake in waiting.items() if wake.due <= self.now}

    @rule(key=KEYS, after=SOON, priority=PRIORITIES)
    def wake(self, key: str, after: float, priority: Priority) -> None:
        self.schedule.wake(key, Wake(self.now + after, priority))
        self.want(key, Wake(self.now + after, priority))

    @rule()
    def take(self) -> None:
        due = self.due()
        key = self.schedule.take(self.now)
        assert (key is None) == (not due), "a look begins exactly when a key is due that does not run"
        if key is not None:
            assert due[key].priority == min(wake.priority for wake in due.values()), "the urgent go first"
            del self.wanted[key]
            self.running.add(key)

    @rule(key=KEYS, after=st.none() | SOON)
    def end_well(self, key: str, after: float | None) -> None:
        if key in self.running:
            self.running.remove(key)
            self.schedule.done(key, None if after is None else self.now + after)
            if after is not None:
                self.want(key, Wake(self.now + after))

    @rule(key=KEYS, at_least=SOON)
    def fail(self, key: str, at_least: float) -> None:
        if key in self.running:
            self.running.remove(key)
            wait = self.schedule.failed(key, self.now, at_least=at_least)
            assert wait >= at_least
            self.want(key, Wake(self.now + wait))

    @rule(seconds=SOON)
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_runs_twice_and_nothing_is_lost(self) -> None:
        assert set(self.schedule.running) == self.running
        waiting = [wake.due for key, wake in self.wanted.items() if key not in self.running]
        expected = max(min(waiting), self.now) if waiting else None
        assert self.schedule.next_due(self.now) == expected

    @invariant()
    def the_waits_are_those_of_the_due(self) -> None:
        waits = [self.now - wake.due for wake in self.wanted.values() if wake.due <= self.now]
        assert sorted(self.schedule.waits(self.now)) == sorted(waits)


TestScheduleUnderAttack = ScheduleUnderAttack.TestCase
TestScheduleUnderAttack.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_those_of_one_priority_go_in_the_order_in_which_they_became_due() -> None:
    """First due, first looked at."""
    schedule: Schedule[str] = Schedule()
    for key, due in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        schedule.wake(key, Wake(due))
    assert [schedule.take(9.0) for _ in range(3)] == ["early", "middle", "late"]


def test_a_key_that_stands_in_the_routine_line_moves_up_when_something_urgent_happens() -> None:
    """A user's change does not wait behind the audit of everybody else."""
    schedule: Schedule[str] = Schedule()
    for key in ("a", "b", "c"):
        schedule.wake(key, Wake(0.0, Priority.ROUTINE))
    assert schedule.take(1.0) == "a"
    schedule.wake("c", Wake(1.0, Priority.URGENT))
    assert [schedule.take(1.0), schedule.take(1.0)] == ["c", "b"]


def test_backoff_doubles_up_to_its_limit_and_success_forgets_it() -> None:
    """Failures of one key lengthen its waits; one success ends that."""
    schedule: Schedule[str] = Schedule(draw=max)
    waits = []
    for _ in range(10):
        schedule.wake("a", Wake(0.0))
        schedule.take(1e6)
        waits.append(schedule.failed("a", 0.0))
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    schedule.take(1e6)
    schedule.done("a", 0.0)
    schedule.take(1e6)
    assert schedule.failed("a", 0.0) == 0.5


@pytest.mark.parametrize("failures", [0, 3, 10_000])
def test_backoff_is_drawn_from_the_upper_half(failures: int) -> None:
    """Jitter never makes a wait shorter than half of what it stands for, nor longer than the limit."""
    longest = backoff(failures, max)
    drawn = [backoff(failures, random.Random(seed).uniform) for seed in range(50)]
    assert all(longest / 2 <= wait <= longest <= LONGEST_BACKOFF for wait in drawn)
    assert len(set(drawn)) > 40
