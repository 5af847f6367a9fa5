"""Hazards of what outlives a request: connections that carry many, streams, and uploads, each by its number.

Each is done without its protection, too, and must lose requests then: `control=True` in the report.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import pytest

from examples.traffic.client import Load, Second, Summary
from tests.e2e.test_hazards import DEAF, HASTY
from tests.support import faults
from tests.support.services import Shop, ready
from tests.support.site import over, start

Record = Callable[..., None]
UNARY = {"SLOW_S": "1"}
"""Requests of a second: whatever is cut, some are under way."""


def under_way(seconds: Sequence[Second]) -> bool:
    """Enough was begun, and something has come back: an answer, or messages of a stream."""
    came = sum(one.answered + sum(one.messages.values()) for one in seconds)
    return sum(one.sent for one in seconds) >= 20 and came >= 20


def without_all(service: Shop, loads: Sequence[Load]) -> list[Summary]:
    """Users of several kinds, while one pod after the other is deleted and replaced."""
    place, pods = service.place, service.pods("v1")
    with ExitStack() as crowd:
        users = [crowd.enter_context(place.send(load)) for load in loads]
        for one in users:
            one.wait_for(under_way, 60)
        for pod in pods:
            faults.delete_pod(place, pod["metadata"]["name"])
            place.wait("Its successor", lambda: ready(service.pods("v1")) == len(pods))
        over(service, users[0])
        return [one.stop() for one in users]


def lost(summaries: Sequence[Summary]) -> list[tuple[int, Mapping[str, int]]]:
    """How many of each kind of users, and how."""
    return [(one.lost, one.kinds) for one in summaries]


@pytest.mark.parametrize(
    "manners", [pytest.param({}, id="goaway"), pytest.param(HASTY, id="none", marks=pytest.mark.long)]
)
def test_h11_many_requests_stay_on_one_connection(service: Shop, record: Record, manners: Mapping[str, str]) -> None:
    """HTTP/2 and gRPC know nothing of endpoints: a pod that says GOAWAY loses none, one that just ends cuts them."""
    url = start(service, {**UNARY, **manners}, replicas=2, shutdown={"delay": "10s", "drain": "10s"})
    summaries = without_all(
        service, [Load(url=url, protocol="http2", rate=25), Load(url=url, protocol="grpc", rate=25)]
    )
    record("H-11", *summaries, control=bool(manners))
    assert all((one.lost > 0) is bool(manners) for one in summaries), lost(summaries)


@pytest.mark.parametrize(
    "manners", [pytest.param({}, id="announced"), pytest.param(DEAF, id="killed", marks=pytest.mark.long)]
)
def test_h12_streams_are_cut(service: Shop, record: Record, manners: Mapping[str, str]) -> None:
    """Web sockets end with 1001, events with `bye`, gRPC streams with UNAVAILABLE after a GOAWAY: all of them go on
    at another pod. A program that is killed at the limit cuts them.
    """
    url = start(service, manners, replicas=2, shutdown={"delay": "5s", "drain": "5s"})
    held = [Load(url=url, protocol=kind, rate=2, length=20) for kind in ("websocket", "sse", "grpc-stream")]
    summaries = without_all(service, held)
    record("H-12", *summaries, control=bool(manners))
    assert all((one.lost > 0) is bool(manners) for one in summaries), lost(summaries)
    assert manners or all(one.migrated > 0 for one in summaries), [one.migrated for one in summaries]


@pytest.mark.parametrize("drain", ["30s", pytest.param("1s", marks=pytest.mark.long)])
def test_h14_uploads_are_longer_than_the_drain(service: Shop, record: Record, drain: str) -> None:
    """10 MiB over 20 s arrive whole, byte by byte, while the pods leave; a drain of 1 s cuts them."""
    url = start(service, {}, replicas=2, shutdown={"delay": "5s", "drain": drain})
    place = service.place
    with place.send(Load(url=url, protocol="upload", rate=0.5, upload_over=20, timeout=60)) as users:
        users.wait_for(lambda seconds: sum(one.sent for one in seconds) >= 5, 60)
        faults.delete_pod(place, service.pods("v1")[0]["metadata"]["name"])
        summary = over(service, users)
    enough = drain == "30s"
    record("H-14", summary, control=not enough)
    assert (summary.lost == 0) is enough, (summary.kinds, summary.first_loss)
