"""Requests as values: what each verb puts on the wire."""

import orjson
import pytest

from gracefulservice.cluster import requests
from gracefulservice.cluster.kinds import DEPLOYMENT, GRACEFUL_SERVICE, POD, Ref
from gracefulservice.cluster.requests import Request

WEB = Ref(DEPLOYMENT, "shop", "web-1")
POD_MANIFEST = {"metadata": {"namespace": "shop", "name": "web"}, "spec": {"x": 1}}
WRITER = ("fieldManager", "gracefulservice")

ROWS = {
    "a read goes to the object": (requests.read(WEB), "GET /apis/apps/v1/namespaces/shop/deployments/web-1", ()),
    "the core group has its own root": (
        requests.read(Ref(POD, "shop", "web")),
        "GET /api/v1/namespaces/shop/pods/web",
        (),
    ),
    "a name cannot leave its place in the path": (
        requests.read(Ref(POD, "shop", "../../secrets")),
        "GET /api/v1/namespaces/shop/pods/..%2F..%2Fsecrets",
        (),
    ),
    "discovery asks for the group and version": (
        requests.discover(GRACEFUL_SERVICE),
        "GET /apis/gracefulservice.dev/v1alpha1",
        (),
    ),
    "a list without a namespace is of all of them": (
        requests.page(DEPLOYMENT, None),
        "GET /apis/apps/v1/deployments",
        (("limit", "500"),),
    ),
    "a later page carries selector and token": (
        requests.page(DEPLOYMENT, "shop", "a=b", "token"),
        "GET /apis/apps/v1/namespaces/shop/deployments",
        (("limit", "500"), ("labelSelector", "a=b"), ("continue", "token")),
    ),
    "creating is strict about misspelt fields": (
        requests.create(POD, POD_MANIFEST),
        "POST /api/v1/namespaces/shop/pods",
        (WRITER, ("fieldValidation", "Strict")),
    ),
    "a dry run is tried only": (
        requests.create(POD, POD_MANIFEST, dry_run=True),
        "POST /api/v1/namespaces/shop/pods",
        (WRITER, ("fieldValidation", "Strict"), ("dryRun", "All")),
    ),
    "apply takes what others hold": (
        requests.apply(POD, POD_MANIFEST),
        "PATCH /api/v1/namespaces/shop/pods/web",
        (WRITER, ("force", "true")),
    ),
    "status is a place of its own": (
        requests.patch_status(WEB, {"a": 1}, resource_version="7"),
        "PATCH /apis/apps/v1/namespaces/shop/deployments/web-1/status",
        (WRITER,),
    ),
    "scale is a place of its own": (
        requests.patch_scale(WEB, 3, resource_version="7"),
        "PATCH /apis/apps/v1/namespaces/shop/deployments/web-1/scale",
        (WRITER,),
    ),
    "a whole object is put": (
        requests.replace(POD, POD_MANIFEST),
        "PUT /api/v1/namespaces/shop/pods/web",
        (WRITER,),
    ),
    "deleting names the object": (
        requests.delete(WEB, uid="u"),
        "DELETE /apis/apps/v1/namespaces/shop/deployments/web-1",
        (),
    ),
}


@pytest.mark.parametrize(("request_", "line", "query"), ROWS.values(), ids=ROWS)
def test_where_a_request_goes(request_: Request, line: str, query: requests.Query) -> None:
    """Method, path and query of every verb."""
    assert (f"{request_.method} {request_.path}", request_.query) == (line, query)


BODIES = {
    "status": (
        requests.patch_status(WEB, {"phase": "Healthy", "old": None}, resource_version="7"),
        "application/merge-patch+json",
        {"status": {"phase": "Healthy", "old": None}, "metadata": {"resourceVersion": "7"}},
    ),
    "scale": (
        requests.patch_scale(WEB, 3, resource_version="7"),
        "application/merge-patch+json",
        {"spec": {"replicas": 3}, "metadata": {"resourceVersion": "7"}},
    ),
    "merge patch": (
        requests.merge_patch(WEB, {"metadata": {"annotations": {"a": "b"}}}, resource_version="7"),
        "application/merge-patch+json",
        {"metadata": {"annotations": {"a": "b"}, "resourceVersion": "7"}},
    ),
    "JSON patch": (
        requests.json_patch(WEB, [{"op": "remove", "path": "/a"}], resource_version="7"),
        "application/json-patch+json",
        [
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "remove", "path": "/a"},
        ],
    ),
    "apply with a precondition": (
        requests.apply(POD, POD_MANIFEST, resource_version="7"),
        "application/apply-patch+yaml",
        {"metadata": {"namespace": "shop", "name": "web", "resourceVersion": "7"}, "spec": {"x": 1}},
    ),
    "delete": (
        requests.delete(WEB, uid="u", resource_version="7"),
        "application/json",
        {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": "u", "resourceVersion": "7"},
        },
    ),
}


@pytest.mark.parametrize(("request_", "content_type", "body"), BODIES.values(), ids=BODIES)
def test_every_change_carries_the_version_of_the_look_that_decided_it(
    request_: Request, content_type: str, body: object
) -> None:
    """The resource version stands where the API server checks it."""
    assert (request_.content_type, orjson.loads(request_.body)) == (content_type, body)


def test_the_manifest_given_is_left_as_it_was() -> None:
    """A precondition is added to a copy."""
    manifest = {"metadata": {"namespace": "shop", "name": "web"}}
    requests.apply(POD, manifest, resource_version="7")
    assert manifest == {"metadata": {"namespace": "shop", "name": "web"}}
