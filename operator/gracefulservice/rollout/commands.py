"""What a person asked for. A command is state with a receipt: it acts once, and its answer is kept."""

from collections.abc import Callable
from dataclasses import dataclass

from gracefulservice.api import Command
from gracefulservice.rollout import contest, figures, suspension
from gracefulservice.rollout.climb import awaits_person, taken_up, unserved
from gracefulservice.rollout.happenings import KEPT, Fault, Reason, told
from gracefulservice.rollout.judging import failed
from gracefulservice.rollout.memory import Baking, Climbing, Memory, Warming
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.receipts import receipt
from gracefulservice.rollout.rejudge import weight_of
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.settle import turned_back


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did: the memory after it, and one sentence. A refused one changed nothing."""

    memory: Memory
    sentence: str
    accepted: bool = True


Deed = Callable[[Plan, Seen, Memory, Command, float], Answer]


def obey(plan: Plan, seen: Seen, memory: Memory, now: float) -> Memory:
    """`memory` after the command that stands on the object, with its receipt; a known id is ignored."""
    command = seen.command
    if command is None or any(receipt.id == command.id for receipt in memory.receipts):
        return memory
    answer = answered(plan, seen, memory, command, now)
    kept = receipt(command, answer.sentence, now, accepted=answer.accepted)
    after = answer.memory.but(receipts=(*memory.receipts, kept)[-KEPT:])
    return after if answer.accepted else told(after, Reason.COMMAND_REFUSED, answer.sentence, now, warning=True)


def answered(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """The command done, or refused with the reason."""
    on_its_way = memory.canary or (memory.leaving if memory.leaving != memory.stable else None)
    in_play = plan.revision.id if command.do in ("retry", "undo") or on_its_way is None else on_its_way
    if command.revision and command.revision != in_play:
        return refused(memory, f"Revision {command.revision} is not in play; {in_play} is.")
    return DEEDS[command.do](plan, seen, memory, command, now)


def refused(memory: Memory, sentence: str) -> Answer:
    """Nothing changes."""
    return Answer(memory, sentence, accepted=False)


def abort(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Back to stable, and the revision is condemned."""
    if memory.canary is None:
        return refused(memory, "No rollout is under way, so there is nothing to abort.")
    who = command.by or "a person"
    after = turned_back(seen, memory, f"{who} aborted the rollout.", now, condemn=Fault.ABORT, by=command.by)
    return Answer(after, f"Revision {memory.canary} goes back to {memory.stable} and is condemned.")


