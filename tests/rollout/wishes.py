"""A user who writes specs that are not sound, edits objectives and drops ports, and what must hold all the same."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.frozen import in_force
from gracefulservice.rollout.memory import Climbing, Idle, Memory, Warming
from gracefulservice.rollout.objective import Objective
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen

from .world import World

EDITS = 3
"""Of the objectives, per schedule: with many more there is no α left, and a rollout holds until somebody decides."""


@dataclass
class Wishes:
    """What a schedule's user writes beside the image; `random` is not that of the schedule."""

    random: Random
    fields: dict[str, Any] = field(default_factory=dict)
    edits: int = 0
    judged: tuple[str, tuple[Objective, ...]] | None = None
    """The canary of the step before, and what it was judged by."""

    def edit(self) -> None:
        """Now and then one thing changes, or everything is put right again."""
        if self.random.random() > 0.06:
            return
        match self.random.randrange(5):
            case 0:
                self.fields["rollout"] = {"bake": "sometimes"}
                self.fields["shutdown"] = {"delay": "never"}
            case 1:
                self.fields["ports"] = [{"name": "web", "port": 80}]
            case 2 if self.edits < EDITS:
                self.edits += 1
                self.fields["objectives"] = self.random.choice(({"errorRate": {"max": "30%"}}, None))
            case 3:
                self.fields["suspend"] = True
            case _:
                self.fields = {}

    def plan(self, written: dict[str, Any], memory: Memory) -> Plan:
        """The plan in force; where there is none, nothing was ever served, and the user puts the spec right."""
        found = in_force("shop", written | self.fields, memory)
        if not isinstance(found, Plan):
            self.fields = {}
            found = in_force("shop", written, memory)
        assert isinstance(found, Plan), found
        return found

    def wrong(self, plan: Plan, seen: Seen, before: Memory, after: Memory, desired: Desired) -> str:
        """The first thing that must not be, or empty."""
        began = before.canary is None and after.canary is not None
        rules = (
            (bool(plan.problems) and began, f"{after.canary} begins while the spec is not sound"),
            (plan.suspended and began, f"{after.canary} begins while the service is suspended"),
            (plan.suspended and climbed(seen, before, after), f"{after.canary} climbs while the service is suspended"),
            (
                exposed(plan, seen, before, after),
                f"{after.canary} takes requests although nobody can read how they end",
            ),
            (self.misjudged(plan, before, after), f"{after.canary} is judged by other objectives than those of now"),
            (self.lost_port(seen, after, desired), f"{after.canary} lacks a port of stable"),
        )
        return next((sentence for holds, sentence in rules if holds), "")

    def misjudged(self, plan: Plan, before: Memory, after: Memory) -> bool:
        """Whether there is evidence without objectives, none with them, or any that was gathered for others."""
        canary, last = after.canary, self.judged
        self.judged = None if canary is None else (canary, plan.objectives)
        if canary is None or after.evidence is None:
            return canary is not None and plan.judged
        kept = before.evidence is not None and before.evidence.begun == after.evidence.begun
        return not plan.judged or (last is not None and last != self.judged and kept)

    def lost_port(self, seen: Seen, after: Memory, desired: Desired) -> bool:
        """Whether the Services lose a port of stable, or get a canary that lacks one."""
        stable = seen.records.get(after.stable or "")
        if stable is None:
            return False
        needed = stable.port_names
        offered = {port.target_port for port in desired.ports}
        canary = seen.records.get(after.canary or "")
        return not needed <= offered or bool(canary and canary.ports and not needed <= canary.port_names)


def climbed(seen: Seen, before: Memory, after: Memory) -> bool:
    """Whether a rollout goes to a higher weight although stable serves."""
    was = before.state.weight if isinstance(before.state, Climbing) else 0.0
    rises = isinstance(after.state, Climbing) and after.state.weight > was and after.canary == before.canary
    return rises and bool(seen.stable_service.endpoints.get(before.stable or "", 0))


def exposed(plan: Plan, seen: Seen, before: Memory, after: Memory) -> bool:
    """Whether a first pod or weight is given while the metrics are out, and nobody said that they do not matter."""
    first = isinstance(before.state, Idle | Warming) and isinstance(after.state, Climbing)
    blind = seen.metrics is None or seen.metrics.outage is not None
    return first and plan.judged and blind and after.hurry != "unjudged" and seen.stable_service.serves


def recorded(world: World, plan: Plan) -> None:
    """The target's record tells its ports from the moment it is there."""
    known = world.records.get(plan.revision.id)
    if known is not None:
        world.records[plan.revision.id] = replace(known, ports=plan.contract.ports)
