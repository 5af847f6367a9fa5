"""What is handed to kopf, apart from a cluster."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import kopf
import pytest
from yarl import URL

from gracefulservice import handlers
from gracefulservice.api.names import NAME_LABEL
from gracefulservice.cluster.kinds import NODE, POD
from gracefulservice.ports import Key
from gracefulservice.watching import LONGEST_PAUSE, EndlessPauses, settings_for


def test_pauses_between_tries_grow_and_never_end() -> None:
    """kopf gives up, and the process with it, when they do."""
    pauses = list(islice(EndlessPauses(), 1000))
    assert len(pauses) == 1000
    assert all(0.5 <= pause <= LONGEST_PAUSE for pause in pauses)
    assert max(pauses[:2]) < LONGEST_PAUSE / 2 <= min(pauses[10:])


class Asked:
    """A request of kopf's, and an answer to it that is no list."""

    def __init__(self, url: str) -> None:
        self.url, self.headers, self.status = URL(url), dict[str, str](), 404


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("/api/v1/pods", False),
        ("/api/v1/pods?watch=true", True),
        ("/apis/apps/v1/deployments?watch=true", False),
        ("/api/v1/nodes?watch=true", False),
        ("/apis/gateway.networking.k8s.io/v1/httproutes?watch=true", True),
    ],
)
async def test_only_the_watch_of_pods_and_routes_is_sent_whole(url: str, whole: bool) -> None:
    """How a pod ended is in its status, and is told by its last event alone."""
    asked: Any = Asked(url)

    async def answer(_: Any) -> Any:
        return asked

    await handlers._only_metadata(asked, answer)
    assert ("Accept" not in asked.headers) == whole


@pytest.mark.parametrize(
    ("metadata", "departed"), [({"deletionTimestamp": "2026-03-01T12:00:45Z"}, ["a"]), ({}, [])], ids=["going", "there"]
)
async def test_a_pod_on_its_way_out_is_handed_on_and_wakes_like_any_child(
    metadata: dict[str, str], departed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was that happened to it."""
    heard: list[tuple[str, Any]] = []
    registered: dict[str, Callable[..., Any]] = {}
    monkeypatch.setattr(kopf.on, "event", lambda *kind, **_: lambda fn: registered.update({kind[-1]: fn}))
    register: Any = type("Woken", (), {"stirred": lambda _, keys, listed: heard.append(("woken", (keys, listed)))})()

    def hear(function: Callable[..., Any], *given: Any) -> None:
        function(*given)

    ears = handlers._Ears(register, Any, hear, lambda key, pod: heard.append((pod["metadata"]["name"], key)), nobody)  # type: ignore[arg-type]
    ears.registry([POD])
    labels = {"name": "a", "namespace": "default", "labels": {NAME_LABEL: "shop"}}
    await registered["pods"](event={"type": "DELETED", "object": {"metadata": labels | metadata}})
    key = Key("default", "shop")
    assert heard == [*((name, key) for name in departed), ("woken", ([key], False))]


def nobody(_node: str) -> list[Key]:
    """Nobody has a pod there."""
    return []


@pytest.mark.parametrize(("kind", "woken"), [(None, True), ("ADDED", True), ("DELETED", True), ("MODIFIED", False)])
async def test_a_cordoned_node_wakes_whom_it_concerns_and_its_reports_nobody(
    kind: str | None, woken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cordoned node goes on to report every few minutes."""
    heard: list[Any] = []
    registered: dict[str, Callable[..., Any]] = {}
    monkeypatch.setattr(kopf.on, "event", lambda *kind, **_: lambda fn: registered.update({kind[-1]: fn}))
    register: Any = type("Woken", (), {"stirred": lambda _, keys, listed: heard.append((keys, listed))})()
    keys = {"n1": [Key("default", "shop")]}
    ears = handlers._Ears(register, Any, lambda function, *given: function(*given), Any, keys.__getitem__)  # type: ignore[arg-type]
    ears.registry([NODE])
    await registered["nodes"](event={"type": kind, "object": {"metadata": {"name": "n1"}}})
    assert heard == ([(keys["n1"], kind is None)] if woken else [])


def test_of_nodes_only_cordoned_ones_are_asked_for() -> None:
    """All others report every few minutes, for nothing; and no node bears our label."""
    settings = settings_for([POD, NODE])
    assert ("", "v1", "nodes") not in settings.watching.label_selectors
    assert settings.watching.field_selectors["", "v1", "nodes"] == "spec.unschedulable=true"
