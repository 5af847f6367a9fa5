"""The thin half: reads the children all at once, and sends what the pure halves made."""

import asyncio
from dataclasses import replace

import orjson

from gracefulservice.api import Status
from gracefulservice.api.names import of_canary
from gracefulservice.cluster import configuration, requests
from gracefulservice.cluster.adoptees import Found, adoptee
from gracefulservice.cluster.converge import writes
from gracefulservice.cluster.departures import Departures
from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    GRACEFUL_SERVICE,
    HORIZONTAL_POD_AUTOSCALER,
    NAMESPACE,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Object,
    Ref,
)
from gracefulservice.cluster.look import SERVICE_LABEL, Children, labelled, revision, world
from gracefulservice.cluster.nodes import Nodes
from gracefulservice.cluster.ownership import is_ours, mislabelled, name_taken
from gracefulservice.cluster.requests import Request
from gracefulservice.cluster.status_patch import difference, written
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused, Stale
from gracefulservice.ports import Configured, Key, Owner, World
from gracefulservice.rollout.config import entries
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.plan import Plan


class KubernetesCluster:
    """The port `Cluster`, on a real API server."""

    def __init__(self, api: ApiServer, departures: Departures | None = None, nodes: Nodes | None = None) -> None:
        self._api = api
        self._departures = departures or Departures()
        self._nodes = nodes or Nodes(api)

    async def owner(self, key: Key) -> Owner | None:
        """The object itself, read live."""
        body = await self._api.get(Ref(GRACEFUL_SERVICE, key.namespace, key.name))
        if body is None:
            self._departures.forget(key)
            self._nodes.forget(key)
            return None
        return Owner(body)

    async def config(self, owner: Owner) -> Configured:
        """What `spec.config` names, each object read live."""
        wanted = entries(owner.spec)
        found = await asyncio.gather(*(self._named(configuration.ref(owner, entry)) for entry in wanted))
        return configuration.configured(owner, wanted, found)

    async def _named(self, ref: Ref) -> configuration.Found:
        """An object of the user's; what keeps the operator from reading it is for its entry to say."""
        try:
            return await self._api.get(ref)
        except Refused as refused:
            return refused

    async def children(self, owner: Owner, adopts: str = "", *, at: float) -> World:
        """Everything made for it, in one round of reads; two more for a Deployment that is adopted."""
        namespace, labels = owner.key.namespace, labelled(owner)
        kinds = (DEPLOYMENT, POD, SERVICE, ENDPOINT_SLICE, CONTROLLER_REVISION)
        deployments, pods, services, slices, records, budgets, autoscalers = await asyncio.gather(
            *(self._api.list_all(kind, namespace, labels) for kind in kinds),
            *(self._api.list_all(kind, namespace) for kind in (POD_DISRUPTION_BUDGET, HORIZONTAL_POD_AUTOSCALER)),
        )
        services += await self._strangers(owner, services)
        service = next((one for one in services if one["metadata"]["name"] == owner.key.name), None)
        found = await self._adopted(owner, adopts, service) if adopts else None
        if found is not None:
            found = replace(found, autoscalers=autoscalers, ours=[pod for pod in pods if revision(pod)])
            slices.extend(dict(one) for one in found.slices)
        standing, heard = await self._nodes.of(owner.key, pods), self._departures.of(owner.key)
        gone = self._departures.gone(owner.key)
        listed = (deployments, pods, services, slices, records, budgets, standing.kubelets, heard, gone, autoscalers)
        vanishing = owner.deleting and await self._vanishing(namespace)
        copies, unread = await self._copies(owner, records, vanishing=vanishing)
        seen = world(owner, Children(*listed, standing.cordoned, found, copies, at))
        remarks = (*seen.remarks, *(unread or configuration.lost(owner, seen)))
        seen = replace(seen, remarks=remarks, unlisted=bool(unread))
        if found is not None:
            seen = replace(seen, adoptee=adoptee(owner, adopts, found), adopted=found.objects(adopts))
        return replace(seen, vanishing=vanishing)

    async def _copies(
        self, owner: Owner, records: list[Object], *, vanishing: bool
    ) -> tuple[list[Object], tuple[str, ...]]:
        """The copies of data that belongs to revisions, or why they are not known; no request where there are none.

        Pods go on with what they have. But nothing may be left behind for others unless its copies are left, too.
        """
        left_behind = owner.deleting and not vanishing and owner.spec.get("deletionPolicy") == "Orphan"
        kinds = [configuration.KINDS[name] for name in configuration.kinds(owner, records)]
        lists = (self._api.list_metadata(kind, owner.key.namespace, labelled(owner)) for kind in kinds)
        try:
            return [one for found in await asyncio.gather(*lists) for one in found], ()
        except Refused as refused:
            if left_behind and configuration.recorded(records):
                raise
            return [], (refused.sentence,)

    async def _adopted(self, owner: Owner, name: str, service: Object | None) -> Found:
        """The Deployment, the pods that bear its labels, and the endpoints of the Service, whosever it is."""
        namespace, labels = owner.key.namespace, f"{SERVICE_LABEL}={owner.key.name}"
        deployment, slices = await asyncio.gather(
            self._api.get(Ref(DEPLOYMENT, namespace, name)), self._api.list_all(ENDPOINT_SLICE, namespace, labels)
        )
        matched = (deployment or {}).get("spec", {}).get("selector", {}).get("matchLabels") or {}
        query = ",".join(f"{key}={value}" for key, value in sorted(matched.items()))
        pods = await self._api.list_all(POD, namespace, query) if deployment else []
        return Found(deployment, service, pods, slices)

    async def _vanishing(self, namespace: str) -> bool:
        """Whether the namespace goes as a whole; where nobody may say, it is taken to stay."""
        try:
            found = await self._api.get(Ref(NAMESPACE, "", namespace))
        except Refused:
            return False
        return found is not None and "deletionTimestamp" in found["metadata"]

    async def _strangers(self, owner: Owner, services: list[Object]) -> list[Object]:
        """Services that bear our names without our label; asked for only until ours are there."""
        known = {service["metadata"]["name"] for service in services}
        missing = [name for name in (owner.key.name, of_canary(owner.key.name)) if name not in known]
        found = await asyncio.gather(*(self._api.get(Ref(SERVICE, owner.key.namespace, name)) for name in missing))
        return [service for service in found if service is not None]

    async def remember(self, owner: Owner, status: Status) -> Owner:
        """Write the status if it differs, unless anybody wrote the object since it was read."""
        change = difference(owner.status, written(status))
        if not change:
            return owner
        ref = Ref(GRACEFUL_SERVICE, owner.key.namespace, owner.key.name)
        request = requests.patch_status(ref, change, resource_version=owner.resource_version)
        return Owner(await self._api.send(request))

    async def converge(self, owner: Owner, plan: Plan, desired: Desired, world: World) -> Owner:
        """Send what is missing, one after the other; the first that fails ends it."""
        for request in writes(owner, plan, desired, world):
            answer = await self._write(owner, request)
            if request.kind == GRACEFUL_SERVICE:
                owner = Owner(answer)
        return owner

    async def _write(self, owner: Owner, request: Request) -> Object:
        """Send one write. A name that is taken is no race: it says whose it is."""
        try:
            return await self._api.send(request)
        except Stale:
            if why := await self._in_the_way(owner, request) if request.verb == "create" else "":
                raise Refused(why) from None
            raise

    async def _in_the_way(self, owner: Owner, request: Request) -> str:
        """What stands where something was to be created, unless it is the very thing."""
        manifest = orjson.loads(request.body)
        found = await self._api.get(request.kind.of(manifest))
        if found is None:
            return ""
        return mislabelled(found, manifest["metadata"]["labels"]) if is_ours(found, owner) else name_taken(found)
