"""The rights in the chart are those that the operator's code makes use of: no fewer, no more, nowhere else.

Every place in the code that sends a request is found in its syntax tree; what kinds it sends it for stands here.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import gracefulservice
from gracefulservice import handlers
from gracefulservice.api.names import GROUP
from gracefulservice.cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    GRACEFUL_SERVICE,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    WEBHOOK,
    Kind,
)
from gracefulservice.cluster.ownership import owned_by
from gracefulservice.ports import Owner
from tests.chart.rendering import Helm, Object, Rendered

NAME = "gracefulservice"
Right = tuple[str, str, str]
"""API group, resource, verb."""
Site = tuple[str, str, str]
"""Module, function, method called there."""

CHILDREN = (CONTROLLER_REVISION, DEPLOYMENT, SERVICE, POD_DISRUPTION_BUDGET)

ASKED: dict[Site, tuple[Kind, ...]] = {
    ("admission/server.py", "_others", "list_all"): (GRACEFUL_SERVICE,),
    ("cluster/adapter.py", "owner", "get"): (GRACEFUL_SERVICE,),
    ("cluster/adapter.py", "children", "list_all"): (*CHILDREN, POD, ENDPOINT_SLICE, HORIZONTAL_POD_AUTOSCALER),
    ("cluster/adapter.py", "_strangers", "get"): (SERVICE,),
    ("cluster/adapter.py", "_adopted", "get"): (DEPLOYMENT,),
    ("cluster/adapter.py", "_adopted", "list_all"): (POD, ENDPOINT_SLICE),
    ("cluster/adapter.py", "_in_the_way", "get"): CHILDREN,
    ("cluster/adapter.py", "_vanishing", "get"): (NAMESPACE,),
    ("cluster/adapter.py", "remember", "patch_status"): (GRACEFUL_SERVICE,),
    ("cluster/converge.py", "record", "create"): (CONTROLLER_REVISION,),
    ("cluster/converge.py", "marks", "merge_patch"): (CONTROLLER_REVISION,),
    ("cluster/converge.py", "service", "create"): (SERVICE,),
    ("cluster/converge.py", "service", "json_patch"): (SERVICE,),
    ("cluster/converge.py", "_scaled", "patch_scale"): (DEPLOYMENT,),
    ("cluster/converge.py", "_made", "create"): (DEPLOYMENT,),
    ("cluster/converge.py", "budgets", "create"): (POD_DISRUPTION_BUDGET,),
    ("cluster/converge.py", "release", "json_patch"): (DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE),
    ("cluster/converge.py", "finalizer", "merge_patch"): (GRACEFUL_SERVICE,),
    ("cluster/handover.py", "_deployment", "patch_scale"): (DEPLOYMENT,),
    ("cluster/handover.py", "_template", "json_patch"): (DEPLOYMENT,),
    ("cluster/handover.py", "_merge", "merge_patch"): (DEPLOYMENT, POD, HORIZONTAL_POD_AUTOSCALER),
    ("cluster/service_handover.py", "of_service", "merge_patch"): (SERVICE,),
    ("cluster/converge.py", "_delete", "delete"): CHILDREN,
    ("cluster/nodes.py", "_read", "get"): (NODE,),
    ("application.py", "may_list_nodes", "list_all"): (NODE,),
    ("cluster/events.py", "tell", "create"): (EVENT,),
    ("traffic/http_route.py", "observe", "get"): (HTTP_ROUTE,),
    ("traffic/remains.py", "retire", "get"): (HTTP_ROUTE,),
    ("traffic/remains.py", "retirement", "json_patch"): (HTTP_ROUTE,),
    ("traffic/remains.py", "retirement", "delete"): (HTTP_ROUTE,),
    ("traffic/http_route.py", "ensure", "json_patch"): (HTTP_ROUTE,),
    ("traffic/http_route.py", "release", "json_patch"): (HTTP_ROUTE,),
    ("traffic/http_route.py", "_create", "create"): (HTTP_ROUTE,),
}
ASKED_FOR_THE_LEASE: dict[Site, tuple[Kind, ...]] = {
    ("identity.py", "ended", "get"): (POD,),
    ("leadership.py", "release", "get"): (LEASE,),
    ("leadership.py", "release", "replace"): (LEASE,),
    ("leadership.py", "_claim", "get"): (LEASE,),
    ("leadership.py", "_claim", "create"): (LEASE,),
    ("leadership.py", "_claim", "replace"): (LEASE,),
}
ASKED_FOR_THE_WEBHOOK: dict[Site, tuple[Kind, ...]] = {
    ("admission/keeper.py", "_once", "get"): (SECRET, WEBHOOK),
    ("admission/keeper.py", "_write", "replace"): (SECRET,),
    ("admission/keeper.py", "_publish", "json_patch"): (WEBHOOK,),
}

CONFIG = (CONFIG_MAP, SECRET)
ASKED_FOR_CONFIG: dict[Site, tuple[Kind, ...]] = {
    ("cluster/adapter.py", "_named", "get"): CONFIG,
    ("cluster/adapter.py", "_copies", "list_metadata"): CONFIG,
    ("cluster/configuration.py", "missing", "create"): CONFIG,
    ("cluster/configuration.py", "unneeded", "delete"): CONFIG,
    ("cluster/configuration.py", "released", "json_patch"): CONFIG,
}

VERBS = {
    "get": ("", "get"),
    "list_all": ("", "list"),
    "list_metadata": ("", "list"),
    "create": ("", "create"),
    "replace": ("", "update"),
    "apply": ("", "patch"),
    "patch": ("", "patch"),
    "merge_patch": ("", "patch"),
    "json_patch": ("", "patch"),
    "patch_status": ("/status", "patch"),
    "patch_scale": ("/scale", "patch"),
    "delete": ("", "delete"),
}
SENDERS = {"requests", "client", "api", "leases", "pods"}
"""What these methods are called on (a leading underscore apart)."""
SENT_BY_OTHERS = {"cluster/client.py", "cluster/requests.py"}
"""The client itself: it sends what it is given."""


def sites() -> Iterator[Site]:
    """Every place in the operator that asks something of the API server."""
    root = Path(gracefulservice.__file__).parent
    for file in root.rglob("*.py"):
        module = file.relative_to(root).as_posix()
        if module in SENT_BY_OTHERS or module.startswith("cli/"):
            continue
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from ((module, function.name, method) for method in calls(function))


def calls(function: ast.AST) -> Iterator[str]:
    """The methods of a sender that a function calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VERBS:
            sender = ast.unparse(node.func.value).rpartition(".")[2].removeprefix("_")
            if sender in SENDERS:
                yield node.func.attr


