"""Every request stands in exactly one row, and each row says what happened in it."""

import dataclasses

from examples.traffic.client import Second
from tests.soak.windows import Latency, Mark, Worst, by_second, latency, rows, typical

KEPT, NEW = "kept", "new"


def second(unix: float, sent: int = 10, lost: int = 0, p50: float | None = 1.0, p99: float | None = 2.0) -> Second:
    """One second that a kind of users tells."""
    kinds = {"reset": lost} if lost else {}
    return Second(
        t=int(unix), unix=unix, outstanding=0, sent=sent, answered=sent - lost, lost=lost, skipped=0, late=0,
        lag_max_ms=0.0, codes={}, versions={}, kinds=kinds, skips={}, p50_ms=p50, p99_ms=p99,
    )  # fmt: skip


TOLD = {
    KEPT: [second(1000.4 + index, lost=1 if index == 12 else 0) for index in range(40)],
    NEW: [second(1000.9 + index, sent=5, lost=2 if index in (12, 39) else 0, p99=5.0 + index) for index in range(40)],
}
MARKS = [Mark("rollout", 1010.0, 1018.0), Mark("abort", 1025.0, 1030.0)]


def test_the_rows_hold_every_request_once() -> None:
    """Also those before the first action and after the last."""
    found = rows(TOLD, MARKS, "shop")
    assert [row.action for row in found] == ["at-rest", "rollout", "abort"]
    assert sum(row.requests for row in found) == 40 * 15
    assert sum(row.lost for row in found) == 5
    assert [row.rest for row in found] == [True, False, False]


def test_the_second_in_which_an_action_begins_is_the_actions() -> None:
    """Nine seconds of each kind that end before 1010, fifteen that end before 1025, sixteen after."""
    assert [row.requests for row in rows(TOLD, MARKS, "shop")] == [135, 225, 240]


def test_a_loss_stands_in_the_row_of_its_action_with_its_kind() -> None:
    """The last one is lost in the tail of the last action, which has no end."""
    _, rollout, abort = rows(TOLD, MARKS, "shop")
    assert (rollout.lost, rollout.kinds) == (3, {"reset": 3})
    assert (abort.lost, abort.kinds) == (2, {"reset": 2})


def test_the_worst_second_is_of_all_users_together() -> None:
    """Two kinds lose in the same second of the clock; the slower one's quantile counts."""
    _, rollout, _ = rows(TOLD, MARKS, "shop")
    assert rollout.worst == Worst(1012.0, 15, 3, 17.0)


def test_without_a_loss_the_worst_second_is_the_slowest() -> None:
    """Nothing is lost before the first action."""
    assert rows(TOLD, MARKS, "shop")[0].worst == Worst(1008.0, 15, 0, 13.0)


def test_action_and_tail_have_their_lengths() -> None:
    """The tail reaches from the last old pod to the beginning of the next action."""
    _, rollout, abort = rows(TOLD, MARKS, "shop")
    assert (rollout.seconds, abort.seconds) == (8.0, 5.0)
    assert (rollout.tail, abort.tail) == (6.9, 10.9)


def test_latencies_before_and_during_are_of_their_windows() -> None:
    """The new connections become slower by the second; the kept ones are asked twice as often."""
    told = {KEPT: [second(1000.0 + index, p50=1.0 if index < 10 else 3.0) for index in range(20)]}
    _, row = rows(told, [Mark("rollout", 1010.0, 1015.0)], "shop")
    assert (row.before, row.during) == (Latency(1.0, 2.0), Latency(3.0, 2.0))


def test_a_rest_without_users_is_empty() -> None:
    """Nothing to show is no error."""
    found = rows({}, [Mark("rollout", 1.0, 2.0, "It hangs.")], "shop")
    assert [(row.requests, row.worst, row.failure) for row in found] == [(0, None, ""), (0, None, "It hangs.")]
    assert latency({}) == Latency(None, None)


def test_the_typical_value_counts_each_as_often_as_it_was_answered() -> None:
    """One slow second with many answers outweighs three quick ones with few."""
    assert typical([(1.0, 1), (1.0, 1), (1.0, 1), (9.0, 10)]) == 9.0
    assert typical([(None, 5), (2.0, 1)]) == 2.0
    assert typical([(2.0, 0)]) is None


def test_seconds_of_the_clock_are_merged_over_users() -> None:
    """Users that began at other fractions of a second fall into the same one."""
    merged = by_second([second(7.1, sent=3), second(7.9, sent=4, p99=None)])
    assert merged == {7: Worst(7.0, 7, 0, 2.0)}


def test_what_could_not_be_sent_is_shown_and_is_not_lost() -> None:
    """A skipped request counts neither as sent nor as lost."""
    told = {KEPT: [dataclasses.replace(second(1001.0), skipped=4)]}
    (row,) = rows(told, [], "shop")
    assert (row.requests, row.lost, row.skipped) == (10, 0, 4)


def test_a_row_says_how_often_each_version_answered() -> None:
    """Whatever the status codes were."""
    first = dataclasses.replace(second(1011), versions={"v2": {"200": 3, "500": 1}, "v1": {"200": 5}})
    other = dataclasses.replace(second(1012), versions={"v1": {"200": 7}})
    (_, rolled) = rows({KEPT: [first], NEW: [other]}, [Mark("rollout", 1010.0, 1018.0)], "shop")
    assert list(rolled.versions.items()) == [("v1", 12), ("v2", 4)]
