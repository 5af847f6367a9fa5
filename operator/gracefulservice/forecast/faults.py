"""What share of the requests is bad, for each objective of a simulated service.

One objective is `blamed`: by it a bad version is bad. It is the error rate where there is one, else the strictest
limit of latency, else the first counter of the user's own. The others are kept as well as a sound service keeps them,
but for limits of latency that a request breaks which breaks a longer one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from gracefulservice.rollout.objective import Kind, Objective, leading

USUAL = 0.2
"""The part of what an objective allows that a sound service uses."""
MOST_USUAL = 0.002
"""A sound service fails no more of its requests than these, however much its objective allows."""
UNJUDGED = "errors"


def blamed(objectives: Sequence[Objective]) -> Objective | None:
    """The objective that a bad version breaks; None where nothing is judged."""
    if not objectives:
        return None
    first = leading(objectives)
    if first.kind is not Kind.LATENCY:
        return first
    return min((one for one in objectives if one.kind is Kind.LATENCY), key=lambda one: one.max_share)


def usual_share(objectives: Sequence[Objective]) -> float:
    """The share of bad requests (0..1) of a sound service of which nobody says more."""
    first = blamed(objectives)
    return min(MOST_USUAL, USUAL * first.max_share) if first else MOST_USUAL


@dataclass(frozen=True)
class Faults:
    """`blamed` names the objective that the scenario is about. `beside`: the share of bad requests by each other one.

    `implied` are the others that every request breaks which breaks `blamed`.
    """

    blamed: str = UNJUDGED
    beside: Mapping[str, float] = field(default_factory=dict)
    implied: frozenset[str] = frozenset()

    @classmethod
    def of(cls, objectives: Sequence[Objective]) -> Self:
        """Those of a service with these objectives."""
        first = blamed(objectives)
        if first is None:
            return cls()
        others = [one for one in objectives if one.name != first.name]
        return cls(
            blamed=first.name,
            beside={one.name: USUAL * one.max_share for one in others},
            implied=frozenset(one.name for one in others if implies(first, one)),
        )

    def share(self, name: str, share: float) -> float:
        """The share that is bad for the objective `name` while `share` is for the blamed one."""
        return max(self.beside[name], share if name in self.implied else 0.0)


def implies(first: Objective, other: Objective) -> bool:
    """Whether a request that breaks the first breaks the other too: it takes longer than either limit."""
    return first.edge is not None and other.edge is not None and other.edge <= first.edge
