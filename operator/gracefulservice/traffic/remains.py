"""The route that was made for a service and is not asked for any more, since its `traffic` says something else."""

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import HTTP_ROUTE, Ref
from gracefulservice.cluster.ownership import is_ours
from gracefulservice.cluster.requests import Request
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Refused
from gracefulservice.ports import Object, Owner
from gracefulservice.traffic.gateway_api import reweighed, splits


async def retire(api: ApiServer, owner: Owner) -> None:
    """Take away the route that bears the service's name, if it was made for it. For a service at rest only."""
    ref = Ref(HTTP_ROUTE, owner.key.namespace, owner.key.name)
    try:
        route = None if owner.deleting else await api.get(ref)
    except Refused:  # HTTPRoutes are not served here, or not for us: then none was made
        return
    if route is not None and is_ours(route, owner):
        await api.send(retirement(ref, route, owner))


def retirement(ref: Ref, route: Object, owner: Owner) -> Request:
    """What is due: everything back to stable while the route still leads some to a canary, then its deletion."""
    version = str(route["metadata"]["resourceVersion"])
    if any(split.share for split in splits(route, owner.key)):
        return requests.json_patch(ref, reweighed(route, owner.key, 0.0), resource_version=version)
    return requests.delete(ref, uid=route["metadata"]["uid"], resource_version=version)
