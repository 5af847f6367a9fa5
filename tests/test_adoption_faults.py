"""Deliberate faults in adoption and return: each is caught by the attack, so each guard is really guarded."""

from collections.abc import Callable
from typing import Any

import pytest

from gracefulservice.cluster import handover
from gracefulservice.rollout import adoption, deletion, handback
from gracefulservice.rollout.adoptee import Adoptee, Handover, Part
from tests.support.handover_attack import BrokenError, HandoverAttack

CAUGHT_WITHIN = 12
"""Schedules within which every deliberate fault must show."""


def too_early(patch: pytest.MonkeyPatch) -> None:
    """A plain pod is told to stop the moment it has left the endpoints."""
    patch.setattr(adoption, "drained", lambda _plan, pod, _state: not pod.visible)


def all_at_once(patch: pytest.MonkeyPatch) -> None:
    """Pods leave before ours serve."""
    patch.setattr(adoption, "ours", lambda _seen, state: state.replicas)


def batches_side_by_side(patch: pytest.MonkeyPatch) -> None:
    """The next batch leaves while the one before still drains, so that the Deployment deletes whichever it likes."""
    original = adoption.scale

    def hasty(plan: Any, seen: Any, adoptee: Adoptee, state: Any) -> int | None:
        leaving = adoptee.of(Part.LEAVING)
        return len(adoptee.alive) - len(leaving) if leaving else original(plan, seen, adoptee, state)

    patch.setattr(adoption, "scale", hasty)


def doubled(patch: pytest.MonkeyPatch) -> None:
    """All of ours are made at once."""
    patch.setattr(adoption, "surge", lambda pods: pods)


def doubled_on_the_way_back(patch: pytest.MonkeyPatch) -> None:
    """All of the Deployment's pods are made at once."""
    patch.setattr(handback, "surge", lambda pods: pods)


def taken_before_labelled(patch: pytest.MonkeyPatch) -> None:
    """The Service selects by a label that its pods do not bear yet."""
    patch.setattr(adoption, "takeable", lambda _: True)
    patch.setattr(adoption, "labelled", lambda _: {})


def no_deletion_cost(patch: pytest.MonkeyPatch) -> None:
    """The Deployment chooses by itself which pod goes."""
    original = handover.labelled

    def plain(*args: Any) -> dict[str, Any]:
        return {"metadata": {"labels": original(*args)["metadata"]["labels"]}}

    patch.setattr(handover, "labelled", plain)


def finalizer_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The object goes with all that it took."""
    patch.setattr(deletion, "finalizer", lambda *_args, **_kwargs: False)
    patch.setattr(handover, "FINALIZER", "")
    patch.setattr("gracefulservice.cluster.service_handover.FINALIZER", "")


def ours_go_unseen(patch: pytest.MonkeyPatch) -> None:
    """One of ours goes as soon as a pod of the Deployment exists."""
    patch.setattr(handback, "reached", lambda adoptee: len(adoptee.alive))


def owner_goes_first(patch: pytest.MonkeyPatch) -> None:
    """The Service is given back while pods of ours still serve."""
    patch.setattr(handback, "returned", lambda _seen, adoptee, _state: bool(adoptee.alive))


def mark_goes_first(patch: pytest.MonkeyPatch) -> None:
    """The Deployment is free before its Service is."""
    original = handback.released

    def hasty(*args: Any) -> Handover:
        wish = original(*args)
        return Handover(wish.deployment, wish.revision, None, {}, ours=False)

    patch.setattr(handback, "released", hasty)


def labels_stay(patch: pytest.MonkeyPatch) -> None:
    """The Deployment's pods keep our name."""
    original = handback.released

    def sloppy(*args: Any) -> Handover:
        wish = original(*args)
        free = args[0].service != "Ours" and not args[0].led
        return Handover(wish.deployment, wish.revision, None if free else wish.mark, {}, ours=False)

    patch.setattr(handback, "released", sloppy)


def fought_by_its_autoscaler(patch: pytest.MonkeyPatch) -> None:
    """The autoscaler goes on scaling the Deployment."""
    patch.setattr(handover, "of_autoscalers", lambda *_: iter(()))


def narrow_on_the_way_back(patch: pytest.MonkeyPatch) -> None:
    """The Service does not find the Deployment's pods, so the return never ends."""
    patch.setattr(handover, "of_pods", lambda *_: iter(()))


FAULTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    too_early,
    all_at_once,
    batches_side_by_side,
    doubled,
    doubled_on_the_way_back,
    taken_before_labelled,
    no_deletion_cost,
    finalizer_forgotten,
    ours_go_unseen,
    owner_goes_first,
    mark_goes_first,
    labels_stay,
    fought_by_its_autoscaler,
    narrow_on_the_way_back,
)


async def attacked() -> None:
    """Schedule after schedule."""
    for seed in range(CAUGHT_WITHIN):
        await HandoverAttack(seed=seed).run()


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_every_deliberate_fault_is_caught(fault: Callable[[pytest.MonkeyPatch], None]) -> None:
    """Each guard is really guarded."""
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        with pytest.raises(BrokenError):
            await attacked()
