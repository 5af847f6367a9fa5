"""Every protocol of the load client against the sample service, both real, over loopback and through a relay.

The relay is what a Service is to its clients: when a shop leaves, connections that are open stay with it, and new
ones go to the other shop after a time in which they still come to the one that leaves.
"""

import signal
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from examples.traffic.client import Counts, Load, Protocol, Traffic, answers
from examples.traffic.crowd import Crowd
from tests.traffic_client.conftest import PATIENCE, Shop, Starter
from tests.traffic_client.relay import Relay

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
STREAMS = ("sse", "websocket", "grpc-stream")
HTTP2 = ("http2", "grpc", "grpc-stream")
BROKEN_OFF = {"closed", "reset", "truncated", "idle-close"}
"""What becomes of requests whose service is killed; nothing is refused, since the relay still listens."""


def load_of(protocol: Protocol, port: int, *, length: float = 60) -> Load:
    """Much at once for a second: requests of half a second, uploads of one, streams that outlast the test."""
    return Load(
        f"http://127.0.0.1:{port}/{'?sleep=500ms' if protocol in ('http1', 'http2', 'grpc') else ''}",
        rate=40,
        protocol=protocol,
        upload_bytes=300_000,
        upload_over=1,
        length=length,
        timeout=30,
    )


def heard(seconds: Iterable[Counts], version: str) -> int:
    """What users got from ``version``: answers, and messages of streams."""
    told = list(seconds)
    return answers(told, version) + sum(second.messages.get(version, 0) for second in told)


@pytest.fixture
def shops(start_shop: Starter) -> tuple[Shop, Shop]:
    settings = {"TICK_MS": "100", "QUIET_S": "1", "STREAMS_S": "0.5"}
    return start_shop(VERSION="v1", **settings), start_shop(VERSION="v2", **settings)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_healthy_service_loses_nothing_and_gets_nothing_twice(
    programs: Path, start_shop: Starter, protocol: Protocol
) -> None:
    shop = start_shop(TICK_MS="100")
    with Traffic(programs / "traffic", load_of(protocol, shop.port, length=1)) as traffic:
        traffic.wait_for(lambda seconds: sum(second.answered for second in seconds) > 40, PATIENCE)
        summary = traffic.stop()
    assert (summary.lost, summary.skipped, summary.retried, summary.migrated) == (0, 0, 0, 0)
    assert summary.sent == summary.answered == sum(summary.versions["v1"].values())
    assert sum(shop.metric("http_requests_total").values()) == summary.sent
    assert (sum(summary.messages.values()) > 0) == (protocol in STREAMS)
    assert protocol not in HTTP2 or summary.dials == 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_shop_that_leaves_loses_nothing(programs: Path, shops: tuple[Shop, Shop], protocol: Protocol) -> None:
    old, new = shops
    with Relay(old.port) as relay, Traffic(programs / "traffic", load_of(protocol, relay.port)) as traffic:
        traffic.wait_for(lambda seconds: bool(seconds) and seconds[-1].outstanding > 10, PATIENCE)
        old.process.send_signal(signal.SIGTERM)
        known = len(traffic.seconds)
        traffic.wait_for(lambda seconds: len(seconds) > known + 1, PATIENCE)
        relay.target = new.port
        assert old.process.wait(PATIENCE) == 0
        traffic.wait_for(lambda seconds: heard(seconds, "v2") > 10, PATIENCE)
        summary = traffic.stop()
    assert (summary.lost, summary.skipped) == (0, 0), summary
    assert summary.sent == summary.answered
    assert heard((summary,), "v1") > 10
    assert (summary.migrated > 10) == (protocol in STREAMS)
    assert summary.retried == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_shop_that_is_killed_loses_what_it_had(programs: Path, shops: tuple[Shop, Shop], protocol: Protocol) -> None:
    old, new = shops
    with Relay(old.port) as relay, Traffic(programs / "traffic", load_of(protocol, relay.port)) as traffic:
        traffic.wait_for(lambda seconds: bool(seconds) and seconds[-1].outstanding > 10, PATIENCE)
        relay.target = new.port
        old.process.kill()
        traffic.wait_for(lambda seconds: heard(seconds, "v2") > 10, PATIENCE)
        summary = traffic.stop()
    assert summary.lost == sum(summary.kinds.values()) == sum(sum(kinds.values()) for kinds in summary.losses.values())
    assert summary.lost > 0
    assert set(summary.kinds) <= BROKEN_OFF, summary
    assert (summary.migrated, summary.retried) == (0, 0)
    assert protocol not in STREAMS or sum(summary.losses["v1"].values()) > 10


def test_a_crowd_of_all_kinds_has_one_record(programs: Path, shops: tuple[Shop, Shop]) -> None:
    old, new = shops
    with Relay(old.port) as relay:
        loads: dict[str, Load] = {protocol: replace(load_of(protocol, relay.port), rate=10) for protocol in PROTOCOLS}
        with Crowd(programs / "traffic", loads) as crowd:
            crowd.wait_for(lambda seconds: bool(seconds) and seconds[-1].outstanding > 3, PATIENCE)
            assert crowd.losses() == {}
            relay.target = new.port
            old.process.kill()
            crowd.wait_for(lambda seconds: heard(seconds, "v2") > 3, PATIENCE)
            summaries = crowd.stop()
    record = crowd.losses()
    assert {lost.users for lost in record} == set(PROTOCOLS)
    for name, summary in summaries.items():
        kinds: Counter[str] = Counter()
        for lost, count in record.items():
            kinds[lost.kind] += count if lost.users == name else 0
        assert +kinds == summary.kinds
    assert {lost.version for lost in record} == {"", "v1"}
    begun = min(summary.unix for summary in summaries.values())
    assert begun - 1 <= min(lost.unix for lost in record) <= max(lost.unix for lost in record) <= begun + PATIENCE
    assert crowd["sse"].seconds


def test_a_crowd_that_cannot_start_leaves_nobody_behind(programs: Path, start_shop: Starter) -> None:
    shop = start_shop()
    with pytest.raises(ValueError, match="null"):
        Crowd(programs / "traffic", {"well": load_of("http1", shop.port), "not": Load("http://\0/")})
    assert shop.leave() == 0
