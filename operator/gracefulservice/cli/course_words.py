"""What will happen in order, told in sentences. Pure."""

from collections.abc import Iterator, Sequence

from gracefulservice.forecast.course import Course, First, Stage
from gracefulservice.rollout import figures
from gracefulservice.rollout.capacity import ALL
from gracefulservice.rollout.climb import CAP, first_step
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.settle import DRAIN_LIMIT
from gracefulservice.rollout.sizing import automatic

Said = tuple[str, str]
"""A heading and a sentence."""


def told(name: str, plan: Plan, course: Course, rate: float) -> Iterator[Said]:
    """Everything that is known of a change of the pods, at `rate` requests/s."""
    if not plan.replicas:
        yield "In order", "The service has 0 replicas, so no pod starts: only the record says which revision is next."
        return
    for number, sentence in enumerate(in_order(name, plan, course), start=1):
        yield "In order", f"{number}. {sentence}"
    yield "Pods", f"At most {figures.pods(course.most_pods)} at once, without those that leave."
    yield "Pods", leaving(plan)
    yield "Pods", late(plan)
    for sentence in limits(plan, course, rate):
        yield "Limits", sentence


def in_order(name: str, plan: Plan, course: Course) -> Iterator[str]:
    """The stages, and what is before and after them."""
    if plan.adopts:
        yield f"Once, before the first change, the service takes the place of Deployment {plan.adopts}."
    yield starting(plan, course.stages[0])
    if plan.steps:
        yield from (step(plan, one) for one in course.stages if one.numbers)
    else:
        yield from ramp(plan, course.first)
    yield everything(plan, course.stages[-1])
    yield ending(name, plan)


def starting(plan: Plan, stage: Stage) -> str:
    """The first pods."""
    if not plan.weighted:
        few = "1 pod of the new version starts; by pod ratio it takes"
        several = f"{figures.pods(stage.pods)} of the new version start; by pod ratio they take"
        said = few if stage.pods == 1 or not plan.steps else several
        return f"{said} requests as soon as ready, without any warm-up before."
    verb = "starts" if stage.pods == 1 else "start"
    said = f"{figures.pods(stage.pods)} of the new version {verb} beside {plan.replicas:,} of stable"
    if not plan.warmup:
        return f"{said}."
    return f"{said} and must be ready for {figures.span(plan.warmup)} (rollout.warmup) before the first request."


def step(plan: Plan, stage: Stage) -> str:
    """One step, or several that are one."""
    weight, written = figures.weight(stage.weight), bool(asked_for(plan))
    if len(stage.numbers) > 1:
        asked = joined([figures.weight(one) for one in stage.asked])
        said = f"Steps {joined(stage.numbers)} ask for {asked}, which are all {weight} here, so they are one step: "
    elif written:
        said = f"Step {stage.numbers[0]}: "
    else:
        said = f"Stage {stage.numbers[0]}, taken because neither steps nor objectives are set: "
    said += f"{weight} on {figures.pods(stage.pods)}"
    if len(stage.numbers) == 1 and figures.weight(stage.asked[0]) != weight:
        said += f" ({figures.weight(stage.asked[0])} is asked for; this is the nearest there is)"
    said += f", rising by {plan.slope:g} % per second" if plan.slope and plan.weighted else ""
    said += f", held for {figures.span(stage.hold)}" if stage.hold else ""
    said += ", then a pause until a person resumes it (which counts as 0 s below)" if stage.pause else ""
    until = "a sample of it has passed" if plan.sampling else "the objectives are surely met"
    return f"{said}, until {until}." if plan.judged else f"{said}."


def asked_for(plan: Plan) -> object:
    """The steps that the user wrote, if any."""
    return ((plan.spec.get("rollout") or {}).get("canary") or {}).get("steps")


def ramp(plan: Plan, first: First | None) -> Iterator[str]:
    """The budgeted ramp: its first weight, and how it goes on."""
    if first is not None:
        weight, cost, tau = figures.weight(first.weight), figures.number(first.cost), figures.span(plan.rhythm.tau)
        yield f"The first weight is {weight}: {cost} requests in the reaction time of {tau}. {why(plan, first)}"
    cap = figures.weight(CAP)
    yield (
        f"Each further weight is what {plan.budget:,} errors (rollout.canary.errorBudget) allow by what is proven so "
        f"far, at most five times the one before and at most {cap}, until the objectives are surely met."
    )


