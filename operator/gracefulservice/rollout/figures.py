"""Numbers as people read them."""

import math

MOST_ODDS = 1_000_000


def number(value: float) -> str:
    """A count with thousands separators: `5,110`."""
    return f"{value:,.0f}"


def quantity(value: float) -> str:
    """A value of whatever unit: `1240.0` → `1,240`, `0.95123` → `0.95123`."""
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e15 else f"{value:,.6g}"


def percent(share: float) -> str:
    """A share with three digits: `0.0197` → `1.97 %`."""
    return f"{max(100 * share, 0.0001):.3g} %" if share > 0 else "0 %"


def at_most(share: float) -> str:
    """An upper limit with three digits, never rounded below itself: `0.020021` → `2.01 %`."""
    step = 10.0 ** (math.floor(math.log10(max(100 * share, 0.0001))) - 2)
    return percent(math.ceil(100 * share / step) * step / 100)


def duration(seconds: float) -> str:
    """`0.3` → `300 ms`, `2.5` → `2.5 s`."""
    return f"{1000 * seconds:g} ms" if seconds < 1 else f"{seconds:g} s"


def chances(odds: float) -> str:
    """`240.3` → `240 : 1`, `0.52` → `0.5 : 1`."""
    if odds > MOST_ODDS:
        return f"more than {number(MOST_ODDS)} : 1"
    return f"{number(odds)} : 1" if odds >= 10 else f"{odds:.1f} : 1"


def weight(percent: float) -> str:
    """A weight, which is in percent already: `12.5` → `12.5 %`, `25.0` → `25 %`."""
    return f"{round(percent, 1):g} %"


def pods(count: int) -> str:
    """`1 pod`, `3 pods`."""
    return f"{count:,} pod" if count == 1 else f"{count:,} pods"


def tries(count: int) -> str:
    """`1 try`, `3 tries`."""
    return f"{count:,} try" if count == 1 else f"{count:,} tries"


def span(seconds: float) -> str:
    """A time to wait: `4.2` → `4 s`, `90` → `1 min 30 s`; never less than 1 s."""
    minutes, rest = divmod(max(round(seconds), 1), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
