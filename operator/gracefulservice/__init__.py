"""GracefulService: zero-downtime rollouts for Kubernetes."""

from importlib.metadata import version

__version__ = version("gracefulservice")
