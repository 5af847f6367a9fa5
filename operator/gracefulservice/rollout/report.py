"""The status a person and every tool reads: conditions, a derived phase, and the memory itself."""

from gracefulservice.api import Condition, EvidenceStatus, Phase, Problem, Status, StepStatus, Waiting, WeightStatus
from gracefulservice.api.names import NAME_LABEL, REVISION_LABEL
from gracefulservice.rollout import adoption_report, contest, cordon, demand, effect, figures, losses, sizing
from gracefulservice.rollout.capacity import ALL, carried
from gracefulservice.rollout.climb import awaits_person
from gracefulservice.rollout.desire import desire
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.judging import assessment, readable
from gracefulservice.rollout.judging import shown as guards
from gracefulservice.rollout.memory import Adopting, Baking, Climbing, Idle, Memory, Widening
from gracefulservice.rollout.narrate import Line, narrate
from gracefulservice.rollout.offer import dropped
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.recall import dumped
from gracefulservice.rollout.seen import Seen

Facts = tuple[str, bool | None, str, str]
"""A condition before it is stamped: type, status (None: unknown), reason, message."""


def status(
    *,
    generation: int,
    plan: Plan | None,
    problems: tuple[Problem, ...],
    seen: Seen | None,
    memory: Memory | None,
    previous: Status,
    now: float,
    name: str = "",
    trouble: str = "",
) -> Status:
    """The whole status. Without a plan it says what is wrong with the spec; `trouble` is an error of the loop."""
    if plan is None or seen is None or memory is None:
        return hindered(generation, problems, memory, previous, now, trouble)
    more, plan = demand.sentence(plan, memory), demand.kept(plan, memory)
    line = narrate(plan, seen, memory, now)
    facts = conditions(plan, seen, memory, line, now, trouble) + capacity_kept(more)
    facts += adoption_report.aspect(plan, seen, memory)
    wanted = desire(plan, seen, memory)
    return Status(
        observed_generation=generation,
        phase=shown(phase(plan, seen, memory), trouble),
        conditions=stamped(facts, previous, generation, now),
        stable=memory.stable,
        canary=memory.canary,
        target=plan.revision.id,
        weight=weight(plan, seen, memory, wanted.weight),
        step=step(plan, memory),
        evidence=evidence(plan, memory, now),
        guards=guards(plan, memory),
        waiting=waiting(memory, line, now),
        replicas=counted(plan, seen, memory),
        selector=selector(plan, memory, name),
        history=memory.history,
        commands=memory.receipts,
        memory=dumped(memory),
    )


def hindered(
    generation: int, problems: tuple[Problem, ...], memory: Memory | None, previous: Status, now: float, trouble: str
) -> Status:
    """The status while the spec cannot become a plan, or the world cannot be looked at: only conditions change.

    A memory of None is one that cannot be read: it stays as it is written.
    """
    said = told_at_once(problems) or trouble
    facts: list[Facts]
    if problems:
        facts = [
            ("Stalled", True, "Invalid", said),
            ("Reconciling", False, "Invalid", said),
            ("Ready", False, "Invalid", said),
        ]
    else:
        facts = [("Ready", None, "Refused", said)]
    kept = [condition for condition in previous.conditions if condition.type not in {fact[0] for fact in facts}]
    return previous.model_copy(
        update={
            "observed_generation": generation,
            "phase": "Invalid" if problems else previous.phase,
            "conditions": (*kept, *stamped(facts, previous, generation, now)),
            "memory": dumped(memory) if memory else previous.memory,
        }
    )


def trouble(status: Status) -> str:
    """What was refused in the pass before, as its conditions still say; empty where nothing was."""
    refused = (one.message for one in status.conditions if (one.type, one.reason) == ("Stalled", "Refused"))
    return next(refused, "")


def phase(plan: Plan, seen: Seen, memory: Memory) -> Phase:
    """The state in one word; the first line that holds."""
    target = plan.revision.id
    state = memory.state
    table: tuple[tuple[bool, Phase], ...] = (
        (seen.deleting, "Terminating"),
        (bool(seen.foreign) or (bool(objection(plan, seen, memory)[0]) and isinstance(state, Idle)), "Invalid"),
        (isinstance(state, Adopting), "Progressing"),
        (memory.stable is None, "Pending"),
        (target in memory.condemned, "Degraded"),
        (bool(memory.paused) or (isinstance(state, Climbing) and awaits_person(plan, state)), "Paused"),
        (target != memory.stable or not isinstance(state, Idle), "Progressing"),
        (seen.fleet(target).ready >= plan.replicas, "Healthy"),
    )
    return next((word for holds, word in table if holds), "Progressing")


