"""A page of metrics as a pod shows it, in the text format of Prometheus: the few lines of it that are wanted.

A line is a head (name and labels), which is the same at each scrape, and a value. Heads are read by the official
parser, each once; of a page that was seen before only the values are read, so that many pods can be read every second.
All of it happens on the one loop that serves every service, so whatever a page can make long has a limit.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

MOST_SERIES = 2000
"""More wanted series than any service needs, and as many as can be kept of a hundred pods at once."""
MOST_LINES = 100_000
"""Of whatever metrics: many times what a page of real ones has, and read in a few hundredths of a second."""
LONGEST_HEAD = 2048
"""Characters."""
MOST_CHARACTERS = 256 * 2**10
"""Of the heads that are wanted, on one page."""
LONGEST_QUOTE = 80

Labels = Mapping[str, str]


def values(page: bytes, metrics: Iterable[str]) -> dict[str, float]:
    """Head → value of every line of these metrics, in the order of the page.

    Raises ValueError with the end of a sentence about the page. Times of samples' own are not read: what is counted
    is what a pod showed when it was asked.
    """
    found: dict[str, float] = {}
    length = 0
    for number, line in enumerate(_lines(page, frozenset(metrics)), start=1):
        head, value = _split(line)
        length += len(head)
        if len(head) > LONGEST_HEAD:
            raise ValueError(f"its line {head[:LONGEST_QUOTE]!r} has labels of more than {LONGEST_HEAD:,} characters")
        if number > MOST_SERIES:
            raise ValueError(f"it has more than {MOST_SERIES:,} series of {_listed(metrics)}")
        if length > MOST_CHARACTERS:
            raise ValueError(f"its series of {_listed(metrics)} exceed {MOST_CHARACTERS:,} characters of labels")
        found.setdefault(head, value)
    return found


def _listed(metrics: Iterable[str]) -> str:
    return ", ".join(sorted(metrics))


def labels(head: str) -> Labels:
    """The labels in the head of a line. Raises ValueError with the end of a sentence."""
    try:
        (family,) = text_string_to_metric_families(f"{head} 0\n")
        return dict(family.samples[0].labels)
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"its line {head[:LONGEST_QUOTE]!r} cannot be read") from error


def _lines(page: bytes, metrics: frozenset[str]) -> Iterator[str]:
    """The lines that begin with one of these names, and not with a longer one."""
    if page.count(b"\n") > MOST_LINES:
        raise ValueError(f"it has more than {MOST_LINES:,} lines")
    try:
        text = page.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not text") from error
    beginnings = tuple(metrics)
    for line in text.split("\n"):
        clean = line.strip()
        if clean.startswith(beginnings) and clean.partition("{")[0].split(maxsplit=1)[0] in metrics:
            yield clean


def _split(line: str) -> tuple[str, float]:
    """Head and value. The labels end at the last brace: what follows them are numbers."""
    cut = line.rfind("}") + 1 or len(line.split(maxsplit=1)[0])
    head, numbers = line[:cut], line[cut:].split()
    try:
        if len(numbers) not in (1, 2) or "_" in numbers[0]:
            raise ValueError(line)
        return head, float(numbers[0])
    except ValueError as error:
        raise ValueError(f"its line {line[:LONGEST_QUOTE]!r} has no value") from error
