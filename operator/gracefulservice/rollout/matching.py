"""Plain counter selectors, answered without a Prometheus: which label sets one of them means.

The matchers are PromQL's: a label that is missing is empty, and a regular expression means all of the value. The
expressions are a part of PromQL's: no groups, and at most two of `*`, `+` and `?`. Two of them still take a time that
grows with the square of the value's length, so they are tried on short values only: then it is a tenth of a millisecond
at most. What is beyond that is refused by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gracefulservice.rollout.selector import parse

MOST_REPEATED = 2
LONGEST_VALUE = 256
"""Characters that an expression is tried on."""
_MATCHER = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)(.+)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_PLAIN_EXPRESSION = re.compile(r"(?:[^\\(){}^$]|\\[dDwWsS.*+?()|\[\]{}^$/-])*")
_REPEATED = re.compile(r"(?<!\\)[*+?]")

Labels = Mapping[str, str]
Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Matching:
    """One metric, and what the values of some labels must be. `selector` is what it was made of."""

    selector: str
    metric: str
    tests: tuple[tuple[str, Test], ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether a series of the metric with these labels is meant. Raises ValueError where that takes too long."""
        return all(test(labels.get(label, "")) for label, test in self.tests)


def matching(selector: str) -> Matching:
    """What a selector means. Raises ValueError with a sentence that names what cannot be answered.

    >>> failed = matching('orders_total{result=~"failed|lost"}')
    >>> failed.metric, failed.matches({"result": "lost"}), failed.matches({"result": "lost at sea"})
    ('orders_total', True, False)
    """
    plain = parse(selector)
    if not plain.metric:
        raise ValueError(f"{selector!r} gives no plain name of a metric: write one like orders_total.")
    return Matching(selector, plain.metric, tuple(_test(selector, one) for one in plain.matchers))


def _test(selector: str, matcher: str) -> tuple[str, Test]:
    found = _MATCHER.fullmatch(matcher)
    if found is None:
        raise ValueError(f'{selector!r} has {matcher} where a label and its value are expected, like code="500".')
    label, operator, quoted = found.groups()
    wanted = _value(selector, quoted)
    if operator in ("=", "!="):
        return label, (lambda value: value == wanted) if operator == "=" else (lambda value: value != wanted)
    means = _expression(selector, wanted).fullmatch

    def test(value: str) -> bool:
        if len(value) > LONGEST_VALUE:
            raise ValueError(
                f"{selector!r} tries an expression on the label {label}, which has a value of {len(value):,} "
                f"characters where {LONGEST_VALUE} are the most: shorten it, or leave the label out of the selector."
            )
        return bool(means(value)) is (operator == "=~")

    return label, test


def _value(selector: str, quoted: str) -> str:
    """The text in the quotes."""
    if quoted.startswith("`"):
        return quoted[1:-1]
    if unknown := next((found[0] for found in _ESCAPE.finditer(quoted) if found[1] not in _ESCAPED), None):
        raise ValueError(f"{selector!r} has the escape {unknown}, which is not known: write the character itself.")
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], quoted[1:-1])


def _expression(selector: str, text: str) -> re.Pattern[str]:
    repeated = len(_REPEATED.findall(text))
    if not _PLAIN_EXPRESSION.fullmatch(text) or repeated > MOST_REPEATED:
        raise ValueError(
            f"{selector!r} has the expression {text!r}, which the source pods cannot use: leave out groups, and use at "
            f"most {MOST_REPEATED} of * + and ?."
        )
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise ValueError(f"{selector!r} has the expression {text!r}, which is none: {error}.") from error
