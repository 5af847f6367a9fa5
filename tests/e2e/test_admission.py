"""Admission by the API server: the CRD refuses contradictions with a sentence and stores the rest as it was written."""

import json
from typing import Any

import pytest

from gracefulservice.api import names, schema
from gracefulservice.cluster import objects
from gracefulservice.ports import Owner
from gracefulservice.rollout.contract import Contract, resolve
from gracefulservice.rollout.revision import Revision
from gracefulservice.rollout.seen import WIDE
from tests.support.admission import SMALLEST, TAKEN, Json, merged
from tests.support.place import Place, Stage
from tests.support.refusals import REFUSED, Refused

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
    assert done.stderr == ""
    assert json.loads(done.stdout)["spec"] == body["spec"]


@pytest.mark.parametrize("refused", [pytest.param(one, id=one.id) for one in REFUSED if one.by in ("both", "server")])
def test_a_contradiction_is_refused_with_field_value_and_fix(cluster: Stage, refused: Refused) -> None:
    """Nothing is stored, and the answer is a sentence, not an expression that failed."""
    done = cluster.kubectl(*CREATE, input=json.dumps(refused.body))
    assert done.returncode != 0
    assert all(words in done.stderr for words in refused.says), done.stderr
    assert "evaluating rule" not in done.stderr


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
