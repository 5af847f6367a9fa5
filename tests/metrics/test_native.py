"""Native histograms in answers of Prometheus: which buckets they give to a limit, and what is wrong with them."""

import doctest
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.metrics import durations, native
from gracefulservice.metrics.prometheus import Found, Outage, label_text, read
from gracefulservice.rollout.verdict import Cause
from tests.support.native_histogram import Native

from .test_prometheus import captured, changed, matrix, sentence

ZERO = [3, "-0.001", "0.001", "4"]
FINE = [[0, "0.2871745887492587", "0.29998195195", "3"]]
Buckets = dict[str, list[tuple[float, float]]]


def sample(buckets: list[Any] | None = None, count: str = "10", at: float = 100.0) -> list[Any]:
    """One sample as Prometheus writes it: without any bucket there is no list of them."""
    return [at, {"count": count, "sum": "1"} | ({"buckets": buckets} if buckets else {})]


def row(*samples: list[Any], **labels: str) -> dict[str, Any]:
    """One series of an answer."""
    return {"metric": {"__name__": "d", "namespace": "shop", "pod": "web-b2-a"} | labels, "histograms": list(samples)}


def found(*rows: dict[str, Any], limit: float = 0.3) -> Found:
    """What is read of these rows."""
    return read("d", matrix(*rows), frozenset({limit}))


def series(*rows: dict[str, Any], limit: float = 0.3) -> Buckets:
    """The same as label text → samples."""
    known = found(*rows, limit=limit)
    assert known.problem is None
    return {label_text(one.labels): list(one.values) for one in known.series}


def measured(histogram: Native, *seconds: float) -> list[Any]:
    """A sample of a histogram after these requests."""
    for each in seconds:
        histogram.observe(each)
    return [100.0, histogram.wire()]


def test_examples() -> None:
    assert doctest.testmod(native) == (0, 2)
    assert doctest.testmod(durations) == (0, 2)


def test_custom_buckets_are_classic_ones() -> None:
    """The first has no lower end, the last no upper one, and empty ones are not shown."""
    shown = sample([[3, "-Inf", "0.1", "4"], [0, "0.3", "1", "5"], [0, "1", "+Inf", "1"]])
    assert series(row(shown)) == {'le="+Inf"': [(100.0, 10.0)], 'le="0.3"': [(100.0, 4.0)]}


def test_a_converted_histogram_counts_what_the_classic_one_did() -> None:
    """One application, scraped both ways: answers of a real Prometheus."""
    converted = read("d", captured("native_histogram"), frozenset({0.1, 0.3}))
    classic = read("d_bucket", captured("buckets"))
    assert converted.problem is None

    def counts(found: Found) -> dict[str, list[float]]:
        return {label_text(one.labels): [value for _, value in one.values] for one in found.series}

    assert counts(converted) == counts(classic)


def test_the_bucket_of_a_limit_has_its_own_end_beside_it() -> None:
    """The next boundary of schema 3, whatever schema it is."""
    for schema in range(3, 9):
        known = series(row(measured(Native(schema), 0.2, 0.31, 0.33)))
        assert known == {'le="+Inf"': [(100.0, 3.0)], '__ends__="0.32421",le="0.3"': [(100.0, 2.0)]}, schema


