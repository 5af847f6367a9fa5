"""A simulated service: two revisions, users who call at random, counters, and a Prometheus that scrapes them.

Each pod is scraped every 5 s at a moment of its own. Users are spread by the weight that the gateways apply, and
evenly over the pods of a revision. Times are seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from bench.draws import clustered, poisson
from gracefulservice.rollout.reading import Look
from gracefulservice.rollout.samples import PodFacts, Sample

SCRAPE = 5.0
RANGE = 30.0
"""Seconds of raw samples in one answer."""
BEGUN = 1_000_000.0
READY = 4.0
"""Seconds after which the canary's pods are ready."""
GOOD, BAD = 'code="200"', 'code="500"'


@dataclass(frozen=True)
class Scenario:
    """One kind of service and of version. Rates in requests/s of all users, shares 0..1, times since the first weight.

    `cluster`: so many errors come at once. `outage`: from, until, and the share of both revisions' requests that
    fail meanwhile. `onset`: when the canary begins to be bad. `broken`: how many of the canary's pods are bad.
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


@dataclass
class Pod:
    """One pod with its counters and the samples that were taken of it."""

    facts: PodFacts
    share: Callable[[float], float]
    scraped: float
    good: int = 0
    bad: int = 0
    samples: deque[Sample] = field(default_factory=deque)


@dataclass
class Service:
    """Both revisions under the weights of `weights`: (since, percent), the newest last."""

    scenario: Scenario
    chance: Random
    weights: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    first: float = float("inf")
    """When the first weight took effect; outages and onsets are counted from here."""
    pods: list[Pod] = field(default_factory=list)

    def __post_init__(self) -> None:
        broken = self.scenario.pods if self.scenario.broken is None else self.scenario.broken
        for number in range(self.scenario.pods):
            old = PodFacts(f"stable-{number}", "stable", BEGUN - 9000, BEGUN - 8990, 0, BEGUN - 8998)
            new = PodFacts(f"canary-{number}", "canary", BEGUN + 1, BEGUN + READY, 0, BEGUN + 2)
            bad = self.canary_share if number < broken else self.stable_share
            for facts, share, start in ((old, self.stable_share, BEGUN - RANGE), (new, bad, BEGUN + READY)):
                self.pods.append(Pod(facts, share, start - self.chance.uniform(0, SCRAPE)))

    def reweigh(self, at: float, weight: float) -> None:
        """The gateways apply another weight from `at` on."""
        self.weights.append((at, weight))
        if weight > 0 and self.first == float("inf"):
            self.first = at

    def look(self, at: float) -> Look:
        """What Prometheus has at the instant `at`."""
        for pod in self.pods:
            while pod.scraped + SCRAPE <= at:
                self.serve(pod, pod.scraped + SCRAPE)
                self.scrape(pod)
            while pod.samples and pod.samples[0].at <= at - RANGE:
                pod.samples.popleft()
        found = tuple(sample for pod in self.pods for sample in pod.samples if sample.at <= at)
        return Look(at, SCRAPE, tuple(pod.facts for pod in self.pods), {"http_requests_total": found})

    def serve(self, pod: Pod, until: float) -> None:
        """What users asked of a pod since it was last served to, piece by piece between changes."""
        for since, end in self.pieces(pod.scraped, until):
            calls = self.calls(pod, since) * (end - since)
            share = pod.share(since)
            if calls:
                pod.good += poisson(self.chance, calls * (1 - share))
                pod.bad += clustered(self.chance, calls * share, self.scenario.cluster)
        pod.scraped = until

    def scrape(self, pod: Pod) -> None:
        """Series appear with their first count, also on the old pods: theirs tells nothing before its second sample."""
        pod.samples.append(Sample(pod.facts.name, GOOD, pod.scraped, pod.good))
        if pod.bad:
            pod.samples.append(Sample(pod.facts.name, BAD, pod.scraped, pod.bad))

    def pieces(self, since: float, until: float) -> Iterator[tuple[float, float]]:
        """The times in which nothing changes."""
        changes = [at for at, _ in self.weights[-4:]]
        if self.first < float("inf"):
            changes += [self.first + at for at in (*(self.scenario.outage or ())[:2], self.scenario.onset)]
        places = [since, *sorted(at for at in changes if since < at < until), until]
        yield from pairwise(places)

    def calls(self, pod: Pod, at: float) -> float:
        """Requests/s that reach a pod."""
        weight = next((weight for since, weight in reversed(self.weights) if since <= at), 0.0) / 100
        share = weight if pod.facts.revision == "canary" else 1 - weight
        return self.scenario.rate * share / self.scenario.pods

    def stable_share(self, at: float) -> float:
        """The share of the old revision's requests that fail; a shared outage is on top of all else."""
        outage = self.scenario.outage
        if outage and self.first + outage[0] <= at < self.first + outage[1]:
            return max(outage[2], self.scenario.stable)
        return self.scenario.stable

    def canary_share(self, at: float) -> float:
        """The share of the new one's."""
        usual = self.stable_share(at)
        return max(self.scenario.canary, usual) if at >= self.first + self.scenario.onset else usual

    def exposed(self, until: float) -> int:
        """Requests to the canary that failed until the time `until`."""
        for pod in self.pods:
            if pod.facts.revision == "canary" and pod.scraped < until:
                self.serve(pod, until)
        return sum(pod.bad for pod in self.pods if pod.facts.revision == "canary")
