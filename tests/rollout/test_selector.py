"""Selectors of raw counters: what is taken as it is, and what is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.rollout.selector import Selector, matcher, parse


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("orders_total", Selector("orders_total")),
        ("  orders_total  ", Selector("orders_total")),
        ("orders_total{}", Selector("orders_total")),
        ("job:orders:total", Selector("job:orders:total")),
        ('orders_total{result="failed"}', Selector("orders_total", ('result="failed"',))),
        (
            "orders_total { result = 'ok' , shop=~`a|b`, }",
            Selector("orders_total", ("result='ok'", "shop=~`a|b`")),
        ),
        ('{__name__="orders_total"}', Selector("", ('__name__="orders_total"',))),
        ('{"orders.total", "shop.id"="1"}', Selector("", ('"orders.total"', '"shop.id"="1"'))),
        (r'orders_total{path="rate(x[5m]) \"}"}', Selector("orders_total", (r'path="rate(x[5m]) \"}"',))),
    ],
)
def test_a_plain_selector_is_taken_apart_as_it_was_written(text: str, selector: Selector) -> None:
    """Blanks and a last comma are dropped; quotes inside values end nothing."""
    assert parse(text) == selector


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rate(orders_total[5m])", "the function rate"),
        ("sum by (pod) (increase(orders_total[1m]))", "the function sum"),
        ("sum(orders_total)", "the function sum"),
        ('increase(orders_total{a="b"}[5m]) > 3', "the function increase"),
        ("orders_total[5m]", "the range [5m]"),
        ('orders_total{a="b"}[5m:1m]', "the range [5m:1m]"),
        ("orders_total offset 5m", "'offset' after"),
        ("orders_total @ 1609746000", "'@' after"),
        ("orders_total / requests_total", "'/' after"),
        ("orders_total unless requests_total", "'unless' after"),
        ("orders_total{result}", "not a counter selector"),
        ('orders_total{result="failed"', "not a counter selector"),
        ('orders_total{result="a" shop="b"}', "not a counter selector"),
        ("orders_total{result=failed}", "not a counter selector"),
        ("42", "not a counter selector"),
        ("{}", "not a counter selector"),
        ("", "not a counter selector"),
    ],
)
def test_anything_more_is_refused_by_name(text: str, named: str) -> None:
    """The sentence quotes the text and says what is too much in it."""
    with pytest.raises(ValueError, match=r"not a counter|function|range|after") as refusal:
        parse(text)
    assert named in str(refusal.value)
    assert repr(text) in str(refusal.value)


def test_matchers_are_added_behind_those_of_the_user() -> None:
    """A user's own matcher on the same label still holds: PromQL joins matchers by and."""
    narrowed = parse('orders_total{pod="x"}').narrowed(matcher("namespace", "=", "shop"), matcher("pod", "=~", "a|b"))
    assert narrowed == 'orders_total{pod="x",namespace="shop",pod=~"a|b"}'


@given(st.text())
def test_a_matcher_says_exactly_its_value(value: str) -> None:
    """Whatever is in the value, the quoted form is one matcher that parses back to itself."""
    written = matcher("pod", "=", value)
    assert parse(f"x{{{written}}}").matchers == (written,)
