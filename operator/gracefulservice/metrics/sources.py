"""Every metrics source behind the one port: each service is answered by its own."""

from collections.abc import Sequence

from gracefulservice.ports import Metrics, Owner
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.sizes import Gone, Measured


class Sources:
    """The port `Metrics`."""

    def __init__(self, prometheus: Metrics, pods: Metrics) -> None:
        self._prometheus, self._pods = prometheus, pods

    async def ask(self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], at: float, interval: float) -> Look:
        """What the source of the plan answers."""
        return await self._source(plan).ask(owner, plan, pods, at, interval)

    async def sizes(
        self, owner: Owner, plan: Plan, pods: Sequence[PodFacts], gone: Sequence[Gone], at: float
    ) -> Measured:
        """What the source of the plan measured."""
        return await self._source(plan).sizes(owner, plan, pods, gone, at)

    def _source(self, plan: Plan) -> Metrics:
        return self._pods if plan.page else self._prometheus
