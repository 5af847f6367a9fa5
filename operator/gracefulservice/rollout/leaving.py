"""How pods left: containers that were killed at the end of their time, and those that ended in an error.

    deletion begins ─► sleep ─► SIGTERM ─► exit 0                       as it should be, nobody hears of it
                                        ├► another code                 an event, once per revision and code
                                        └► SIGKILL at the limit (137)   an event per pod, `SignalsHandled` is False

None of it is held against a rollout. What was told is remembered by keys that stand as long as the exits are
still seen, so nothing is told twice and nothing is remembered for ever.
"""

from collections.abc import Sequence

from gracefulservice.rollout import figures
from gracefulservice.rollout.exits import SIGKILL, Exit
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Memory

SIGTERM = 143
"""The exit code of a program that SIGTERM ended, and of some that finish well and then say so."""
NAMED = 3
"""Pods that a sentence names before it only counts."""


def noticed(exits: Sequence[Exit], memory: Memory, now: float) -> Memory:
    """`memory` with what there is to tell of exits that are new, and the keys of all that are seen."""
    worth = [one for one in exits if one.killed or not one.sidecar]
    news = [one for one in worth if one.key not in memory.departed]
    for group in _alike(news):
        reason = Reason.SIGNALS_IGNORED if group[0].killed else Reason.EXITED_WITH_ERROR
        memory = told(memory, reason, _killed(group) if group[0].killed else _ended(group), now, warning=True)
    keys = tuple(sorted({one.key for one in worth}))
    return memory if keys == memory.departed else memory.but(departed=keys)


def _alike(exits: Sequence[Exit]) -> list[list[Exit]]:
    """One group per sentence: killed containers of a revision, and others by their code."""
    groups: dict[tuple[str, str, int, bool], list[Exit]] = {}
    for one in sorted(exits):
        groups.setdefault((one.revision, one.container, one.code, one.killed), []).append(one)
    return list(groups.values())


def _killed(group: Sequence[Exit]) -> str:
    """Who was killed and after how long, and what is to be done."""
    first = group[0]
    return (
        f"Container {first.container} was killed (exit code {SIGKILL}) in {_pods(group)} {figures.span(first.after)} "
        f"after its deletion began, at the end of the grace period of {figures.span(first.grace)}, and requests it had "
        "not finished are lost: handle SIGTERM in its first process, or raise shutdown.drain if it needs longer."
    )


def _ended(group: Sequence[Exit]) -> str:
    """Which code it was, and what it means."""
    first = group[0]
    meaning = "SIGTERM ended it as it stood, or it says so after a clean end" if first.code == SIGTERM else "an error"
    return (
        f"Container {first.container} ended with exit code {first.code} ({meaning}) in {_pods(group)} "
        f"{figures.span(first.after)} after its deletion began: let it finish its requests at SIGTERM and then exit "
        f"with 0. This is told once for revision {first.revision}."
    )


def _pods(group: Sequence[Exit]) -> str:
    """`pod shop-b2-x`, or the first of several and how many more there are."""
    names = [one.pod for one in group]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{'pod' if len(names) == 1 else 'pods'} {', '.join(names[:NAMED])}{more}"
