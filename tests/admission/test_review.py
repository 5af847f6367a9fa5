"""The answer to each question: what is refused and how, and all that is never refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gracefulservice.admission import review
from gracefulservice.errors import Invalid
from gracefulservice.rollout.plan import Plan, build
from tests.admission.questions import SHORT_GRACE, UID, asked, body, made, named, wire
from tests.support.admission import TAKEN, Json, merged
from tests.support.refusals import REFUSED, Refused


def response(question: Json, others: list[Json] | None = None, unread: str = "") -> Json:
    """The answer to it."""
    answer = review.answer(review.read(wire(question)), others or [], unread)
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert answer["response"]["uid"] == UID
    return dict(answer["response"])


def message(question: Json, others: list[Json] | None = None) -> str:
    """What is said to a question whose answer is no."""
    found = response(question, others)
    assert found["allowed"] is False
    assert found["status"]["code"] == 422
    return str(found["status"]["message"])


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN.keys())
def test_what_reconcile_takes_is_allowed(change: Json) -> None:
    assert response(asked(body(change=change)))["allowed"] is True


@pytest.mark.parametrize("refused", [pytest.param(one, id=one.id) for one in REFUSED if one.by != "server"])
def test_what_reconcile_refuses_is_refused_in_the_same_words(refused: Refused) -> None:
    said = message(asked(refused.body))
    assert all(words in said for words in refused.says), said


def test_the_arithmetic_is_in_the_answer() -> None:
    said = message(asked(body(change=SHORT_GRACE)))
    assert said.startswith("spec.template.spec.terminationGracePeriodSeconds: ")
    assert "(15) is less than shutdown.delay (20s) + shutdown.drain (at least 1s) + shutdown.margin (5s)" in said


def test_a_refusal_names_each_field_for_programs() -> None:
    status = response(asked(body(change=SHORT_GRACE)))["status"]
    assert (status["status"], status["reason"]) == ("Failure", "Invalid")
    details = status["details"]
    assert (details["group"], details["kind"], details["name"]) == ("gracefulservice.dev", "GracefulService", "shop")
    (cause,) = details["causes"]
    assert cause["field"] == "spec.template.spec.terminationGracePeriodSeconds"
    assert status["message"] == f"{cause['field']}: {cause['message']}"


def test_all_that_is_wrong_is_said_at_once_as_far_as_there_is_room() -> None:
    wrong = {"spec": {"rollout": {"canary": {"steps": [{"weight": 50 - step} for step in range(15)]}}}}
    status = response(asked(body(change=wrong)))["status"]
    lines = status["message"].splitlines()
    assert lines[0] == "14 things are wrong:"
    assert lines[1].startswith("- spec.rollout.canary.steps[1].weight: The weight 49 does not rise above 50 of the ")
    assert lines[-1] == "- And 4 more."
    assert len(lines) == 12
    assert len(status["details"]["causes"]) == 10


def test_no_line_is_endless() -> None:
    assert max(map(len, message(asked(body(change={"spec": {"onOutage": "x" * 5000}}))).splitlines())) <= 1000


BAD = body(change=SHORT_GRACE)
OTHER = {"resource": {"group": "apps", "version": "v1", "resource": "deployments"}}

LEFT_ALONE: dict[str, Json] = {
    "a label on what was stored before the rule": asked(merged(BAD, {"metadata": {"labels": {"a": "b"}}}), BAD),
    "a finalizer that goes": asked(BAD, merged(BAD, {"metadata": {"finalizers": ["gracefulservice.dev/route"]}})),
    "a command": asked(merged(BAD, {"metadata": {"annotations": {"gracefulservice.dev/command": "{}"}}}), BAD),
    "a status": asked(merged(BAD, {"status": {"phase": "Invalid"}}), BAD),
    "an object that is being deleted": asked(merged(BAD, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
    "a changed one that is being deleted": asked(
        merged(BAD, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), body()
    ),
    "a deletion": asked(None, BAD, operation="DELETE"),
    "a connection": asked(BAD, operation="CONNECT"),
    "the status subresource": asked(BAD, body(), subResource="status"),
    "the scale subresource": asked(BAD, body(), subResource="scale"),
    "another kind": asked(BAD, **OTHER),
}


@pytest.mark.parametrize("question", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_nothing_else_is_ever_refused(question: Json) -> None:
    assert response(question) == {"uid": UID, "allowed": True}


def test_a_change_that_mends_is_allowed_and_one_that_breaks_is_not() -> None:
    assert response(asked(body(), BAD))["allowed"] is True
    assert response(asked(BAD, body()))["allowed"] is False
    assert response(asked(merged(BAD, {"spec": {"replicas": 9}}), BAD))["allowed"] is False


def test_a_mistake_that_kubernetes_accepts_is_a_warning() -> None:
    """Every warning of the contract's own list, and nothing is refused."""
    careless = {"spec": {"shutdown": {"delay": "500ms"}}}
    found = response(asked(body(change=careless)))
    assert found["allowed"] is True
    (warning,) = found["warnings"]
    assert warning.startswith("spec.shutdown.delay: ")
    assert "warnings" not in response(asked(body(change=careless, labels={"a": "b"}), body(change=careless)))


