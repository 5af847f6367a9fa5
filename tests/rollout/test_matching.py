"""What a selector means without a Prometheus: as there, and nothing that could take long to find out."""

import pytest

from gracefulservice.rollout.matching import LONGEST_VALUE, matching


@pytest.mark.parametrize(
    ("selector", "yes", "no"),
    [
        ("a", [{}, {"x": "1"}], []),
        ('a{x="1"}', [{"x": "1"}], [{}, {"x": "11"}]),
        ('a{x!="1"}', [{}, {"x": "2"}], [{"x": "1"}]),
        ('a{x=""}', [{}, {"y": "1"}], [{"x": "1"}]),
        ('a{x=~"5.."}', [{"x": "500"}], [{"x": "5000"}, {"x": "1500"}, {}]),
        ('a{x!~"5.."}', [{}, {"x": "200"}], [{"x": "503"}]),
        ('a{x=~"ok|fine",y="1"}', [{"x": "ok", "y": "1"}], [{"x": "ok"}, {"x": "okfine", "y": "1"}]),
        ('a{x=~".+"}', [{"x": "\n"}], [{}]),
        ('a{x=~"[45]xx"}', [{"x": "4xx"}], [{"x": "xx"}]),
        ("a{x='it\\'s'}", [{"x": "it's"}], [{"x": "its"}]),
        ('a{x="\\"\\\\\\n"}', [{"x": '"\\\n'}], [{}]),
        ("a{x=`\\d+`}", [{"x": "\\d+"}], [{"x": "5"}]),
        ("a{x=~`\\d+`}", [{"x": "55"}], [{"x": "d"}]),
    ],
)
def test_series_that_are_meant(selector: str, yes: list[dict[str, str]], no: list[dict[str, str]]) -> None:
    """Of the metric's own labels; one that is missing is empty."""
    found = matching(selector)
    assert found.metric == "a"
    assert [found.matches(labels) for labels in yes] == [True] * len(yes)
    assert [found.matches(labels) for labels in no] == [False] * len(no)


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        ("rate(a[5m])", "function rate"),
        ('{x="1"}', "no plain name"),
        ('a{"x.y"="1"}', "a label and its value"),
        ('a{x="\\x41"}', "escape"),
        ('a{x=~"(a+)+b"}', "leave out groups"),
        ('a{x=~".*a.*b.*"}', "at most 2"),
        ('a{x=~"a{1000}"}', "leave out groups"),
        ('a{x=~"[a"}', "which is none"),
        ('a{x=~"*"}', "which is none"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(selector: str, why: str) -> None:
    """Before a rollout begins."""
    with pytest.raises(ValueError, match=why):
        matching(selector)


@pytest.mark.parametrize("operator", ["=~", "!~"])
def test_expressions_are_tried_on_short_values_only(operator: str) -> None:
    """What takes the square of a length is not begun; what is compared as a whole may be as long as it likes."""
    found = matching(f'a{{x{operator}".*.*y"}}')
    assert found.matches({"x": "z" * LONGEST_VALUE}) is (operator == "!~")
    with pytest.raises(ValueError, match="on the label x, which has a value of 257 characters where 256 are the most"):
        found.matches({"x": "y" * (LONGEST_VALUE + 1)})
    assert matching('a{x!="1"}').matches({"x": "y" * 2000})
