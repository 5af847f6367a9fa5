"""What pods are sized by: how long requests take, and how late a deleted pod still got one."""

import json
from dataclasses import replace

import pytest
from aiohttp import web

from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.rollout.sizes import Gone, Measured
from tests.metrics.test_reader import ANSWERS, AT, OWNER, PODS, plan, serving

GONE = Gone("shop-b2-x", AT - 100, AT - 60)
SLOW = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1795227807,"0.42"]}]}}'
IDLE = SLOW.replace(b"0.42", b"NaN")


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [(SLOW, 200, 0.42), (IDLE, 200, None), ((ANSWERS / "no_doubt.json").read_bytes(), 200, None), (b"busy", 503, None)],
    ids=["a latency", "no requests", "no series", "an outage"],
)
async def test_the_latency_that_pods_are_sized_by(body: bytes, status: int, found: float | None) -> None:
    """One question about all pods; whatever is wrong, nobody waits for it."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(str((await request.post())["query"]))
        return web.Response(status=status, body=body)

    async with serving(answer) as url, session() as http:
        assert (await Prometheus(http, url).sizes(OWNER, plan(), PODS, (), AT)) == Measured(p99=found)
    counted = 'http_request_duration_seconds_bucket{namespace="shop",pod=~"shop-b2-a|shop-c3-b"}[600s]'
    native = counted.replace("_bucket", "")
    questions = [f"histogram_quantile(0.99, sum by (le) (rate({histogram})))" for histogram in (counted, native)]
    assert asked == questions[: 2 if found is None and status == 200 else 1]


async def test_the_latency_of_a_native_histogram() -> None:
    """It is asked for where classic buckets tell none; in the unit of the buckets."""

    async def answer(request: web.Request) -> web.Response:
        classic = "_bucket" in str((await request.post())["query"])
        return web.Response(body=(ANSWERS / "no_doubt.json").read_bytes() if classic else SLOW)

    async with serving(answer) as url, session() as http:
        assert (await Prometheus(http, url).sizes(OWNER, plan(), PODS, (), AT)).p99 == 0.42


async def test_without_pods_or_prometheus_no_latency_is_known() -> None:
    """Nothing is asked, and nothing is raised."""
    async with session() as http:
        assert await Prometheus(http, "http://127.0.0.1:1").sizes(OWNER, plan(), (), (), AT) == Measured()
        assert await Prometheus(http, None).sizes(OWNER, plan(), PODS, (GONE,), AT) == Measured()


async def test_what_cannot_be_asked_is_not_known() -> None:
    """A plan of an earlier time may hold what is refused today; nothing is raised."""
    planned = replace(plan(), buckets="rate(d_bucket[5m])", requests="rate(t_total[5m])")
    async with session() as http:
        assert await Prometheus(http, "http://127.0.0.1:1").sizes(OWNER, planned, PODS, (GONE,), AT) == Measured()


def counted(*values: tuple[float, int]) -> bytes:
    """A counter of the pod that is gone: seconds after its deletion began, value."""
    samples = [[GONE.began + after, str(value)] for after, value in values]
    series = {"metric": {"namespace": "shop", "pod": GONE.pod, "code": "200"}, "values": samples}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}}).encode()


@pytest.mark.parametrize(
    ("body", "last"),
    [
        (counted((-5, 70), (0.5, 80), (5, 90), (10, 95), (15, 95), (20, 95)), 10.0),
        (counted((-5, 80), (5, 80), (10, 80)), 0.0),
        (counted((-10, 70), (-5, 80)), None),
        (counted((5, 80)), None),
        (counted(), None),
        (b"busy", None),
    ],
    ids=["for a while", "never", "not looked at since", "looked at once", "nothing", "an outage"],
)
async def test_how_late_a_deleted_pod_still_got_a_request(body: bytes, last: float | None) -> None:
    """The sample that shows it, which is late by an interval at most."""
    asked: list[tuple[str, float]] = []

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        asked.append((str(form["query"]), float(str(form["time"]))))
        return web.Response(body=body)

    async with serving(answer) as url, session() as http:
        found = await Prometheus(http, url).sizes(OWNER, plan(), (), (GONE,), AT)
    assert found.last == (None if last is None else pytest.approx(last, abs=0.01))
    (query, until) = asked[0]
    assert query == 'http_requests_total{namespace="shop",pod=~"shop-b2-x"}[85s]'
    assert until == pytest.approx(GONE.ended + 15, abs=0.01)


async def test_the_latest_of_all_counts_and_old_ones_are_not_asked_about() -> None:
    """Prometheus keeps samples for long, but the data plane of then is no measure for now."""
    bodies = iter([counted((1, 1), (3, 2)), counted((1, 1), (8, 2)), counted((1, 1), (5, 2))])

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=next(bodies))

    old = Gone("shop-b2-o", AT - 4000, AT - 3960)
    async with serving(answer) as url, session() as http:
        found = await Prometheus(http, url).sizes(OWNER, plan(), (), (old, GONE, GONE, GONE), AT)
    assert found.last == pytest.approx(8.0, abs=0.01)