def why(plan: Plan, first: First) -> str:
    """What bounds the first weight."""
    budget = f"the budget of {plan.budget:,} errors (rollout.canary.errorBudget)"
    match first.bound:
        case "Budget":
            return f"So {budget} is kept even if all of them fail."
        case "Cap":
            return f"More is not given before the objectives are surely met, and {budget} would allow it."
        case _:
            over = f", and more than {budget} if all of them fail" if first.cost > plan.budget else ""
            return f"It is the smallest weight there is{over}."


def everything(plan: Plan, stage: Stage) -> str:
    """100 %, and the bake."""
    said = f"{figures.weight(ALL)} on {figures.pods(stage.pods)}"
    if not plan.bake:
        return f"{said}, and no bake (rollout.bake is 0s)."
    stays = "the old version stays ready beside it" if plan.weighted else "the old version has no pods any more"
    judged = ", still judged" if plan.judged else ""
    return f"{said} for {figures.span(plan.bake)} (rollout.bake){judged}; {stays}."


def ending(name: str, plan: Plan) -> str:
    """What is left to do after the bake."""
    if not plan.weighted:
        return "The new version is stable."
    return (
        f"The Service {name} leads to the new version, which is stable now, the weight returns there, and the old pods "
        f"leave when nothing reaches them any more, after {figures.span(DRAIN_LIMIT)} at the latest."
    )


def leaving(plan: Plan) -> str:
    """How long a pod has to leave, and where that comes from."""
    contract = plan.contract
    words = [field for field in ("delay", "drain") if automatic(plan, field)]
    measured = (
        f" shutdown.{' and shutdown.'.join(words)} {'are' if words[1:] else 'is'} auto: these are the numbers before "
        "anything was measured."
        if words
        else ""
    )
    return (
        f"A pod that leaves still serves for {contract.delay:g} s (shutdown.delay), then has {contract.drain:g} s for "
        f"the requests it has (shutdown.drain) and {contract.margin:g} s to end (shutdown.margin): "
        f"terminationGracePeriodSeconds is {contract.grace}.{measured}"
    )


def late(plan: Plan) -> str:
    """What becomes of pods that do not get ready."""
    within = f"{figures.span(plan.progress_deadline)} (rollout.progressDeadline)"
    return f"Where no further pod becomes ready within {within}, the version is taken back and not tried again."


def limits(plan: Plan, course: Course, rate: float) -> Iterator[str]:
    """What this spec cannot promise, and what it costs at worst."""
    if plan.suspended:
        yield "spec.suspend is true: nothing begins before it is false. All else is told as if it were."
    if not plan.judged:
        yield unjudged(plan)
    elif rate > 0:
        yield worst(course, rate)
    if not plan.weighted:
        least = figures.weight(course.first.weight if course.first else course.stages[0].weight)
        yield (
            "The promise that about twenty requests meet a bad version is made for weighted routers only. This service "
            f"has no traffic.routes and splits by pod ratio: the smallest weight is a pod, here {least}."
        )
    if plan.judged and not rate:
        yield without_traffic(plan)
    if any(one.pause for one in course.stages):
        yield "A pause has no end of its own: a rollout waits there for a person however long that takes."


def unjudged(plan: Plan) -> str:
    """What finds a bad version where no objective counts bad requests."""
    rest = "Only pods that do not become ready, or crash, are taken back."
    if not plan.guards:
        return f"Nothing is judged, because spec.objectives is not set: a bad version reaches everybody. {rest}"
    names = joined([guard.name for guard in plan.guards])
    return (
        "No share of bad requests is judged, because spec.objectives has only guards: a bad version reaches everybody "
        f"unless it breaks {names}. {rest}"
    )


def worst(course: Course, rate: float) -> str:
    """What a version costs of which every request is bad."""
    weight = course.first.weight if course.first else course.stages[0].weight
    cost = figures.number(rate * weight / 100 * course.reaction)
    return (
        f"If every request to the new version fails, about {cost} do at the first weight, {figures.weight(weight)}, "
        f"before it can be taken back: {rate:g} requests/s for {figures.span(course.reaction)}."
    )


def without_traffic(plan: Plan) -> str:
    """What a rollout does while nobody calls."""
    at = 0.0 if plan.weighted and not plan.steps else first_step(plan)
    holds = f"Without requests nothing can be judged: the rollout holds at {figures.weight(at)} until some come"
    if plan.on_no_traffic == "Pause":
        return f"{holds}, and after 1 min of that pauses for a person (onNoTraffic: Pause)."
    return f"{holds}, however long that takes (onNoTraffic: Hold)."


def joined(words: Sequence[object]) -> str:
    """`1, 2 and 3`."""
    *most, last = map(str, words)
    return f"{', '.join(most)} and {last}" if most else last
