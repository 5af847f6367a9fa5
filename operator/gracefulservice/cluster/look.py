"""Reading the children: from lists of objects, as the API server has them, to what the heart may know of them.

Deployments ┐                       ┌─ fleets          revision → wanted, ready, pods, restarts, trouble
Pods        ├─ by label, read live ─┼─ pods            one fact sheet each, for the judge
Services    │                       ├─ the Services    what each selects, ready endpoints per revision
slices      │                       ├─ records         numbers, ports and marks
records     │                       ├─ foreign, remarks sentences about what others did
budgets     │                       ├─ rival_budgets   revision → somebody else's budget
autoscalers ┘                       └─ ceiling         the most pods that one of them may ask for
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from gracefulservice.api.names import (
    CONDEMNED_ANNOTATION,
    NAME_LABEL,
    REVISION_LABEL,
    STABLE_ANNOTATION,
    of_canary,
    of_revision,
)
from gracefulservice.cluster import autoscalers, budgets
from gracefulservice.cluster.adoptees import Found
from gracefulservice.cluster.departures import exits
from gracefulservice.cluster.hooks import hooks
from gracefulservice.cluster.nodes import node_of
from gracefulservice.cluster.objects import read_record
from gracefulservice.cluster.ownership import controller_of, is_ours, name_taken
from gracefulservice.cluster.pods import (
    LOST,
    conditions,
    container_statuses,
    facts,
    leaving,
    over,
    overdue,
    placed,
    ready_since,
)
from gracefulservice.ports import Object, Owner, World
from gracefulservice.rollout.contract import Contract
from gracefulservice.rollout.exits import Exit
from gracefulservice.rollout.preparation import delay_of
from gracefulservice.rollout.seen import WIDE, Delay, Fleet, RecordSeen, ServiceSeen
from gracefulservice.rollout.service_ports import ServicePort
from gracefulservice.rollout.sizes import Gone

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
    kubelets: Mapping[str, str] = field(default_factory=dict)
    """Node → the version of its kubelet, as far as known."""
    heard: Sequence[Exit] = ()
    """How containers of pods ended that may be gone by now."""
    gone: Sequence[Gone] = ()
    autoscalers: Sequence[Object] = ()
    """All of the namespace, as the budgets are."""
    cordoned: Collection[str] = ()
    """Nodes from which pods are about to be evicted, as far as known."""
    adopted: Found | None = None
    """A Deployment that is adopted, and what belongs to it."""
    copies: Sequence[Object] = ()
    """The metadata of ConfigMaps and Secrets that bear the service's label."""
    at: float = 0.0
    """When the look began, in unix seconds."""

    @property
    def alive(self) -> list[Object]:
        """The pods without those of lost nodes: nobody ends them there, and nobody waits for them."""
        return [pod for pod in self.pods if overdue(pod, self.at) <= LOST]

    def named(self, owner: Owner) -> Iterator[Object]:
        """The objects that can only be ours or in our way: by a label of ours, or by the name of a Service."""
        services = (owner.key.name, of_canary(owner.key.name))
        yield from (*self.deployments, *self.records)
        yield from (one for one in self.services if one["metadata"]["name"] in services and not self._free(one))
        yield from (one for one in (*self.budgets, *self.copies) if is_ours(one, owner))

    def _free(self, service: Object) -> bool:
        """Whether a Service may be taken over: the one that is to be adopted, as long as nobody controls it."""
        return self.adopted is not None and service is self.adopted.service and controller_of(service) is None


def world(owner: Owner, children: Children) -> World:
    """Everything the children say, as one value."""
    ours = [one for one in children.named(owner) if is_ours(one, owner) and not relabelled(one, owner)]
    objects = {(one["kind"], one["metadata"]["name"]): one for one in ours}
    deployments = [one for one in ours if one["kind"] == "Deployment"]
    pods_of = _by_revision(children.alive)
    delays = dict(_delays(ours, pods_of, children.kubelets))
    known = (children.cordoned, children.at)
    fleets = {one: (pods_of.get(one, []), delays.get(one), *known) for one in map(revision, deployments)}
    covered = dict(budgets.rivals(owner, deployments, children.budgets))
    return World(
        fleets={revision(one): fleet(one, *fleets[revision(one)]) for one in deployments},
        stable_service=service(owner.key.name, objects, children),
        canary_service=service(of_canary(owner.key.name), objects, children),
        records={revision(one): record(one) for one in ours if one["kind"] == "ControllerRevision"},
        pods=tuple(facts(pod) for pod in sorted(children.alive, key=lambda pod: str(pod["metadata"]["name"]))),
        foreign=tuple(name_taken(one) for one in children.named(owner) if not is_ours(one, owner)),
        remarks=(
            *(_edited(one) for one in deployments if _rolls(one) > 1),
            *(_headless(one) for one in ours if one["kind"] == "Service" and one["spec"].get("clusterIP") == "None"),
            *map(budgets.respected, covered.items()),
            *autoscalers.misled(owner, deployments, children.autoscalers),
        ),
        ceiling=autoscalers.ceiling(owner, children.autoscalers),
        gone=tuple(children.gone),
        exits=tuple(sorted({*children.heard, *(one for pod in children.pods for one in exits(pod))})),
        objects=objects,
        rival_budgets=covered,
    )