def needed(asked: dict[Site, tuple[Kind, ...]]) -> set[Right]:
    """The rights that requests from these places need."""
    return {
        (kind.group, kind.plural + VERBS[method][0], VERBS[method][1])
        for (_, _, method), kinds in asked.items()
        for kind in kinds
    }


def watched() -> set[Right]:
    """The rights that kopf needs: it lists, then watches."""
    kinds = (GRACEFUL_SERVICE, *handlers.CHILDREN, HTTP_ROUTE, NODE)
    return {(kind.group, kind.plural, verb) for kind in kinds for verb in ("list", "watch")}


def owning() -> set[Right]:
    """The right to be an owner whose deletion waits for its children, checked by an admission plugin."""
    reference = owned_by(Owner({"metadata": {"name": "web", "namespace": "shop", "uid": "1"}}))
    return {(GROUP, f"{GRACEFUL_SERVICE.plural}/finalizers", "update")} if reference["blockOwnerDeletion"] else set()


def granted(rules: Iterable[Object]) -> list[Right]:
    """The rights that rules give, each as often as they give it."""
    return [
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def test_every_request_in_the_code_is_listed_here() -> None:
    assert set(sites()) == {*ASKED, *ASKED_FOR_CONFIG, *ASKED_FOR_THE_LEASE, *ASKED_FOR_THE_WEBHOOK}


def test_the_cluster_role_gives_what_is_asked_for_and_no_more(default: Rendered) -> None:
    rights = granted(default.one("ClusterRole")["rules"])
    assert set(rights) == needed(ASKED) | watched() | owning()
    assert max(Counter(rights).values()) == 1


def test_the_lease_is_the_operators_alone(default: Rendered) -> None:
    role = default.one("Role", "gracefulservice-lease")
    assert role["metadata"]["namespace"] == "operators"
    assert set(granted(role["rules"])) == needed(ASKED_FOR_THE_LEASE)
    named = [
        rule.get("resourceNames") for rule in role["rules"] if "leases" in rule["resources"] and "get" in rule["verbs"]
    ]
    assert named == [[default.environment["GRACEFULSERVICE_LEASE_NAME"]]]


@pytest.mark.parametrize("namespaces", [[], ["a"]], ids=["everywhere", "in one namespace"])
def test_the_webhook_may_touch_its_own_keys_and_its_own_configuration(helm: Helm, namespaces: list[str]) -> None:
    """Two objects by name. Nobody may create a Secret: whom it is made for could not be narrowed."""
    rendered = helm.render({"namespaces": namespaces})
    role, cluster = rendered.one("Role", f"{NAME}-webhook"), rendered.one("ClusterRole", f"{NAME}-operators")
    assert role["metadata"]["namespace"] == "operators"
    given = [
        (right, rule["resourceNames"])
        for body in (role, cluster)
        for rule in body["rules"]
        for right in granted([rule])
    ]
    assert {right for right, _ in given} == needed(ASKED_FOR_THE_WEBHOOK)
    names = {SECRET.plural: f"{NAME}-webhook", WEBHOOK.plural: f"{NAME}-operators"}
    assert [found for _, found in given] == [[names[resource]] for (_, resource, _), _ in given]


def test_secrets_are_in_no_other_role(default: Rendered) -> None:
    holders = [body["metadata"]["name"] for body in default.objects if "secrets" in str(body.get("rules"))]
    assert holders == [f"{NAME}-webhook"]


@pytest.mark.parametrize("namespaces", [[], ["a"]], ids=["everywhere", "in one namespace"])
@pytest.mark.parametrize("kinds", [("configMaps",), ("secrets",), ("configMaps", "secrets")])
def test_configuration_is_read_where_the_values_say_so(
    helm: Helm, namespaces: list[str], kinds: tuple[str, ...]
) -> None:
    """One kind gives no right to the other."""
    rendered = helm.render({"namespaces": namespaces, "config": dict.fromkeys(kinds, True)})
    role = rendered.one("Role", NAME) if namespaces else rendered.one("ClusterRole", f"{NAME}")
    plurals = {kind.lower() for kind in kinds}
    given = {right for right in granted(role["rules"]) if right[1] in ("configmaps", "secrets")}
    assert given == {right for right in needed(ASKED_FOR_CONFIG) if right[1] in plurals}


def test_with_namespaces_the_same_rights_end_at_them(helm: Helm, default: Rendered) -> None:
    rendered = helm.render({"namespaces": ["a", "b"], "webhook": {"enabled": False}})
    assert rendered.all("ClusterRole") + rendered.all("ClusterRoleBinding") == []
    roles = {body["metadata"]["namespace"]: body for body in rendered.all("Role") if body["metadata"]["name"] == NAME}
    assert set(roles) == {"a", "b"}
    everywhere = [rule for rule in default.one("ClusterRole")["rules"] if rule["resources"] != ["nodes"]]
    assert len(everywhere) == len(default.one("ClusterRole")["rules"]) - 1, "nodes are in no namespace"
    assert all(role["rules"] == everywhere for role in roles.values())
    assert rendered.environment["GRACEFULSERVICE_NAMESPACES"] == "a,b"


@pytest.mark.parametrize("namespaces", [[], ["a", "b"]], ids=["everywhere", "in two namespaces"])
def test_every_role_is_bound_to_the_operator_where_it_stands(helm: Helm, namespaces: list[str]) -> None:
    rendered = helm.render({"namespaces": namespaces})
    roles = [body for body in rendered.objects if body["kind"] in ("Role", "ClusterRole") and not aggregated(body)]
    bindings = [body for body in rendered.objects if body["kind"].endswith("RoleBinding")]
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": "operators"}
    assert [binding["subjects"] for binding in bindings] == [[subject]] * len(roles)
    assert sorted(place(binding, binding["roleRef"]) for binding in bindings) == sorted(
        place(role, {"kind": role["kind"], "name": role["metadata"]["name"]}) for role in roles
    )


def place(body: Object, role: Object) -> tuple[str, str, str]:
    return body["metadata"].get("namespace", ""), role["kind"], role["name"]


def aggregated(body: Object) -> bool:
    return any("aggregate-to" in label for label in body["metadata"]["labels"])


def test_people_get_their_rights_through_the_clusters_own_roles(default: Rendered) -> None:
    view, edit = (default.one("ClusterRole", f"{NAME}-{who}") for who in ("view", "edit"))
    reading = {(GROUP, "gracefulservices", verb) for verb in ("get", "list", "watch")}
    assert reading <= set(granted(view["rules"]))
    assert {("apps", "controllerrevisions", verb) for verb in ("get", "list")} <= set(granted(view["rules"]))
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert {verb for _, _, verb in granted(view["rules"])} == {"get", "list", "watch"}
    assert (GROUP, "gracefulservices", "patch") in granted(edit["rules"])
    assert aggregated(view)
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]


@pytest.mark.parametrize("namespaces", [[], ["a"]], ids=["everywhere", "in one namespace"])
def test_nothing_is_given_by_a_wildcard(helm: Helm, namespaces: list[str]) -> None:
    rules = [rule for body in helm.render({"namespaces": namespaces}).objects for rule in body.get("rules", ())]
    words = [word for rule in rules for field in rule.values() for word in field]
    assert rules
    assert [word for word in words if "*" in word] == []
    assert not {"configmaps", "pods/exec"} & set(words)


def test_an_administrator_may_give_the_rights_by_hand(helm: Helm) -> None:
    kinds = {body["kind"] for body in helm.render({"rbac": {"create": False}}).objects}
    assert not {kind for kind in kinds if "Role" in kind}
