"""The thin half for HTTPRoutes: reads the route live, and sends the patches that the pure half makes."""

from collections.abc import Callable

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import HTTP_ROUTE, Ref
from gracefulservice.cluster.ownership import is_ours, name_taken
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.ports import Object, Owner, RouteLook
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.rollout.seen import RouteSeen
from gracefulservice.traffic import own_route
from gracefulservice.traffic.gateway_api import Operation, reweighed, seen, signed


class HTTPRoute:
    """The router of a service whose traffic an HTTPRoute splits: the user's own, or one we make.

    `port` is that of our Services. `epoch` gives `number@lease` of the leader that this process is.
    """

    def __init__(self, api: ApiServer, wanted: RouteRef, port: int, epoch: Callable[[], str]) -> None:
        self._api, self._wanted, self._port, self._epoch = api, wanted, port, epoch

    async def observe(self, owner: Owner, /) -> RouteLook:
        """The route as it is now."""
        body = await self._api.get(self._ref(owner))
        if body is not None and self._wanted.ours and not is_ours(body, owner):
            return RouteLook(RouteSeen(weight=None, trouble=name_taken(body)))
        return RouteLook(seen(body, self._wanted, owner.key), body)

    async def ensure(self, owner: Owner, look: RouteLook, weight: float | None, *, in_play: bool) -> None:
        """Change what differs, by one patch of the route as it was seen; create our own where it is missing.

        A route of the user's that cannot be used is left as it is; ours gets back the form it is made in.
        """
        if look.seen is None or (look.seen.weight is None and not self._wanted.ours):
            return
        if look.body is None:
            await self._create(owner, look.seen)
            return
        operations = self._differences(owner, look.body, weight)
        if operations or in_play:
            operations = [*operations, *signed(look.body, self._epoch())]
        if operations:
            version = look.body["metadata"]["resourceVersion"]
            await self._api.send(requests.json_patch(self._ref(owner), operations, resource_version=version))

    def _differences(self, owner: Owner, route: Object, weight: float | None) -> list[Operation]:
        """What must change: the form of our own route first, in a usable one the weights."""
        if self._wanted.ours and (restored := own_route.restored(route, owner, self._wanted, self._port)):
            return restored
        return [] if weight is None else reweighed(route, owner.key, weight)

    async def _create(self, owner: Owner, look: RouteSeen) -> None:
        """Make the route that is ours; one whose name is taken has its trouble in the look."""
        if not look.trouble:
            manifest = own_route.manifest(owner, self._wanted, self._port)
            await self._api.send(requests.create(HTTP_ROUTE, manifest))

    def _ref(self, owner: Owner) -> Ref:
        return Ref(HTTP_ROUTE, owner.key.namespace, self._wanted.name)
