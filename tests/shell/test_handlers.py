"""What is handed to kopf, apart from a cluster."""

from itertools import islice

from gracefulservice.handlers import LONGEST_PAUSE, EndlessPauses


def test_pauses_between_tries_grow_and_never_end() -> None:
    """kopf gives up, and the process with it, when they do."""
    pauses = list(islice(EndlessPauses(), 1000))
    assert len(pauses) == 1000
    assert all(0.5 <= pause <= LONGEST_PAUSE for pause in pauses)
    assert max(pauses[:2]) < LONGEST_PAUSE / 2 <= min(pauses[10:])
