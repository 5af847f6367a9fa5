"""What is asked of Prometheus, and what its answers mean. Those in `answers/` were given by Prometheus 3.15."""

import json
from pathlib import Path
from typing import Any

import pytest

from gracefulservice.metrics.prometheus import (
    Answer,
    Found,
    Outage,
    doubtful,
    form,
    label_text,
    look,
    question,
    read,
    span,
)
from gracefulservice.rollout.samples import Sample
from gracefulservice.rollout.verdict import Cause

ANSWERS = Path(__file__).parent / "answers"


def captured(name: str, status: int = 200) -> Answer:
    """A real answer."""
    return Answer(status, (ANSWERS / f"{name}.json").read_bytes())


def changed(name: str, **changes: Any) -> Answer:
    """A real answer in which something is different."""
    return Answer(200, json.dumps(json.loads((ANSWERS / f"{name}.json").read_bytes()) | changes).encode())


def matrix(*series: dict[str, Any]) -> Answer:
    """An answer with these series."""
    return changed("nothing", data={"resultType": "matrix", "result": list(series)})


def sentence(found: Found) -> str:
    """What is wrong with what was found."""
    assert found.problem is not None
    assert found.problem.cause is Cause.UNREADABLE
    return found.problem.sentence


def test_the_question_names_the_namespace_and_the_pods_in_a_stable_order() -> None:
    """A dot in a name is a dot; the range is asked for in whole seconds."""
    asked = question('orders_total{result="ok"}', "shop", ["web-2", "web.1-a"], 30.2)
    assert asked == 'orders_total{result="ok",namespace="shop",pod=~"web-2|web\\\\.1-a"}[31s]'


def test_the_form_says_when_and_how_long() -> None:
    """At a chosen instant, to the millisecond."""
    assert form("up", 1700000000.25, 5) == {"query": "up", "time": "1700000000.250", "timeout": "5s"}


@pytest.mark.parametrize(("interval", "seconds"), [(5, 30), (10, 30), (15, 45), (60, 180), (0, 180)])
def test_the_range_holds_three_scrapes(interval: float, seconds: float) -> None:
    """Thirty seconds, and more where scrapes are slow, or may be."""
    assert span(interval) == seconds


def test_raw_samples_keep_their_own_times() -> None:
    """Per pod and series, under the label text that tells them apart, without the labels of place and scrape."""
    answered = look(
        1795227807.971, 15.0, (), {"http_requests_total": read("http_requests_total", captured("requests"))}
    )
    samples = answered.samples["http_requests_total"]
    assert len(samples) == 12
    assert {(one.pod, one.series) for one in samples} == {
        (pod, f'code="{code}",method="GET"') for pod in ("shop-b2-a", "shop-c3-b") for code in ("200", "500")
    }
    first = json.loads((ANSWERS / "requests.json").read_bytes())["data"]["result"][0]
    assert samples[0] == Sample(
        "shop-b2-a", 'code="200",method="GET"', first["values"][0][0], float(first["values"][0][1])
    )
    assert (answered.interval, answered.outage, answered.problems) == (1.0, None, ())


@pytest.mark.parametrize(("every", "kept"), [(5, 6), (15, 3), (30, 3), (60, 3), (90, 2)])
def test_the_first_answer_shows_the_interval_and_no_more_is_counted_than_usual(every: int, kept: int) -> None:
    """Of three minutes what three scrapes, or thirty seconds, hold."""
    values = [[1000 - age, "1"] for age in range(0, 180, every)][::-1]
    answered = look(1000.0, 15.0, (), {"x": read("x", matrix(row(values)))})
    assert (answered.interval, len(answered.samples["x"])) == (every, kept)


def test_buckets_come_with_their_edges() -> None:
    """`le` is what tells them apart; the judge reads it as a number."""
    found = read("http_request_duration_seconds_bucket", captured("buckets"))
    assert [label_text(one.labels) for one in found.series] == ['le="+Inf"', 'le="0.1"', 'le="0.3"']


def test_label_values_are_quoted() -> None:
    """Whatever they hold, the text can be taken apart again."""
    assert label_text({"path": '/a"b\\c\n', "pod": "x", "job": "y"}) == 'path="/a\\"b\\\\c\\n"'


def test_an_empty_answer_is_no_zero() -> None:
    """There is nothing to count, and no problem with it yet."""
    found = read("nothing_total", captured("nothing"))
    assert found == Found()
    answered = look(1.0, 15.0, (), {"nothing_total": found})
    assert (answered.samples, answered.interval) == ({"nothing_total": ()}, 15.0)


def test_a_pod_that_is_scraped_twice_cannot_be_counted() -> None:
    """The sentence names the pod and both ways."""
    said = sentence(read("http_requests_total", captured("scraped_twice")))
    assert said.startswith("http_requests_total of pod shop-c3-c is scraped in 2 ways")
    assert 'job="pods"' in said
    assert 'job="twice"' in said


