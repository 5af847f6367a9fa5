"""How the parts of the process hang together."""

import asyncio

from gracefulservice.application import spared


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
