"""Plain counter selectors of PromQL, like `orders_total{result="failed"}`: checked once, narrowed when asked.

Only a bare selector names a raw counter. Functions, ranges and arithmetic would hide resets, first values and
time stamps from the judge, which takes the differences itself; so they are refused by name.
"""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_STRING = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`""")
_CALL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:(?:by|without)\s*\([^()]*\)\s*)?\(")


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric and the label matchers on it, each as it was written."""

    metric: str
    matchers: tuple[str, ...] = ()

    def narrowed(self, *matchers: str) -> str:
        """PromQL of this selector with further matchers."""
        return f"{self.metric}{{{','.join((*self.matchers, *matchers))}}}"


def parse(text: str) -> Selector:
    """Read a selector. Raises ValueError with a sentence that names what must not be in it.

    >>> parse('orders_total{result="failed"}').narrowed('namespace="shop"')
    'orders_total{result="failed",namespace="shop"}'
    """
    metric, rest = _taken(_NAME, text.strip())
    matchers: tuple[str, ...] = ()
    if rest.startswith("{"):
        matchers, rest = _matchers(rest[1:], text)
    if rest or not (metric or matchers):
        raise ValueError(_refusal(text, rest))
    return Selector(metric, matchers)


def matcher(label: str, operator: str, value: str) -> str:
    """One label matcher with its value quoted: `pod=~"web-.*"`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label}{operator}"{escaped}"'


def _matchers(rest: str, text: str) -> tuple[tuple[str, ...], str]:
    """The matchers up to the closing brace, and what follows it."""
    found: list[str] = []
    rest = rest.lstrip()
    while not rest.startswith("}"):
        one, rest = _matcher(rest)
        if not one or not rest.startswith((",", "}")):
            raise ValueError(_refusal(text, rest))
        found.append(one)
        rest = rest.removeprefix(",").lstrip()
    return tuple(found), rest[1:].lstrip()


def _matcher(text: str) -> tuple[str, str]:
    """`label op "value"`, or a quoted metric name; an empty text where there is neither."""
    quoted, rest = _taken(_STRING, text)
    label, rest = (quoted, rest) if quoted else _taken(_LABEL, text)
    if quoted and rest.startswith((",", "}")):
        return quoted, rest
    operator, rest = _taken(_OPERATOR, rest)
    value, rest = _taken(_STRING, rest)
    return (f"{label}{operator}{value}", rest) if label and operator and value else ("", rest)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    """What matches at the start of `text`, and the rest without the blanks before it."""
    found = pattern.match(text)
    return (found.group(), text[found.end() :].lstrip()) if found else ("", text)


def _refusal(text: str, rest: str) -> str:
    """Why `text` is not a plain selector: by the name of what is too much in it, if that can be told."""
    plain = 'write a plain counter like orders_total{result="failed"}, differences are taken by the operator.'
    unquoted = _STRING.sub("", text)
    if call := _CALL.search(unquoted):
        return f"{text!r} uses the function {call.group(1)}: {plain}"
    if rest.startswith("["):
        return f"{text!r} has the range {rest}: {plain}"
    if word := re.match(r"offset\b|@|[-+*/%^<>=!]+|(?:and|or|unless|by|without)\b", rest):
        return f"{text!r} has {word.group()!r} after the selector: {plain}"
    return f"{text!r} is not a counter selector: {plain}"
