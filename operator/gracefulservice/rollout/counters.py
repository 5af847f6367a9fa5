"""Which counters each metrics source has: all requests, the failed ones, and the buckets of the time they take.

Every source here counts at the pod: in the application, or in a proxy that runs in the same pod. Prometheus labels its
series with namespace and pod, so the revisions are told apart by their pods, as the judge does it. When the
proxy's container begins anew its counters fall, though the container that serves did not: then nothing is counted
until they stay low for three intervals, so such a restart hides a few requests and never invents any.

    source   bad are                                        documented by
    app      5xx in a label of its own                      docs/metrics.md
    istio    5xx in response_code, at the destination       Istio, Reference: Istio Standard Metrics
    linkerd  classification="failure", inbound              Linkerd, Reference: Proxy Metrics
    envoy    5xx in envoy_response_code, to one cluster     Envoy, Upstream clusters: Statistics
    custom   what the user names
"""

import re
from dataclasses import dataclass

from gracefulservice.api import EnvoySidecar, Metrics
from gracefulservice.rollout.objective import Counts
from gracefulservice.rollout.selector import matcher

MILLISECOND = 0.001


@dataclass(frozen=True, slots=True)
class Counters:
    """Selectors. `part` counts the bad or the good among `total`, or, where there is a `label`, the status code in
    it tells. `unit` is what 1 in a bucket's edge means, in seconds. What a source does not have is empty."""

    total: str = ""
    part: str = ""
    counts: Counts = Counts.BAD
    label: str = ""
    buckets: str = ""
    unit: float = 1.0


ISTIO = Counters(
    total='istio_requests_total{reporter="destination"}',
    label="response_code",
    buckets='istio_request_duration_milliseconds_bucket{reporter="destination"}',
    unit=MILLISECOND,
)
# Inbound are also the kubelet's probes, and requests to the proxy's own port.
LINKERD_INBOUND = 'direction="inbound",srv_port!="4191",route_name!="probe"'
LINKERD = Counters(
    total=f"response_total{{{LINKERD_INBOUND}}}",
    part=f'response_total{{{LINKERD_INBOUND},classification="failure"}}',
    buckets=f"response_latency_ms_bucket{{{LINKERD_INBOUND}}}",
    unit=MILLISECOND,
)
OF_A_ROUTE = re.compile(r"""(?<!!)=~?\s*["'`](?:http|grpc)route/""")


def counters_of(metrics: Metrics) -> Counters:
    """What the source of a service counts."""
    if metrics.custom is not None:
        own = metrics.custom
        counts = Counts.BAD if own.bad else Counts.GOOD
        unit = MILLISECOND if own.bucket_unit == "Milliseconds" else 1.0
        return Counters(own.total, own.bad or own.good or "", counts, buckets=own.buckets or "", unit=unit)
    if metrics.source in ("app", "pods"):
        return Counters(metrics.app.requests, label=metrics.app.code_label, buckets=f"{metrics.app.duration}_bucket")
    known = {"istio": ISTIO, "linkerd": LINKERD, "envoy": envoy(metrics.envoy or EnvoySidecar())}
    return known.get(metrics.source, Counters())


def envoy(sidecar: EnvoySidecar) -> Counters:
    """The counters of an Envoy beside the application, of the cluster that leads to it."""
    cluster = matcher("envoy_cluster_name", "=", sidecar.cluster)
    return Counters(
        total=f"envoy_cluster_upstream_rq{{{cluster}}}",
        label="envoy_response_code",
        buckets=f"envoy_cluster_upstream_rq_time_bucket{{{cluster}}}",
        unit=MILLISECOND,
    )


def indistinct(selector: str) -> str:
    """Why a selector cannot tell the revisions apart, or empty.

    Envoy Gateway makes one cluster of all backends of a rule, named by the rule.
    """
    if not OF_A_ROUTE.search(selector):
        return ""
    return (
        f"{selector} counts a rule of a route as a whole, as Envoy Gateway does: both revisions stand behind it and "
        "cannot be told apart. Use source app or pods, or counters of a proxy in each pod."
    )
