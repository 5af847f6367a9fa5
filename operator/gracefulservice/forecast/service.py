"""A simulated service: two revisions, users who call at random, counters, and somebody who scrapes them.

Each pod is scraped at moments of its own, every 5 s by a Prometheus, every second by the operator itself. Users are
spread by the weight that is in force, and evenly over the pods of a revision. Times are seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random

from gracefulservice.api import Guard
from gracefulservice.forecast.draws import among, clustered, poisson
from gracefulservice.forecast.faults import Faults
from gracefulservice.rollout.objective import Counts, Kind, Objective
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample

SCRAPE, OWN_SCRAPE = 5.0, 1.0
"""Seconds between two scrapes of a pod: by a Prometheus, and by the operator."""
RANGE = 30.0
"""Seconds of raw samples in one answer."""
BEGUN = 1_000_000.0
"""When the spec changes."""
STABLE = "stable"


@dataclass(frozen=True)
class Scenario:
    """One kind of service and of version. Rates in requests/s of all users, shares 0..1, times since the first weight.

    `cluster`: so many errors come at once. `outage`: from, until, and the share of both revisions' requests that
    fail meanwhile. `onset`: when the canary begins to be bad. `pods`: on so many of each revision requests are
    counted, `broken` of the canary's are bad. `start`: seconds until a new pod is ready.
    """

    rate: float
    stable: float
    canary: float
    cluster: int = 1
    outage: tuple[float, float, float] | None = None
    onset: float = 0.0
    pods: int = 1
    broken: int | None = None
    longest: float = 1800.0
    start: float = 4.0


@dataclass
class Pod:
    """One pod with its counters: all requests, and by the objective's name those that are bad for it."""

    facts: PodFacts
    share: Callable[[float], float]
    scraped: float
    requests: int = 0
    bad: dict[str, int] = field(default_factory=dict)
    samples: dict[str, deque[Sample]] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """One counter of each pod: its selector and labels, and what it counts. A `late` one appears with its first."""

    selector: str
    labels: str
    count: Callable[[Pod], int]
    late: bool = False


