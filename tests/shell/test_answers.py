"""Answers as values: which of the four failures each answer of the API server means, and in which words."""

from typing import Any

import orjson
import pytest

from gracefulservice.cluster import requests
from gracefulservice.cluster.answers import LONGEST_QUOTE, Answer, Forbidden, Missing, failure, read
from gracefulservice.cluster.kinds import DEPLOYMENT, HTTP_ROUTE, Ref
from gracefulservice.errors import Failure, Refused, Stale, Unreachable

WEB = Ref(DEPLOYMENT, "shop", "web-1")
READ = requests.read(WEB)
SCALE = requests.patch_scale(WEB, 3, resource_version="7")
PATCH = requests.json_patch(WEB, [], resource_version="7")
CREATE = requests.create(DEPLOYMENT, {"metadata": {"namespace": "shop", "name": "web-1"}})
ROUTE = requests.read(Ref(HTTP_ROUTE, "shop", "web"))


def status(code: int, message: str, **details: Any) -> Answer:
    """An answer as the API server gives it."""
    return Answer(code, orjson.dumps({"kind": "Status", "code": code, "message": message, "details": details}))


ROWS = {
    "the object is gone": (
        READ,
        status(404, 'deployments.apps "web-1" not found', name="web-1", kind="deployments"),
        Missing,
        "Deployment shop/web-1 does not exist.",
    ),
    "the kind is not installed": (
        ROUTE,
        Answer(404, b"404 page not found\n"),
        Refused,
        "The API server does not serve HTTPRoute (gateway.networking.k8s.io/v1).",
    ),
    "somebody wrote in between": (
        SCALE,
        status(409, "the object has been modified", name="web-1"),
        Stale,
        "The cluster changed before the attempt to scale Deployment shop/web-1: the object has been modified.",
    ),
    "it was there already": (
        CREATE,
        status(409, 'deployments.apps "web-1" already exists', name="web-1"),
        Stale,
        (
            'The cluster changed before the attempt to create Deployment shop/web-1: deployments.apps "web-1" '
            "already exists."
        ),
    ),
    "the page of a list expired": (
        requests.page(DEPLOYMENT, None),
        status(410, "The provided continue parameter is too old."),
        Stale,
        (
            "The cluster changed before the attempt to list every Deployment in all namespaces: The provided "
            "continue parameter is too old."
        ),
    ),
    "a test of a JSON patch fails": (
        PATCH,
        status(422, "the server rejected our request due to an error in our request"),
        Stale,
        "Deployment shop/web-1 changed before it could be patched.",
    ),
    "a JSON patch makes an invalid object": (
        PATCH,
        status(422, 'Deployment "web-1" is invalid: spec.x: Required value', causes=[{"field": "spec.x"}]),
        Refused,
        (
            'The API server refuses (422) the attempt to patch Deployment shop/web-1: Deployment "web-1" is '
            "invalid: spec.x: Required value."
        ),
    ),
    "the object is invalid": (
        CREATE,
        status(422, 'Deployment "web-1" is invalid: spec.x: Required value', causes=[{"field": "spec.x"}]),
        Refused,
        (
            'The API server refuses (422) the attempt to create Deployment shop/web-1: Deployment "web-1" is '
            "invalid: spec.x: Required value."
        ),
    ),
    "rights are missing": (
        CREATE,
        status(403, 'deployments.apps is forbidden: User "u" cannot create resource "deployments"'),
        Forbidden,
        (
            "The API server refuses (403) the attempt to create Deployment shop/web-1: deployments.apps is "
            'forbidden: User "u" cannot create resource "deployments".'
        ),
    ),
    "a webhook denies it": (
        CREATE,
        status(400, 'admission webhook "w" denied the request:\n no'),
        Refused,
        (
            'The API server refuses (400) the attempt to create Deployment shop/web-1: admission webhook "w" '
            "denied the request: no."
        ),
    ),
    "the credentials are not known": (
        READ,
        status(401, "Unauthorized"),
        Unreachable,
        "The API server does not know the operator (401) for the attempt to read Deployment shop/web-1: Unauthorized.",
    ),
    "the API server is overloaded": (
        READ,
        status(429, "too many requests", retryAfterSeconds=3),
        Unreachable,
        "The API server has no time for the attempt to read Deployment shop/web-1: too many requests.",
    ),
    "the API server is broken": (
        READ,
        status(500, "etcdserver: leader changed"),
        Unreachable,
        "The API server fails (500) at the attempt to read Deployment shop/web-1: etcdserver: leader changed.",
    ),
    "a proxy answers instead": (
        READ,
        Answer(502, b"<html>Bad Gateway</html>"),
        Unreachable,
        "The API server fails (502) at the attempt to read Deployment shop/web-1: <html>Bad Gateway</html>.",
    ),
    "nothing is said": (
        READ,
        Answer(503),
        Unreachable,
        "The API server fails (503) at the attempt to read Deployment shop/web-1: no reason is given.",
    ),
    "it sends us elsewhere": (
        READ,
        Answer(302),
        Refused,
        "The API server refuses (302) the attempt to read Deployment shop/web-1: no reason is given.",
    ),
}


@pytest.mark.parametrize(("request_", "answer", "kind", "sentence"), ROWS.values(), ids=ROWS)
def test_every_answer_that_is_not_good_is_one_of_four_failures(
    request_: requests.Request, answer: Answer, kind: type[Failure], sentence: str
) -> None:
    """By the status code, and where that says too little by what stands in the Status."""
    found = failure(request_, answer)
    assert (type(found), found.sentence) == (kind, sentence)


PAUSES = {
    "the header says how long": (Answer(429, retry_after="7"), 7.0),
    "the status says how long": (status(503, "x", retryAfterSeconds=3), 3.0),
    "nobody says how long": (Answer(503), 0.0),
    "a date is no number": (Answer(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 0.0),
    "a negative pause is none": (Answer(429, retry_after="-5"), 0.0),
}


@pytest.mark.parametrize(("answer", "seconds"), PAUSES.values(), ids=PAUSES)
def test_the_pause_the_server_asks_for_is_kept(answer: Answer, seconds: float) -> None:
    """In seconds, from the header or from the Status."""
    found = failure(READ, answer)
    assert isinstance(found, Unreachable)
    assert found.retry_after == seconds


def test_a_good_answer_is_its_object() -> None:
    """Created counts like read."""
    assert read(CREATE, Answer(201, b'{"kind":"Deployment"}')) == {"kind": "Deployment"}


def test_deleting_what_is_gone_already_has_succeeded() -> None:
    """Somebody, or an earlier try of ours, was faster."""
    gone = status(404, "not found", name="web-1")
    assert read(requests.delete(WEB, uid="u"), gone) == {}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"kind":'])
def test_a_good_answer_that_is_no_object_counts_as_none(body: bytes) -> None:
    """A proxy's page or half an answer is never taken for an object."""
    with pytest.raises(Unreachable, match="not the JSON of an object"):
        read(READ, Answer(200, body))


def test_long_messages_are_cut() -> None:
    """A condition must have room for the sentence."""
    sentence = failure(CREATE, status(403, "x" * 5000)).sentence
    assert LONGEST_QUOTE < len(sentence) < LONGEST_QUOTE + 100
