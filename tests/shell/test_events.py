"""Kubernetes events: recognised when told again, and in a readable order."""

from typing import Any

import orjson
import pytest

from gracefulservice.cluster.client import Client
from gracefulservice.cluster.events import LONGEST_MESSAGE, Recorder, event
from gracefulservice.errors import Refused
from gracefulservice.ports import Owner
from gracefulservice.rollout.memory import Happening
from tests.shell.api_server import Reply, json, scripted

METADATA = {"namespace": "shop", "name": "web", "uid": "u-1", "resourceVersion": "7"}
PROMOTED = Happening(id=3, reason="Promoted", sentence="web is stable.", at=1_700_000_000.25)
TAKEN = json({"message": "already exists", "details": {"name": "x"}}, 409)
FORBIDDEN = json({"message": "events is forbidden"}, 403)


def shop(**metadata: str) -> Owner:
    """A GracefulService."""
    body = {"apiVersion": "gracefulservice.dev/v1alpha1", "kind": "GracefulService"}
    return Owner({**body, "metadata": METADATA | metadata})


async def told(*happenings: Happening, reply: Reply) -> list[dict[str, Any]]:
    """What reaches the API server when they are told."""
    async with scripted(reply) as script, script.access.session(connections=1, timeout=5) as session:
        recorder = Recorder(Client(session, script.url), "operator-1")
        for happening in happenings:
            await recorder.tell(shop(), happening)
        return [orjson.loads(body) for body in script.bodies]


def test_an_event_tells_what_happened_to_which_object() -> None:
    """Every field that people and tools sort, filter or read by."""
    found = event(shop(), PROMOTED, "operator-1")
    metadata = found.pop("metadata")
    assert metadata["namespace"] == "shop"
    assert metadata["name"].startswith("web.")
    assert found == {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": {
            "apiVersion": "gracefulservice.dev/v1alpha1",
            "kind": "GracefulService",
            "namespace": "shop",
            "name": "web",
            "uid": "u-1",
            "resourceVersion": "7",
        },
        "type": "Normal",
        "reason": "Promoted",
        "action": "Promoted",
        "message": "web is stable.",
        "eventTime": "2023-11-14T22:13:20.250003Z",
        "firstTimestamp": "2023-11-14T22:13:20Z",
        "lastTimestamp": "2023-11-14T22:13:20Z",
        "count": 1,
        "source": {"component": "gracefulservice.dev/operator"},
        "reportingComponent": "gracefulservice.dev/operator",
        "reportingInstance": "operator-1",
    }


def but(**changes: Any) -> Happening:
    """The same happening with something changed."""
    return PROMOTED.model_copy(update=changes)


OTHERS = {
    "the same": (shop(), PROMOTED, True),
    "the same of the object as it is now": (shop(resourceVersion="8"), PROMOTED, True),
    "another happening": (shop(), but(id=4), False),
    "another reason": (shop(), but(reason="BakeDone"), False),
    "another object of that name": (shop(uid="u-2"), PROMOTED, False),
}


@pytest.mark.parametrize(("owner", "happening", "same"), OTHERS.values(), ids=OTHERS)
def test_only_the_same_happening_has_the_same_name(owner: Owner, happening: Happening, same: bool) -> None:
    """By its name the API server recognises what was told before, whoever tells it again."""
    first = event(shop(), PROMOTED, "operator-1")["metadata"]["name"]
    assert (event(owner, happening, "operator-2")["metadata"]["name"] == first) is same


def test_events_of_one_instant_keep_their_order() -> None:
    """Their microseconds grow with their numbers, although all was decided in one look."""
    found = [event(shop(), but(id=number), "operator-1") for number in range(7, 12)]
    assert found == sorted(found, key=lambda body: body["eventTime"])
    assert len({body["eventTime"] for body in found}) == len(found)


async def test_what_was_told_before_is_fine() -> None:
    """After a crash between telling and remembering, it is told again."""
    (first, second) = await told(PROMOTED, PROMOTED, reply=TAKEN)
    assert first == second


async def test_what_cannot_be_told_is_the_callers_to_tell_again() -> None:
    """Nothing is lost in silence."""
    with pytest.raises(Refused, match="events is forbidden"):
        await told(PROMOTED, reply=FORBIDDEN)


def test_a_sentence_too_long_for_an_event_is_cut_and_a_warning_is_one() -> None:
    """The API server would refuse it whole."""
    found = event(shop(), but(sentence="x" * 5000, warning=True), "operator-1")
    assert (len(found["message"]), found["type"]) == (LONGEST_MESSAGE, "Warning")
