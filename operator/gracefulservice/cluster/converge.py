"""From the world wanted and the world seen to the requests that are missing between them; none where they agree.

    more pods of stable ► copies of its configuration ► record ► Services ► pods taken over ► Deployments up, then down
    ► marks, budgets ► copies somebody deleted ► copies nobody needs ► what is to go ► finalizer
    at the end of the service: what outlives it ► finalizer

The first request that fails ends the pass. So what leads users away from a bad version comes before everything that
it does not need: a mark or a budget that is refused for ever must not keep them there. The order also keeps a crash
between two requests harmless: a revision whose record is there has had its copies, and they go before its record. Each
change carries the resource version of the look that decided it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gracefulservice.api.names import CONDEMNED_ANNOTATION, FINALIZER, STABLE_ANNOTATION, of_canary, of_revision
from gracefulservice.cluster import configuration, handover, objects, requests, service_handover
from gracefulservice.cluster.adoptees import annotation
from gracefulservice.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    GRACEFUL_SERVICE,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
    Ref,
)
from gracefulservice.cluster.ownership import disowned
from gracefulservice.cluster.requests import Request
from gracefulservice.ports import Object, Owner, World
from gracefulservice.rollout.contract import Contract
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.revision import Revision

LEAST_GUARDED = 2
"""Pods from which a budget helps: for one pod it would only stand in the way of a drain."""


def writes(owner: Owner, plan: Plan, desired: Desired, world: World) -> list[Request]:
    """Every request that is missing, in order; for what goes now only those that decide what outlives it."""
    wish = _Wish(owner, plan, desired, world)
    if owner.deleting and not desired.finalizer:
        return [*wish.release(), *wish.finalizer()]
    return [
        *wish.grown(),
        *wish.copies(),
        *wish.record(),
        *wish.service(owner.key.name, desired.stable_selector),
        *wish.service(of_canary(owner.key.name), desired.canary_selector),
        *handover.of_pods(owner, desired.handover, world),
        *handover.of_autoscalers(owner, desired.handover, world),
        *wish.fleets(),
        *wish.marks(),
        *wish.budgets(),
        *wish.restored(),
        *wish.unneeded(),
        *wish.remains(),
        *handover.unmarked(owner, desired.handover, world),
        *wish.finalizer(),
    ]


class _Wish:
    """One service: what is wanted beside what is there."""

    def __init__(self, owner: Owner, plan: Plan, desired: Desired, world: World) -> None:
        self.owner, self.plan, self.desired, self.world = owner, plan, desired, world
        self.makes = not owner.deleting and not world.foreign and not desired.waits
        """Nothing new is made while the service goes, or before a Deployment can be adopted, or while something of
        others bears a name of ours."""

    def copies(self) -> Iterator[Request]:
        """The data of the target, before anything else of it exists."""
        revision = self.plan.revision
        if self.makes and self._wanted and revision.id not in self.world.fleets:
            yield from configuration.missing(self.owner, revision.input, self.world)

    def restored(self) -> Iterator[Request]:
        """Copies of others that somebody has deleted."""
        yield from configuration.restored(self.owner, self.world) if self.makes else ()

    @property
    def _wanted(self) -> bool:
        """Whether anything of the target is to exist."""
        return self.plan.revision.id in self.desired.fleets or self.plan.revision.id == self.desired.stable

    def record(self) -> Iterator[Request]:
        """The record of the target, before anything of it exists but its copies."""
        revision, contract = self.plan.revision, self.plan.contract
        if not self.makes or not self._wanted or revision.id in self.world.records or not self._whole(revision):
            return
        number = 1 + max((record.number for record in self.world.records.values()), default=0)
        yield requests.create(
            CONTROLLER_REVISION,
            objects.revision_record(
                self.owner,
                revision,
                contract,
                number,
                stable=revision.id == self.desired.stable,
                condemned=self.desired.marks.get(revision.id),
            ),
        )

    def marks(self) -> Iterator[Request]:
        """The marks on the records that are there. Without a stable revision nobody knows better than they do."""
        if self.desired.stable is None:
            return
        for revision in self.world.records:
            ref, found = self._existing(CONTROLLER_REVISION, revision)
            wanted = objects.marks(stable=revision == self.desired.stable, condemned=self.desired.marks.get(revision))
            if change := _changed(found["metadata"].get("annotations") or {}, wanted):
                yield requests.merge_patch(ref, {"metadata": {"annotations": change}}, resource_version=_version(found))

    def service(self, name: str, selects: str | None) -> Iterator[Request]:
        """One Service: made, or its selector and ports put right and nothing else; gone where none is wanted.

        The ports are those of the revisions that have pods, never of a target that waits; where nobody can say
        which those are, they stay.
        """
        ref = Ref(SERVICE, self.owner.key.namespace, name)
        found = self.world.objects.get((SERVICE.name, name))
        if self.desired.handover is not None and (SERVICE.name, name) in self.world.adopted:
            yield from service_handover.of_service(self.owner, self.desired.handover, self.world)
            return
        if selects is None:
            yield from [] if found is None else [_delete(ref, found)]
            return
        manifest = objects.service(self.owner, name, self.desired.ports or self.plan.contract.ports, selects)
        if found is not None and annotation(found) is not None:
            manifest["spec"]["ports"] = service_handover.at_rest(found, manifest["spec"]["ports"])
        if found is None:
            yield from [requests.create(SERVICE, manifest)] if self.makes else []
        elif operations := _differing(found["spec"], manifest["spec"], ports=bool(self.desired.ports)):
            yield requests.json_patch(ref, operations, resource_version=_version(found))

    def grown(self) -> Iterator[Request]:
        """More pods for stable: users need them whatever else of the target is refused."""
        if self.desired.stable is not None and self._more(self.desired.stable) > 0:
            yield self._scaled(self.desired.stable)

    def fleets(self) -> Iterator[Request]:
        """Deployments: made once, then only scaled; more pods before fewer."""
        yield from self._made()
        changes = sorted(((self._more(revision), revision) for revision in self.desired.fleets), reverse=True)
        for more, revision in changes:
            if more < 0 or (more and revision != self.desired.stable):
                yield self._scaled(revision)

    def _more(self, revision: str) -> int:
        """How many more pods than now an existing Deployment is to have."""
        fleet = self.world.fleets.get(revision)
        return 0 if fleet is None else self.desired.fleets.get(revision, fleet.wanted) - fleet.wanted

    def _scaled(self, revision: str) -> Request:
        ref, found = self._existing(DEPLOYMENT, revision)
        return requests.patch_scale(ref, self.desired.fleets[revision], resource_version=_version(found))

    def _made(self) -> Iterator[Request]:
        for revision, replicas in self.desired.fleets.items():
            known = self._known(revision)
            if self.makes and known and revision not in self.world.fleets and self._whole(known[0]):
                if revision != self.plan.revision.id:
                    yield from configuration.missing(self.owner, known[0].input, self.world)
                yield requests.create(DEPLOYMENT, objects.deployment(self.owner, *known, replicas))

    def _whole(self, revision: Revision) -> bool:
        """Whether the data that a revision was decided with is there: what is changed by now makes another revision."""
        return configuration.whole(self.owner, revision.input, self.world)

    def _known(self, revision: str) -> tuple[Revision, Contract] | None:
        """What a revision is: the target by the plan, any other by its record (should its Deployment be deleted)."""
        body = self.world.objects.get((CONTROLLER_REVISION.name, of_revision(self.owner.key.name, revision)))
        if body is not None:
            record = objects.read_record(body)
            return record.revision, record.contract
        return (self.plan.revision, self.plan.contract) if revision == self.plan.revision.id else None

    def budgets(self) -> Iterator[Request]:
        """A budget per revision that wants two pods or more, unless somebody else's covers them."""
        for revision in sorted(self.desired.fleets.keys() | self.world.fleets.keys()):
            name = of_revision(self.owner.key.name, revision)
            found = self.world.objects.get((POD_DISRUPTION_BUDGET.name, name))
            guarded = self.desired.fleets.get(revision, 0) >= LEAST_GUARDED
            wanted = guarded and revision not in self.world.rival_budgets
            if wanted and found is None and self.makes:
                yield requests.create(POD_DISRUPTION_BUDGET, objects.disruption_budget(self.owner, revision))
            elif not wanted and found is not None:
                yield _delete(Ref(POD_DISRUPTION_BUDGET, self.owner.key.namespace, name), found)

    def unneeded(self) -> Iterator[Request]:
        """Copies that no revision needs any more, unless it cannot be told which revisions there are."""
        untold = {*self.desired.fleets, *self.world.fleets, self.desired.stable} - {None, self.plan.revision.id}
        if self.makes and untold <= self.world.records.keys():
            yield from configuration.unneeded(self.owner, self.plan.revision.input, self.desired.prune, self.world)

    def remains(self) -> Iterator[Request]:
        """Revisions beyond the history limit: their Deployment first, their record last."""
        for revision in sorted(self.desired.prune):
            for kind in (DEPLOYMENT, CONTROLLER_REVISION):
                name = of_revision(self.owner.key.name, revision)
                if found := self.world.objects.get((kind.name, name)):
                    yield _delete(Ref(kind, self.owner.key.namespace, name), found)

    def release(self) -> Iterator[Request]:
        """Take our reference off what outlives the service; what bears it no more was not read as ours."""
        if self.desired.staying is None:
            return
        yield from configuration.released(self.owner, self.desired.staying, self.world)
        name, revision = self.owner.key.name, of_revision(self.owner.key.name, self.desired.staying)
        pods = (DEPLOYMENT, revision), (POD_DISRUPTION_BUDGET, revision)
        for kind, place in (*pods, (SERVICE, name), (SERVICE, of_canary(name))):
            if found := self.world.objects.get((kind.name, place)):
                ref = Ref(kind, self.owner.key.namespace, place)
                yield requests.json_patch(ref, disowned(found, self.owner), resource_version=_version(found))

    def finalizer(self) -> Iterator[Request]:
        """Ours alone among the finalizers; no finalizer can be added to what is being deleted."""
        others = [name for name in self.owner.finalizers if name != FINALIZER]
        stands = FINALIZER in self.owner.finalizers
        if stands == self.desired.finalizer or (self.desired.finalizer and self.owner.deleting):
            return
        wanted = [*others, FINALIZER] if self.desired.finalizer else others
        yield requests.merge_patch(
            GRACEFUL_SERVICE.of(dict(self.owner.body)),
            {"metadata": {"finalizers": wanted}},
            resource_version=self.owner.resource_version,
        )

    def _existing(self, kind: Kind, revision: str) -> tuple[Ref, Object]:
        name = of_revision(self.owner.key.name, revision)
        return Ref(kind, self.owner.key.namespace, name), self.world.objects[kind.name, name]


