"""The thin half for HTTPRoutes: reads the route live, and sends the patches that the pure half makes."""

from collections.abc import Callable

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import HTTP_ROUTE, Ref
from gracefulservice.cluster.ownership import disowned, is_ours, name_taken
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused
from gracefulservice.ports import Object, Owner, RouteLook
from gracefulservice.rollout.plan import RouteRef
from gracefulservice.rollout.seen import RouteSeen
from gracefulservice.traffic import own_route
from gracefulservice.traffic.gateway_api import Operation, reweighed, seen, signed
from gracefulservice.traffic.remains import retire


class HTTPRoute:
    """The router of a service whose traffic an HTTPRoute splits: the user's own, or one we make.

    `epoch` gives `number@lease` of the leader that this process is.
    """

    def __init__(self, api: ApiServer, wanted: RouteRef, epoch: Callable[[], str]) -> None:
        self._api, self._wanted, self._epoch = api, wanted, epoch

    async def observe(self, owner: Owner, /) -> RouteLook:
        """The route as it is now. One that may not be read is in trouble, and all else goes on."""
        try:
            body = await self._api.get(self._ref(owner))
        except Refused as refused:
            return RouteLook(RouteSeen(weight=None, trouble=refused.sentence, readable=False))
        if body is not None and self._wanted.ours and not is_ours(body, owner):
            return RouteLook(RouteSeen(weight=None, trouble=name_taken(body)))
        return RouteLook(seen(body, self._wanted, owner.key), body)

    async def ensure(
        self, owner: Owner, look: RouteLook, weight: float | None, *, in_play: bool, port: int | None
    ) -> None:
        """Change what differs, by one patch of the route as it was seen; create our own where it is missing.

        A route of the user's that cannot be used is left as it is; ours gets back the form it is made in, and
        goes once every gateway has taken over the user's in its place.
        """
        if look.seen is None or (look.seen.weight is None and not self._wanted.ours):
            return
        if look.body is None:
            await self._create(owner, look.seen, port)
            return
        if not in_play and look.seen.acknowledged and self._wanted.name != owner.key.name:
            await retire(self._api, owner)
        operations = self._differences(owner, look.body, weight, port)
        if operations or in_play:
            operations = [*operations, *signed(look.body, self._epoch())]
        if operations:
            version = look.body["metadata"]["resourceVersion"]
            await self._api.send(requests.json_patch(self._ref(owner), operations, resource_version=version))

    async def release(self, owner: Owner, look: RouteLook) -> None:
        """Take our reference off the route that we made. One that bears another's, or none, is not in the look."""
        if self._wanted.ours and look.body is not None:
            version = look.body["metadata"]["resourceVersion"]
            operations = disowned(look.body, owner)
            await self._api.send(requests.json_patch(self._ref(owner), operations, resource_version=version))

    def _differences(self, owner: Owner, route: Object, weight: float | None, port: int | None) -> list[Operation]:
        """What must change: the form of our own route first, in a usable one the weights."""
        if self._wanted.ours and port and (restored := own_route.restored(route, owner, self._wanted, port)):
            return restored
        return [] if weight is None else reweighed(route, owner.key, weight)

    async def _create(self, owner: Owner, look: RouteSeen, port: int | None) -> None:
        """Make the route that is ours; one whose name is taken has its trouble in the look."""
        if port and not look.trouble and not owner.deleting:
            manifest = own_route.manifest(owner, self._wanted, port)
            await self._api.send(requests.create(HTTP_ROUTE, manifest))

    def _ref(self, owner: Owner) -> Ref:
        return Ref(HTTP_ROUTE, owner.key.namespace, self._wanted.name)
