"""Splitting by numbers of pods: there is no route, so there is nothing to look at and nothing to write."""

from gracefulservice.ports import Owner, RouteLook


class ReplicaRatio:
    """The router of a service without routes. The weight follows from the pods behind `<name>`."""

    async def observe(self, _owner: Owner, /) -> RouteLook:
        """Nothing: no route carries a weight."""
        return RouteLook(seen=None)

    async def ensure(self, owner: Owner, look: RouteLook, weight: float | None, *, in_play: bool) -> None:
        """Nothing: the children carry the split."""
