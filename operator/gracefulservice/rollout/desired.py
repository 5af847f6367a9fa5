"""The complete world wanted: never a list of edits, so that applying it twice is harmless."""

from collections.abc import Mapping
from dataclasses import dataclass

from gracefulservice.rollout.adoptee import Handover
from gracefulservice.rollout.service_ports import ServicePort


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that should exist for one GracefulService.

    `fleets` gives the replicas of every revision that should have a Deployment; `weight` is the share in
    percent of the backend `<name>-canary` (None: there is no route, or it must be left as it is).
    """

    fleets: Mapping[str, int]
    stable_selector: str
    """A revision, or `WIDE`."""
    canary_selector: str | None
    """A revision; None where no router needs `<name>-canary`."""
    weight: float | None
    marks: Mapping[str, str]
    """Condemned revisions and why: written on their records before anything else."""
    stable: str | None
    """The revision whose record carries the mark `stable`."""
    prune: frozenset[str] = frozenset()
    """Revisions beyond the history limit: Deployment and record go."""
    ports: tuple[ServicePort, ...] = ()
    """What both Services offer, the port that a route of ours leads to first; empty: what they offer already."""
    finalizer: bool = False
    """Whether our finalizer stands: while a route of the user's carries a weight of ours, and always with `Orphan`."""
    waits: bool = False
    """Whether nothing may be made yet: the Deployment that is to be adopted is not as it must be."""
    handover: Handover | None = None
    """What is wanted of that Deployment; None: it is left alone."""
    staying: str | None = None
    """The revision whose pods, with the Services, lose their owner now, so that they outlive it."""