@pytest.mark.parametrize("limit", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("schema", [3, 1, 0])
def test_a_limit_that_is_a_boundary_of_every_schema_is_the_end(limit: float, schema: int) -> None:
    known = series(row(measured(Native(schema), limit, limit * 1.01)), limit=limit)
    assert known == {'le="+Inf"': [(100.0, 2.0)], f'le="{limit!r}"': [(100.0, 1.0)]}


@given(limit=st.floats(1e-6, 1e6), schema=st.integers(3, 8))
def test_the_end_is_a_boundary_of_every_fine_schema_and_never_far_above(limit: float, schema: int) -> None:
    end = native.boundary(limit)
    place = math.log2(end) * 2.0**schema
    assert limit * (1 - 1e-9) <= end <= limit * 1.0906
    assert math.isclose(place, round(place), abs_tol=1e-6)


@given(st.lists(st.floats(1e-4, 100.0), min_size=1, max_size=30), st.integers(1, 8), st.floats(0.001, 10.0))
def test_no_count_is_ever_wrong(times: list[float], schema: int, limit: float) -> None:
    """What is counted up to an end took at most so long; where that is not known, nothing is counted."""
    histogram = Native(schema)
    for text, values in series(row(measured(histogram, *times)), limit=limit).items():
        end = text.partition('__ends__="')[2].partition('"')[0] or text.partition('le="')[2].partition('"')[0]
        slack = 1 + 1e-5
        fewest = sum(each <= float(end) / slack for each in times)
        most = sum(each <= float(end) * slack for each in times)
        assert fewest <= values[0][1] <= most


@pytest.mark.parametrize("schema", [2, 1])
def test_a_limit_inside_a_bucket_has_no_series_and_those_next_to_it_are_shown(schema: int) -> None:
    """Each of them is a limit that can be set, with few digits."""
    known = series(row(measured(Native(schema), 0.31)))
    limits = [text.rpartition('le="')[2].strip('"') for text in known]
    assert limits == ["+Inf", *{2: ["0.297", "0.353"], 1: ["0.25", "0.353"]}[schema]]
    for limit in map(float, limits[1:]):
        again = series(row(measured(Native(schema), 0.31)), limit=limit)
        assert f'le="{limit!r}"' in "".join(again)


def test_a_limit_that_is_next_to_another_one_is_counted_once() -> None:
    """250 ms is the limit of one objective, and the boundary below that of the other."""
    known = read("d", matrix(row(measured(Native(1), 0.1, 0.31))), frozenset({0.25, 0.3}))
    assert [label_text(one.labels) for one in known.series if 'le="0.25"' in label_text(one.labels)] == ['le="0.25"']


def test_a_coarse_schema_whose_bucket_is_empty_is_known_all_the_same() -> None:
    """Nobody took between 297 and 353 ms."""
    assert series(row(measured(Native(2), 0.1, 2.0)))['__ends__="0.32421",le="0.3"'] == [(100.0, 1.0)]


def test_custom_buckets_without_one_at_the_limit() -> None:
    """The edges next to it, as they are."""
    shown = sample([[3, "-Inf", "0.25", "4"], [0, "0.25", "0.5", "5"]])
    assert list(series(row(shown))) == ['le="+Inf"', 'le="0.25"', 'le="0.5"']


def test_custom_buckets_at_powers_of_two_are_no_exponential_ones() -> None:
    """A limit is taken at its word."""
    shown = sample([[0, "0.25", "0.5", "4"], [0, "0.5", "1", "5"]])
    assert series(row(shown), limit=0.1)['le="0.1"'] == [(100.0, 0.0)]


@pytest.mark.parametrize(
    ("buckets", "within"),
    [
        ([ZERO, *FINE], 7.0),
        ([[3, "-0", "0", "4"], *FINE], 7.0),
        ([[1, "-0.5946035575013605", "-0.5452538663326288", "2"], *FINE], 5.0),
        ([*FINE, [0, "1.797e308", "+Inf", "2"]], 3.0),
    ],
    ids=["zero", "zero without width", "negative", "beyond the largest number"],
)
def test_buckets_of_other_shapes(buckets: list[Any], within: float) -> None:
    """All of an exponential schema; nothing of them is slower or faster than it was."""
    lower, upper = 2.0 ** (-57 / 32), 2.0 ** (-56 / 32)
    exact = [[one[0], repr(lower), repr(upper), one[3]] if one in FINE else one for one in buckets]
    assert series(row(sample(exact)))['__ends__="0.32421",le="0.3"'] == [(100.0, within)]


def test_a_zero_bucket_around_the_limit_tells_nothing() -> None:
    """A client that widens it has no idea any more who was faster."""
    known = series(row(sample([[3, "-0.5", "0.5", "4"], [0, "0.5", "0.5452538663326288", "1"]])))
    assert "0.3" not in "".join(known).replace('__ends__="0.5', "")


def test_what_took_no_number_of_seconds_is_among_all() -> None:
    """In the count, in no bucket: no request that was fast enough."""
    known = series(row(measured(Native(3), 0.1, math.nan)))
    assert list(known.values()) == [[(100.0, 2.0)], [(100.0, 1.0)]]


@pytest.mark.parametrize("count", ["0", "3"])
def test_without_any_bucket_there_is_no_series_yet(count: str) -> None:
    """Nobody called, or nothing that was measured: that a histogram is there is remembered."""
    known = found(row(sample(count=count)))
    assert (known.series, known.problem, known.native) == ((), None, "d")


def test_an_empty_sample_after_a_restart_is_a_zero() -> None:
    before, after = sample([[3, "-Inf", "0.3", "4"]], at=100.0), sample(count="0", at=105.0)
    assert series(row(before, after))['le="0.3"'] == [(100.0, 4.0), (105.0, 0.0)]


def test_one_series_too_coarse_keeps_its_pod_from_being_counted() -> None:
    """Else its requests were all slow, or those of the others all there are."""
    fine, coarse = measured(Native(3), 0.31), measured(Native(2), 0.31)
    known = series(row(fine, method="GET"), row(coarse, method="POST"))
    assert sorted(known) == [
        '__ends__="0.297302",le="0.297",method="GET"',
        '__ends__="0.297302",le="0.297",method="POST"',
        '__ends__="0.353553",le="0.353",method="GET"',
        '__ends__="0.353553",le="0.353",method="POST"',
        'le="+Inf",method="GET"',
        'le="+Inf",method="POST"',
    ]


def test_samples_of_another_kind_before_the_newest_are_left_out() -> None:
    """Counts up to one end do not go on from those up to another."""
    custom = sample([[3, "-Inf", "0.3", "4"]], at=95.0)
    known = series(row(custom, measured(Native(3), 0.2)))
    assert known == {'le="+Inf"': [(100.0, 1.0)], '__ends__="0.32421",le="0.3"': [(100.0, 1.0)]}


def test_older_samples_in_which_the_limit_lies_inside_a_bucket_are_left_out() -> None:
    """A client that began anew is fine again."""
    coarse = [95.0, measured(Native(2), 0.31)[1]]
    known = series(row(coarse, measured(Native(3), 0.31)))
    assert known['__ends__="0.32421",le="0.3"'] == [(100.0, 1.0)]


def test_a_histogram_and_a_number_by_turns_is_named() -> None:
    mixed = row(sample([[3, "-Inf", "0.3", "4"]])) | {"values": [[95.0, "3"]]}
    assert sentence(found(mixed)) == "d of pod web-b2-a is a native histogram and a number by turns: rename one."


def test_a_histogram_where_a_counter_is_expected_is_named() -> None:
    """As of all requests."""
    assert sentence(read("d", matrix(row(sample())))) == (
        "d is a native histogram where a counter is expected, like http_requests_total: name one."
    )


@pytest.mark.parametrize("count", ["NaN", "+Inf"])
def test_counts_that_are_no_numbers_are_named(count: str) -> None:
    assert "d of pod web-b2-a is not a number" in sentence(found(row(sample([[3, "-Inf", "0.3", "4"]], count=count))))


@pytest.mark.parametrize(
    "odd", [{"count": "many"}, {"count": "1", "buckets": [[3, "a", "1", "1"]]}, {"count": "1", "buckets": [[3, "1"]]}]
)
def test_histograms_that_cannot_be_read_are_an_outage(odd: dict[str, Any]) -> None:
    with pytest.raises(Outage, match="series that cannot be read"):
        found(row([100.0, odd]))


def test_a_summary_of_that_name_is_no_histogram() -> None:
    """Its quantiles have the name without any ending."""
    quantiles = {"metric": {"__name__": "d", "pod": "web-b2-a", "quantile": "0.99"}, "values": [[100.0, "0.3"]]}
    assert durations.read_native("d", matrix(quantiles), frozenset({0.3})) == Found()


def test_a_gauge_is_named() -> None:
    """Prometheus says so when it is asked for a rate."""
    warning = 'PromQL warning: this native histogram metric is not a counter: "d" (1:12)'
    known = durations.counted(found(row(sample([[3, "-Inf", "0.3", "4"]]))), changed("nothing", warnings=[warning]))
    assert sentence(known).startswith("d is a gauge in Prometheus, so its counts may fall: name a histogram")
    assert known.problem is not None
    assert known.problem.cause is Cause.UNREADABLE
