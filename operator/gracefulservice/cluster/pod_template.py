"""The pods of a revision: the user's template as written, and what the contract adds to it."""

from collections.abc import Mapping
from typing import Any

from gracefulservice.rollout.contract import ContainerContract, Contract

Part = Mapping[str, Any]


def pod_template(written: Part, contract: Contract, labels: Mapping[str, str]) -> dict[str, Any]:
    """The template of the Deployment. `labels` are ours and go before the user's, who cannot have the same keys."""
    metadata = written.get("metadata") or {}
    spec = written["spec"]
    containers = {
        field: [_container(one, contract.containers.get(one["name"])) for one in spec[field]]
        for field in ("containers", "initContainers")
        if field in spec
    }
    return {
        **written,
        "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **labels}},
        "spec": {**spec, **containers, "terminationGracePeriodSeconds": contract.grace},
    }


def _container(written: Part, added: ContainerContract | None) -> Part:
    """One container with its hook, probes and port names. Init containers that end are left as they are."""
    if added is None:
        return written
    ports = {} if added.ports is None else {"ports": [*added.ports]}
    return {**written, **ports, **added.probes, **_lifecycle(written, added.sleep)}


def _lifecycle(written: Part, sleep: int | None) -> dict[str, Any]:
    """The user's own hooks, and the sleep before SIGTERM."""
    if sleep is None:
        return {}
    return {"lifecycle": {**(written.get("lifecycle") or {}), "preStop": {"sleep": {"seconds": sleep}}}}
