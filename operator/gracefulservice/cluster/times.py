"""Times as Kubernetes writes them. Arguments are unix seconds."""

from datetime import UTC, datetime


def micro_time(seconds: float) -> str:
    """A `MicroTime`: to the microsecond."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def whole_time(seconds: float) -> str:
    """A `Time`: without the fraction."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
