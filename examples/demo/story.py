"""The story: v1 is deployed, v2 is good and promoted, v3 is bad and rolled back; users call all the time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console

from examples.demo import objects, phases, screen
from examples.demo.objects import BAD, FIRST, GOOD, Version
from examples.demo.outcome import Outcome, promoted, rolled_back, settled, verdict
from examples.demo.phases import Act, Look, Phase
from examples.demo.screen import Seconds, now
from examples.demo.site import Site, flowing
from examples.traffic.client import Loss, Summary, Traffic, errors, last_answer_of
from gracefulservice.cli import live
from gracefulservice.cli.connection import Connection
from gracefulservice.cli.live import Scenes
from localcluster.errors import Failure

PATIENCE = 300.0
"""Seconds for one act on a starved machine."""
TAIL = 3
"""Seconds for which users go on after the last pod is gone."""


@dataclass
class Story:
    """The site, the screen, and the last look at the service."""

    site: Site
    console: Console
    looks: Iterator[Scenes] = field(init=False)
    last: tuple[Look, ...] = ()

    def __post_init__(self) -> None:
        self.looks = live.one(Connection(None, self.site.namespace), objects.NAME)

    def act(self, title: str, version: Version, users: Seconds = tuple) -> Act:
        """Apply a version and look until nothing moves any more."""
        begun = now()
        generation = self.site.apply(objects.shop(self.site.ground.image, version))
        taken, over = list(self.last), False
        with screen.act(self.console, title, begun, users) as show:
            while not over and now() - begun < PATIENCE:
                (scene,) = next(self.looks)
                taken.append(Look(now(), scene))
                show(scene)
                over = settled(scene, generation) and not self.site.leaving(scene.status.stable)
        self.last = (taken[-1],)
        return Act(title, begun, now(), tuple(taken), late=not over)


def play(site: Site, console: Console) -> Outcome:
    """The whole story in its namespace. `Failure` where not even the first version can be served."""
    story = Story(site, console)
    first = story.act("v1", FIRST)
    if first.late or first.last.status.phase != "Healthy":
        raise Failure(f"The first version is not served: {first.last.headline}")
    site.await_gateway()
    began = [
        Phase("v1, to all pods ready", first.ended - first.begun),
        Phase("v1, to the gateway", now() - first.begun),
    ]
    with site.users() as users:
        users.wait_for(flowing, 60)
        acts = under_load(story, users)
        summary = users.stop()
        return outcome(began, acts, summary, users)


def under_load(story: Story, users: Traffic) -> list[Act]:
    """The good version, and the bad one if the good one was promoted."""
    acts = [story.act("v1 → v2", GOOD, lambda: users.seconds)]
    if promoted(acts[0]):
        acts.append(story.act("v2 → v3", BAD, lambda: users.seconds))
    told = len(users.seconds)
    users.wait_for(lambda seconds: len(seconds) >= told + TAIL, 60)
    return acts


def outcome(began: list[Phase], acts: list[Act], summary: Summary, users: Traffic) -> Outcome:
    """What came of it."""
    good, bad = acts[0], acts[1] if len(acts) > 1 else None
    answered = last_answer_of(users.seconds, BAD.name)
    ended = phases.back(bad, answered.unix + 1 if answered else None) if bad else ()
    return Outcome(
        requests=summary.sent,
        lost=summary.lost,
        skipped=summary.skipped,
        promoted=promoted(good),
        rolled_back=rolled_back(bad),
        errors_shown=errors(users.seconds, BAD.name),
        phases=(*began, *phases.forward(good), *ended),
        lost_first=described(summary.first_loss),
        verdict=verdict(bad),
        stuck=acts[-1].last.headline,
    )


def described(loss: Loss | None) -> str:
    """The first lost request, in words."""
    return f", the first after {loss.t:.1f} s: {loss.kind} {loss.error}".rstrip(" .") if loss else ""
