"""Splitting by numbers of pods: no route is looked at, and none written but one left behind by an earlier wish."""

from gracefulservice.cluster.wire import ApiServer
from gracefulservice.ports import Owner, RouteLook
from gracefulservice.traffic.remains import retire


class ReplicaRatio:
    """The router of a service without routes. The weight follows from the pods behind `<name>`."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api

    async def observe(self, _owner: Owner, /) -> RouteLook:
        """Nothing: no route carries a weight."""
        return RouteLook(seen=None)

    async def ensure(  # the port `Router`, most of which a route alone needs
        self,
        owner: Owner,
        look: RouteLook,  # noqa: ARG002
        weight: float | None,  # noqa: ARG002
        *,
        in_play: bool,
        port: int | None,  # noqa: ARG002
    ) -> None:
        """The children carry the split; at rest a route of ours from before goes."""
        if not in_play:
            await retire(self._api, owner)

    async def release(self, owner: Owner, look: RouteLook) -> None:
        """There is none."""
