"""One page about a soak, as text and as HTML that needs nothing but a browser. Pure."""

from collections.abc import Callable, Sequence
from html import escape

from tests.soak.outcome import Outcome
from tests.soak.windows import Latency, Row

WIDTH, HEIGHT = 150, 26
"""Pixels of a curve."""

STYLE = """
:root { color-scheme: light dark;
  --ink: #1c1e21; --dim: #6a7078; --line: #dfe2e6; --back: #fff; --good: #1a7f37; --bad: #c62828 }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e4e6e9; --dim: #9aa1a9; --line: #353a40; --back: #16181b; --good: #56c271; --bad: #ff6b66 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th { color: var(--dim); font-weight: 500 }
th:first-child, td:first-child { text-align: left }
.sum { font-size: 1.3rem } .dim { color: var(--dim) }
.good { color: var(--good) } .bad { color: var(--bad); font-weight: 600 }
svg { display: block } polyline { fill: none; stroke: var(--dim); stroke-width: 1 } rect { fill: var(--bad) }
.wide { overflow-x: auto }
"""

Column = tuple[str, Callable[[Row], str]]


def number(count: int) -> str:
    """With thousands marked."""
    return f"{count:,}"


def milliseconds(value: float | None) -> str:
    """Short, or a dash."""
    return "–" if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def both(latency: Latency) -> str:
    """Median and 99th percentile."""
    return f"{milliseconds(latency.p50)} / {milliseconds(latency.p99)}"


def worst(row: Row) -> str:
    """The worst second in words."""
    if row.worst is None:
        return "–"
    return f"{number(row.worst.lost)} of {number(row.worst.sent)} lost, {milliseconds(row.worst.p99_ms)} ms"


def versions(row: Row) -> str:
    """Which versions answered, and how often."""
    return ", ".join(f"{version} {number(count)}" for version, count in row.versions.items()) or "–"


COLUMNS: tuple[Column, ...] = (
    ("requests", lambda row: number(row.requests)),
    ("lost", lambda row: number(row.lost)),
    ("not sent", lambda row: number(row.skipped)),
    ("action s", lambda row: "–" if row.rest else f"{row.seconds:.0f}"),
    ("p50 / p99 before", lambda row: "–" if row.rest else both(row.before)),
    ("during, ms", lambda row: "–" if row.rest else both(row.during)),
    ("worst second", worst),
    ("answers", versions),
)


def headline(outcome: Outcome) -> str:
    """What came of it, in one sentence."""
    return (
        f"{number(outcome.lost)} of {number(outcome.requests)} requests lost over "
        f"{sum(not row.rest for row in outcome.ours)} actions in {outcome.minutes:.0f} minutes"
    )


def blocks(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each service, in the order they happened."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.service + (" (control: must lose)" if row.control else ""), []).append(row)
    return found


def text(outcome: Outcome) -> str:
    """The page for a terminal."""
    lines = [headline(outcome) + f" (began {outcome.began}, seed {outcome.seed})."]
    for service, rows in blocks(outcome.rows).items():
        table = [[service, *(name for name, _ in COLUMNS)]]
        table += [[f"  {row.action}", *(told(row) for _, told in COLUMNS)] for row in rows]
        lines += ["", *aligned(table)]
    if outcome.skipped:
        lines += ["", f"This machine was too slow to send {number(outcome.skipped)} requests; they count nowhere."]
    verdicts = outcome.problems() or ["Every request was answered, and the control lost some: the soak holds."]
    return "\n".join([*lines, "", *verdicts]) + "\n"


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    ]


def html(outcome: Outcome) -> str:
    """The page for a browser, in light and dark."""
    verdict = "".join(f'<p class="bad">{escape(problem)}</p>' for problem in outcome.problems())
    holds = '<p class="good">Every request was answered, and the control lost some: the soak holds.</p>'
    tables = "".join(section(service, rows) for service, rows in blocks(outcome.rows).items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Soak: {escape(headline(outcome))}</title><style>{STYLE}</style><h1>Soak</h1>"
        f'<p class="sum">{escape(headline(outcome))}</p>'
        f'<p class="dim">Began {escape(outcome.began)}, seed {outcome.seed}, {number(outcome.wanted)} requests asked '
        f"for, {number(outcome.skipped)} not sent because this machine was too slow. Each row reaches from the "
        "beginning of an action to the beginning of the next. Latencies are those of the typical second; the curve is "
        "requests sent per second, with lost ones in red.</p>"
        f"{verdict or holds}{tables}</html>\n"
    )


def section(service: str, rows: Sequence[Row]) -> str:
    """One service's table."""
    head = "".join(f"<th>{escape(name)}</th>" for name, _ in COLUMNS)
    body = "".join(line(row) for row in rows)
    top = f"<tr><th>action</th>{head}<th>sent and lost per second</th></tr>"
    return f'<h2>{escape(service)}</h2><div class="wide"><table>{top}{body}</table></div>'


def line(row: Row) -> str:
    """One action's row."""
    lost = ("bad" if row.lost else "good") if not row.control else ""
    cells = "".join(f'<td class="{lost if name == "lost" else ""}">{escape(told(row))}</td>' for name, told in COLUMNS)
    return f"<tr><td>{escape(row.action)}</td>{cells}<td>{curve(row.curve)}</td></tr>"


def curve(seconds: Sequence[tuple[int, int]]) -> str:
    """Requests sent per second as a line, lost ones as bars from below, both to the same scale."""
    if not seconds:
        return ""
    top = max(1, *(max(pair) for pair in seconds))
    step = WIDTH / len(seconds)
    heights = [(index * step, *(HEIGHT * count / top for count in pair)) for index, pair in enumerate(seconds)]
    points = " ".join(f"{x:.1f},{HEIGHT - sent:.1f}" for x, sent, _ in heights)
    bars = "".join(
        f'<rect x="{x:.1f}" y="{HEIGHT - max(lost, 2):.1f}" width="{max(step, 1):.1f}" height="{max(lost, 2):.1f}"/>'
        for x, _, lost in heights
        if lost
    )
    label = 'role="img" aria-label="requests per second"'
    return f'<svg width="{WIDTH}" height="{HEIGHT}" {label}><polyline points="{points}"/>{bars}</svg>'
