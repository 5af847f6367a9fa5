"""Whether the holder of the lease has ended for certain: only what the cluster says of its own pods counts."""

from typing import Any

import pytest

from gracefulservice.cluster.kinds import POD, Object, Ref
from gracefulservice.errors import Failure, Refused, Unreachable
from gracefulservice.identity import Identity, Predecessors

ME = Identity("operator-b", "uid-b", "beef")
THEM = Identity("operator-a", "uid-a", "cafe")


class Pods:
    """An API server that has this to say of one pod."""

    def __init__(self, said: Object | Failure | None) -> None:
        self.said = said
        self.asked: list[Ref] = []

    async def get(self, ref: Ref) -> Object | None:
        """What it says."""
        self.asked.append(ref)
        if isinstance(self.said, Failure):
            raise self.said
        return self.said


def pod(uid: str = "uid-a", phase: str = "Running") -> Object:
    """The holder's pod."""
    return {"metadata": {"name": "operator-a", "uid": uid}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("story", "said", "over"),
    [
        ("it runs", pod(), False),
        ("it waits for its image", pod(phase="Pending"), False),
        ("its node is lost", pod(phase="Unknown"), False),
        ("it is gone", None, True),
        ("another one has its name", pod("uid-c"), True),
        ("it has failed as a whole", pod(phase="Failed"), True),
        ("it has come to its end", pod(phase="Succeeded"), True),
        ("nobody may ask", Refused("It may not."), False),
        ("nobody answers", Unreachable("Nobody answers."), False),
    ],
)
async def test_a_pod_tells_whether_its_process_has_ended(story: str, said: Any, over: bool) -> None:
    pods = Pods(said)
    assert await Predecessors(pods, "operators", ME).ended(str(THEM)) is over, story
    assert pods.asked == [Ref(POD, "operators", "operator-a")]


@pytest.mark.parametrize(
    ("story", "holder", "over"),
    [
        ("the container before ours", Identity("operator-b", "uid-b", "cafe"), True),
        ("ourselves", ME, False),
        ("a process outside of any pod", Identity("laptop", "", "cafe"), False),
        ("somebody else's name", Identity.read("anything"), False),
        ("nobody", Identity.read(""), False),
    ],
)
async def test_others_are_not_asked_about(story: str, holder: Identity, over: bool) -> None:
    """A container starts only when the one before it in its pod has ended."""
    pods = Pods(None)
    assert await Predecessors(pods, "operators", ME).ended(str(holder)) is over, story
    assert pods.asked == []


@pytest.mark.parametrize("identity", [ME, Identity("laptop", "", "cafe")])
def test_a_lease_names_somebody_who_can_be_found(identity: Identity) -> None:
    assert Identity.read(str(identity)) == identity


def test_two_processes_of_one_pod_are_not_the_same() -> None:
    assert str(Identity("operator-b", "uid-b")) != str(Identity("operator-b", "uid-b"))
