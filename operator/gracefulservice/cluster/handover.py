"""The requests that hand pods, a Service and autoscalers from a Deployment to a service, and back.

    mark, or template, or scale ► pods ► the Service (see `service_handover`) ► autoscalers ► the mark goes

Nothing is sent before our finalizer stands, so that whatever was taken can be given back. Each object is written once
in a pass, with the resource version of the look.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gracefulservice.api.names import (
    ADOPTED_LABEL,
    ADOPTION_ANNOTATION,
    API_VERSION,
    FINALIZER,
    KIND,
    NAME_LABEL,
    of_revision,
)
from gracefulservice.cluster import autoscalers, objects, requests
from gracefulservice.cluster.adoptees import LEAVING, SERVING, annotation, marks, note, noted, part_of
from gracefulservice.cluster.kinds import CONTROLLER_REVISION, DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, POD, Kind, Ref
from gracefulservice.cluster.pod_template import pod_template
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused
from gracefulservice.ports import Object, Owner, World
from gracefulservice.rollout.adoptee import Handover, Mark, Part

COST = "controller.kubernetes.io/pod-deletion-cost"
LOST = (
    "ControllerRevision {name} does not exist, so nobody knows what the pods of revision {revision} are, and the "
    "Deployment that was adopted cannot get them: remove spec.adopt to delete the service without that."
)
FIRST = "-2147483647"
"""The cost of a pod that is deleted before all others."""


def of_pods(owner: Owner, wish: Handover | None, world: World) -> Iterator[Request]:
    """The Deployment and its pods."""
    if wish is None or FINALIZER not in owner.finalizers:
        return
    deployment = world.adopted.get((DEPLOYMENT.name, wish.deployment))
    if deployment is not None:
        yield from _deployment(owner, wish, world, deployment)
    for name, part in sorted(wish.pods.items()):
        pod = world.adopted.get((POD.name, name))
        if pod is not None and part_of(owner, pod["metadata"].get("labels") or {}) != part:
            yield _merge(POD, pod, labelled(owner, pod, part))


def of_autoscalers(owner: Owner, wish: Handover | None, world: World) -> Iterator[Request]:
    """The autoscalers lead to the GracefulService, and remember where they led; or back."""
    if wish is None or wish.ours is None or FINALIZER not in owner.finalizers:
        return
    for (kind, _), found in sorted(world.adopted.items()):
        if kind == HORIZONTAL_POD_AUTOSCALER.name and (change := _redirected(owner, wish, found)):
            yield _merge(HORIZONTAL_POD_AUTOSCALER, found, change)


def unmarked(owner: Owner, wish: Handover | None, world: World) -> Iterator[Request]:
    """The mark goes, and with it all that is owed."""
    if wish is None or wish.mark is not None:
        return
    deployment = world.adopted.get((DEPLOYMENT.name, wish.deployment))
    if deployment is not None and marks(owner, deployment)[0] is not None:
        yield _merge(DEPLOYMENT, deployment, {"metadata": {"annotations": {ADOPTION_ANNOTATION: None}}})


def _deployment(owner: Owner, wish: Handover, world: World, found: Object) -> Iterator[Request]:
    """One write at most: who adopts it, or what its pods are, or how many."""
    mark = marks(owner, found)[0]
    if wish.template is not None and wish.mark is not None:
        yield _template(owner, wish.template, wish.mark, world, found)
    elif wish.mark is not None and mark is None:
        written = {ADOPTION_ANNOTATION: note(owner, **wish.mark.model_dump(mode="json"))}
        yield _merge(DEPLOYMENT, found, {"metadata": {"annotations": written}})
    elif wish.replicas is not None and wish.replicas != found["spec"].get("replicas", 1):
        ref = _ref(DEPLOYMENT, found)
        yield requests.patch_scale(ref, wish.replicas, resource_version=_version(found))


def _template(owner: Owner, revision: str, mark: Mark, world: World, found: Object) -> Request:
    """The Deployment gets the pods of a revision as they run, contract and all, under its own labels."""
    body = world.objects.get((CONTROLLER_REVISION.name, of_revision(owner.key.name, revision)))
    if body is None:
        raise Refused(LOST.format(revision=revision, name=of_revision(owner.key.name, revision)))
    record = objects.read_record(body)
    template = pod_template(record.revision.input["template"], record.contract, selected(found, world, owner))
    path = f"/metadata/annotations/{ADOPTION_ANNOTATION.replace('/', '~1')}"
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": path, "value": note(owner, **mark.model_dump(mode="json"))},
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/spec/paused", "value": False},
    ]
    return requests.json_patch(_ref(DEPLOYMENT, found), operations, resource_version=_version(found))


def selected(deployment: Object, world: World, owner: Owner) -> dict[str, str]:
    """The labels by which the Deployment and its old Service find its pods; they keep their values."""
    selector, labels = deployment["spec"]["selector"], deployment["spec"]["template"]["metadata"].get("labels") or {}
    service = world.objects.get(("Service", owner.key.name))
    original = (annotation(service) or {}).get("selector") or {} if service is not None else {}
    expressed = {one["key"] for one in selector.get("matchExpressions") or ()}
    keys = (selector.get("matchLabels") or {}).keys() | expressed | original.keys()
    return {key: labels[key] for key in sorted(keys) if key in labels}


def labelled(owner: Owner, pod: Object, part: Part) -> dict[str, Any]:
    """The labels that give a pod its part. One that leaves the endpoints is the first to be deleted."""
    name = owner.key.name if part == Part.SERVING else None
    word = {Part.SERVING: SERVING, Part.LEAVING: LEAVING, Part.OWN: None}[part]
    change: dict[str, Any] = {"labels": {NAME_LABEL: name, ADOPTED_LABEL: word}}
    left = part_of(owner, pod["metadata"].get("labels") or {}) == Part.LEAVING
    if part == Part.LEAVING or left:
        change["annotations"] = {COST: FIRST if part == Part.LEAVING else None}
    return {"metadata": change}


def _redirected(owner: Owner, wish: Handover, found: Object) -> dict[str, Any]:
    """What changes in one autoscaler; nothing where it is none of ours, or as it should be."""
    kept = noted(owner, found)
    target = found["spec"]["scaleTargetRef"]
    if wish.ours and kept is None and autoscalers.scales(found, "apps", "Deployment", wish.deployment):
        wanted = {"apiVersion": API_VERSION, "kind": KIND, "name": owner.key.name}
        written = note(owner, scaleTargetRef=target)
        return {"metadata": {"annotations": {ADOPTION_ANNOTATION: written}}, "spec": {"scaleTargetRef": wanted}}
    if wish.ours is False and kept is not None and (kept or autoscalers.leads_to(found, owner)):
        default = {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.name, "name": wish.deployment}
        back = kept.get("scaleTargetRef", default) if autoscalers.leads_to(found, owner) else target
        return {"metadata": {"annotations": {ADOPTION_ANNOTATION: None}}, "spec": {"scaleTargetRef": back}}
    return {}


def _merge(kind: Kind, found: Object, change: Mapping[str, Any]) -> Request:
    return requests.merge_patch(_ref(kind, found), dict(change), resource_version=_version(found))


def _ref(kind: Kind, found: Object) -> Ref:
    return Ref(kind, found["metadata"]["namespace"], found["metadata"]["name"])


def _version(found: Object) -> str:
    return str(found["metadata"]["resourceVersion"])
