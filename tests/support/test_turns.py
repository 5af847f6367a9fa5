"""Turns at what stories share."""

from tests.support.turns import Turns


def test_a_turn_alone_is_alone() -> None:
    """While one story changes a thing nobody else has it; users of a thing do not disturb each other."""
    thing = Turns("a-test-of-turns")
    with thing.alone(), thing.if_free() as free:
        assert not free
    with thing.together(), thing.together(), thing.if_free() as free:
        assert not free
    with thing.if_free() as free:
        assert free