def relabelled(body: Object, owner: Owner) -> bool:
    """Whether somebody has changed the label of a Deployment or a record: its name still says what it is."""
    named = body["kind"] in ("Deployment", "ControllerRevision")
    return named and body["metadata"]["name"] != of_revision(owner.key.name, revision(body))


def revision(body: Object) -> str:
    """The revision an object belongs to."""
    return str((body["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def _delays(
    ours: Iterable[Object], pods_of: Mapping[str, Sequence[Object]], kubelets: Mapping[str, str]
) -> Iterator[tuple[str, Delay | None]]:
    """Per revision whether its pods wait before SIGTERM, measured by the contract in its record."""
    for body in ours:
        pods = [pod for pod in pods_of.get(revision(body), ()) if not leaving(pod)]
        if body["kind"] == "ControllerRevision" and pods and (contract := _contract(body)):
            yield revision(body), delay_of(contract, tuple(hooks(pods, kubelets)))


def _contract(body: Object) -> Contract | None:
    """What a record's pods keep to; None where it does not tell, which is told when it is needed."""
    try:
        return read_record(body).contract
    except (KeyError, ValidationError):
        return None


def fleet(
    deployment: Object,
    pods: Sequence[Object],
    delay: Delay | None = None,
    cordoned: Collection[str] = (),
    at: float = 0.0,
) -> Fleet:
    """One revision's Deployment and its pods, counted live; the Deployment's own counts come later than the pods."""
    staying = [pod for pod in pods if not leaving(pod)]
    statuses = [status for pod in staying for status in container_statuses(pod)]
    return Fleet(
        wanted=deployment["spec"].get("replicas", 1),
        ready=sum(ready_since(pod) is not None for pod in staying),
        pods=sum(not over(pod) for pod in pods),
        restarts=sum(status.get("restartCount", 0) for status in statuses),
        trouble=next(_troubles(deployment, staying), ""),
        delay=delay,
        cordoned=sum(node_of(pod) in cordoned for pod in staying),
        overdue=tuple(placed(pod) for pod in pods if overdue(pod, at) > 0 and not over(pod)),
    )


def _troubles(deployment: Object, pods: Iterable[Object]) -> Iterator[str]:
    """Why pods are missing or not ready, in Kubernetes' own words; what stops most of them comes first."""
    for condition in conditions(deployment):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{condition['reason']}: {condition.get('message', '')}"
    for pod in pods:
        for condition in conditions(pod):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield f"{condition['reason']}: {condition.get('message', '')}"
        for status in container_statuses(pod):
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
    """The number and the marks on a revision's record, and the ports and times it resolved to."""
    annotations, contract = body["metadata"].get("annotations") or {}, _contract(body)
    return RecordSeen(
        number=body["revision"],
        stable=STABLE_ANNOTATION in annotations,
        condemned=annotations.get(CONDEMNED_ANNOTATION, ""),
        ports=_ports(body),
        delay=contract.delay if contract else None,
        drain=contract.drain if contract else None,
    )


def _ports(body: Object) -> tuple[ServicePort, ...]:
    """The ports of the Services that a record resolved to; none where it tells none that can be understood."""
    resolved = (body.get("data") or {}).get("resolved") or {}
    try:
        return tuple(ServicePort.model_validate(port) for port in resolved.get("ports") or ())
    except ValidationError:
        return ()


def _headless(service: Object) -> str:
    return (
        f"Service {service['metadata']['namespace']}/{service['metadata']['name']} is headless, so its clients keep "
        "the addresses of pods that have left for as long as DNS does: delete it, and it is made anew with an address "
        "of its own."
    )


def _edited(deployment: Object) -> str:
    metadata = deployment["metadata"]
    return (
        f"The template of Deployment {metadata['namespace']}/{metadata['name']} was changed by somebody else, so its "
        "pods are not what the revision's record says: change the GracefulService instead."
    )


def _rolls(deployment: Object) -> int:
    """How many templates a Deployment has had: its controller counts them, and ours have one for ever."""
    return int((deployment["metadata"].get("annotations") or {}).get(ROLLED_LABEL, 1))


def _by_revision(pods: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        found.setdefault(revision(pod), []).append(pod)
    return found


def labelled(owner: Owner) -> str:
    """The label selector of everything made for one service."""
    return f"{NAME_LABEL}={owner.key.name}"
