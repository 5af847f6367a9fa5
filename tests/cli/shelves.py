"""A service with four revisions, as the operator's own code records them."""

from typing import Any

from gracefulservice.cli.kept import Shelf, shelf
from gracefulservice.cluster.objects import revision_record
from gracefulservice.ports import Owner
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.revision import Revision
from tests.cli.api_server import ApiServer, Object

CREATED = "2026-03-01T11:00:00Z"


def spec(version: int = 1, **fields: Any) -> Object:
    """What the user writes; the second version has fields that the others lack, and the other way round."""
    container = {"name": "app", "image": f"shop:{version}", "ports": [{"containerPort": 8080}]}
    more: Object = {"shutdown": {"delay": "5s"}} if version == 2 else {"probes": {"readiness": {"path": "/readyz"}}}
    return {"replicas": 4, "template": {"spec": {"containers": [container]}}, **more, **fields}


SPECS = {version: spec(version) for version in (1, 2, 3, 4)}
V1, V2, V3, V4 = (Revision.of(SPECS[version]).id for version in SPECS)


def record(body: Object, written: Object, number: int, **marks: Any) -> Object:
    """The record of one revision, as the API server gives it back."""
    plan = build(body["metadata"]["name"], written)
    assert isinstance(plan, Plan), plan
    found = revision_record(Owner(body), plan.revision, plan.contract, number, **marks)
    found["metadata"]["creationTimestamp"] = CREATED
    return found


def entry(revision: str, number: int, **fields: Any) -> Object:
    """A line of the history."""
    base = {"revision": revision, "number": number, "outcome": "Promoted", "started": CREATED, "ended": CREATED}
    return {**base, "sentence": f"Revision {revision} is stable now after 2,469 requests, 0 of them bad.", **fields}


HEALTHY: Object = {
    "observedGeneration": 1,
    "phase": "Healthy",
    "stable": V4,
    "target": V4,
    "memory": {"stable": V4, "former": [V3, V2, V1]},
    "history": [entry(V4, 4, by="alice"), entry(V3, 3), entry(V2, 2)],
}


def stored(api: ApiServer, status: Object | None = None, present: int = 4, **fields: Any) -> Object:
    """The service `web`, whose spec asks for `present`, with the records of all four."""
    body = api.put("web", dict(HEALTHY if status is None else status))
    body["spec"] = spec(present, **fields)
    api.records = [record(body, SPECS[number], number, stable=number == 4) for number in (2, 4, 1, 3)]
    return body


def of(api: ApiServer) -> Shelf:
    """What the command line reads of it."""
    return shelf(api.services["web"], api.records)


def mark(api: ApiServer, number: int, why: str) -> None:
    """Condemn one."""
    found = next(one for one in api.records if one["revision"] == number)
    found["metadata"]["annotations"]["gracefulservice.dev/condemned"] = why