def _delete(ref: Ref, found: Object) -> Request:
    """Delete the very object that was seen, if nothing has changed it since."""
    return requests.delete(ref, uid=found["metadata"]["uid"], resource_version=_version(found))


def _version(found: Object) -> str:
    return str(found["metadata"]["resourceVersion"])


def _changed(found: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str | None]:
    """Our marks that differ; None takes one away."""
    keys = (STABLE_ANNOTATION, CONDEMNED_ANNOTATION)
    return {key: wanted.get(key) for key in keys if found.get(key) != wanted.get(key)}


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any], *, ports: bool) -> list[dict[str, Any]]:
    """Operations that put a Service's selector, and with `ports` its ports, right; none where they are."""
    right = {
        "selector": found.get("selector") == wanted["selector"],
        "ports": not ports
        or [_port(port) for port in found.get("ports") or ()] == [_port(port) for port in wanted["ports"]],
    }
    return [{"op": "add", "path": f"/spec/{part}", "value": wanted[part]} for part, same in right.items() if not same]


def _port(port: Mapping[str, Any]) -> tuple[Any, ...]:
    """What we say of a port; the API server adds the rest."""
    protocols = port.get("protocol", "TCP"), port.get("appProtocol")
    return port.get("name"), port["port"], port.get("targetPort"), *protocols
