"""How often a Prometheus without time is asked, and by how many at once, by a clock of the test's own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from gracefulservice.metrics import pace
from gracefulservice.metrics.address import Address
from gracefulservice.metrics.credentials import NOTHING
from gracefulservice.metrics.pace import FORGOTTEN, LONGEST_REST, Overtaxed, Pace, Turn, rest
from gracefulservice.metrics.prometheus import Outage
from gracefulservice.metrics.reader import Prometheus, session
from gracefulservice.rollout.sizes import Measured
from tests.metrics.test_reader import AT, OWNER, PODS, plan

SLOW, FAST = "http://slow:9090", "http://fast:9090"


@dataclass
class Time:
    """Seconds, as the story says."""

    at: float = 100.0

    def now(self) -> float:
        """Of a clock that never goes back."""
        return self.at


@pytest.fixture
def time() -> Time:
    """The time."""
    return Time()


@pytest.fixture
def paced(time: Time, monkeypatch: pytest.MonkeyPatch) -> Pace:
    """Four places; every rest takes as long as it can, and nobody waits for a place."""
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    return Pace(4, now=time.now, draw=lambda _least, most: most)


async def look(
    paced: Pace,
    url: str = SLOW,
    trouble: Outage | None = None,
    meanwhile: Callable[[Turn], Awaitable[None]] | None = None,
) -> str:
    """One look; gives the outage that comes of it, or empty. `meanwhile`: what happens before it meets the trouble."""
    try:
        async with paced.turn(url, url) as turn:
            turn.reacted = trouble is None
            if meanwhile:
                await meanwhile(turn)
            if trouble:
                raise trouble
    except Outage as outage:
        return str(outage)
    return ""


def late(url: str = SLOW) -> Overtaxed:
    """It did not answer in time."""
    return Overtaxed(f"Prometheus at {url} does not answer in time.")


async def test_rests_grow_to_a_limit_and_end_with_an_answer(paced: Pace, time: Time) -> None:
    """Meanwhile nobody asks, and everybody is told how long it takes at most."""
    for longest in (2, 4, 8, 15, 15):
        said = await look(paced, trouble=late())
        assert said == f"Prometheus at {SLOW} does not answer in time. It is asked again within {longest} s."
        time.at += longest - 0.1
        assert await look(paced) == said
        time.at += 0.1
    assert [await look(paced), await look(paced)] == ["", ""]
    assert (await look(paced, trouble=late())).endswith("within 2 s.")


async def test_other_addresses_are_asked_as_before(paced: Pace) -> None:
    """A rest is for one address alone."""
    await look(paced, trouble=late())
    assert (await look(paced, FAST), bool(await look(paced))) == ("", True)


@pytest.mark.parametrize(
    ("failures", "wish", "between"),
    [(1, 0, (1, 2)), (3, 0, (4, 8)), (99, 0, (7.5, 15)), (99, 9, (9, 15)), (1, 20, (20, 25)), (1, 9999, (60, 75))],
)
def test_a_rest_is_drawn_and_has_bounds(failures: int, wish: float, between: tuple[float, float]) -> None:
    """Replicas and addresses do not all come back at the same time, nor ever later than these."""
    assert rest(failures, wish) == between


async def test_what_is_drawn_is_how_long_it_rests(time: Time) -> None:
    """The sentence tells the longest, so that it stays the same."""
    drawn: list[tuple[float, float]] = []

    def least(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    paced = Pace(4, now=time.now, draw=least)
    assert (await look(paced, trouble=Overtaxed("It has no time.", 20.0))).endswith("within 25 s.")
    time.at += 19.9
    assert await look(paced)
    time.at += 0.1
    assert (await look(paced), drawn) == ("", [(20.0, 25.0)])


async def test_looks_that_fail_together_are_one_failure(paced: Pace) -> None:
    """Four that waited for the same hanging server do not make it rest as if it had hung four times."""
    ended = asyncio.Event()

    async def hang() -> str:
        try:
            async with paced.turn(SLOW, SLOW):
                await ended.wait()
                raise late()
        except Outage as outage:
            return str(outage)

    looks = [asyncio.create_task(hang()) for _ in range(4)]
    await asyncio.sleep(0)
    ended.set()
    said = await asyncio.gather(*looks)
    assert said == [f"{late()} It is asked again within 2 s."] * 4


async def test_a_slow_question_is_not_a_slow_prometheus(paced: Pace) -> None:
    """Where others are answered meanwhile, nobody else has to rest for it."""

    async def another(_turn: Turn) -> None:
        assert await look(paced) == ""

    assert await look(paced, trouble=late(), meanwhile=another) == str(late())
    assert await look(paced) == ""


async def test_one_answer_in_a_look_is_enough(paced: Pace) -> None:
    """The same within one look."""

    async def answered(turn: Turn) -> None:
        turn.reacted = True

    assert await look(paced, trouble=late(), meanwhile=answered) == str(late())
    assert await look(paced) == ""


async def test_a_wish_to_rest_is_kept_whoever_is_answered(paced: Pace) -> None:
    """A limit of requests lets some through, and means it all the same."""

    async def others(turn: Turn) -> None:
        turn.reacted = True
        assert await look(paced) == ""

    said = "It has no time. It is asked again within 2 s."
    assert await look(paced, trouble=Overtaxed("It has no time.", 0.0), meanwhile=others) == said
    assert await look(paced) == said


async def test_rests_grow_while_a_limit_lets_some_through(paced: Pace, time: Time) -> None:
    """An answer beside a refusal does not make it the first one."""

    async def answered(turn: Turn) -> None:
        turn.reacted = True

    for longest in (2, 4, 8):
        said = await look(paced, trouble=Overtaxed("It has no time.", 0.0), meanwhile=answered)
        assert said == f"It has no time. It is asked again within {longest} s."
        time.at += longest


async def test_a_late_answer_does_not_end_a_rest(paced: Pace) -> None:
    """It was under way before Prometheus said that it has no time."""
    async with paced.turn(SLOW, SLOW) as turn:
        turn.reacted = True
        assert await look(paced, trouble=Overtaxed("It has no time.", 5.0))
    assert await look(paced)


async def test_after_a_rest_one_look_tries(paced: Pace, time: Time) -> None:
    """Until it knows more, the others are told what was known."""
    said = await look(paced, trouble=late())
    time.at += LONGEST_REST
    async with paced.turn(SLOW, SLOW) as turn:
        assert await look(paced) == said
        turn.reacted = True
    assert await look(paced) == ""


async def test_a_try_that_is_given_up_proves_nothing(paced: Pace, time: Time) -> None:
    """Neither that it answers nor that it does not: the next look tries again."""
    said = await look(paced, trouble=late())
    time.at += LONGEST_REST
    with suppress(asyncio.CancelledError):
        async with paced.turn(SLOW, SLOW):
            raise asyncio.CancelledError
    async with paced.turn(SLOW, SLOW):
        assert await look(paced) == said


async def test_all_that_had_no_time_together_have_half_the_places(paced: Pace, time: Time) -> None:
    """However many addresses hang, they do not take all workers when their rests end."""
    many = [f"http://slow-{number}:9090" for number in range(9)]
    for url in many:
        await look(paced, url, late(url))
    time.at += LONGEST_REST
    async with paced.turn(many[0], many[0]), paced.turn(many[1], many[1]):
        assert await look(paced, many[2])
        assert await look(paced, FAST) == ""
    assert await look(paced, many[2]) == ""


async def test_addresses_are_forgotten(paced: Pace, time: Time) -> None:
    """Whoever writes specs cannot fill the memory with them."""
    for number in range(50):
        await look(paced, f"http://gone-{number}", late())
        await look(paced, f"http://good-{number}")
    time.at += 2 * FORGOTTEN
    await look(paced, FAST)
    assert len(paced._addresses) == 1


async def test_a_place_is_waited_for_while_looks_come_to_an_end(time: Time) -> None:
    """Among many services of a Prometheus that answers, the ninth is not told that it is slow."""
    paced = Pace(1, now=time.now)
    order: list[str] = []

    async def second() -> None:
        async with paced.turn(FAST, FAST):
            order.append("second")

    async with asyncio.TaskGroup() as looks, paced.turn(FAST, FAST):
        looks.create_task(second())
        await asyncio.sleep(0)
        order.append("first")
    assert order == ["first", "second"]


async def test_an_end_of_one_look_is_a_sign_for_those_that_wait(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long another one lasts already."""
    monkeypatch.setattr(pace, "PATIENCE", 60.0)
    paced = Pace(2, now=time.now)
    async with paced.turn(SLOW, SLOW):
        time.at += 50
        assert await look(paced) == ""
        time.at += 40
        async with paced.turn(SLOW, SLOW):
            waiting = asyncio.create_task(look(paced))
            await asyncio.sleep(0)
        assert await waiting == ""


