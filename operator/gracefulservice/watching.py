"""kopf as it is wanted here: it watches, writes nothing, and never tires of an API server that is away."""

import random
from collections.abc import Collection, Iterator
from typing import Any

import kopf

from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster.kinds import HTTP_ROUTE, NODE, Kind

CORDONED = "spec.unschedulable=true"
"""Of nodes only these are sent: one that is cordoned is `ADDED`, one that is so no longer `DELETED`."""
REQUEST_TIMEOUT, CONNECT_TIMEOUT = 30.0, 5.0
LONGEST_PAUSE = 30.0
"""Seconds. Times of what kopf sends, apart from the watches themselves."""


def selector(kind: Kind) -> tuple[str, str, str]:
    """How kopf names a kind."""
    return kind.group, kind.version, kind.plural


def settings_for(kinds: Collection[Kind]) -> kopf.OperatorSettings:
    """A kopf that watches and nothing else, and never tires of an API server that is away."""
    settings = kopf.OperatorSettings()
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.queueing.worker_limit = None
    settings.queueing.idle_timeout = 1.0
    settings.networking.connect_timeout = CONNECT_TIMEOUT
    settings.networking.request_timeout = REQUEST_TIMEOUT
    settings.networking.error_backoffs = EndlessPauses()
    settings.watching.server_timeout = 290
    settings.watching.chunk_size = 500
    settings.process.ultimate_exiting_timeout = None
    settings.watching.field_selectors[selector(NODE)] = CORDONED
    for kind in kinds:
        if kind not in (HTTP_ROUTE, NODE):
            settings.watching.label_selectors[selector(kind)] = NAME_LABEL
    return settings


class EndlessPauses:
    """Seconds between kopf's tries of one request: doubling, jittered, and never at an end."""

    def __iter__(self) -> Iterator[float]:
        longest = 1.0
        while True:
            yield random.uniform(longest / 2, longest)
            longest = min(2 * longest, LONGEST_PAUSE)


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing about what was handled last: a watch that only wakes does not compare."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing, instead of a deep copy of the object."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing was stored."""
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no progress of handlers: ours have none."""

    def fetch(self, **_: Any) -> kopf.ProgressRecord | None:
        """Nothing was stored."""
        return None

    def store(self, **_: Any) -> None:
        """Write nothing."""

    def purge(self, **_: Any) -> None:
        """Write nothing."""

    def touch(self, **_: Any) -> None:
        """Write nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Nothing to take out."""
        return essence
