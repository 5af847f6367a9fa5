"""Every version of the add-ons, in one place.

The programs themselves are fixed, with hashes, by ``localcluster/go/<name>/go.sum`` and ``envoy.lock``;
a test compares those with this page.
"""

HELM = "v3.22.0"
ENVOY_GATEWAY = "v1.9.1"
ENVOY = "v1.39.1"
"""The one that this Envoy Gateway is released with."""
PROMETHEUS = "v3.15.0"
PROMETHEUS_MODULE = "v0.315.0"
"""Prometheus 3.x is published as the Go module version 0.3xx."""
METRICS_SERVER = "v0.9.0"
PYTHON = "3.11"
"""Of the operator's image; the one in Debian bookworm."""
GO = "1.26"
"""Of the image that compiles the examples, where it is pulled; elsewhere this machine's own Go does."""
