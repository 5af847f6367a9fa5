"""The lease: never two leaders at once, whatever the API server and the machines do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gracefulservice.leadership import RELEASE_WITHIN, unknown
from tests.shell import virtual_time
from tests.shell.candidates import REQUEST, TERMS, candidate
from tests.shell.lease_server import LeaseServer, Line, cut, hang


def test_the_first_candidate_makes_the_lease_and_keeps_it() -> None:
    """Renewed every 2 s, it never has less than 13 s left."""
    server, left = LeaseServer(), []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        elector = candidate(server.seen_from(), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await elector.elected.wait()
        for _ in range(100):
            await asyncio.sleep(0.7)
            left.append(elector.valid_for())
        assert elector.epoch == "1@lease-1"
        task.cancel()

    virtual_time.run(main)
    assert 13 <= min(left) <= max(left) <= 15
    assert set(server.history) == {("a", 1)}


def test_a_second_candidate_waits_until_the_lease_is_given_back() -> None:
    """A clean hand-over takes less than 2 s, not the length of a lease."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        first = candidate(server.seen_from(), "a", loop.time)
        second = candidate(server.seen_from(), "b", loop.time)
        leading = asyncio.create_task(first.run())
        await first.elected.wait()
        waiting = asyncio.create_task(second.run())
        await asyncio.sleep(100)
        assert (second.elected.is_set(), second.valid_for()) == (False, 0)
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        given_back = loop.time()
        await first.release()
        assert first.valid_for() == 0
        await second.elected.wait()
        waiting.cancel()
        assert (first.epoch, second.epoch) == ("", "2@lease-1")
        return loop.time() - given_back

    assert virtual_time.run(main) <= 1.2


