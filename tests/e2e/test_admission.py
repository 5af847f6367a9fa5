"""Admission by the API server: the CRD refuses contradictions with a sentence and stores the rest as it was written.

What a schema cannot see is refused by the webhook, which every replica of the operator answers.
"""

import base64
import json
from typing import Any

import pytest

from gracefulservice.api import names, schema
from gracefulservice.cluster import objects
from gracefulservice.ports import Owner
from gracefulservice.rollout import lint
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.seen import WIDE
from localcluster.operator_release import NAMESPACE, RELEASE
from tests.support import plain
from tests.support.admission import SMALLEST, TAKEN, Json, merged, route, spec
from tests.support.place import Place, Stage
from tests.support.refusals import REFUSED, Refused

pytestmark = pytest.mark.usefixtures("undisturbed")
CREATE = ("create", "--dry-run=server", "--output=json", "--filename=-")


def test_the_cluster_knows_this_very_definition(cluster: Stage) -> None:
    """What the chart installed is what the models say today; the rest of this file depends on it."""
    found = cluster.kubectl("get", "crd", f"{names.PLURAL}.{names.GROUP}", "--output=json")
    assert found.returncode == 0, found.stderr
    (version,) = json.loads(found.stdout)["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"] == schema.open_api_schema()
    assert version["subresources"] == {"status": {}, "scale": schema.SCALE}


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_what_is_taken_is_stored_as_it_was_written(cluster: Stage, change: Json) -> None:
    """No field is pruned, none is added: the input of a revision is what the user wrote."""
    body = merged(SMALLEST, change)
    done = cluster.kubectl(*CREATE, "--validate=strict", input=json.dumps(body))
    assert done.returncode == 0, done.stderr
    said = [f"Warning: {one.field}: {one.sentence}" for one in lint.warnings(body["spec"])]
    assert done.stderr.splitlines() == said
    assert json.loads(done.stdout)["spec"] == body["spec"]


@pytest.mark.parametrize("refused", [pytest.param(one, id=one.id) for one in REFUSED if one.by in ("both", "server")])
def test_a_contradiction_is_refused_with_field_value_and_fix(cluster: Stage, refused: Refused) -> None:
    """Nothing is stored, and the answer is a sentence, not an expression that failed."""
    done = cluster.kubectl(*CREATE, input=json.dumps(refused.body))
    assert done.returncode != 0
    assert all(words in done.stderr for words in refused.says), done.stderr
    assert "evaluating rule" not in done.stderr


@pytest.mark.parametrize("refused", [pytest.param(one, id=one.id) for one in REFUSED if one.by == "reader"])
def test_what_no_schema_can_see_is_refused_by_the_webhook(cluster: Stage, refused: Refused) -> None:
    """In the form in which the API server itself refuses: by field, in sentences."""
    done = cluster.kubectl(*CREATE, input=json.dumps(refused.body))
    assert done.returncode != 0
    assert 'The GracefulService "shop" is invalid' in done.stderr
    assert all(words in done.stderr for words in refused.says), done.stderr


def test_the_api_server_trusts_whom_the_operator_names(cluster: Stage) -> None:
    """The keys are in the Secret that the chart made empty, and the authority in the configuration it made without."""
    found = cluster.kubectl("get", "validatingwebhookconfiguration", f"{RELEASE}-{NAMESPACE}", "--output=json")
    secret = cluster.kubectl("get", "secret", f"{RELEASE}-webhook", "--namespace", NAMESPACE, "--output=json")
    (webhook,) = json.loads(found.stdout)["webhooks"]
    data = json.loads(secret.stdout)["data"]
    assert webhook["clientConfig"]["caBundle"] == data["ca.crt"]
    assert set(data) == {"ca.crt", "ca.key", "tls.crt", "tls.key"}
    assert base64.b64decode(data["tls.crt"]).startswith(b"-----BEGIN CERTIFICATE-----")


