"""Reading the children: from lists of objects, as the API server has them, to what the heart may know of them.

Deployments ┐                       ┌─ fleets          revision → wanted, ready, pods, restarts, trouble
Pods        ├─ by label, read live ─┼─ pods            one fact sheet each, for the judge
Services    │                       ├─ the Services    what each selects, ready endpoints per revision
slices      │                       ├─ records         numbers and marks
records     │                       ├─ foreign, remarks sentences about what others did
budgets     ┘                       └─ rival_budgets   revision → somebody else's budget
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gracefulservice.api.names import (
    CONDEMNED_ANNOTATION,
    NAME_LABEL,
    REVISION_LABEL,
    STABLE_ANNOTATION,
    of_canary,
)
from gracefulservice.api.quantities import parse_instant
from gracefulservice.cluster.ownership import is_ours, name_taken
from gracefulservice.ports import Object, Owner, World
from gracefulservice.rollout.samples import PodFacts
from gracefulservice.rollout.seen import WIDE, Fleet, RecordSeen, ServiceSeen

SERVICE_LABEL = "kubernetes.io/service-name"
ROLLED_LABEL = "deployment.kubernetes.io/revision"
UNKNOWN = "?"
"""The revision of an endpoint whose pod is not in the list (it came or went between two reads)."""


@dataclass(frozen=True, slots=True)
class Children:
    """What was read. `budgets` are all of the namespace, the rest is what bears the service's label or name."""

    deployments: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    services: Sequence[Object] = ()
    slices: Sequence[Object] = ()
    records: Sequence[Object] = ()
    budgets: Sequence[Object] = ()

    def named(self, owner: Owner) -> Iterator[Object]:
        """The objects that can only be ours or in our way: by a label of ours, or by the name of a Service."""
        services = (owner.key.name, of_canary(owner.key.name))
        yield from (*self.deployments, *self.records)
        yield from (one for one in self.services if one["metadata"]["name"] in services)
        yield from (one for one in self.budgets if is_ours(one, owner))


def world(owner: Owner, children: Children) -> World:
    """Everything the children say, as one value."""
    ours = [one for one in children.named(owner) if is_ours(one, owner)]
    objects = {(one["kind"], one["metadata"]["name"]): one for one in ours}
    deployments = [one for one in ours if one["kind"] == "Deployment"]
    pods_of = _by_revision(children.pods)
    covered = dict(rivals(owner, deployments, children.budgets))
    return World(
        fleets={revision(one): fleet(one, pods_of.get(revision(one), [])) for one in deployments},
        stable_service=service(owner.key.name, objects, children),
        canary_service=service(of_canary(owner.key.name), objects, children),
        records={revision(one): record(one) for one in ours if one["kind"] == "ControllerRevision"},
        pods=tuple(facts(pod) for pod in sorted(children.pods, key=lambda pod: str(pod["metadata"]["name"]))),
        foreign=tuple(name_taken(one) for one in children.named(owner) if not is_ours(one, owner)),
        remarks=(*(_edited(one) for one in deployments if _rolls(one) > 1), *map(_respected, covered.items())),
        objects=objects,
        rival_budgets=covered,
    )


