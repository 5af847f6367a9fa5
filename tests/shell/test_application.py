"""How the parts of the process hang together."""

import asyncio
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from gracefulservice.application import compose, spared
from gracefulservice.metrics import reader
from gracefulservice.metrics.credentials import Files
from gracefulservice.settings import Settings


async def test_a_part_the_others_can_do_without_begins_anew_when_it_broke() -> None:
    """A port that is taken for a moment must not leave the webhook silent for ever."""
    tries = 0

    async def part() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("The port is taken.")

    await asyncio.wait_for(spared(part, pause=0.0), 10)
    assert tries == 3


async def test_prometheus_is_asked_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their files; and one that hangs leaves half of the workers to services that ask another."""
    given = MagicMock()
    monkeypatch.setattr(reader, "Prometheus", given)
    settings = Settings(
        prometheus_url="https://p:9090", prometheus_ca_file=Path("/ca"), prometheus_guards=False, workers=6
    )
    async with compose(MagicMock(settings=settings)):
        pass
    _, url, files, pace, guards = given.call_args.args
    assert (url, files, pace.places, guards) == ("https://p:9090/", Files(ca=Path("/ca")), 3, False)
