"""Random schedules against the heart, and what must hold in every one of them.

A schedule crashes between remembering and converging, loses and repeats wakes, breaks revisions, changes its
mind, resets the route, scales, aborts, wipes status. After each step the invariants are checked against the
world itself, not against what the heart believes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gracefulservice.api import Command, Verb
from gracefulservice.rollout import capacity, demand
from gracefulservice.rollout.decide import decide
from gracefulservice.rollout.desired import Desired
from gracefulservice.rollout.happenings import Reason
from gracefulservice.rollout.memory import Clearing, Climbing, Draining, Idle, Memory, TurningBack
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen

from .builders import ERRORS, RAMP, spec
from .promise import Promise
from .restart import through_json
from .rivals import Rivals
from .wishes import Wishes, recorded
from .world import World, shares

STEPS = {"steps": [{"weight": 10, "hold": "5s"}, {"weight": 50, "hold": "5s"}]}


class BrokenError(AssertionError):
    """An invariant does not hold."""


@dataclass
class Attack:
    """One schedule: a world, an operator that may die at any moment, and a user who changes their mind."""

    seed: int
    weighted: bool
    ramp: bool = False
    world: World = field(init=False)
    memory: Memory = field(default_factory=Memory)
    spec: dict[str, Any] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)
    desired: Desired | None = None
    commands: int = 0
    founded: bool = False
    promise: Promise = field(default_factory=Promise)
    rivals: Rivals = field(default_factory=Rivals)

    def __post_init__(self) -> None:
        self.random = random = Random(self.seed)
        self.scaler = Random(-1 - self.seed)
        self.wishes = Wishes(Random(1000 + self.seed))
        self.world = World(random=random, weighted=self.weighted, lag=random.choice((1.0, 2.0, 6.0)))
        self.world.rival = Random(self.seed) if self.weighted and self.seed % 4 == 3 else None
        self.world.drainer = Random(2000 + self.seed)
        self.want("shop:1", replicas=random.choice((1, 2, 4)))

    def want(self, image: str, replicas: int | None = None) -> None:
        """The user applies an image."""
        count = self.spec["replicas"] if replicas is None else replicas
        canary = RAMP if self.ramp else STEPS
        self.spec = spec(image, weighted=self.weighted, canary=canary, replicas=count, objectives=ERRORS)

    def plan(self) -> Plan:
        """The plan of this moment."""
        return self.wishes.plan(self.spec, self.memory)

    def step(self, *, crash: bool = False) -> None:
        """One reconcile; a crash loses what follows remembering."""
        plan, before = self.plan(), self.memory
        seen = self.world.look(plan)
        decision = decide(plan, seen, before, self.world.now)
        self.memory, self.desired = through_json(decision.memory), decision.desired
        self.world.spared = not self.weighted and isinstance(self.memory.state, Climbing | TurningBack)
        self.trail.append(f"{self.world.now:.0f} {self.memory.state.kind} {decision.desired}")
        self.check_decision(demand.kept(plan, self.memory), seen, decision.desired)
        self.check_memory(demand.kept(plan, before), before)
        wrong = self.wishes.wrong(plan, seen, before, self.memory, decision.desired)
        self.insist(not wrong, wrong)
        self.keeps_promise(before, decision.desired)
        wrong = self.rivals.watch(seen, before, self.memory, decision.desired)
        self.insist(not wrong, wrong)
        if not crash:
            self.world.converge(decision.desired)
            recorded(self.world, plan)
            self.world.pass_time(self.random.choice((1, 1, 2, 3)))
        else:
            self.world.pass_time(self.random.choice((1, 5, 15)))

    def check_decision(self, plan: Plan, seen: Seen, desired: Desired) -> None:
        """The guards, against what was seen."""
        self.weight_has_capacity(plan, seen, desired)
        self.nothing_below_traffic(plan, seen, desired)
        self.stable_keeps_capacity(plan, desired)
        self.never_rises(plan, seen, desired)
        self.somebody_serves()

    def weight_has_capacity(self, plan: Plan, seen: Seen, desired: Desired) -> None:
        """No weight rises before ready pods, visible in the endpoints, can carry it, unless nobody else serves."""
        if not seen.route or desired.weight is None or desired.weight <= (seen.route.weight or 0.0):
            return
        if not seen.stable_service.serves:
            return
        canary = desired.canary_selector or ""
        pods = seen.canary_service.endpoints.get(canary, 0)
        needed = capacity.canary_pods(plan, desired.weight)
        self.insist(pods >= needed, f"weight {desired.weight} with {pods} of {needed} pods in the endpoints")

    def nothing_below_traffic(self, plan: Plan, seen: Seen, desired: Desired) -> None:
        """No pod goes that carries traffic, or that a weight in force needs."""
        carried = (seen.route.weight or 0.0) if seen.route else 0.0
        unsure = seen.route is not None and not seen.route.acknowledged
        for revision, replicas in desired.fleets.items():
            if replicas >= seen.fleet(revision).wanted:
                continue
            others = sum(count for one, count in seen.stable_service.endpoints.items() if one != revision)
            mine = seen.stable_service.endpoints.get(revision, 0)
            left = others + min(mine, replicas)
            self.insist(
                mine == 0 or left >= min(plan.replicas, mine + others),
                f"{revision} scaled to {replicas}: {left} endpoints would be left",
            )
            behind = seen.canary_service.endpoints.get(revision, 0)
            if behind and (carried or unsure):
                needed = capacity.canary_pods(plan, carried or 100.0) if plan.replicas else 0
                self.insist(replicas >= min(needed, behind), f"{revision} scaled to {replicas} under {carried} %")

    def stable_keeps_capacity(self, plan: Plan, desired: Desired) -> None:
        """A weighted rollout keeps a whole stable fleet for as long as it can go back."""
        if self.weighted and self.memory.canary and self.memory.stable:
            self.insist(desired.fleets[self.memory.stable] >= plan.replicas, "stable gave up capacity")

    def keeps_promise(self, before: Memory, desired: Desired) -> None:
        """What was ready when a rollout began stays so, however few pods an autoscaler asks for meanwhile."""
        self.promise.watch(self.world, before, self.memory, self.spec["replicas"])
        for wrong in (self.promise.broken(self.world, self.memory), self.promise.excess(self.world, desired.fleets)):
            self.insist(not wrong, wrong)

    def never_rises(self, plan: Plan, seen: Seen, desired: Desired) -> None:
        """A revision that is condemned, or that nobody asks for any more, gets no more weight."""
        leads = desired.canary_selector if desired.canary_selector != self.memory.stable else None
        unwanted = leads in self.memory.condemned or self.memory.canary not in (None, plan.revision.id)
        if desired.weight is not None and seen.route and unwanted:
            self.insist(desired.weight <= (seen.route.weight or 0.0), "a revision that should go got more weight")

    def somebody_serves(self) -> None:
        """Users are served as long as any revision ever was."""
        if self.founded:
            self.insist(self.world.unserved == 0, f"{self.world.unserved} requests found no endpoint")

    def check_memory(self, plan: Plan, before: Memory) -> None:
        """What was remembered, against the world as it really is."""
        news = self.memory.happenings[-1] if self.memory.happenings else None
        state = self.memory.state
        fresh = news is not None and news not in before.happenings and news.reason == Reason.WEIGHT_OBSERVED
        if fresh and isinstance(before.state, Climbing):
            real = shares(self.world).get(before.state.canary, 0.0)
            wanted = capacity.reachable(plan, before.state.weight)
            self.insist(abs(real - wanted) < 1.0, f"{wanted} % observed where it is {real} %")
        if self.memory.stable != before.stable and before.stable and plan.replicas and before.state.kind != "Idle":
            real = shares(self.world).get(self.memory.stable or "", 0.0)
            self.insist(real > 99.0, f"{self.memory.stable} promoted at {real} %")
            self.insist(self.memory.stable not in before.condemned, "a condemned revision was promoted")
        if isinstance(before.state, Draining) and isinstance(state, Clearing):
            real = shares(self.world).get(state.leaving, 0.0)
            self.insist(real == 0.0, f"{state.leaving} is cleared under {real} %")

    def insist(self, holds: bool, sentence: str) -> None:
        """Stop with the whole story when `holds` is False."""
        if not holds:
            story = "\n".join(self.trail[-15:])
            raise BrokenError(f"seed {self.seed}, weighted {self.weighted}, ramp {self.ramp}: {sentence}\n{story}")

    def settle(self, limit: int = 400) -> None:
        """Without further disturbance every schedule ends at rest, on the target or on a condemned one's stable."""
        for _ in range(limit):
            self.step()
            self.world.heal(self.memory.stable or "")
            target = self.plan().revision.id
            done = target == self.memory.stable or target in self.memory.condemned
            if isinstance(self.memory.state, Idle) and done:
                return
        self.insist(False, "the schedule does not end")

    def found(self) -> None:
        """Bring the first revision up; who is not served before that is not lost."""
        for _ in range(200):
            self.step()
            if self.memory.stable and isinstance(self.memory.state, Idle):
                self.world.unserved, self.founded = 0, True
                return
        self.insist(False, "the first revision does not come up")

    def command(self, do: Verb, *, full: bool = False) -> None:
        """A person annotates the object."""
        self.commands += 1
        self.world.command = Command(id=str(self.commands), do=do, by="somebody", full=full, step=1 + self.commands % 2)

    def disturb(self, image: int) -> None:
        """One of the things that happen."""
        match self.random.randrange(16):
            case 0 | 1:
                self.want(f"shop:{image}")
            case 2:
                self.want("shop:1")
            case 3:
                self.command(self.random.choice(("abort", "retry", "pause", "resume", "promote", "jump")))
            case 4:
                self.world.behaviour[self.plan().revision.id] = self.random.choice((0.0, 0.2, 1.0))
            case 5 if self.plan().revision.id != self.memory.stable:
                self.world.broken.add(self.plan().revision.id)
            case 6:
                self.memory = Memory()
            case 7:
                self.world.outage = not self.world.outage
            case 8:
                self.want(self.image, self.random.choice((2, 4, 5)))
            case 9 | 10 if self.weighted:
                self.world.meddle()

    def autoscale(self) -> None:
        """In every second schedule somebody counts stable's pods: the load comes and goes, and with it `replicas`."""
        if self.seed % 2 and self.scaler.random() < 0.1:
            self.want(self.image, self.scaler.choice((1, 2, 3, 8)))
        if self.seed % 2 and self.scaler.random() < 0.02:
            self.world.rate = self.scaler.choice((10.0, 20.0, 60.0))

    def last_wish(self, image: int) -> None:
        """How the schedule ends: often with a new version, which may never start, or with a lost status mid-way."""
        if self.random.random() < 0.6:
            self.want(f"shop:{image}")
        if self.random.random() < 0.5 and self.plan().revision.id != self.memory.stable:
            self.world.broken.add(self.plan().revision.id)
        for _ in range(self.random.randrange(12)):
            self.step()
        if self.random.random() < 0.3:
            self.memory = Memory()

    def run(self, steps: int = 150) -> None:
        """The whole schedule, then peace until it ends."""
        self.found()
        for place in range(steps):
            if self.random.random() < 0.08:
                self.disturb(2 + place)
            self.step(crash=self.random.random() < 0.1)
            self.autoscale()
            self.wishes.edit()
        self.wishes.fields = {}
        self.last_wish(2 + steps)
        self.world.calm()
        if self.memory.paused or (self.memory.canary and self.memory.rewrites.open):
            self.command("promote", full=True)
        match self.random.randrange(6):
            case 0 if self.weighted:
                self.delete()
            case 1:
                self.empty()
                self.settle()
            case _:
                self.settle()

    def delete(self) -> None:
        """The object goes, often in mid-air: its route leads to stable again before the finalizer goes."""
        for _ in range(40):
            if not self.world.route.weight:
                self.step()
        self.world.deleting = True
        for _ in range(10):
            self.step()
            if self.desired and not self.desired.finalizer:
                return self.insist(self.world.route.weight == 0.0, "the object goes and leaves a weight behind")
        return self.insist(False, "the finalizer stays")

    def empty(self) -> None:
        """Nobody wants any pod for a while; then all of them again. Who calls meanwhile is not lost."""
        replicas = self.spec["replicas"]
        self.want(self.image, 0)
        self.founded = False
        self.until("pods are left", lambda: isinstance(self.memory.state, Idle) and not self.world.pods)
        self.want(self.image, replicas)
        self.until("nobody serves", lambda: len(self.world.endpoints["stable"]) >= replicas)
        self.world.unserved, self.founded = 0, True

    def until(self, otherwise: str, holds: Callable[[], bool]) -> None:
        """Go on until something holds; what keeps stable from starting ends meanwhile."""
        for _ in range(200):
            self.step()
            self.world.heal(self.memory.stable or "")
            if holds():
                return
        self.insist(False, otherwise)

    @property
    def image(self) -> str:
        """What the user wants to run."""
        return str(self.spec["template"]["spec"]["containers"][0]["image"])