# two services, one route

APART: dict[str, tuple[Json, Json]] = {
    "two routes of the user": (named("site"), named("other")),
    "two host names": (made("a.example"), made("b.example")),
    "one host name, two Gateways": (made("a.example"), made("a.example", gateway="inner")),
    "one Gateway name, two namespaces": (made("a.example"), made("a.example", namespace="gateways")),
    "one Gateway, two listeners": (made("a.example", sectionName="http"), made("a.example", sectionName="https")),
    "one Gateway, two ports": (made("a.example", port=80), made("a.example", port=8080)),
    "one host name and all the others": (made("a.example"), made()),
    "a host name and a wildcard": (made("a.example"), made("*.example")),
    "no route": ({}, named("site")),
    "a route of the user and one that is made": (named("site"), made()),
}
COLLIDING: dict[str, tuple[Json, Json, str]] = {
    "one host name": (
        made("a.example", "b.example"),
        made("A.example", "c.example"),
        "GracefulService cart has the host name a.example on Gateway web already",
    ),
    "every host name": (made(), made(), "GracefulService cart has every host name on Gateway web already"),
    "one Gateway, its namespace once written": (
        made("a.example"),
        made("a.example", namespace="default"),
        "has the host name a.example on Gateway web already",
    ),
    "a listener and all of them": (
        made("a.example", sectionName="http"),
        made("a.example"),
        "has the host name a.example on Gateway web already",
    ),
    "the name of a route that is made": (
        named("cart"),
        made("a.example"),
        "spec.traffic.routes[0].gatewayAPI.name: HTTPRoute cart is made for GracefulService cart",
    ),
    "a route that is made has the name of the user's": (
        made("a.example"),
        named("shop"),
        "spec.traffic.routes[0].gatewayAPI.parentRefs: The HTTPRoute shop that is made for these Gateways has the name",
    ),
}


@pytest.mark.parametrize(("mine", "theirs"), APART.values(), ids=APART.keys())
def test_services_that_do_not_meet_stand_side_by_side(mine: Json, theirs: Json) -> None:
    assert response(asked(body(change=mine)), [body("cart", theirs)]) == {"uid": UID, "allowed": True}


@pytest.mark.parametrize(("mine", "theirs", "says"), COLLIDING.values(), ids=COLLIDING.keys())
def test_two_services_cannot_have_one_route(mine: Json, theirs: Json, says: str) -> None:
    assert says in message(asked(body(change=mine)), [body("bank"), body("cart", theirs)])


def test_a_route_of_the_users_may_lead_to_several_services() -> None:
    """Each moves its own rules' weights; that is worth a word, not a refusal."""
    found = response(asked(body(change=named("site"))), [body("cart", named("site")), body("bank", named("site"))])
    assert found["allowed"] is True
    (warning,) = found["warnings"]
    assert "HTTPRoute site is named by GracefulService bank, cart as well" in warning


MINE, THEIRS, _ = COLLIDING["one host name"]
LEAVING = body("cart", THEIRS, deletionTimestamp="2026-01-01T00:00:00Z")
UNREADABLE = merged(body("cart", THEIRS), {"spec": {"template": None}})


