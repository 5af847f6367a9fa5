"""Pages as pods show them: what is wanted is read, whatever else stands there, and what cannot be read is named."""

import pytest

from gracefulservice.metrics import exposition
from gracefulservice.metrics.exposition import labels, values

PAGE = b"""# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a b{c}\\"\\n"} 1.5e3 1700000000000
http_requests_total{code="500",} 2
http_requests_total_created{code="200"} 1.7e9
# TYPE http_requests_in_flight gauge
http_requests_in_flight 3
up 1
  spaced_total \t 4
"""
WANTED = frozenset({"http_requests_total", "up", "spaced_total"})


def test_only_what_is_wanted_is_read() -> None:
    """By the whole name; a time of its own in a line does not count, nor do blanks around it."""
    assert values(PAGE, WANTED) == {
        'http_requests_total{code="200",path="/a b{c}\\"\\n"}': 1500.0,
        'http_requests_total{code="500",}': 2.0,
        "up": 1.0,
        "spaced_total": 4.0,
    }


def test_heads_are_read_as_the_official_parser_reads_them() -> None:
    """Escapes, braces in values, a comma at the end, no labels at all."""
    first, second, third, _ = values(PAGE, WANTED)
    assert labels(first) == {"code": "200", "path": '/a b{c}"\n'}
    assert labels(second) == {"code": "500"}
    assert labels(third) == {}


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (b'up{a="1"}\n', "has no value"),
        (b"up one\n", "has no value"),
        (b"up 1_000\n", "has no value"),
        (b"up 1 2 3\n", "has no value"),
        (b'up{a="1} 5 # {trace="x"} 1\n', "cannot be read"),
        (b'up{a="1",a="2"} 1\n', "cannot be read"),
        (b"up{a} 1\n", "cannot be read"),
        (b"up \xff\n", "not text"),
        (b'up{a="%s"} 1\n' % (b"a" * 2100), "more than 2,048 characters"),
        (b"".join(b'up{a="%d%s"} 1\n' % (one, b"a" * 1400) for one in range(200)), "262,144 characters of labels"),
        (b"up 1\n" * 2001, "more than 2,000 series"),
        (b"\n" * 100_001, "more than 100,000 lines"),
    ],
)
def test_what_cannot_be_read_is_named(page: bytes, sentence: str) -> None:
    """Never guessed at."""
    with pytest.raises(ValueError, match=sentence):
        _ = [labels(head) for head in values(page, WANTED)]


@pytest.mark.parametrize("page", [b"", b"<html><body>up and away</body></html>", b"\x00\x01", b"other 1\n"])
def test_a_page_without_it_has_nothing(page: bytes) -> None:
    """That there is no series is for others to say."""
    assert values(page, WANTED) == {}


def test_the_same_series_twice_counts_once() -> None:
    """The first, as in Prometheus."""
    assert values(b"up 1\nup 2\n", WANTED) == {"up": 1.0}


def test_too_many_series_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's labels fill the operator's memory."""
    monkeypatch.setattr(exposition, "MOST_SERIES", 3)
    page = b"".join(b'up{user="%d"} 1\n' % number for number in range(4))
    with pytest.raises(ValueError, match="more than 3 series"):
        values(page, WANTED)
    assert len(values(page, {"other"})) == 0
