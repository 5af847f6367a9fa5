"""How often a metrics source is asked, how late, and how soon a weight can be taken back by what it says.

Of a Prometheus the scrape interval is not known beforehand and may be long. The pods themselves are scraped by the
operator, every second: there an answer is about two seconds old at most, and the reaction time begins shorter.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds. `tick`: the shortest time between two instants that are asked about; it grows with the intervals
    between samples. `delay`: how late an instant is asked about, so that the scrapes before it have arrived. What
    arrives later is counted in the next look; that no fault of both revisions is taken for one of the canary is not
    a matter of waiting here, but of judging each tick once the next is known.
    `tau`: the reaction time of the ramp at the shortest tick: delay + tick + patch + propagation."""

    tick: float
    delay: float
    tau: float


BY_PROMETHEUS = Rhythm(tick=5.0, delay=1.0, tau=10.0)
BY_PODS = Rhythm(tick=2.0, delay=1.0, tau=4.0)
