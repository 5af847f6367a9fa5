"""What pods are sized by, where the operator reads them itself; and where a pod is read."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import unused_port

from gracefulservice.metrics.pods import Pods
from gracefulservice.metrics.scraped import url_of
from gracefulservice.rollout.plan import Page
from gracefulservice.rollout.sizes import Gone, Measured
from tests.metrics.script import NOON, OWNER, page, plan, pod, says, showing

GOOD = 'http_requests_total{code="200"}'


def buckets(*counts: tuple[str, float]) -> str:
    """A histogram."""
    return page({f'http_request_duration_seconds_bucket{{le="{edge}"}}': count for edge, count in counts})


@pytest.mark.parametrize(
    ("text", "p99"),
    [
        (buckets(("0.1", 90), ("0.3", 98), ("1.0", 100), ("+Inf", 100)), 0.65),
        (buckets(("0.1", 0), ("+Inf", 0)), None),
        (page({GOOD: 1}), None),
        (buckets(("NaN", 95), ("-1", 95), ("0", 95), ("1.0", 100), ("+Inf", 100)), 0.99),
        (buckets(("0.1", -9), ("+Inf", -5)), None),
    ],
)
async def test_the_latency_that_pods_are_sized_by(pods: Pods, text: str, p99: float | None) -> None:
    """Of all that both pods had; whatever else is wrong, nobody waits for it."""
    gone = Gone("shop-b2-x", NOON - 100, NOON - 60)
    async with showing(says(text)) as first, showing(says(text), name="shop-b2-b") as second:
        facts = (first, second, pod("shop-b2-c", port=unused_port()))
        assert await pods.sizes(OWNER, plan(), facts, (gone,), NOON) == Measured(p99=p99)
    assert await pods.sizes(OWNER, plan(), (), (gone,), NOON) == Measured()


async def test_buckets_of_milliseconds_give_seconds(pods: Pods) -> None:
    """Pods are sized in seconds."""
    own = {"total": "t", "bad": "b", "buckets": "call_ms_bucket", "bucketUnit": "Milliseconds"}
    text = page({'call_ms_bucket{le="100"}': 90, 'call_ms_bucket{le="1000"}': 100, 'call_ms_bucket{le="+Inf"}': 100})
    async with showing(says(text)) as facts:
        assert (await pods.sizes(OWNER, plan(custom=own), (facts,), (), NOON)).p99 == pytest.approx(0.91)


async def test_what_cannot_be_asked_is_not_known(pods: Pods) -> None:
    """A plan of an earlier time may hold what is refused today; nothing is raised."""
    async with showing(says(page({GOOD: 1}))) as facts:
        for buckets_of in ('d_bucket{code=~"(2..)"}', "rate(d_bucket[5m])"):
            planned = replace(plan(), buckets=buckets_of)
            assert await pods.sizes(OWNER, planned, (facts,), (), NOON) == Measured()


@pytest.mark.parametrize("address", ["10.0.0.7", "fd00::7"])
def test_addresses_of_both_families(address: str) -> None:
    """An IPv6 address stands in brackets."""
    shown = f"[{address}]" if ":" in address else address
    assert url_of(Page(None, "/metrics"), pod(address=address, port=8080)) == f"http://{shown}:8080/metrics"
    assert url_of(Page(9, "/m"), pod(address=address)) == f"http://{shown}:9/m"
    assert url_of(Page(None, "/m"), pod(address=address)) is None
