"""What the operator watches, depending on where it is installed and what it may read."""

from typing import Any

import pytest

from gracefulservice.application import kinds_to_watch
from gracefulservice.cluster.kinds import GRACEFUL_SERVICE, HTTP_ROUTE, NODE, POD, Kind, Object
from gracefulservice.errors import Refused


class Server:
    """An API server that serves some kinds; `refused` tells that nodes may not be listed."""

    def __init__(self, *missing: Kind, refused: bool = False) -> None:
        self.missing, self.refused = missing, refused
        self.listed: list[tuple[Kind, str]] = []

    async def serves(self, kind: Kind) -> bool:
        """Whether it knows this kind."""
        return kind not in self.missing

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """Nodes with our label, of which there are none."""
        assert namespace is None
        self.listed.append((kind, labels))
        if self.refused:
            raise Refused("nodes is forbidden")
        return []


async def watched(server: Any, *, everywhere: bool = True) -> list[Kind]:
    """What is to be watched there."""
    return await kinds_to_watch(server, everywhere=everywhere)


async def test_nodes_are_watched_everywhere_and_asked_for_without_a_long_answer() -> None:
    """A cluster may have thousands."""
    server = Server()
    assert {POD, HTTP_ROUTE, NODE} <= set(await watched(server))
    assert server.listed == [(NODE, "gracefulservice.dev/name")]


@pytest.mark.parametrize(("everywhere", "refused"), [(False, False), (True, True)], ids=["namespaces", "no right"])
async def test_where_nodes_may_not_be_listed_everything_else_is_watched(everywhere: bool, refused: bool) -> None:
    """A watch that is refused would end the process."""
    found = await watched(Server(refused=refused), everywhere=everywhere)
    assert NODE not in found
    assert {POD, HTTP_ROUTE} <= set(found)


async def test_without_gateways_there_are_no_routes_to_watch() -> None:
    """And without our own kind nothing at all."""
    assert HTTP_ROUTE not in await watched(Server(HTTP_ROUTE))
    with pytest.raises(Refused, match="not installed"):
        await watched(Server(GRACEFUL_SERVICE))