class Service:
    """Both revisions under the weights of `weights`: (since, percent), the newest last."""

    def __init__(self, plan: Plan, scenario: Scenario, chance: Random) -> None:
        self.scenario, self.chance = scenario, chance
        self.faults, self.series = Faults.of(plan.objectives), series_of(plan.objectives)
        self.gauges = {guard.name: within(guard) for guard in plan.guards}
        self.scrape = OWN_SCRAPE if plan.page else SCRAPE
        self.interval = max(self.scrape, plan.rhythm.tick) if plan.page else SCRAPE
        self.weights = [(0.0, 0.0)]
        self.first = float("inf")
        """When the first weight took effect; outages and onsets are counted from here."""
        self.pods: list[Pod] = []
        for number in range(scenario.pods):
            facts = PodFacts(f"{STABLE}-{number}", STABLE, BEGUN - 9000, BEGUN - 8990, 0, BEGUN - 8998)
            self.add(facts, self.stable_share, BEGUN - RANGE)

    def join(self, revision: str, created: float) -> None:
        """The pods of the canary, created then and ready a while later."""
        broken = self.scenario.pods if self.scenario.broken is None else self.scenario.broken
        ready = created + self.scenario.start
        for number in range(self.scenario.pods):
            facts = PodFacts(f"{revision}-{number}", revision, created, ready, 0, created + 1)
            self.add(facts, self.canary_share if number < broken else self.stable_share, ready)

    def add(self, facts: PodFacts, share: Callable[[float], float], since: float) -> None:
        """A pod that is scraped for the first time within one interval from `since` on."""
        names = (self.faults.blamed, *self.faults.beside)
        scraped = since - self.chance.uniform(0, self.scrape)
        self.pods.append(Pod(facts, share, scraped, bad=dict.fromkeys(names, 0)))

    def reweigh(self, at: float, weight: float) -> None:
        """Another weight is in force from `at` on."""
        if weight == self.weights[-1][1]:
            return
        self.weights.append((at, weight))
        if weight > 0 and self.first == float("inf"):
            self.first = at

    def look(self, at: float) -> Look:
        """What is known of the instant `at`."""
        there = [pod for pod in self.pods if pod.facts.created <= at]
        for pod in there:
            while pod.scraped + self.scrape <= at:
                self.serve(pod, pod.scraped + self.scrape)
                self.sample(pod)
        found = {one.selector: self.samples(one.selector, at) for one in self.series}
        pods = tuple(known_at(pod.facts, at) for pod in there)
        return Look(at, self.interval, pods, found, gauges=self.gauges)

    def samples(self, selector: str, at: float) -> tuple[Sample, ...]:
        """The raw samples of the last half minute."""
        for pod in self.pods:
            kept = pod.samples.get(selector)
            while kept and kept[0].at <= at - RANGE:
                kept.popleft()
        return tuple(sample for pod in self.pods for sample in pod.samples.get(selector, ()))

    def serve(self, pod: Pod, until: float) -> None:
        """What users asked of a pod since it was last served to, piece by piece between changes."""
        for since, end in self.pieces(pod.scraped, until):
            calls = self.calls(pod, since) * (end - since)
            if calls:
                self.answer(pod, calls, pod.share(since))
        pod.scraped = until

    def answer(self, pod: Pod, calls: float, share: float) -> None:
        """About so many requests, of which a `share` is bad for the blamed objective."""
        good = poisson(self.chance, calls * (1 - share))
        bad = clustered(self.chance, calls * share, self.scenario.cluster)
        pod.requests += good + bad
        pod.bad[self.faults.blamed] += bad
        for name in self.faults.beside:
            pod.bad[name] += among(self.chance, good + bad, self.faults.share(name, share))

    def sample(self, pod: Pod) -> None:
        """Series appear with their first count, also on the old pods: theirs tells nothing before its second sample."""
        for one in self.series:
            count = one.count(pod)
            if count or not one.late:
                kept = pod.samples.setdefault(one.selector, deque())
                kept.append(Sample(pod.facts.name, one.labels, pod.scraped, count))

    def pieces(self, since: float, until: float) -> Iterator[tuple[float, float]]:
        """The times in which nothing changes."""
        changes = [at for at, _ in self.weights if at > since]
        if self.first < float("inf"):
            changes += [self.first + at for at in (*(self.scenario.outage or ())[:2], self.scenario.onset)]
        places = [since, *sorted(at for at in changes if since < at < until), until]
        yield from pairwise(places)

    def calls(self, pod: Pod, at: float) -> float:
        """Requests/s that reach a pod."""
        weight = next((weight for since, weight in reversed(self.weights) if since <= at), 0.0) / 100
        share = 1 - weight if pod.facts.revision == STABLE else weight
        return self.scenario.rate * share / self.scenario.pods

    def stable_share(self, at: float) -> float:
        """The share of the old revision's requests that are bad; a shared outage is on top of all else."""
        outage = self.scenario.outage
        if outage and self.first + outage[0] <= at < self.first + outage[1]:
            return max(outage[2], self.scenario.stable)
        return self.scenario.stable

    def canary_share(self, at: float) -> float:
        """The share of the new one's."""
        usual = self.stable_share(at)
        return max(self.scenario.canary, usual) if at >= self.first + self.scenario.onset else usual

    def exposed(self, until: float) -> int:
        """Requests to the canary that were bad until the time `until`."""
        canary = [pod for pod in self.pods if pod.facts.revision != STABLE]
        for pod in canary:
            if pod.scraped < until:
                self.serve(pod, until)
        return sum(pod.bad[self.faults.blamed] for pod in canary)


def within(guard: Guard) -> float:
    """A value that a guard does not mind."""
    return guard.max if guard.max is not None else guard.min or 0.0


def known_at(facts: PodFacts, at: float) -> PodFacts:
    """What the pod list says of a pod at a time."""
    early = facts.ready_since is not None and facts.ready_since > at
    return replace(facts, ready_since=None) if early else facts


def series_of(objectives: tuple[Objective, ...]) -> tuple[Series, ...]:
    """The counters that each pod needs for its objectives, each once."""
    found: dict[tuple[str, str], Series] = {}
    for one in objectives:
        for series in needed(one):
            labelled = series.labels or not any(selector == series.selector for selector, _ in found)
            if labelled:
                found.setdefault((series.selector, series.labels), series)
    return tuple(found.values())


def needed(one: Objective) -> tuple[Series, ...]:
    """The counters of one objective: by status code, by bucket, or the two of the user's own."""

    def bad(pod: Pod) -> int:
        return pod.bad[one.name]

    def good(pod: Pod) -> int:
        return pod.requests - pod.bad[one.name]

    match one.kind:
        case Kind.ERROR_RATE:
            codes = f'{one.label}="200"', f'{one.label}="500"'
            return Series(one.total, codes[0], good), Series(one.total, codes[1], bad, late=True)
        case Kind.LATENCY:
            edge = f'le="{(one.edge or 0.0) / one.unit!r}"'
            return Series(one.total, 'le="+Inf"', every), Series(one.total, edge, good)
        case _:
            counts_bad = one.counts is Counts.BAD
            return Series(one.total, "", every), Series(one.part, "", bad if counts_bad else good, late=counts_bad)


def every(pod: Pod) -> int:
    """All requests."""
    return pod.requests