def revision(body: Object) -> str:
    """The revision an object belongs to."""
    return str((body["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def fleet(deployment: Object, pods: Sequence[Object]) -> Fleet:
    """One revision's Deployment and its pods, counted live; the Deployment's own counts come later than the pods."""
    staying = [pod for pod in pods if not _leaving(pod)]
    statuses = [status for pod in staying for status in _container_statuses(pod)]
    return Fleet(
        wanted=deployment["spec"].get("replicas", 1),
        ready=sum(_ready_since(pod) is not None for pod in staying),
        pods=sum(not _over(pod) for pod in pods),
        restarts=sum(status.get("restartCount", 0) for status in statuses),
        trouble=next(_troubles(deployment, staying), ""),
    )


def _troubles(deployment: Object, pods: Iterable[Object]) -> Iterator[str]:
    """Why pods are missing or not ready, in Kubernetes' own words; what stops most of them comes first."""
    for condition in _conditions(deployment):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{condition['reason']}: {condition.get('message', '')}"
    for pod in pods:
        for condition in _conditions(pod):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield f"{condition['reason']}: {condition.get('message', '')}"
        for status in _container_statuses(pod):
            reason = status.get("state", {}).get("waiting", {}).get("reason")
            if reason and reason not in ("ContainerCreating", "PodInitializing"):
                yield reason


def service(name: str, objects: Mapping[tuple[str, str], Object], children: Children) -> ServiceSeen:
    """One of our Services and its ready endpoints; an empty view where it does not exist or is not ours."""
    body = objects.get(("Service", name))
    if body is None:
        return ServiceSeen()
    selector = body["spec"].get("selector") or {}
    return ServiceSeen(selects=selector.get(REVISION_LABEL, WIDE), endpoints=endpoints(name, children))


def endpoints(name: str, children: Children) -> dict[str, int]:
    """Ready endpoints of a Service per revision. A pod counts once, however many slices name it."""
    owners = {pod["metadata"]["name"]: revision(pod) for pod in children.pods}
    ready = {
        (endpoint.get("targetRef") or {}).get("name", "")
        for one in children.slices
        if one["metadata"]["labels"].get(SERVICE_LABEL) == name
        for endpoint in one.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
    }
    return dict(Counter(owners.get(pod, UNKNOWN) for pod in ready))


def record(body: Object) -> RecordSeen:
    """The number and the marks on a revision's record."""
    annotations = body["metadata"].get("annotations") or {}
    return RecordSeen(
        number=body["revision"],
        stable=STABLE_ANNOTATION in annotations,
        condemned=annotations.get(CONDEMNED_ANNOTATION, ""),
    )


def facts(pod: Object) -> PodFacts:
    """What the judge must know of a pod, about the container that serves."""
    status = _serving(pod)
    started = status.get("state", {}).get("running", {}).get("startedAt")
    return PodFacts(
        name=pod["metadata"]["name"],
        revision=revision(pod),
        created=parse_instant(pod["metadata"]["creationTimestamp"]),
        ready_since=_ready_since(pod),
        restarts=status.get("restartCount", 0),
        started=parse_instant(started) if started else None,
    )


def _serving(pod: Object) -> Object:
    """The status of the container that serves: the first with ports, else the first."""
    containers = pod["spec"]["containers"]
    name = next((one for one in containers if one.get("ports")), containers[0])["name"]
    return next((status for status in _container_statuses(pod) if status["name"] == name), {})


def rivals(owner: Owner, deployments: Iterable[Object], budgets: Iterable[Object]) -> Iterator[tuple[str, str]]:
    """Revisions whose pods somebody else's budget covers, with its name. An eviction needs exactly one budget."""
    foreign = [one for one in budgets if not is_ours(one, owner)]
    for deployment in deployments:
        labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
        for budget in foreign:
            if _matches(budget["spec"].get("selector"), labels):
                yield revision(deployment), budget["metadata"]["name"]


def _matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """A label selector as policy/v1 means it: an empty one takes every pod, none takes no pod."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    found, values = labels.get(expression["key"]), expression.get("values") or ()
    table: dict[Any, bool] = {
        "In": found in values,
        "NotIn": found not in values,
        "Exists": found is not None,
        "DoesNotExist": found is None,
    }
    return table[expression["operator"]]


def _edited(deployment: Object) -> str:
    metadata = deployment["metadata"]
    return (
        f"The template of Deployment {metadata['namespace']}/{metadata['name']} was changed by somebody else, so its "
        "pods are not what the revision's record says: change the GracefulService instead."
    )


def _respected(covered: tuple[str, str]) -> str:
    revision, budget = covered
    return (
        f"PodDisruptionBudget {budget} covers the pods of revision {revision} already, and an eviction can obey "
        "one budget only: none is made for it."
    )


def _rolls(deployment: Object) -> int:
    """How many templates a Deployment has had: its controller counts them, and ours have one for ever."""
    return int((deployment["metadata"].get("annotations") or {}).get(ROLLED_LABEL, 1))


def _by_revision(pods: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        found.setdefault(revision(pod), []).append(pod)
    return found


def _leaving(pod: Object) -> bool:
    """Whether a pod is on its way out, or gone but for its remains."""
    return "deletionTimestamp" in pod["metadata"] or _over(pod)


def _over(pod: Object) -> bool:
    """Whether a pod will never run again. Evicted ones stay in the list for long, and nobody waits for them."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _ready_since(pod: Object) -> float | None:
    for condition in _conditions(pod):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return parse_instant(condition["lastTransitionTime"])
    return None


def _conditions(body: Object) -> Sequence[Object]:
    return body.get("status", {}).get("conditions") or ()


def _container_statuses(pod: Object) -> Sequence[Object]:
    return pod.get("status", {}).get("containerStatuses") or ()


def labelled(owner: Owner) -> str:
    """The label selector of everything made for one service."""
    return f"{NAME_LABEL}={owner.key.name}"