def test_a_lease_whose_holder_died_is_taken_over_when_it_ran_out_on_our_own_clock() -> None:
    """Its duration is counted from when we first saw it, because no clock but ours is trusted."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        dead = candidate(server.seen_from(), "dead", loop.time)
        task = asyncio.create_task(dead.run())
        await dead.elected.wait()
        task.cancel()
        await asyncio.sleep(1000)
        heir = candidate(server.seen_from(), "heir", loop.time)
        seen = loop.time()
        task = asyncio.create_task(heir.run())
        await heir.elected.wait()
        task.cancel()
        return loop.time() - seen

    assert TERMS.duration <= virtual_time.run(main) <= TERMS.duration + 1.2


@pytest.mark.parametrize("trouble", [cut, hang], ids=["refused", "hung"])
def test_a_leader_that_cannot_renew_stops_before_anybody_else_can_lead(
    trouble: Callable[[], Awaitable[None]],
) -> None:
    """Leading ends `renew_within` after the last renewal, and by then no write may begin any more."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> tuple[float, float, float]:
        line = Line()
        elector = candidate(server.seen_from(there=line), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await asyncio.sleep(21)
        line.travel = trouble
        renewed_at = loop.time() - (TERMS.duration - elector.valid_for())
        await asyncio.sleep(renewed_at + TERMS.duration - REQUEST - loop.time())
        left = elector.valid_for()
        await task
        return loop.time() - renewed_at, left, elector.valid_for()

    lasted, left_at_the_fence, left_at_the_end = virtual_time.run(main)
    assert lasted == TERMS.renew_within
    assert (left_at_the_fence, left_at_the_end) == (REQUEST, 0)


def test_a_lease_is_counted_from_before_the_request_that_renewed_it() -> None:
    """The server may have renewed it the moment it was asked, however long its answer took."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        elector = candidate(server.seen_from(back=lambda: asyncio.sleep(2)), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await elector.elected.wait()
        task.cancel()
        return elector.valid_for()

    assert virtual_time.run(main) == TERMS.duration - 2 * 2, "two answers of two seconds each"


def test_a_renewal_whose_answer_is_lost_is_found_to_have_happened() -> None:
    """The write was done, the answer never came: the next look says so, and leading goes on."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        back = Line()
        elector = candidate(server.seen_from(back=back), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await asyncio.sleep(9)
        back.travel = cut
        await asyncio.sleep(2)
        back.travel = lambda: asyncio.sleep(0)
        await asyncio.sleep(6)
        assert not task.done()
        task.cancel()
        return elector.valid_for()

    assert virtual_time.run(main) >= TERMS.duration - TERMS.retry


def test_a_lease_edited_by_a_person_is_kept() -> None:
    """An annotation by somebody changes the version; the holder looks and renews."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        elector = candidate(server.seen_from(), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await asyncio.sleep(9)
        assert server.lease
        server.store({**server.lease, "metadata": {**server.lease["metadata"], "annotations": {"by": "me"}}})
        await asyncio.sleep(6)
        assert not task.done()
        task.cancel()
        return elector.valid_for()

    assert virtual_time.run(main) >= TERMS.duration - TERMS.retry


def test_a_lease_that_somebody_took_is_lost_at_the_next_look() -> None:
    """A person who writes another name into it is obeyed."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        elector = candidate(server.seen_from(), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await asyncio.sleep(9)
        assert server.lease
        server.store({**server.lease, "spec": {**server.lease["spec"], "holderIdentity": "somebody"}})
        taken_at = loop.time()
        await task
        assert elector.valid_for() == 0
        return loop.time() - taken_at

    assert virtual_time.run(main) <= 2 * TERMS.retry
    assert server.history[-1] == ("somebody", 1)


def test_a_standby_that_ends_asks_for_nothing() -> None:
    """It holds nothing to give back, and the API server may be away."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        await candidate(server.seen_from(there=hang), "b", loop.time).release()
        return loop.time()

    assert virtual_time.run(main) == 0


def test_a_lease_that_somebody_took_is_not_given_back() -> None:
    """Not even by a leader that has not noticed yet."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        elector = candidate(server.seen_from(), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await elector.elected.wait()
        task.cancel()
        assert server.lease
        server.store({**server.lease, "spec": {**server.lease["spec"], "holderIdentity": "somebody"}})
        assert elector.valid_for() > 0
        await elector.release()

    virtual_time.run(main)
    assert server.history == [("a", 1), ("somebody", 1)]


def test_giving_back_does_not_wait_for_ever() -> None:
    """A lease that cannot be given back runs out by itself; until then nobody writes."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> tuple[float, float]:
        there = Line()
        elector = candidate(server.seen_from(there=there), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await elector.elected.wait()
        task.cancel()
        there.travel = hang
        asked_at = loop.time()
        await elector.release()
        return loop.time() - asked_at, elector.valid_for()

    assert virtual_time.run(main) == (RELEASE_WITHIN, 0)


@pytest.mark.parametrize("spec", [None, {}, {"holderIdentity": "", "leaseDurationSeconds": 1}])
def test_a_lease_made_by_hand_or_given_back_is_free(spec: dict[str, object] | None) -> None:
    """Whatever is missing in it."""
    server = LeaseServer()
    server.store({"metadata": {"namespace": "operators", "name": "gracefulservice"}, "spec": spec})

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        elector = candidate(server.seen_from(), "a", loop.time)
        task = asyncio.create_task(elector.run())
        await elector.elected.wait()
        task.cancel()
        return loop.time()

    assert virtual_time.run(main) == 0


async def gone(_holder: str) -> bool:
    """It has ended for certain."""
    return True


def waited(*, ended: Callable[[str], Awaitable[bool]], watched: float) -> float:
    """Seconds from a leader's death until a candidate leads that has `watched` it for so long before."""
    server = LeaseServer()

    async def main(loop: asyncio.AbstractEventLoop) -> float:
        dies = candidate(server.seen_from(), "dies", loop.time)
        leading = asyncio.create_task(dies.run())
        await asyncio.sleep(100 - watched)
        heir = candidate(server.seen_from(), "heir", loop.time, ended=ended if not watched else unless(leading, ended))
        waiting = asyncio.create_task(heir.run()) if watched else None
        await asyncio.sleep(watched)
        leading.cancel()
        died = loop.time()
        waiting = waiting or asyncio.create_task(heir.run())
        await heir.elected.wait()
        waiting.cancel()
        return loop.time() - died

    return virtual_time.run(main)


def unless(leading: "asyncio.Task[None]", ended: Callable[[str], Awaitable[bool]]) -> Callable[[str], Awaitable[bool]]:
    """What is to be known of a holder that lives for a while."""

    async def found(holder: str) -> bool:
        return leading.done() and await ended(holder)

    return found


@pytest.mark.parametrize(
    ("story", "ended", "watched", "least", "most"),
    [
        ("met, and nobody can tell", unknown, 0, 15, 16.2),
        ("met, and gone", gone, 0, 0, 0),
        ("watched, and nobody can tell", unknown, 60, 12, 16.2),
        ("watched, and gone", gone, 60, 1.9, 2 * TERMS.retry + 1.2),
    ],
)
def test_nobody_waits_for_a_leader_that_has_ended(
    story: str, ended: Callable[[str], Awaitable[bool]], watched: float, least: float, most: float
) -> None:
    """A candidate that has seen it renew in time asks no question until it is late."""
    assert least <= waited(ended=ended, watched=watched) <= most, story


def test_nobody_asks_about_a_leader_that_renews_in_time() -> None:
    """But once, when it is met."""
    server, asked = LeaseServer(), []

    async def ask(holder: str) -> bool:
        asked.append(holder)
        return False

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        tasks = [asyncio.create_task(candidate(server.seen_from(), "leads", loop.time).run())]
        await asyncio.sleep(10)
        tasks.append(asyncio.create_task(candidate(server.seen_from(), "waits", loop.time, ended=ask).run()))
        await asyncio.sleep(300)
        for task in tasks:
            task.cancel()

    virtual_time.run(main)
    assert set(asked) == {"leads"}
    assert len(asked) <= 2
