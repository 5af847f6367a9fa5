"""What the chart tells the API server about the webhook, and what it leaves to the operator."""

import pytest

from gracefulservice.admission import server
from gracefulservice.api.names import GROUP, PLURAL, VERSION
from tests.chart.rendering import CHART, Helm, Object, Rendered, at

NAME = "gracefulservice"


@pytest.fixture
def webhook(default: Rendered) -> Object:
    """The one webhook."""
    (found,) = default.one("ValidatingWebhookConfiguration", f"{NAME}-operators")["webhooks"]
    return dict(found)


def test_nothing_waits_long_for_it_and_nothing_depends_on_it(webhook: Object) -> None:
    assert (webhook["failurePolicy"], webhook["timeoutSeconds"], webhook["sideEffects"]) == ("Ignore", 5, "None")
    assert webhook["matchPolicy"] == "Equivalent"
    assert webhook["timeoutSeconds"] > server.WITHIN


def test_it_is_asked_about_the_services_themselves_alone(webhook: Object) -> None:
    """Neither status nor scale nor deletion: an autoscaler and a finalizer never wait for an answer."""
    (rule,) = webhook["rules"]
    assert rule == {
        "apiGroups": [GROUP],
        "apiVersions": [VERSION],
        "resources": [PLURAL],
        "operations": ["CREATE", "UPDATE"],
        "scope": "Namespaced",
    }
    assert [one["expression"] for one in webhook["matchConditions"]] == ["!has(object.metadata.deletionTimestamp)"]


def test_whom_to_trust_is_left_to_the_operator(default: Rendered, webhook: Object) -> None:
    """Not even an empty value: an upgrade takes nothing away that the chart does not name."""
    assert "caBundle" not in webhook["clientConfig"]
    assert not {"data", "stringData"} & set(default.one("Secret", f"{NAME}-webhook"))


def test_the_api_server_finds_the_replicas(default: Rendered, webhook: Object) -> None:
    service = webhook["clientConfig"]["service"]
    assert (service["namespace"], service["path"]) == ("operators", server.PATH)
    found = default.one("Service", service["name"])["spec"]
    assert found["type"] == "ClusterIP"
    assert "clusterIP" not in found, "API servers call no headless Service"
    (port,) = found["ports"]
    assert port["port"] == service["port"]
    ports = {one["name"]: one["containerPort"] for one in default.container["ports"]}
    assert str(ports[port["targetPort"]]) == default.environment["GRACEFULSERVICE_WEBHOOK_PORT"]
    assert found["selector"].items() <= default.pod["metadata"]["labels"].items()


def test_the_operator_is_told_the_names(default: Rendered, webhook: Object) -> None:
    told = default.environment
    assert told["GRACEFULSERVICE_WEBHOOK_CONFIGURATION"] == f"{NAME}-operators"
    assert told["GRACEFULSERVICE_WEBHOOK_SERVICE"] == webhook["clientConfig"]["service"]["name"]
    assert default.one("Secret", told["GRACEFULSERVICE_WEBHOOK_SERVICE"])["metadata"]["namespace"] == "operators"


def test_a_replica_that_goes_answers_until_nobody_asks_it(helm: Helm, default: Rendered) -> None:
    assert default.container["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert "lifecycle" not in helm.render({"webhook": {"enabled": False}}).container


def test_with_namespaces_it_is_asked_about_no_other(helm: Helm) -> None:
    (configuration,) = helm.render({"namespaces": ["a", "b"]}).all("ValidatingWebhookConfiguration")
    expressions = at(configuration, "webhooks/0/namespaceSelector/matchExpressions")
    assert expressions == [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]


def test_two_releases_of_one_name_do_not_meet(helm: Helm) -> None:
    done = helm.run("template", NAME, str(CHART), "--namespace=others", "--show-only=templates/webhook.yaml")
    assert done.returncode == 0
    assert f"name: {NAME}-others\n" in done.stdout


def test_switched_off_it_leaves_nothing(helm: Helm) -> None:
    rendered = helm.render({"webhook": {"enabled": False}})
    assert rendered.all("ValidatingWebhookConfiguration") == rendered.all("Secret") == []
    assert [body["metadata"]["name"] for body in rendered.all("Service")] == [NAME]
    assert not [
        body for body in rendered.objects if "webhook" in str(body) and body["kind"] != "CustomResourceDefinition"
    ]
    assert [name for name in rendered.environment if "WEBHOOK" in name] == []
