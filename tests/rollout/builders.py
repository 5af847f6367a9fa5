"""Plans, looks and memories for table tests: a healthy service of four replicas; a row changes what it is about."""

from collections.abc import Mapping
from typing import Any

from gracefulservice.api import Command, Status, Verb
from gracefulservice.rollout import report
from gracefulservice.rollout.against import as_it_looks
from gracefulservice.rollout.judge import Evidence, begin, learn
from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan, build
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample
from gracefulservice.rollout.seen import Fleet, RecordSeen, RouteSeen, Seen, ServiceSeen

NOW = 1_000_000.0
COUNTER = "http_requests_total"
STEPS = [{"weight": 25, "hold": "5s"}, {"weight": 50, "hold": "5s"}]
ROUTE = {"routes": [{"name": "web", "gatewayAPI": {"name": "shop"}}]}
RAMP = {"errorBudget": 20}
ERRORS = {"errorRate": {"max": "1%"}}


def spec(image: str = "shop:2", *, weighted: bool = True, canary: Any = None, **fields: Any) -> dict[str, Any]:
    """A spec as the user writes it; `fields` replace or add to its top level."""
    container = {"name": "app", "image": image, "ports": [{"containerPort": 8080}]}
    written = {
        "replicas": 4,
        "template": {"spec": {"containers": [container]}},
        "rollout": {"canary": canary or {"steps": STEPS}, "bake": "10s", "warmup": "3s", "progressDeadline": "40s"},
    }
    return written | ({"traffic": ROUTE} if weighted else {}) | fields


def plan(image: str = "shop:2", **fields: Any) -> Plan:
    """The plan of `spec`; without objectives unless they are given."""
    built = build("shop", spec(image, **fields))
    assert isinstance(built, Plan), built
    return built


OLD, NEW, NEWER = (plan(image).revision.id for image in ("shop:1", "shop:2", "shop:3"))


def fleets(**ready: int) -> dict[str, Fleet]:
    """`old=4, new=1`: as many wanted, ready and there."""
    names = {"old": OLD, "new": NEW, "newer": NEWER}
    return {names[name]: Fleet(wanted=count, ready=count, pods=count) for name, count in ready.items()}


def endpoints(**ready: int) -> dict[str, int]:
    """`old=4, new=1`: ready endpoints per revision."""
    return {revision: fleet.ready for revision, fleet in fleets(**ready).items()}


def seen(old: int = 4, new: int = 0, *, weight: float | None = 0.0, **fields: Any) -> Seen:
    """A weighted service: `<name>` leads to the old pods, `<name>-canary` to the new ones where there are any.

    `weight` is what the route says and every gateway has taken over.
    """
    behind = {NEW: new} if new else {OLD: old}
    look: dict[str, Any] = {
        "fleets": fleets(old=old, new=new),
        "stable_service": ServiceSeen(OLD, {OLD: old}),
        "canary_service": ServiceSeen(NEW if new else OLD, behind),
        "route": RouteSeen(weight, acknowledged=weight is not None),
        "records": {OLD: RecordSeen(1, stable=True), NEW: RecordSeen(2)},
    }
    return Seen(**(look | fields))


def ratio(old: int = 4, new: int = 0, selects: str = "*", **fields: Any) -> Seen:
    """A service without a route: `<name>` leads to all pods there are."""
    look: dict[str, Any] = {
        "route": None,
        "stable_service": ServiceSeen(selects, endpoints(old=old, new=new)),
        "canary_service": ServiceSeen(),
    }
    return seen(old, new, **(look | fields))


def memory(state: Any = None, **fields: Any) -> Memory:
    """What is remembered of a service whose old revision is stable."""
    start: dict[str, Any] = {"stable": OLD, "started": NOW - 100} | ({} if state is None else {"state": state})
    return Memory(**(start | fields))


def written(before: Memory, look: Seen, wish: Any = None, previous: Status | None = None, **fields: Any) -> Status:
    """The status after one look."""
    given: dict[str, Any] = {"plan": wish or plan(), "seen": look, "memory": before, "previous": previous or Status()}
    return report.status(generation=7, problems=(), now=NOW, name="shop", **(given | fields))


def command(do: Verb, id: str = "1", by: str = "somebody", **fields: Any) -> Command:  # noqa: A002 - the field's name
    """What a person asks for."""
    return Command(id=id, do=do, by=by, **fields)


def evidence(good: int, bad: int, *, weight: float = 25.0, stable: int = 1000, at: float = NOW) -> Evidence:
    """Evidence after two looks: the canary answered `good` and `bad` requests, stable only good ones, also later."""
    objectives = plan(objectives=ERRORS).objectives
    found = begin(objectives, at - 60)
    for place, when in enumerate((at - 10, at - 5)):
        counts = {"new": (place * good, place * bad), "old": (place * stable, 0)}
        found = learn(found, objectives, answers(counts, when), NEW, weight)
    return found.model_copy(update={"tallies": as_it_looks(found.tallies, objectives)})


def answers(counts: Mapping[str, tuple[int, int]], at: float) -> Look:
    """One look at one pod per revision, with its counters of good and bad answers."""
    revisions = {"old": OLD, "new": NEW}
    pods = tuple(
        PodFacts(name, revisions[name], at - 900 if name == "old" else NOW - 50, NOW - 45, 0, NOW - 50)
        for name in counts
    )
    samples = tuple(
        Sample(name, f'code="{code}"', at, float(count))
        for name, pair in counts.items()
        for code, count in zip(("200", "500"), pair, strict=True)
    )
    return Look(at=at, interval=5.0, pods=pods, samples={COUNTER: samples})
