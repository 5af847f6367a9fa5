"""The children of a GracefulService, as plain manifests: pure functions of what was decided.

    revision_record     ControllerRevision    what the user asked for and what it resolved to; never edited
    deployment          Deployment            the pods of one revision
    service             Service               `<name>` or `<name>-canary`
    disruption_budget   PodDisruptionBudget   one pod of a revision at a time

Selectors use two labels of ours and nothing else; `app.kubernetes.io/*` is for people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gracefulservice.api.names import (
    CONDEMNED_ANNOTATION,
    FIELD_MANAGER,
    NAME_LABEL,
    REVISION_LABEL,
    STABLE_ANNOTATION,
    of_revision,
)
from gracefulservice.api.quantities import parse_instant
from gracefulservice.cluster.copies import names
from gracefulservice.cluster.kinds import CONTROLLER_REVISION, DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE, Kind
from gracefulservice.cluster.ownership import owned_by
from gracefulservice.cluster.pod_template import pod_template
from gracefulservice.ports import Object, Owner
from gracefulservice.rollout.config import renamed
from gracefulservice.rollout.contract import Contract
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.seen import WIDE
from gracefulservice.rollout.service_ports import ServicePort

Manifest = dict[str, Any]

NEVER = 2_147_483_647
"""Kubernetes' own word for a Deployment without a progress deadline: the rollout has one of its own."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a ControllerRevision tells. `created` in unix seconds; `condemned` is the reason, or None."""

    revision: Revision
    contract: Contract
    number: int
    stable: bool
    condemned: str | None
    created: float


def deployment(owner: Owner, revision: Revision, contract: Contract, replicas: int) -> Manifest:
    """The pods of one revision. Created once; later only its scale is written.

    Should somebody edit its template all the same, no ready pod goes before its replacement is ready.
    """
    labels = {**identity(owner), REVISION_LABEL: revision.id}
    return manifest(owner, DEPLOYMENT, of_revision(owner.key.name, revision.id), labels) | {
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": NEVER,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "template": pod_template(template_of(owner.key.name, revision), contract, labels),
        }
    }


def template_of(name: str, revision: Revision) -> Mapping[str, Any]:
    """The user's template, with the copies of what `spec.config` names in the place of that."""
    copies, written = names(name, revision.input), revision.input["template"]
    return renamed(written, copies) if copies else dict(written)


def service(owner: Owner, name: str, ports: Sequence[ServicePort], selects: str) -> Manifest:
    """One of the two Services. `selects` is a revision, or `WIDE`: every pod of the service."""
    narrow = {} if selects == WIDE else {REVISION_LABEL: selects}
    return manifest(owner, SERVICE, name, identity(owner)) | {
        "spec": {
            "selector": identity(owner) | narrow,
            "ports": [port.model_dump(by_alias=True, exclude_none=True) | {"protocol": "TCP"} for port in ports],
        }
    }


def disruption_budget(owner: Owner, revision: str) -> Manifest:
    """Evictions take one pod of a revision at a time, and a pod that is not healthy at any time."""
    labels = {**identity(owner), REVISION_LABEL: revision}
    return manifest(owner, POD_DISRUPTION_BUDGET, of_revision(owner.key.name, revision), labels) | {
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels},
        }
    }


def revision_record(
    owner: Owner,
    revision: Revision,
    contract: Contract,
    number: int,
    *,
    stable: bool = False,
    condemned: str | None = None,
) -> Manifest:
    """The record of a revision: its data is immutable, its marks are annotations."""
    labels = {**identity(owner), REVISION_LABEL: revision.id}
    record = manifest(owner, CONTROLLER_REVISION, of_revision(owner.key.name, revision.id), labels)
    record["metadata"]["annotations"] = marks(stable=stable, condemned=condemned)
    return record | {
        "revision": number,
        "data": {
            "input": revision.input,
            "resolved": contract.model_dump(mode="json", by_alias=True, exclude_none=True),
            "hashVersion": revision.hash_version,
        },
    }


def marks(*, stable: bool, condemned: str | None) -> dict[str, str]:
    """The annotations that say what became of a revision."""
    found = {STABLE_ANNOTATION: "true" if stable else None, CONDEMNED_ANNOTATION: condemned or None}
    return {key: value for key, value in found.items() if value is not None}


def read_record(body: Object) -> Record:
    """What a ControllerRevision of ours tells. Raises pydantic's ValidationError or KeyError for one that is not."""
    metadata, data = body["metadata"], body["data"]
    annotations = metadata.get("annotations") or {}
    return Record(
        revision=Revision(metadata["labels"][REVISION_LABEL], data["input"], data["hashVersion"]),
        contract=Contract.model_validate(data["resolved"]),
        number=body["revision"],
        stable=STABLE_ANNOTATION in annotations,
        condemned=annotations.get(CONDEMNED_ANNOTATION),
        created=parse_instant(metadata["creationTimestamp"]),
    )


def identity(owner: Owner) -> dict[str, str]:
    """What every object of one service has in common."""
    return {NAME_LABEL: owner.key.name}


def manifest(owner: Owner, kind: Kind, name: str, labels: Mapping[str, str]) -> Manifest:
    """The head of a manifest."""
    informative = {"app.kubernetes.io/name": owner.key.name, "app.kubernetes.io/managed-by": FIELD_MANAGER}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name,
            "namespace": owner.key.namespace,
            "labels": {**informative, **labels},
            "ownerReferences": [owned_by(owner)],
        },
    }