async def test_a_look_that_waited_is_told_what_the_others_met(
    paced: Pace, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not meet it itself; its place is free again."""
    monkeypatch.setattr(pace, "PATIENCE", 60.0)
    paced.places = 1
    waiting: list[asyncio.Task[str]] = []

    async def another_comes(_turn: Turn) -> None:
        waiting.append(asyncio.create_task(look(paced)))
        await asyncio.sleep(0)

    said = await look(paced, trouble=late(), meanwhile=another_comes)
    assert [await one for one in waiting] == [said]
    time.at += LONGEST_REST
    assert await look(paced) == ""


async def test_without_a_question_nobody_is_disturbed(paced: Pace) -> None:
    """Looks and sizes that ask nothing take no place, whoever rests, and are no sign of life."""
    own = Address(SLOW, own=True)
    with pytest.raises(Outage, match="within 2 s"):
        async with paced.turn(own, SLOW):
            raise late()
    async with session() as http:
        reader = Prometheus(http, SLOW, NOTHING, paced)
        assert (await reader.ask(OWNER, plan(), (), AT, 5.0)).outage is None
        assert await reader.sizes(OWNER, plan(), (), (), AT) == Measured()
        assert "within 2 s" in ((await reader.ask(OWNER, plan(), PODS, AT, 5.0)).outage or "")
        untouched = Pace(4)
        await Prometheus(http, SLOW, NOTHING, untouched).sizes(OWNER, plan(), (), (), AT)
    assert untouched._addresses == {}
