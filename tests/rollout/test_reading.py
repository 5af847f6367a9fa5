"""Which series play which role, and every way in which counters cannot be read."""

import doctest
from dataclasses import replace

import pytest

from gracefulservice.rollout import objective, reading
from gracefulservice.rollout.objective import Counts, Objective, custom, error_rate, latency, leading, selectors
from gracefulservice.rollout.reading import Look, bucket_edge, countable, label_value, nearest_edges, read, unreadable
from gracefulservice.rollout.samples import Cursor, Sample
from gracefulservice.rollout.verdict import Cause
from tests.rollout.counters import BEGUN, DURATIONS, ERRORS, ORDERS, P99, REQUESTS, App, Prometheus, stable

AT = BEGUN + 20
CURSORS = {"stable-1": {"s": Cursor(AT, 1, 0, None)}}


def looked(*apps: App) -> Look:
    prometheus = Prometheus()
    prometheus.scrape(AT, apps)
    return prometheus.look(AT, apps)


def served(app: App, times: int = 10) -> App:
    app.serve(times)
    return app


def test_examples() -> None:
    assert doctest.testmod(reading) == (0, 2)
    assert doctest.testmod(objective) == (0, 2)


@pytest.mark.parametrize(
    ("series", "label", "value"),
    [
        ('code="500"', "code", "500"),
        ('code="500",method="GET"', "method", "GET"),
        ('exit_code="1"', "code", None),
        ('path="a,code=\\"500\\"",code="200"', "code", "200"),
        ('code="a\\"b"', "code", 'a\\"b'),
        ("", "code", None),
    ],
)
def test_label_values(series: str, label: str, value: str | None) -> None:
    assert label_value(series, label) == value


@pytest.mark.parametrize(
    ("series", "edge"),
    [
        ('le="0.3"', 0.3),
        ('le="0.30"', 0.3),
        ('le="1e-1"', 0.1),
        ('le="+Inf"', float("inf")),
        ('le="x"', None),
        ("", None),
    ],
)
def test_an_edge_is_compared_as_a_number(series: str, edge: float | None) -> None:
    assert bucket_edge(series) == edge


