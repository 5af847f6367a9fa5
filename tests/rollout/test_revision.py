"""Identity: the same input is the same revision for ever, and nothing but the input makes another one."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gracefulservice.api.names import REVISION_ALPHABET
from gracefulservice.rollout.revision import FIELDS, LENGTH, Revision
from tests.support.admission import SMALLEST, TAKEN, merged

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SPEC: dict[str, Any] = SMALLEST["spec"]


def test_the_identity_of_the_documented_object_never_changes() -> None:
    """A release that computes another one would roll every fleet there is: then raise HASH_VERSION."""
    revision = Revision.of(SPEC)
    assert (revision.id, revision.hash_version) == ("n959thjtmx", 1)


@given(JSON)
def test_an_identity_fits_into_names_and_labels(written: Any) -> None:
    """Ten characters without vowels, so that neither a word nor a number in YAML can come out."""
    found = Revision.of({"template": written}).id
    assert len(found) == LENGTH
    assert set(found) <= set(REVISION_ALPHABET)
    assert not set(REVISION_ALPHABET) & set("aeiou01")


@given(JSON, JSON)
@example(True, 1)
@example(1, 1.0)
@example({"a": None}, {})
def test_two_inputs_are_one_revision_only_if_they_are_the_same_json(one: Any, other: Any) -> None:
    """True is not 1 and 1.0 is not 1: what the API server keeps apart stays apart."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    left, right = Revision.of({"template": one}), Revision.of({"template": other})
    assert (left.id == right.id) == same
    assert left.same_as(right) == same


def test_the_order_of_keys_does_not_matter() -> None:
    """Clients write them in any order."""
    turned = {"template": {"spec": SPEC["template"]["spec"]}, "replicas": 4}
    assert Revision.of(dict(reversed(SPEC.items()))).id == Revision.of(turned).id


def test_absent_stays_absent() -> None:
    """An empty object is what the user wrote, and not the same as nothing."""
    assert Revision.of(SPEC).input == {"template": SPEC["template"]}
    assert not Revision.of(SPEC).same_as(Revision.of(SPEC | {"shutdown": {}}))


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_input_makes_another_revision(field: str) -> None:
    """Template, ports, probes, shutdown and the restart token."""
    assert Revision.of(SPEC | {field: {"changed": 1}}).id != Revision.of(SPEC).id


@pytest.mark.parametrize(
    "field", ["replicas", "traffic", "rollout", "objectives", "metrics", "onOutage", "historyLimit"]
)
def test_no_other_field_does(field: str) -> None:
    """Scaling or editing the rollout starts none."""
    assert Revision.of(SPEC | {field: {"changed": 1}}).id == Revision.of(SPEC).id


def test_equality_outlives_the_way_identities_are_computed() -> None:
    """A record of an older version, under another name, still is the same revision if the input is."""
    found = Revision.of(SPEC)
    assert found.same_as(Revision(id="older", input=dict(found.input), hash_version=0))


def test_all_inputs_of_the_table_differ() -> None:
    """No two different inputs of all that is taken share an identity."""
    revisions = [Revision.of(merged(SMALLEST, change)["spec"]) for change in TAKEN.values()]
    inputs = {json.dumps(revision.input, sort_keys=True) for revision in revisions}
    assert len({revision.id for revision in revisions}) == len(inputs)
