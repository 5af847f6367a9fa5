"""Disruption budgets of others: an eviction can obey one budget only, so ours makes way for them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gracefulservice.api.names import REVISION_LABEL
from gracefulservice.cluster.ownership import is_ours
from gracefulservice.ports import Object, Owner


def rivals(owner: Owner, deployments: Iterable[Object], budgets: Iterable[Object]) -> Iterator[tuple[str, str]]:
    """Revisions whose pods somebody else's budget covers, with its name. An eviction needs exactly one budget."""
    foreign = [one for one in budgets if not is_ours(one, owner)]
    for deployment in deployments:
        labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
        for budget in foreign:
            if _matches(budget["spec"].get("selector"), labels):
                yield labels[REVISION_LABEL], budget["metadata"]["name"]


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


def respected(covered: tuple[str, str]) -> str:
    revision, budget = covered
    return (
        f"PodDisruptionBudget {budget} covers the pods of revision {revision} already, and an eviction can obey "
        "one budget only: none is made for it."
    )