def retry(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Lift the condemnation, so that the target is tried again from its first step."""
    target = plan.revision.id
    if target not in memory.condemned:
        return refused(memory, f"Revision {target} is not condemned, so there is nothing to retry.")
    condemned = {revision: why for revision, why in memory.condemned.items() if revision != target}
    sentence = f"Revision {target} is tried again from its first step."
    return Answer(told(memory.but(condemned=condemned), Reason.RETRIED, sentence, now), sentence)


def pause(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Stop where it is; the judge goes on watching."""
    if memory.canary is None:
        return refused(memory, "No rollout is under way, so there is nothing to pause.")
    if memory.paused:
        return refused(memory, f"The rollout is paused already: {memory.paused}")
    why = f"{command.by or 'A person'} paused it."
    return Answer(told(memory.but(paused=why), Reason.PAUSED, f"The rollout pauses: {why}", now), why)


def resume(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Go on after a pause, whoever or whatever asked for it."""
    state = memory.state
    waiting = isinstance(state, Climbing) and awaits_person(plan, state)
    if plan.suspended:
        return refused(memory, suspension.REFUSED)
    if not memory.paused and not waiting and not memory.rewrites.holds:
        return refused(memory, "The rollout is not paused, so there is nothing to resume.")
    if why := failed(plan, memory, now):
        return refused(memory, f"An objective is broken, so abort the rollout or promote it in full: {why}")
    if waiting:
        state = state.model_copy(update={"resumed": True})
    if memory.rewrites.holds:
        memory = contest.resumed(seen, memory)
    sentence = f"{command.by or 'A person'} resumed the rollout."
    return Answer(told(memory.but(paused="", state=state), Reason.RESUMED, sentence, now), sentence)


def promote(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Skip what is left of the steps; with `full` also the judge, the bake and a condemnation."""
    if plan.suspended:
        return refused(memory, suspension.REFUSED)
    if memory.canary is None:
        return promote_at_rest(plan, seen, memory, command, now)
    if not command.full and (why := failed(plan, memory, now)):
        return refused(memory, f"An objective is broken, so abort the rollout or promote it in full: {why}")
    if not command.full and isinstance(memory.state, Warming) and memory.withdrawn.times:
        return refused(memory, f"Resume or abort the rollout, or promote it in full: {memory.withdrawn.sentence}")
    hurry = "unjudged" if command.full else "judged"
    how = "without being judged" if command.full else "and is judged there"
    after = memory.but(paused="", hurry=hurry)
    return Answer(after, f"Revision {memory.canary} goes to 100 % {how}.")


def promote_at_rest(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """Only a condemned target can be promoted while no rollout is under way, and only in full."""
    target = plan.revision.id
    if target not in memory.condemned:
        return refused(memory, "No rollout is under way, so there is nothing to promote.")
    if not command.full:
        return refused(memory, f"Revision {target} is condemned: retry it, or promote it in full.")
    after = retry(plan, seen, memory, command, now).memory.but(wished=target)
    return Answer(after, f"Revision {target} is promoted although it was condemned.")


def jump(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """To any of the explicit steps, or to the present one once more: its pods, its observation and its hold are new."""
    state = memory.state
    if plan.suspended:
        return refused(memory, suspension.REFUSED)
    if not isinstance(state, Climbing | Baking):
        return refused(memory, "No rollout is at a step or in its bake, so there is nowhere to jump from.")
    if why := nowhere(plan, command) or barred(plan, memory, command, now):
        return refused(memory, why)
    if unserved(seen, memory):
        return refused(memory, "Stable has no ready pod to share the traffic with: abort the rollout to go back to it.")
    weight = plan.steps[command.step - 1].weight
    after = taken_up(plan, memory.but(paused="", hurry=""), state, weight)
    place = f"step {command.step} of {len(plan.steps)}, {figures.weight(weight)}"
    return Answer(after, f"Revision {memory.canary} goes to {place}.")


def nowhere(plan: Plan, command: Command) -> str:
    """Why there is no such step, or empty."""
    if not plan.steps:
        return "The error budget chooses the weights of this rollout, so it has no steps to jump to."
    if not 1 <= command.step <= len(plan.steps):
        return f"The rollout has no step {command.step}: give one from 1 to {len(plan.steps)}."
    return ""


def barred(plan: Plan, memory: Memory, command: Command, now: float) -> str:
    """Why the rollout may not go to this step now, or empty; a broken objective lets it go down only."""
    if memory.rewrites.holds:
        return f"Resume or abort the rollout first: {memory.rewrites.sentence}"
    rises = plan.steps[command.step - 1].weight > weight_of(memory)
    if rises and (why := failed(plan, memory, now)):
        return f"An objective is broken, so jump back or abort the rollout: {why}"
    return ""


def undo(plan: Plan, seen: Seen, memory: Memory, command: Command, now: float) -> Answer:
    """The spec that came with it asks for an older revision; the receipt keeps who wanted that."""
    target = plan.revision.id
    if target == memory.canary:
        return refused(memory, f"Revision {target} is on its way already, so nothing is undone.")
    return Answer(memory, f"{command.by or 'A person'} asked for revision {target} again.")


DEEDS: dict[str, Deed] = {
    "abort": abort,
    "retry": retry,
    "pause": pause,
    "resume": resume,
    "promote": promote,
    "jump": jump,
    "undo": undo,
}