@pytest.mark.parametrize(
    ("edges", "expected"),
    [((0.1, 0.25, 0.5), (0.25, 0.5)), ((0.5, 1.0), (0.5,)), ((0.1,), (0.1,)), ((float("inf"),), ()), ((), ())],
)
def test_nearest_edges(edges: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert nearest_edges(edges, 0.3) == expected


@pytest.mark.parametrize("code", ["500", "503", "599", "5xx"])
def test_server_errors_are_the_bad_part(code: str) -> None:
    app = served(App("canary-1", "canary"))
    app.serve(1, code=code)
    found = read(ERRORS, looked(app), "canary")
    assert set(found.total["canary-1"]) == {'code="200"', f'code="{code}"'}
    assert set(found.part["canary-1"]) == {f'code="{code}"'}


@pytest.mark.parametrize("code", ["200", "404", "429", "50", "5000", "1500"])
def test_other_codes_are_not(code: str) -> None:
    app = App("canary-1", "canary")
    app.serve(1, code=code)
    assert read(ERRORS, looked(app), "canary").part == {}


def test_the_label_with_the_code_has_a_name_of_its_own() -> None:
    app = App("canary-1", "canary")
    app.count(REQUESTS, 'status="502"', 4)
    found = read(error_rate(0.01, REQUESTS, label="status"), looked(app), "canary")
    assert found.part["canary-1"]['status="502"'].value == 4


def test_latency_compares_all_requests_with_those_within_the_edge() -> None:
    found = read(P99, looked(served(App("canary-1", "canary"))), "canary")
    assert set(found.total["canary-1"]) == {'le="+Inf"'}
    assert set(found.part["canary-1"]) == {'le="0.30"'}


def test_pods_that_are_not_in_the_look_are_not_read() -> None:
    look = looked(served(App("canary-1", "canary")), served(App("gone", "canary")))
    assert set(read(ERRORS, replace(look, pods=look.pods[:1]), "canary").total) == {"canary-1"}


def test_the_error_rate_leads_and_each_selector_is_asked_once() -> None:
    assert leading((P99, ERRORS)) is ERRORS
    assert leading((ORDERS, P99)) is ORDERS
    assert selectors((ERRORS, P99, ORDERS, latency("p50", 0.1, DURATIONS, 30.0))) == (
        REQUESTS,
        DURATIONS,
        "orders_total",
        'orders_total{result="ok"}',
    )


def test_an_allowed_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        error_rate(0.0, REQUESTS)
    with pytest.raises(ValueError, match=r"less than or equal to 0\.5"):
        custom("x", 0.51, "a", "b", Counts.BAD)


def unlabelled() -> App:
    app = App("canary-1", "canary")
    app.count(REQUESTS, 'method="GET"', 5)
    return app


def ordered(app: App, good: int, total: int) -> App:
    app.count("orders_total", "", total)
    if good:
        app.count('orders_total{result="ok"}', 'result="ok"', good)
    return app


COARSE = ("0.1", "0.25", "0.5", "+Inf")


@pytest.mark.parametrize(
    ("sentence", "goal", "apps", "cause", "words"),
    [
        ("nobody exports the metric", ERRORS, [stable()], Cause.SERIES_MISSING, "no series of http_requests_total"),
        (
            "the canary alone has none: it may have no requests",
            ERRORS,
            [served(stable()), App("c", "canary")],
            None,
            "",
        ),
        ("the code label is missing", ERRORS, [unlabelled()], Cause.LABEL_MISSING, 'without the label "code"'),
        ("other metrics need no code", P99, [served(App("c", "canary"))], None, ""),
        (
            "the limit lies between two buckets",
            P99,
            [served(App("c", "canary", edges=COARSE))],
            Cause.BUCKET_MISMATCH,
            "no bucket of http_request_duration_seconds_bucket ends there; the nearest end at 250 ms and 500 ms",
        ),
        (
            "before the canary is scraped, stable's buckets tell",
            P99,
            [served(replace(stable(), edges=COARSE)), App("c", "canary")],
            Cause.BUCKET_MISMATCH,
            "250 ms and 500 ms",
        ),
        (
            "a new version may bring the bucket",
            P99,
            [served(replace(stable(), edges=COARSE)), served(App("c", "canary"))],
            None,
            "",
        ),
        ("nothing good on a stable that works", ORDERS, [ordered(stable(), 0, 50)], Cause.SERIES_MISSING, "is wrong"),
        (
            "nothing good on the canary alone",
            ORDERS,
            [ordered(stable(), 9, 9), ordered(App("c", "canary"), 0, 5)],
            None,
            "",
        ),
        ("nothing good on a first version", ORDERS, [ordered(App("c", "canary"), 0, 5)], None, ""),
        ("no order was ever placed on stable", ORDERS, [ordered(stable(), 0, 0), App("c", "canary")], None, ""),
    ],
)
def test_what_cannot_be_read(sentence: str, goal: Objective, apps: list[App], cause: Cause | None, words: str) -> None:
    problem = unreadable(read(goal, looked(*apps), "canary"), {}, {})
    assert (problem.cause if problem else None) is cause, sentence
    assert problem is None or (words in problem.sentence and problem.objective == goal.name)


def test_what_was_counted_once_is_stale_and_not_missing() -> None:
    assert unreadable(read(ERRORS, looked(stable()), "canary"), CURSORS, {}) is None
    assert unreadable(read(ORDERS, looked(ordered(stable(), 0, 5)), "canary"), CURSORS, CURSORS) is None


def test_a_histogram_without_the_bucket_is_never_counted_as_slow() -> None:
    look = looked(served(App("fine", "canary")), served(App("coarse", "canary", edges=COARSE)))
    assert countable(read(P99, look, "canary"), 5.0) == {"fine"}


def test_a_pod_whose_counters_come_from_two_scrapes_waits() -> None:
    late = {
        "orders_total": (Sample("stable-1", "", AT, 9),),
        'orders_total{result="ok"}': (Sample("stable-1", 'result="ok"', AT - 5, 9),),
    }
    look = Look(AT, 5.0, (stable().facts,), late)
    assert countable(read(ORDERS, look, "canary"), 5.0) == frozenset()


def test_more_series_than_the_status_can_hold_are_refused_with_their_number() -> None:
    """Else the status could not be written any more, and no verdict could be acted on."""

    def shown(paths: int) -> Look:
        series = tuple(Sample("stable-1", f'code="200",path="/{path}"', AT, 9) for path in range(paths))
        return Look(AT, 5.0, (stable().facts,), {ERRORS.total: series})

    assert unreadable(read(ERRORS, shown(reading.MOST_SERIES), "canary"), {}, {}) is None
    problem = unreadable(read(ERRORS, shown(reading.MOST_SERIES + 1), "canary"), {}, {})
    assert problem is not None
    assert problem.cause is Cause.UNREADABLE
    assert "has 4,001 series" in problem.sentence
