"""What splits the traffic between the old and the new revision. One router per plan; all keep one contract."""

from collections.abc import Callable

from gracefulservice.cluster.wire import ApiServer
from gracefulservice.ports import Router
from gracefulservice.rollout.plan import Plan
from gracefulservice.traffic.http_route import HTTPRoute
from gracefulservice.traffic.replica_ratio import ReplicaRatio


def routers(api: ApiServer, epoch: Callable[[], str]) -> Callable[[Plan], Router]:
    """The choice of a router: the route that the plan names, else the numbers of pods."""

    def router(plan: Plan) -> Router:
        if plan.route is None:
            return ReplicaRatio(api)
        return HTTPRoute(api, plan.route, epoch)

    return router
