"""Giving the traffic back to the Deployment it was taken from, when the service is deleted while `adopt` is set.

    a rollout turns back ► the Deployment gets stable's pods, while it has none ► again and again:
        it grows by a surge ► its pods get our label ► as many of ours leave by their own contract
    ► ours are gone ► the Service and the autoscalers lead to the Deployment again ► our labels and the mark go

Everything is read from what is seen, so it goes on from wherever it was. The mark goes last: without it nothing is
owed, and the finalizer goes. So does it when `adopt` is taken out of the spec meanwhile, which is the way out where
the Deployment's pods cannot start.
"""

from gracefulservice.rollout import figures
from gracefulservice.rollout.adoptee import Adoptee, Handover, Mark, Part, Whose
from gracefulservice.rollout.adoption import surge
from gracefulservice.rollout.happenings import Reason, told
from gracefulservice.rollout.memory import Adopting, GivingBack, Idle, Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen


def owed(plan: Plan, seen: Seen) -> bool:
    """Whether a Deployment waits for its traffic. One that somebody deleted does not."""
    return plan.adopts is not None and seen.adoptee is not None and seen.adoptee.mark is not None


def begins(plan: Plan, seen: Seen, memory: Memory) -> bool:
    """Whether the return is under way, or may begin: nobody is on any revision but stable."""
    if not owed(plan, seen):
        return False
    return isinstance(memory.state, Adopting | GivingBack) or (isinstance(memory.state, Idle) and seen.unweighted)


def giving_back(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """The state of the return. An adoption that is half done turns round where it is."""
    state = memory.state
    if seen.adoptee is None or seen.adoptee.mark is None or isinstance(state, GivingBack):
        return memory
    mark = seen.adoptee.mark
    half = isinstance(state, Adopting) or memory.stable is None
    replicas = max(plan.replicas, mark.replicas) if half else plan.replicas
    revision = state.revision if isinstance(state, Adopting) else memory.stable or mark.revision
    memory = memory.but(state=GivingBack(deployment=seen.adoptee.name, revision=revision, replicas=replicas))
    sentence = f"Deployment {seen.adoptee.name} gets its traffic back, with {figures.pods(replicas)}."
    return told(memory, Reason.GIVING_BACK, sentence, now)


def resumed(memory: Memory) -> Memory:
    """A return that was under way in a service that is not deleted any more, as a restored one is: it ends."""
    return memory.but(state=Idle())


def fleet(seen: Seen, state: GivingBack) -> int:
    """Our pods: one goes for each of the Deployment's that users reach."""
    there, adoptee = seen.fleet(state.revision).wanted, seen.adoptee
    if adoptee is None or not fits(adoptee, state):
        return there
    return min(there, max(state.replicas - reached(adoptee), 0))


def fits(adoptee: Adoptee, state: GivingBack) -> bool:
    """Whether the Deployment's template is that of the revision that serves now."""
    return adoptee.mark is not None and adoptee.mark.revision == state.revision


def reached(adoptee: Adoptee) -> int:
    """The Deployment's pods that users reach, or could reach where there is no Service."""
    if adoptee.service == Whose.NOBODYS:
        return sum(pod.ready for pod in adoptee.alive)
    return sum(pod.visible and pod.ready for pod in adoptee.alive)


def wish(seen: Seen, state: GivingBack) -> Handover | None:
    """What is wanted of the Deployment and all that belongs to it."""
    adoptee = seen.adoptee
    if adoptee is None or adoptee.mark is None:
        return None
    if not fits(adoptee, state):
        return changed(adoptee, adoptee.mark, state)
    if returned(seen, adoptee, state):
        return released(adoptee, adoptee.mark, state)
    joining = Part.SERVING if adoptee.service == Whose.OURS else Part.OWN
    return Handover(
        deployment=adoptee.name,
        revision=state.revision,
        mark=adoptee.mark,
        pods={pod.name: joining for pod in adoptee.alive if pod.ready or joining == Part.OWN},
        replicas=grown(seen, adoptee, state),
    )


def changed(adoptee: Adoptee, mark: Mark, state: GivingBack) -> Handover:
    """Another template, written only while the Deployment has no pod that it would replace."""
    empty = not adoptee.wanted and not adoptee.pods
    wanted = mark.model_copy(update={"revision": state.revision}) if empty else mark
    template = state.revision if empty else None
    return Handover(adoptee.name, state.revision, wanted, {}, replicas=0, template=template)


def grown(seen: Seen, adoptee: Adoptee, state: GivingBack) -> int:
    """The Deployment's replicas: as many as fit beside ours that have not begun to stop; never fewer than it has."""
    ours = max(seen.fleet(state.revision).wanted, seen.fleet(state.revision).ready)
    room = state.replicas + surge(state.replicas) - ours
    return max(adoptee.wanted, min(state.replicas, room))


def returned(seen: Seen, adoptee: Adoptee, state: GivingBack) -> bool:
    """Whether the Deployment's pods alone serve users, and the last of ours is gone."""
    fleet = seen.fleet(state.revision)
    return not fleet.wanted and not fleet.pods and reached(adoptee) >= state.replicas


def released(adoptee: Adoptee, mark: Mark, state: GivingBack) -> Handover:
    """The Service first; what is ours on the pods only once it is seen to lead to the Deployment by itself."""
    free = adoptee.service != Whose.OURS and not adoptee.led
    bare = all(pod.part == Part.OWN for pod in adoptee.alive)
    pods = {pod.name: Part.OWN for pod in adoptee.alive} if free else {}
    return Handover(adoptee.name, state.revision, None if free and bare else mark, pods, ours=False)


def left(seen: Seen, state: GivingBack) -> str:
    """What the return waits for."""
    adoptee = seen.adoptee
    if adoptee is None:
        return "The service is being deleted."
    ready, ours = reached(adoptee), seen.fleet(state.revision).pods
    serving = f"{ready} of {figures.pods(state.replicas)} of Deployment {adoptee.name} serve"
    return (
        f"The service is being deleted and gives its traffic back: {serving}, and {figures.pods(ours)} of revision "
        f"{state.revision} are left. To delete it without that, remove spec.adopt."
    )
