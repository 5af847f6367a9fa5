"""What the adapters need of the API server: two ways to read and one to write. `cluster.client.Client` is one."""

from typing import Protocol

from gracefulservice.cluster.kinds import Kind, Ref
from gracefulservice.cluster.kinds import Object as Json
from gracefulservice.cluster.requests import Request


class ApiServer(Protocol):
    """Raises the failures of `gracefulservice.errors` and nothing else."""

    async def get(self, ref: Ref) -> Json | None:
        """One object, live; None if there is none."""
        ...

    async def list_all(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Json]:
        """Every object a label selector matches, live."""
        ...

    async def send(self, request: Request) -> Json:
        """Send one request, once."""
        ...
