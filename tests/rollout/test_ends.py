"""Where buckets end: told where it is not the limit, and never mixed."""

import pytest

from gracefulservice.rollout import ends, judging
from gracefulservice.rollout.judge import begin
from gracefulservice.rollout.memory import Climbing
from gracefulservice.rollout.objective import Objective, latency, limits
from gracefulservice.rollout.samples import Cursor
from gracefulservice.rollout.tally import Tally
from tests.rollout.builders import NEW, NOW, memory, plan
from tests.rollout.counters import DURATIONS, ERRORS, P99, REQUESTS

AT_LIMIT, ABOVE, CLASSIC = 'le="0.3"', '__ends__="0.32421",le="0.3"', 'le="0.30"'
HERE = Cursor(1.0, 5.0, 0, None)


def cursors(**series: str) -> dict[str, dict[str, Cursor]]:
    """One per pod."""
    return {pod: {name: HERE} for pod, name in series.items()}


@pytest.mark.parametrize(("series", "end"), [(AT_LIMIT, 0.3), (ABOVE, 0.32421), (f'{ABOVE},method="GET"', 0.32421)])
def test_the_end_of_a_bucket(series: str, end: float) -> None:
    assert ends.end(series, P99) == end


def test_the_end_is_in_the_unit_of_the_histogram() -> None:
    goal = latency("p99", 0.3, "d_ms_bucket", 30.0, unit=0.001)
    assert ends.end('__ends__="304.437",le="300.0"', goal) == pytest.approx(0.304437)
    assert "304.4 ms (limit 300 ms)" in ends.outcome(goal, cursors(a='__ends__="304.437",le="300.0"'))


@pytest.mark.parametrize(
    ("goal", "part", "counted", "words"),
    [
        (P99, cursors(a=AT_LIMIT, b=CLASSIC), {}, None),
        (P99, cursors(a=ABOVE), cursors(a=ABOVE), None),
        (P99, cursors(a=f'{ABOVE},method="GET"'), cursors(a=f'{ABOVE},method="PUT"'), None),
        (P99, cursors(a=ABOVE), cursors(b=AT_LIMIT), None),
        (P99, cursors(a=ABOVE, b=AT_LIMIT), {}, "end at 300 ms (pod b) and 324.2 ms (pod a), so the pods"),
        (P99, cursors(a=ABOVE), cursors(a=AT_LIMIT), "of pod a was counted up to 300 ms and has a bucket up to 324.2"),
        (P99, cursors(a=AT_LIMIT), cursors(a=ABOVE), "of pod a was counted up to 324.2 ms and has a bucket up to 300"),
        (P99, cursors(a=f'code="1",{AT_LIMIT}'), cursors(a=f'__ends__="0.32421",code="1",{AT_LIMIT}'), "counted up to"),
        (ERRORS, cursors(a='code="500"', b=ABOVE), {}, None),
    ],
)
def test_counts_of_different_ends_are_told(
    goal: Objective, part: dict[str, dict[str, Cursor]], counted: dict[str, dict[str, Cursor]], words: str | None
) -> None:
    found = ends.differing(goal, part, counted)
    assert (words or "") in (found or "")
    assert (found is None) is (words is None)


@pytest.mark.parametrize(
    ("edge", "unit", "like"),
    [(0.3, 1.0, "250 ms or 500 ms"), (1.5, 1.0, "1 s or 2 s"), (0.3, 0.001, "256 ms or 512 ms")],
)
def test_limits_that_every_schema_has_are_suggested(edge: float, unit: float, like: str) -> None:
    goal = latency("p99", edge, DURATIONS, 30.0, unit)
    above = f'__ends__="{1.08 * edge / unit:.6g}",le="{edge / unit}"'
    assert f"like {like}." in (ends.differing(goal, cursors(a=above, b='le="1"'), {}) or "")


def test_the_condition_names_the_boundary_whichever_objective_leads() -> None:
    """The sentence of the judge is that of the hardest objective, here the error rate."""
    planned = plan(objectives={"errorRate": {"max": "1%"}, "latency": {"p90": "300ms"}})
    evidence = begin(planned.objectives, NOW).model_copy(
        update={"at": NOW, "interval": 5.0, "tallies": {"errorRate": Tally(), "p90": Tally(part=cursors(a=ABOVE))}}
    )
    state = Climbing(canary=NEW, weight=10.0)
    said = judging.readable(planned, memory(state, evidence=evidence), NOW)
    assert said is not None
    assert said[2].endswith(
        " The limit of latency p90 is 300 ms, and its native histogram is counted up to the boundary next above, "
        "324.2 ms."
    )


def test_limits_are_those_of_latencies() -> None:
    assert limits((ERRORS, P99, latency("p50", 0.1, DURATIONS, 30.0)), DURATIONS) == {0.3, 0.1}
    assert limits((ERRORS, P99), REQUESTS) == frozenset()