@pytest.mark.parametrize("other", [body("shop", MINE), LEAVING, UNREADABLE], ids=["itself", "leaving", "unreadable"])
def test_who_takes_no_route_away_is_in_nobodys_way(other: Json) -> None:
    assert response(asked(body(change=MINE)), [other])["allowed"] is True


def test_a_route_that_is_kept_is_not_fought_over_again() -> None:
    """Both were stored while nobody answered: an image can be changed all the same."""
    old = body(change=MINE)
    new = merged(old, {"spec": {"replicas": 9}})
    assert response(asked(new, old), [body("cart", THEIRS)])["allowed"] is True
    assert not any(review.read(wire(asked(new, old))).claim)
    assert any(review.read(wire(asked(old, body()))).claim)


ADOPTS = {"spec": {"adopt": {"name": "shop-before"}}}


def test_a60_one_deployment_is_adopted_by_one_service_alone() -> None:
    """Whoever has it already is left alone, and another Deployment is nobody's business."""
    theirs = body("cart", ADOPTS)
    said = message(asked(body(change=ADOPTS)), [body("bank"), theirs])
    assert said.startswith("spec.adopt.name: Deployment shop-before is adopted by GracefulService cart already")
    other = {"spec": {"adopt": {"name": "another"}}}
    assert response(asked(body(change=other)), [theirs]) == {"uid": UID, "allowed": True}
    both = body(change=ADOPTS)
    assert response(asked(merged(both, {"spec": {"replicas": 9}}), both), [theirs])["allowed"] is True


def test_a_deployment_that_nobody_could_ask_about_is_said_so() -> None:
    found = response(asked(body(change=ADOPTS)), unread="Nobody knows.")
    assert (found["allowed"], found["warnings"]) == (True, ["spec.adopt.name: Nobody knows."])


def test_what_nobody_could_read_is_said_and_refuses_nothing() -> None:
    found = response(asked(body(change=MINE)), unread="Nobody knows.")
    assert found["allowed"] is True
    assert found["warnings"] == ["spec.traffic.routes[0].gatewayAPI: Nobody knows."]


# garbage

JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.binary(max_size=200) | JSONS.map(lambda value: json.dumps(value).encode()))
def test_a_body_that_is_no_question_is_told_so(noise: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        review.read(noise)
    assert caught.value.sentence.startswith("This is not an AdmissionReview of admission.k8s.io/v1: ")
    assert "\n" not in caught.value.sentence


def test_a_version_nobody_knows_is_told_so() -> None:
    with pytest.raises(Invalid, match=r"apiVersion: Input should be 'admission.k8s.io/v1'"):
        review.read(wire({**asked(body()), "apiVersion": "admission.k8s.io/v2"}))


def test_nesting_without_end_is_no_question() -> None:
    with pytest.raises(Invalid):
        review.read(b'{"request":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001)


PLACES = [
    *[("spec", *path) for path in ((), ("replicas",), ("template",), ("template", "spec"), ("objectives",))],
    *[("spec", name) for name in ("ports", "probes", "shutdown", "traffic", "rollout", "metrics", "onOutage", "x")],
    *[("spec", "template", "spec", "containers"), ("spec", "rollout", "canary"), ("spec", "traffic", "routes")],
    *[("metadata",), ("metadata", "name"), ("metadata", "deletionTimestamp")],
]


def spoilt(whole: Json, path: tuple[str, ...], value: Any) -> Json:
    """The object with something else in one place."""
    copy: Json = json.loads(json.dumps(whole))
    inner = copy
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = value
    return copy


@given(st.sampled_from(PLACES), JSONS, st.sampled_from([{}, MINE, SHORT_GRACE]), st.booleans())
def test_any_object_at_all_gets_an_answer(path: tuple[str, ...], value: Any, change: Json, beside: bool) -> None:
    """Allowed exactly where reconcile could go on with it."""
    new = spoilt(body(change=change), path, value)
    try:
        question = review.read(wire(asked(new, name="")))
    except Invalid:
        return
    others = [spoilt(body("cart", THEIRS), path, value)] if beside else []
    allowed = review.answer(question, others)["response"]["allowed"]
    if question.concerns_us and not beside:
        assert allowed is isinstance(build(question.called, question.spec), Plan)
