"""The load client against the sample service, both real, over loopback."""

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from examples.traffic.client import (
    Connections,
    Load,
    Second,
    Traffic,
    TrafficError,
    answers,
    between,
    errors,
    last_answer_of,
    lost,
    share,
)
from tests.traffic_client.conftest import PATIENCE, Starter


def test_a_healthy_service_answers_everything_and_counts_the_same(programs: Path, start_shop: Starter) -> None:
    shop = start_shop(ERROR_RATE="10%")
    with Traffic(programs / "traffic", Load(shop.url, rate=200, connections="mixed", pool=5)) as traffic:
        traffic.wait_for(lambda seconds: len(seconds) >= 2, PATIENCE)
        summary = traffic.stop()
    assert (summary.lost, summary.skipped, summary.kinds) == (0, 0, {})
    assert summary.sent == summary.answered == sum(summary.codes.values()) > 0
    assert summary.versions == {"v1": summary.codes}
    assert summary.codes["500"] == (summary.answered + 5) // 10
    assert errors(traffic.seconds, "v1") == summary.codes["500"]
    assert summary.sent == sum(second.sent for second in traffic.seconds)
    assert shop.metric("http_requests_total") == {code: float(n) for code, n in summary.codes.items()}
    assert shop.metric("orders_total")["failed"] == summary.codes["500"]
    assert shop.metric("http_request_duration_seconds_bucket")["+Inf"] == summary.answered


@pytest.mark.parametrize("connections", ["new", "keepalive"])
def test_requests_in_flight_at_sigterm_are_answered(
    programs: Path, start_shop: Starter, connections: Connections
) -> None:
    shop = start_shop(SLOW_S="1")
    load = Load(shop.url, rate=20, connections=connections)
    with Traffic(programs / "traffic", load) as traffic:
        traffic.wait_for(lambda seconds: bool(seconds) and seconds[-1].outstanding > 0, PATIENCE)
        shop.process.send_signal(signal.SIGTERM)
        summary = traffic.stop()
    assert shop.process.wait(PATIENCE) == 0
    assert (summary.lost, summary.skipped) == (0, 0)
    assert summary.answered > 0


def test_a_service_that_exits_at_once_loses_requests(programs: Path, start_shop: Starter) -> None:
    shop = start_shop(EXIT_AT_ONCE="true", SLOW_S="1")
    with Traffic(programs / "traffic", Load(shop.url, rate=20)) as traffic:
        traffic.wait_for(lambda seconds: bool(seconds) and seconds[-1].outstanding > 0, PATIENCE)
        assert shop.leave() == 143
        traffic.wait_for(lambda seconds: any("refused" in second.kinds for second in seconds), PATIENCE)
        summary = traffic.stop()
    assert summary.lost == sum(summary.kinds.values()) == lost(traffic.seconds) > 0
    assert set(summary.kinds) <= {"refused", "closed", "reset"}
    assert len(summary.kinds) > 1
    assert summary.first_loss
    assert summary.first_loss.address in shop.url
    assert summary.worst_second
    assert summary.worst_second.lost > 0


def test_it_runs_through_another_command(programs: Path, start_shop: Starter) -> None:
    load = Load(start_shop().url, headers={"X-Canary": "yes"}, host="shop.example")
    with Traffic(programs / "traffic", load, through=["sh", "-c", '"$@"', "sh"]) as traffic:
        traffic.wait_for(lambda seconds: answers(seconds, "v1") > 0, PATIENCE)
        assert traffic.stop().lost == 0


def test_a_client_that_cannot_run_says_why(programs: Path) -> None:
    with Traffic(programs / "traffic", Load("https://127.0.0.1/")) as traffic:
        with pytest.raises(TrafficError, match=r"ended with 2: -url is .*: give an address with http://"):
            traffic.wait_for(bool, PATIENCE)
        with pytest.raises(TrafficError, match="ended with 2"):
            traffic.stop()


def test_what_is_never_seen_is_an_error(programs: Path, start_shop: Starter) -> None:
    with (
        Traffic(programs / "traffic", Load(start_shop().url)) as traffic,
        pytest.raises(TrafficError, match="has not seen it"),
    ):
        traffic.wait_for(lambda seconds: answers(seconds, "v2") > 0, within=0.01)


def test_no_client_outlives_its_block(programs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        load = Load(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=1)
        with pytest.raises(ZeroDivisionError), Traffic(programs / "traffic", load) as traffic:
            raise ZeroDivisionError
    with pytest.raises(ProcessLookupError):
        os.kill(traffic._process.pid, 0)


NOTHING = Second(
    t=0,
    unix=100.0,
    outstanding=0,
    sent=0,
    answered=0,
    lost=0,
    skipped=0,
    late=0,
    lag_max_ms=0,
    codes={},
    versions={},
    kinds={},
    skips={},
    p50_ms=None,
    p99_ms=None,
)
BOTH = replace(
    NOTHING, unix=101.0, answered=8, lost=2, versions={"v1": {"200": 6}, "v2": {"500": 1, "503": 1, "200": 0}}
)
ONLY_V1 = replace(NOTHING, unix=102.0, answered=4, lost=1, versions={"v1": {"200": 3, "499": 1}})
RUN = (NOTHING, BOTH, ONLY_V1)


def test_a_record_is_asked_by_version_and_by_time() -> None:
    assert (answers(RUN, "v1"), answers(RUN, "v2"), answers(RUN, "v3")) == (10, 2, 0)
    assert (errors(RUN, "v1"), errors(RUN, "v2")) == (0, 2)
    assert (share(RUN, "v2"), share([NOTHING], "v2")) == (2 / 12, None)
    assert lost(RUN) == 3
    assert between(RUN, 100.5, 102.0) == [BOTH]
    assert (last_answer_of(RUN, "v2"), last_answer_of(RUN, "v3")) == (BOTH, None)
