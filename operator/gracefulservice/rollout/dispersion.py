"""φ: how many times more the bad requests of one tick vary than independent ones would, learned from stable.

One fault behind a service often fails several requests at once. Taken for independent, eight of them would be eight
times the evidence that they are.
"""

from typing import NamedTuple

UNKNOWN = 2.0
"""φ until stable was watched for long enough."""
ENOUGH_TICKS = 120
ENOUGH_BAD = 20.0
EARLY_TICKS, EARLY_BAD = 6, 8.0
"""From these on φ may already be more than `UNKNOWN`, never less: too much only makes the judge slower."""
MARGIN = 1.25
MOST = 20.0
"""However wild stable is, a canary that fails everything is found."""


class Noise(NamedTuple):
    """Sums over the ticks in which stable had requests: of n, of x (bad), and of x²/n."""

    ticks: int = 0
    requests: float = 0.0
    bad: float = 0.0
    squares: float = 0.0

    def plus(self, requests: float, bad: float) -> "Noise":
        """With one tick of stable more."""
        if not requests:
            return self
        squares = self.squares + bad * bad / requests
        return Noise(self.ticks + 1, self.requests + requests, self.bad + bad, squares)

    @property
    def phi(self) -> float:
        """The dispersion, at least 1.

        >>> Noise().phi, Noise(ticks=200, requests=20_000, bad=100, squares=1.0).phi
        (2.0, 1.0)
        """
        measured = min(max(self._measured(), 1.0), MOST)
        if self.ticks >= ENOUGH_TICKS and self.bad >= ENOUGH_BAD:
            return measured
        if self.ticks >= EARLY_TICKS and self.bad >= EARLY_BAD:
            return max(measured, UNKNOWN)
        return UNKNOWN

    def _measured(self) -> float:
        """Σ (x − n·p̄)² / (n·p̄·(1 − p̄)), per degree of freedom, with a margin."""
        if self.ticks < 2 or not 0 < self.bad < self.requests:
            return UNKNOWN
        share = self.bad / self.requests
        spread = self.squares - share * self.bad
        return MARGIN * spread / (share * (1 - share)) / (self.ticks - 1)
