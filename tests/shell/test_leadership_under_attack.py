"""The lease under attack: machines that freeze, a network that loses and delays."""

import asyncio
import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.shell import virtual_time
from tests.shell.candidates import candidate
from tests.shell.lease_server import LeaseServer, cut, hang

Freeze = tuple[float, float]
FREEZES = st.lists(st.tuples(st.floats(0, 200), st.floats(0.1, 60)), max_size=6)


class Machine:
    """A candidate's machine: it freezes for a while now and then, and its way to the server is bad."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, server: LeaseServer, name: str, seed: int, freezes: list[Freeze]
    ) -> None:
        self.loop, self.freezes, self.chance = loop, freezes, random.Random(seed)
        view = server.seen_from(there=self.travel, back=self.travel)
        self.elector = candidate(view, name, loop.time, self.sleep, self.chance.uniform)

    async def sleep(self, seconds: float) -> None:
        """Sleep, and go on only when the machine does."""
        await asyncio.sleep(seconds)
        await asyncio.sleep(self.thaw() - self.loop.time())

    def thaw(self) -> float:
        """When the machine runs (again)."""
        moment = self.loop.time()
        for since, length in sorted(self.freezes):
            if since <= moment < since + length:
                moment = since + length
        return moment

    async def travel(self) -> None:
        """Mostly fast, sometimes slow, refused or hung."""
        fate = self.chance.random()
        await self.sleep(self.chance.uniform(0, 0.2) if fate < 0.8 else self.chance.uniform(0.2, 12))
        if fate > 0.97:
            await cut()
        if fate > 0.95:
            await hang()

    async def live(self) -> None:
        """Campaign again after each loss, as a new process would."""
        while True:
            await self.elector.run()
            self.elector.elected.clear()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), freezes=st.tuples(FREEZES, FREEZES, FREEZES))
@example(seed=1, freezes=([(20.0, 40.0)], [], []))
def test_two_candidates_are_never_valid_at_once(seed: int, freezes: tuple[list[Freeze], ...]) -> None:
    """Three machines that freeze, a network that loses and delays: at every instant at most one may write."""
    server, leaders = LeaseServer(), set[str]()

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        machines = {
            name: Machine(loop, server, name, seed + number, frozen)
            for number, (name, frozen) in enumerate(zip("abc", freezes, strict=True))
        }
        lives = [asyncio.create_task(machine.live()) for machine in machines.values()]
        for _ in range(1200):
            await asyncio.sleep(0.25)
            valid = {name for name, machine in machines.items() if machine.elector.valid_for() > 0}
            assert len(valid) <= 1, f"{valid} may write at {loop.time()} s"
            leaders.update(valid)
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    virtual_time.run(main)
    assert leaders, "somebody leads some time"