def shown(word: Phase, trouble: str) -> Phase:
    """A service is not healthy while something it needs is refused."""
    return "Degraded" if trouble and word == "Healthy" else word


def objection(plan: Plan, seen: Seen, memory: Memory) -> tuple[str, str]:
    """What keeps the wish itself from being a target, and the reason in one word; both empty where it can be one."""
    if plan.problems:
        return told_at_once(plan.problems), "Invalid"
    why = dropped(plan, seen, memory) if isinstance(memory.state, Idle) else ""
    return why, "PortDropped" if why else ""


def told_at_once(problems: tuple[Problem, ...]) -> str:
    """Every problem with its field."""
    return " ".join(f"{problem.field}: {problem.sentence}" for problem in problems)


def conditions(plan: Plan, seen: Seen, memory: Memory, line: Line, now: float, trouble: str) -> list[Facts]:
    """Every condition: the three that kstatus reads, then what each of our own aspects says."""
    word = phase(plan, seen, memory)
    why = memory.condemned.get(plan.revision.id)
    condemned = f"Revision {plan.revision.id} is condemned: {why}" if why else ""
    objected, cause = objection(plan, seen, memory)
    said = trouble or " ".join(seen.foreign) or objected or condemned or line.sentence
    stalled = word in ("Degraded", "Invalid") or bool(objected)
    settled = word == "Healthy"
    reason = "Refused" if trouble else "NameTaken" if seen.foreign else cause or word
    answering = served(seen)
    facts: list[Facts] = [
        ("Ready", settled and not trouble, reason, said),
        ("Reconciling", not settled and not stalled and not trouble, reason, line.sentence),
        ("Stalled", stalled or bool(trouble), reason, said),
        (
            "Available",
            answering > 0 or plan.replicas == 0,
            "Endpoints",
            f"Users are served by {figures.pods(answering)}.",
        ),
    ]
    weights = [*route_condition(seen), *weight_effective(plan, memory), *contested(memory)]
    others = [*metrics_condition(plan, memory, now), *weights, *remarks(seen), *evictions(plan, seen, memory)]
    return [*facts, *others, *contract_conditions(plan, seen, memory)]


def served(seen: Seen) -> int:
    """Ready pods that users reach: those behind `<name>`, and behind `<name>-canary` while it has weight."""
    weighted = seen.canary_service.endpoints if seen.route and seen.route.weight else {}
    named = seen.stable_service.endpoints
    return sum(max(named.get(one, 0), weighted.get(one, 0)) for one in named.keys() | weighted.keys())


def weight_effective(plan: Plan, memory: Memory) -> list[Facts]:
    """Whether the weight does to the traffic what it says."""
    found = effect.aspect(plan, memory)
    return [("WeightEffective", *found)] if found else []


def contested(memory: Memory) -> list[Facts]:
    """Whether somebody else writes the weights of this rollout, once anybody did."""
    found = contest.aspect(memory)
    return [("WeightContested", *found)] if found else []


def evictions(plan: Plan, seen: Seen, memory: Memory) -> list[Facts]:
    """Whether evictions from cordoned nodes leave as many pods as before, where some are to be expected."""
    found = cordon.aspect(plan, seen, memory)
    return [("EvictionsCovered", *found)] if found else []


def contract_conditions(plan: Plan, seen: Seen, memory: Memory) -> list[Facts]:
    """How far the pods keep to the contract: as they are written, as they are stored, and as they left."""
    facts: list[Facts] = []
    if plan.warnings:
        said = " ".join(f"{one.field}: {one.sentence}" for one in plan.warnings)
        facts.append(("PodsSound", False, "Warnings", said))
    if delay := seen.fleet(plan.revision.id).delay:
        facts.append(("DrainDelayEffective", delay.holds, "Stored" if delay.holds else "Uncovered", delay.sentence))
    for kind, fresh, said in sizing.told(plan, seen, memory):
        facts.append((kind, fresh, "Measured" if fresh else "NotMeasured", said))
    killed = [one for one in memory.happenings if one.reason == Reason.SIGNALS_IGNORED and one.at >= memory.started]
    return [*facts, ("SignalsHandled", False, "Killed", killed[-1].sentence)] if killed else facts


