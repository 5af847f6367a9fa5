"""The source that reads pods, at a time that the test says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gracefulservice.metrics import pods as source
from gracefulservice.metrics.pods import Pods, reading
from tests.metrics.authority import Mounted
from tests.metrics.script import Clock


@pytest.fixture
def clock() -> Clock:
    """The time, as the story says."""
    return Clock()


@pytest.fixture
async def pods(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pods]:
    """The source; after the first scrape each further one is asked for by the story."""
    monkeypatch.setattr(source, "PERIOD", 3600.0)
    monkeypatch.setattr(source, "TIMEOUT", 60.0)
    async with reading(clock) as found:
        yield found


@pytest.fixture
def secret(tmp_path: Path) -> Mounted:
    """A Secret in the operator's namespace."""
    return Mounted(tmp_path / "secret")
