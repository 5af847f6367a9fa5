"""What Envoy Gateway counts of a route: the 5xx that users got through each of its rules, whoever made them. Pure.

It names the clusters of its proxies after route and rule. A cluster leads to both revisions, so what it counts is no
evidence for or against one of them.
"""

import re

from gracefulservice.metrics import prometheus
from gracefulservice.metrics.prometheus import Answer
from gracefulservice.rollout.selector import matcher

CLUSTER = re.compile(r"httproute/.+/rule/(\d+)(/.*)?")
LATE = 2.0
"""Scrape intervals by which the gateway is asked about an earlier time than the pods are."""


def question(namespace: str, route: str) -> str:
    """PromQL for the 5xx per rule; an answer in whose place another attempt was made reached nobody.

    >>> question("shop", "web.v1").count("httproute/shop/web[.]v1/rule/[0-9]+(/.*)?")
    3
    """
    place = matcher("envoy_cluster_name", "=~", f"httproute/{namespace}/{route.replace('.', '[.]')}/rule/[0-9]+(/.*)?")
    failed = f'sum by (envoy_cluster_name) (envoy_cluster_upstream_rq_xx{{{place},envoy_response_code_class="5"}})'
    again = f"sum by (envoy_cluster_name) (envoy_cluster_upstream_rq_retry{{{place}}})"
    return f"{failed} - ({again} or {failed} * 0)"


def read(answer: Answer) -> dict[int, float]:
    """Rule → 5xx, in an answer to `question`; a rule without any has no series. Raises Outage."""
    kind, result = prometheus.answered(answer.status, prometheus.understood(answer.body), "vector")
    found: dict[int, float] = {}
    for row in prometheus.series_of(result) if kind == "vector" else ():
        cluster = CLUSTER.fullmatch(row.metric.get("envoy_cluster_name", ""))
        value = prometheus.number(row.value[1]) if row.value else 0.0
        if cluster and value > 0:
            found[int(cluster[1])] = found.get(int(cluster[1]), 0.0) + value
    return found
