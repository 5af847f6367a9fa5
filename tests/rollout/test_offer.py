"""The ports of the Services: stable's always, a canary's beside them, and no target that takes one away."""

from typing import Any

import pytest

from gracefulservice.rollout import offer, report
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.memory import Clearing, Climbing, Idle, Memory, Narrowing, TurningBack
from gracefulservice.rollout.seen import Fleet, RecordSeen, Seen, ServiceSeen

from .builders import NEW, NOW, OLD, memory, plan, seen, written


def ports(*numbers: int | tuple[str, int, str]) -> dict[str, Any]:
    """`spec.ports`: a number is the port `http` to the container port of that name."""
    listed = [one if isinstance(one, tuple) else ("http", one, "http") for one in numbers]
    names = dict.fromkeys(target for _, _, target in listed)
    container = {
        "name": "app",
        "image": "shop",
        "ports": [{"name": name, "containerPort": 8080 + place} for place, name in enumerate(names)],
    }
    asked = [{"name": name, "port": number, "targetPort": target} for name, number, target in listed]
    return {"template": {"spec": {"containers": [container]}}, "ports": asked}


ADMIN = ("admin", 9090, "admin")
SERVED = plan(**ports(80, ADMIN))
STABLE = SERVED.revision.id
MORE = plan(**ports(80, ADMIN, ("grpc", 50051, "grpc")))
MOVED = plan(**ports(8000, ADMIN))
LESS = plan(**ports(80))


def look(*others: Any, told: Any = SERVED.contract.ports, **fields: Any) -> Seen:
    """Stable serves `http` and `admin`, as its record tells; the others have records too."""
    records = {one.revision.id: RecordSeen(2 + place, ports=one.contract.ports) for place, one in enumerate(others)}
    view: dict[str, Any] = {
        "fleets": {STABLE: Fleet(4, 4, 4)},
        "stable_service": ServiceSeen(STABLE, {STABLE: 4}),
        "canary_service": ServiceSeen(STABLE, {STABLE: 4}),
        "records": {STABLE: RecordSeen(1, stable=True, ports=told), **records},
    }
    return seen(**(view | fields))


def offered(wish: Any, view: Seen, state: Any = None, stable: str = STABLE) -> list[tuple[str, int, str]]:
    """The ports that are wanted of both Services."""
    found = offer.offered(wish, view, memory(state or Idle(), stable=stable))
    return [(one.name, one.port, one.target_port) for one in found]


BASE = [("http", 80, "http"), ADMIN]
GRPC = ("grpc", 50051, "grpc")


@pytest.mark.parametrize(
    ("story", "wish", "state", "stable", "wanted"),
    [
        ("at rest", SERVED, Idle(), STABLE, BASE),
        ("a target that waits changes nothing", MORE, Idle(), STABLE, BASE),
        ("not even a number", MOVED, Idle(), STABLE, BASE),
        ("nor does one that is refused", LESS, Idle(), STABLE, BASE),
        ("what a canary adds is there", MORE, Climbing(canary=MORE.revision.id, weight=25), STABLE, [*BASE, GRPC]),
        (
            "both numbers are there, under a name of its own",
            MOVED,
            Climbing(canary=MOVED.revision.id, weight=25),
            STABLE,
            [*BASE, ("p8000", 8000, "http")],
        ),
        (
            "also on the way back, whatever is asked for now",
            SERVED,
            TurningBack(leaving=MORE.revision.id),
            STABLE,
            [*BASE, GRPC],
        ),
        (
            "once the pointer has moved the new ones come first",
            MOVED,
            Narrowing(leaving=STABLE),
            MOVED.revision.id,
            [("http", 8000, "http"), ADMIN, ("p80", 80, "http")],
        ),
        ("and the old ones go with the rollout", MOVED, Idle(), MOVED.revision.id, [("http", 8000, "http"), ADMIN]),
    ],
)
def test_the_services_offer_what_pods_in_play_have(
    story: str, wish: Any, state: Any, stable: str, wanted: list[Any]
) -> None:
    """Stable's first, and never fewer."""
    assert offered(wish, look(MORE, MOVED), state, stable) == wanted, story


def test_a_first_revision_offers_its_own() -> None:
    """There is nobody else."""
    found = decide(MORE, Seen(), Memory(), NOW).desired
    assert found.ports == MORE.contract.ports


def test_where_no_record_tells_stables_ports_they_stay_as_they_are() -> None:
    """A target is no reason to guess."""
    assert offered(MORE, seen(records={})) == []
    assert offered(SERVED, seen(records={})) == BASE


@pytest.mark.parametrize(
    ("story", "wish", "view", "begins"),
    [
        ("it drops one", LESS, look(), False),
        ("it has all and one more", MORE, look(), True),
        ("another number behind a name is no other name", MOVED, look(), True),
        ("the record does not tell", LESS, look(told=()), True),
        ("there is no record", LESS, look(records={}), True),
    ],
)
def test_a_target_that_drops_a_port_name_does_not_begin(story: str, wish: Any, view: Seen, begins: bool) -> None:
    """Nothing is made of it, and no rollout is told."""
    decision = decide(wish, view, memory(stable=STABLE), NOW)
    assert (decision.memory.canary is not None) is begins, story
    assert (wish.revision.id in decision.desired.fleets) is begins, story


def test_the_sentence_names_the_port_both_revisions_and_the_fix() -> None:
    """In the conditions that every tool reads, and the phase is one of rest."""
    status = written(memory(stable=STABLE), look(), LESS)
    stalled = next(one for one in status.conditions if one.type == "Stalled")
    assert (stalled.status, stalled.reason, status.phase) == ("True", "PortDropped", "Invalid")
    for part in (
        f"Revision {LESS.revision.id} does not start",
        f"in revision {STABLE}",
        "a port named admin",
        "spec.ports",
    ):
        assert part in stalled.message
    assert next(one for one in status.conditions if one.type == "Reconciling").status == "False"


def test_the_sentence_names_every_port() -> None:
    """Two are two."""
    wish = plan(**ports(("web", 80, "web")))
    assert "ports named admin and http" in report.objection(wish, look(), memory(stable=STABLE))[0]


def test_with_no_replicas_there_is_nothing_to_drop() -> None:
    """The pointer moves without pods, so this is the way to get rid of a port."""
    wish = plan(**ports(80), replicas=0)
    assert decide(wish, look(fleets={}), memory(stable=STABLE), NOW).memory.stable == wish.revision.id


def test_a_canary_turns_back_before_its_successor_is_refused() -> None:
    """Superseded first, uncondemned; at rest the successor's sentence stands."""
    view = seen(4, 1, weight=25, records={OLD: RecordSeen(1, stable=True, ports=SERVED.contract.ports)})
    found = decide(LESS, view, memory(Climbing(canary=NEW, weight=25, observed_at=NOW - 9)), NOW).memory
    assert (found.state, found.history[0].outcome, found.condemned) == (TurningBack(leaving=NEW), "Superseded", {})
    rested = decide(LESS, look(), memory(Clearing(leaving=NEW), stable=STABLE), NOW).memory
    assert decide(LESS, look(), rested, NOW).memory.state == Idle()