def capacity_kept(why: str) -> list[Facts]:
    """That there are more pods than were asked for, while that is so."""
    return [("CapacityKept", True, "Floor", why)] if why else []


def remarks(seen: Seen) -> list[Facts]:
    """What somebody else did to our objects, where that is the case: it is told, not fought over."""
    return [("ChildrenIntact", False, "Disturbed", " ".join(seen.remarks))] if seen.remarks else []


def metrics_condition(plan: Plan, memory: Memory, now: float) -> list[Facts]:
    """Whether objectives and guards can be read, while something is judged; and what no pod counts, where it holds."""
    found = readable(plan, memory, now)
    said = losses.held(plan, memory)
    lost: list[Facts] = [("LostAtGateway", True, "Uncounted", said)] if said else []
    return [("MetricsReadable", *found), *lost] if found else lost


def route_condition(seen: Seen) -> list[Facts]:
    """Whether the route can carry weights, where there is one."""
    if seen.route is None:
        return []
    if seen.route.trouble:
        return [("RouteReady", False, "RouteUnusable", seen.route.trouble)]
    said = "Every gateway has accepted the route." if seen.route.acknowledged else "A gateway has yet to accept it."
    return [("RouteReady", seen.route.acknowledged, "Accepted" if seen.route.acknowledged else "Waiting", said)]


def stamped(facts: list[Facts], previous: Status, generation: int, now: float) -> tuple[Condition, ...]:
    """The conditions with the time at which each status last changed."""
    before = {condition.type: condition for condition in previous.conditions}
    words = {True: "True", False: "False", None: "Unknown"}
    return tuple(
        Condition(
            type=kind,
            status=words[holds],
            reason=reason,
            message=said,
            observed_generation=generation,
            last_transition_time=before[kind].last_transition_time
            if kind in before and before[kind].status == words[holds]
            else float(int(now)),
        )
        for kind, holds, reason, said in facts
    )


def weight(plan: Plan, seen: Seen, memory: Memory, wanted: float | None) -> WeightStatus | None:
    """Wanted and observed share of the canary, while there is one."""
    canary = memory.canary or (memory.leaving if memory.leaving != memory.stable else None)
    if canary is None:
        return None
    if wanted is None:
        whole = isinstance(memory.state, Baking | Widening)
        wanted = memory.state.weight if isinstance(memory.state, Climbing) else ALL if whole else 0.0
    observed = carried(plan, seen, canary, memory.stable)
    return WeightStatus(wanted=round(wanted, 1), observed=None if observed is None else round(observed, 1))


def step(plan: Plan, memory: Memory) -> StepStatus | None:
    """The number of the explicit step the rollout is at."""
    state = memory.state
    if not plan.steps or not isinstance(state, Climbing):
        return None
    return StepStatus(index=min(state.step, len(plan.steps) - 1) + 1, count=len(plan.steps))


def evidence(plan: Plan, memory: Memory, now: float) -> EvidenceStatus | None:
    """What the judge knows, while something is being judged."""
    judged = assessment(plan, memory, now)
    if judged is None:
        return None
    return EvidenceStatus(
        odds=round(min(judged.odds, 1e9), 2),
        limit=judged.limit,
        sentence=judged.sentence,
        requests=judged.requests,
        errors=judged.errors,
    )


def waiting(memory: Memory, line: Line, now: float) -> Waiting | None:
    """What the rollout waits for; nothing at rest."""
    if isinstance(memory.state, Idle):
        return None
    return Waiting(sentence=line.sentence, until=None if line.left is None else float(int(now + line.left)))


def counted(plan: Plan, seen: Seen, memory: Memory) -> int:
    """Pods that `selector` matches: stable's behind a weighted router, else all."""
    if plan.weighted and memory.stable:
        return seen.fleet(memory.stable).pods
    old = len(seen.adoptee.serving) if seen.adoptee else 0
    return sum(fleet.pods for fleet in seen.fleets.values()) + old


def selector(plan: Plan, memory: Memory, name: str) -> str:
    """The pods an autoscaler should look at."""
    every = f"{NAME_LABEL}={name}"
    return f"{every},{REVISION_LABEL}={memory.stable}" if plan.weighted and memory.stable else every