def row(values: list[list[Any]], **labels: str) -> dict[str, Any]:
    """One series of an answer."""
    return {"metric": {"__name__": "x", "namespace": "shop", "pod": "shop-b2-a"} | labels, "values": values}


def test_a_pod_that_has_moved_is_not_scraped_twice() -> None:
    """After a restart with a new address the old series has no new samples: one way is alive."""
    old = row([[100, "1"], [105, "2"]], instance="10.0.0.1:8080")
    new = row([[110, "1"], [115, "3"]], instance="10.0.0.2:8080")
    assert read("x", matrix(old, new)).problem is None


def test_two_ways_that_are_both_alive_are_two() -> None:
    """Their newest samples lie within one interval."""
    one = row([[100, "1"], [105, "2"]], instance="10.0.0.1:8080")
    other = row([[98, "1"], [103, "3"]], instance="10.0.0.1:9090")
    assert "in 2 ways" in sentence(read("x", matrix(one, other)))


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "many"])
def test_a_value_that_is_no_number_is_named(value: str) -> None:
    """Neither zero nor counted."""
    assert (
        sentence(read("x", matrix(row([[100, value]], code="200"))))
        == 'x of pod shop-b2-a is not a number (code="200").'
    )


def test_a_real_nan_is_named_and_not_counted() -> None:
    """No sample of that selector reaches the judge."""
    found = read("broken_total", captured("not_a_number"))
    assert "broken_total of pod shop-c3-c is not a number" in sentence(found)
    answered = look(1.0, 15.0, (), {"broken_total": found})
    assert answered.samples == {}
    assert [problem.sentence for problem in answered.problems] == [sentence(found)]


def test_a_query_that_is_refused_is_the_users_to_correct() -> None:
    """In Prometheus' own words."""
    assert "missing closing )" in sentence(read("x", captured("bad_regex", status=400)))


OUTAGES: dict[str, tuple[Answer, str]] = {
    "unavailable": (Answer(503, b"Service Unavailable"), "answers 503, but not as a Prometheus does"),
    "too many requests": (Answer(429, b""), "answers 429"),
    "not found": (Answer(404, b"404 page not found"), "answers 404"),
    "not allowed": (Answer(401, b"<html>"), "answers 401"),
    "moved": (Answer(302, b""), "answers 302"),
    "an error in its words": (
        Answer(503, b'{"status":"error","errorType":"timeout","error":"query timed out"}'),
        "Prometheus answers 503: query timed out.",
    ),
    "an error with 200": (Answer(200, b'{"status":"error","error":"odd"}'), "Prometheus answers 200: odd."),
    "a part only": (changed("requests", warnings=["store 2 is down"]), "only a part of the answer: store 2 is down."),
    "a scalar": (captured("scalar"), "a scalar where a matrix is expected"),
    "no data": (changed("nothing", data=None), "where a matrix is expected"),
    "garbage": (Answer(200, b"hello"), "answers 200, but not as a Prometheus does"),
    "a list": (Answer(200, b"[]"), "not as a Prometheus does"),
    "nothing": (Answer(200, b""), "not as a Prometheus does"),
    "series that are none": (
        changed("nothing", data={"resultType": "matrix", "result": [{"metric": 3}]}),
        "series that cannot be read",
    ),
    "a refusal without a reason": (Answer(400, b"<html>bad</html>"), "answers 400"),
}


@pytest.mark.parametrize(("answer", "said"), OUTAGES.values(), ids=OUTAGES.keys())
def test_every_answer_that_cannot_be_relied_on_is_an_outage(answer: Answer, said: str) -> None:
    """One sentence; what strangers write into a body is never passed on."""
    with pytest.raises(Outage) as outage:
        read("x", answer)
    assert said in str(outage.value)
    assert "<html>" not in str(outage.value)


def test_series_without_the_label_pod_are_named() -> None:
    """With the labels they have, so that one sees which of them is meant to be it."""
    problem = doubtful("lonely_total", "shop", captured("without_labels"))
    assert problem is not None
    assert problem.cause is Cause.LABEL_MISSING
    assert "others without that label (with code, instance, job, kubernetes_pod, method)" in problem.sentence


def test_series_in_another_namespace_are_named() -> None:
    """The pods are right, their namespace is not."""
    problem = doubtful("displaced_total", "shop", captured("other_namespace"))
    assert problem is not None
    assert problem.cause is Cause.LABEL_MISSING
    assert 'The label namespace of displaced_total is "monitoring" where "shop" is expected' in problem.sentence


def test_series_that_only_have_no_new_samples_have_the_right_labels() -> None:
    """A pod that is not scraped any more is found by the second question, and its labels are fine."""
    assert doubtful("displaced_total", "monitoring", captured("other_namespace")) is None


def test_no_such_metric_is_nothing_to_doubt() -> None:
    """The judge has a sentence for that."""
    assert doubtful("nothing_total", "shop", captured("no_doubt")) is None
