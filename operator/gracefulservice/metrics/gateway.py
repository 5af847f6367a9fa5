"""What Envoy Gateway counts of a route: the 5xx that users got through each of its rules, whoever made them. Pure.

It names the clusters of its proxies after route and rule. A cluster leads to both revisions, so what it counts is no
evidence for or against one of them.
"""

import math
import re

from gracefulservice.metrics import prometheus
from gracefulservice.metrics.prometheus import Answer
from gracefulservice.rollout.selector import matcher

CLUSTER = re.compile(r"httproute/.+/rule/(\d+)(/.*)?")
LATE = 2.0
"""Scrape intervals by which the gateway is asked about an earlier time than the pods are."""


def question(namespace: str, route: str) -> str:
    """PromQL for the 5xx per cluster and proxy. An answer in whose place another attempt was made reached nobody.

    The counter of 5xx appears with the first of them, the one of all requests does before: then there are none yet.

    >>> question("shop", "web.v1").count('"httproute/shop/web[.]v1/rule/[0-9]+(/.*)?"')
    5
    """
    place = matcher("envoy_cluster_name", "=~", f"httproute/{namespace}/{route.replace('.', '[.]')}/rule/[0-9]+(/.*)?")
    bad, every = _sum("rq_xx", place, 'envoy_response_code_class="5"'), _sum("rq_total", place)
    failed = f"({bad} or {every} * 0)"
    return f"{failed} - ({_sum('rq_retry', place)} or {failed} * 0)"


def _sum(counter: str, *matchers: str) -> str:
    return f"sum by (envoy_cluster_name, instance) (envoy_cluster_upstream_{counter}{{{','.join(matchers)}}})"


def read(answer: Answer) -> dict[tuple[int, str], float]:
    """(Rule, proxy) → 5xx, in an answer to `question`. Raises Outage."""
    kind, result = prometheus.answered(answer.status, prometheus.understood(answer.body), "vector")
    found: dict[tuple[int, str], float] = {}
    for row in prometheus.series_of(result) if kind == "vector" else ():
        cluster = CLUSTER.fullmatch(row.metric.get("envoy_cluster_name", ""))
        value = prometheus.number(row.value[1]) if row.value else math.nan
        if cluster and math.isfinite(value):
            place = int(cluster[1]), row.metric.get("instance", "")
            found[place] = found.get(place, 0.0) + value
    return found