def test_two_services_cannot_have_one_host_name(place: Place) -> None:
    """Of two routes for one host name a Gateway heeds the older alone; the second service is not stored."""
    made = route(parentRefs=[plain.GATEWAY], hostnames=[f"{place.namespace}.test"])
    first = merged(merged(SMALLEST, made), {"metadata": {"name": "first"}, **spec(replicas=0, **made["spec"])})
    place.apply(first)
    second = merged(first, {"metadata": {"name": "second"}})
    done = place.stage.kubectl("apply", "--namespace", place.namespace, "--filename=-", input=json.dumps(second))
    assert done.returncode != 0
    assert f"GracefulService first has the host name {place.namespace}.test on Gateway" in done.stderr
    assert place.get("GracefulService", "second") is None


def test_labels_scale_and_deletion_go_through(place: Place) -> None:
    """What leaves the spec alone never waits for an answer."""
    place.apply(merged(SMALLEST, {"spec": {"replicas": 0}}))
    for words in (
        ("label", "gracefulservice", "shop", "team=shop"),
        ("scale", "gracefulservice", "shop", "--replicas=0"),
        ("delete", "gracefulservice", "shop", "--timeout=60s"),
    ):
        done = place.stage.kubectl(words[0], "--namespace", place.namespace, *words[1:])
        assert done.returncode == 0, done.stderr


def test_apply_answers_like_create(cluster: Stage) -> None:
    """The way most people send objects, on the contradiction most people run into."""
    (grace,) = (one for one in REFUSED if one.id == "a grace period shorter than the sleep")
    done = cluster.kubectl("apply", "--dry-run=server", "--filename=-", input=json.dumps(grace.body))
    assert done.returncode != 0
    assert all(words in done.stderr for words in grace.says), done.stderr


def test_an_autoscaler_finds_the_number_of_pods(place: Place) -> None:
    """The scale of an object that does not say how many is one, because autoscaling is off where it reads zero."""
    silent = merged(SMALLEST, {"spec": {"replicas": None, "objectives": None}, "metadata": {"name": "silent"}})
    place.apply(silent)
    path = f"/apis/{names.API_VERSION}/namespaces/{place.namespace}/{names.PLURAL}/silent/scale"
    scale = json.loads(place.stage.kubectl("get", "--raw", path).stdout)
    assert scale["spec"]["replicas"] == 1


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_the_children_are_accepted_as_they_are(cluster: Stage, change: Json) -> None:
    """Whatever is taken, the API server takes all of its children too, without a field it does not know."""
    for child in children(merged(SMALLEST, change)):
        for verb in (CREATE, ("apply", "--server-side", *CREATE[1:])):
            done = cluster.kubectl(*verb, "--validate=strict", input=json.dumps(child))
            assert done.returncode == 0, (child["kind"], done.stderr)


def children(body: Json) -> list[dict[str, Any]]:
    """Everything that is made for an object, in a namespace that exists everywhere."""
    owner = Owner(body | {"metadata": {"name": "shop", "namespace": "default", "uid": "0b6c"}})
    revision = Revision.of(body["spec"])
    contract = resolve(revision.input)
    assert isinstance(contract, Contract)
    return [
        objects.revision_record(owner, revision, contract, 1),
        objects.deployment(owner, revision, contract, 1),
        objects.service(owner, "shop", contract.ports, WIDE),
        objects.disruption_budget(owner, revision.id),
    ]


def test_a60_a_second_service_for_one_deployment_is_refused(place: Place) -> None:
    """Nobody could tell which of the two its pods belong to; the sentence names who has it."""
    adopts = {"spec": {"adopt": {"name": "shop-before"}}}
    place.apply(merged(SMALLEST, {"metadata": {"name": "first", "namespace": place.namespace}, **adopts}))
    second = merged(SMALLEST, {"metadata": {"name": "second", "namespace": place.namespace}, **adopts})
    done = place.stage.kubectl("create", "--filename=-", input=json.dumps(second))
    assert done.returncode != 0
    assert "Deployment shop-before is adopted by GracefulService first already" in done.stderr
    assert place.get("GracefulService", "second") is None
